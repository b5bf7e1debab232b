"""Many workers find that a pause is over at once: one of them tries the provider."""

import time

from aftercare.dispatch import outages
from aftercare.models import Outage
from tests.concurrency.conftest import race
from tests.factories import HOUR, NINE, MessageFactory

WORKERS = 8


def resting() -> None:
    Outage.objects.create(
        channel="EMAIL",
        opened_at=NINE - HOUR,
        paused_until=NINE,
        refusals=1,
        suspect_id=MessageFactory().pk,
    )


def test_one_worker_tries() -> None:
    resting()

    found = race(*[lambda: str(len(outages.take_probe(at=NINE)))] * WORKERS)

    assert found == {"1": 1, "0": WORKERS - 1}


def test_control_who_looks_first_and_writes_then_tries_many_times() -> None:
    resting()

    def look_and_write() -> str:
        over = Outage.objects.filter(paused_until__lte=NINE)
        found = len(over)
        time.sleep(0.05)
        over.update(paused_until=NINE + outages.PROBE)
        return str(found)

    assert race(*[look_and_write] * WORKERS)["1"] > 1
