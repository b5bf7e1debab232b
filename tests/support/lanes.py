"""A pytest plugin: one worker more than there are processors, and a lane of its own for it.

A fifth of what the tests take is waiting: for servers that start, for a browser, for what was
killed to come back. These files run one after the other in the last worker, so that they wait while
the others compute, and no more of them run beside each other than before: with three of any kind,
the control of a race missed its moment. Whoever has nothing left helps the others.

What xdist gives for a scheduler of one's own has no other place to say who gets which file than
`_assign_work_unit`; the lock pins its version.
"""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# The longest first.
WAIT = [
    "tests/ops/test_up.py",
    "tests/browser/test_every_admin_page.py",
    "tests/cluster/test_failover.py",
    "tests/house/test_released_schema.py",
    "tests/concurrency/dispatch/test_chaos.py",
    "tests/concurrency/booking/test_http_bookings.py",
    "tests/concurrency/dispatch/test_paused.py",
    "tests/concurrency/dispatch/test_stop.py",
    "tests/ops/test_image.py",
    "tests/replies/test_email_webhooks.py",
    "tests/ops/test_proxy.py",
    "tests/ops/test_pgbouncer.py",
    "tests/browser/",
]


def waits(file: str) -> bool:
    return file.startswith(tuple(WAIT))


@pytest.hookimpl(tryfirst=True)  # before its own
def pytest_xdist_auto_num_workers() -> int | None:
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it by itself
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    is_by_file = config.getvalue("dist") == "loadfile"
    workers = len(config.getvalue("tx"))
    return Lanes(config, log) if is_by_file and workers > 2 else None


class Lanes(LoadFileScheduling):
    def _assign_work_unit(self, node: Any) -> None:
        is_last = node.gateway.id == f"gw{self.numnodes - 1}"
        theirs = (file for file in self.workqueue if waits(file) == is_last)
        self.workqueue.move_to_end(next(theirs, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)
