"""A thousand seals while six write, without a false alarm: python -m bench.guarded.seals [SEALS]

Each writer's transactions last up to 10 ms, so ids appear behind the newest one all the time. After
every seal the chain is asked once more for its newest stretch, and at the end for all of them.
Control: the same rows sealed by ids, up to the newest one, as one would do it first. Then what the
owner of the tables changes behind the chain's back has to be found.
"""

import random
import sys
import threading
import time
from typing import Any

from bench.servers import databases

WRITERS, ROWS_EACH = 6, 4
# What somebody does who may take triggers away → what `verify` says of it.
ROW = "id = (SELECT max(id::text)::uuid FROM clinic_access_record)"
EDITS = {
    "an edit": (f"UPDATE clinic_access_record SET role = 'X' WHERE {ROW}", "were changed"),
    "a deletion": (f"DELETE FROM clinic_access_record WHERE {ROW}", "fewer"),
    "another time": (
        f"UPDATE clinic_access_record SET created_at = now() - interval '1 y' WHERE {ROW}",
        "were changed",
    ),
    "a seal taken out": (
        "DELETE FROM clinic_access_seal WHERE number = (SELECT max(number) - 1"
        " FROM clinic_access_seal)",
        "missing",
    ),
    "a cut end": (
        "DELETE FROM clinic_access_seal WHERE number = (SELECT max(number)"
        " FROM clinic_access_seal)",
        "cut off",
    ),
}


def main(seals: int) -> None:
    with databases(None):
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        held = seal_while_they_write(seals)
        held = find_edits() and held
    sys.exit(0 if held else 1)


def seal_while_they_write(seals: int) -> bool:
    from clinic.audit import chain

    ended, by_ids, covered = threading.Event(), [], 0
    chain.seal()
    last = chain.head()
    writers = [threading.Thread(target=write, args=(ended,)) for _ in range(WRITERS)]
    for thread in writers:
        thread.start()
    began, made, alarms = time.perf_counter(), 0, 0
    while not any_row():
        time.sleep(0.01)
    try:
        while made < seals:
            new = chain.seal()
            made, covered = made + len(new), covered + sum(one.count for one in new)
            for one in new:  # sealed a moment ago: whatever comes later must not be in it
                again = chain.digest_of(chain.stretch(one, last))
                alarms += again != (one.count, one.first_id, one.rows_digest)
                last = one
            upto = chain.Stretch("id > %s AND id <= %s", [bound("5 s"), newest()], "id")
            by_ids.append((upto, chain.digest_of(upto)))
    finally:
        ended.set()
        for thread in writers:
            thread.join(30)
    elapsed = time.perf_counter() - began
    chain.seal()
    said = list(chain.verify())
    control = sum(chain.digest_of(upto) != digest for upto, digest in by_ids)
    print(f"{made} seals over {covered} rows of {WRITERS} writers in {elapsed:.0f} s:")
    print(f"  by transactions: {alarms} alarms at once, {len(said)} at the end")
    print(f"  control, by ids: {control} of {len(by_ids)} would be false alarms")
    return not said and not alarms and control > 0


def write(ended: threading.Event) -> None:
    from django.db import connection, transaction

    from clinic.audit.record import SYSTEM, Access, record
    from clinic.models import Action, Door

    dice = random.Random()
    while not ended.is_set():
        with transaction.atomic():
            for number in range(ROWS_EACH):
                record(Access(SYSTEM, Door.COMMAND, "a bench", Action.READ))
                if number == ROWS_EACH // 2:
                    time.sleep(dice.random() / 100)
    connection.close()


def find_edits() -> bool:
    """Each undone again."""
    from django.db import connection, transaction

    from clinic.audit import chain

    chain.seal()
    last, held = chain.head(), True
    heads = [last.head] if last else []
    for name, (statement, words) in EDITS.items():
        with transaction.atomic(), connection.cursor() as cursor:
            for table in ("clinic_access_record", "clinic_access_seal"):
                cursor.execute(f"GRANT ALL ON {table} TO CURRENT_USER")
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement)
            is_found = any(words in line for line in chain.verify(heads=heads))
            transaction.set_rollback(True)
        print(f"  {name}: {'found' if is_found else 'NOT FOUND'}")
        held = held and is_found
    return held


def any_row() -> bool:
    return bool(_one("SELECT EXISTS (SELECT FROM clinic_access_record)"))


def newest() -> Any:
    return _one("SELECT id FROM clinic_access_record ORDER BY id DESC LIMIT 1")


def bound(ago: str) -> Any:
    return _one(f"SELECT clinic_access_bound(now() - interval '{ago}')")


def _one(query: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
