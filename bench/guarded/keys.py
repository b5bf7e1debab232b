"""What an Idempotency-Key costs: python -m bench.guarded.keys [ROUNDS]

By turns with a new key and without, in one process with commits on: a booking, and a patient who
comes in for the first time. Medians of each request (bench.guarded.arms).
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from bench.booking import load
from bench.clinic_of import SMALL
from bench.guarded import arms
from bench.stats import table

LIMIT_MS = 1.0


def measure(rounds: int) -> bool:
    client = arms.desk(bookable=2 * rounds + 40)
    numbers = count()

    def send(url: str, body: Callable[[int], Any], *, keyed: bool) -> None:
        number = next(numbers)
        headers = {"Idempotency-Key": f"{url} {number}"} if keyed else {}
        answer = client.post(url, body(number), content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content

    def somebody(number: int) -> dict[str, Any]:
        return {"given_name": "Ada", "family_name": f"New {number}", "date_of_birth": "1990-05-17"}

    rows, met = [], True
    for name, post in (
        ("booking", partial(send, load.SESSIONS, SMALL.slot)),
        ("new patient", partial(send, "/api/v1/patients/", somebody)),
    ):
        ways = partial(post, keyed=False), partial(post, keyed=True)
        without, keyed = arms.by_turns(ways, rounds)
        is_met = keyed.wall_ms() - without.wall_ms() <= LIMIT_MS
        met = met and is_met
        rows.append((name, f"≤ {LIMIT_MS} ms more", arms.told(without, keyed), is_met))
    print(table(rows))
    return met


if __name__ == "__main__":
    arms.run(measure, int(sys.argv[1]) if len(sys.argv) > 1 else 300)
