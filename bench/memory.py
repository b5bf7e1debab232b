"""Memory of web, worker and beat, started as docker-compose.yml starts them.

    python -m bench.memory [--seconds 20] [--folder DIR]

At rest, and after so many seconds of each request of a soak's mixture and the
messages that they cause. RSS counts what processes share once in each of them, PSS once in all.
"""

import argparse
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import psutil

from bench.booking import load
from bench.booking.course import Course
from bench.booking.data import ALL, prepare, say
from bench.booking.soak import mixture
from bench.clinic_of import BIG, today
from bench.processes import memory, postmaster
from bench.roles import celery, gunicorn, takers
from bench.servers import servers
from bench.stats import Machine, table
from clinic.embedded import Postgres, Valkey

LIMITS = {"web": 300, "worker": 300}  # MiB of RSS, all processes of the role together
REST = 10.0  # seconds until nothing starts any more
SECONDS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of work")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    machine = Machine()
    with ExitStack() as stack:
        folder, postgres, _ = stack.enter_context(servers(options.folder, Postgres, Valkey))
        token = prepare(20_000, postgres, messages=0)[BIG.desk]
        machine.look()
        taken = stack.enter_context(takers(folder))
        web = stack.enter_context(gunicorn(ALL))
        roles: dict[str, list[psutil.Process]] = {
            "web": [web.process],
            **{
                role: [stack.enter_context(celery(role, ALL, **taken))]
                for role in ("worker", "beat")
            },
            "PostgreSQL": [postmaster(postgres)],
        }
        time.sleep(REST)
        before = {role: memory(roots) for role, roots in roles.items()}
        course, door = Course(BIG, count(1)), load.Door.with_token(web.port, token)
        course.warm(door)
        works = [*mixture(course)["read"], course.first]
        for work in works:
            share = options.seconds / len(works)
            say(load.hammer(door, work, clients=16, seconds=share).line())
        time.sleep(REST)
        after = {role: memory(roots) for role, roots in roles.items()}
    rows: list[tuple[str, str, str, bool | None]] = []
    for role, now in after.items():
        limit = LIMITS.get(role)
        rows.append(
            (
                f"memory of {role}",
                f"≤ {limit} MiB RSS" if limit else "–",
                f"at rest {before[role]}; after work {now}",
                now.rss <= limit if limit else None,
            )
        )
    print(f"\nMemory; {today()}; {machine.line()}\n\n{table(rows)}\n")


if __name__ == "__main__":
    main()
