"""The chain over the record of accesses: what was sealed and is changed afterwards is found.

Note [What a seal covers]
    Ids are given before their transactions commit, so an honest row may appear later among ids that
    are sealed. A seal therefore covers transactions, not ids: all those that had ended for every
    observer (below the snapshot's xmin) and were not sealed yet, in the order of (xid, id).
    Transactions are counted by the cluster. After a restore into another one they begin anew, so
    the first seal of a database is a bridge: it covers, by their ids, all rows that are two minutes
    old and not sealed, and transactions are counted from there.
    Each seal is an HMAC of itself, of a digest of its rows and of the seal before it, by a key that
    is not in the database. What it cannot show, that the newest rows were taken away together with
    their seals, the head shows that was sent away (`manage.py audit seal`).
    Source: measured beside sealing up to max(id), which raised false alarms with six writers
    (docs/decisions/0047-the-chain-over-accesses.md).
"""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

LOCK = "clinic_access_seal"
FIRST = UUID(int=0)
SETTLED_SECONDS = 120  # longer than any request's transaction may last
ROWS_AT_ONCE = 2_000
# A row as one text that stays the same: by name, so that a later column changes nothing.
ROW = """json_build_array(id, extract(epoch FROM created_at), xid::text, actor_kind, actor_id, role,
    on_behalf_of, clinic_ids, session, host(address), request_id, door, place, purpose, action,
    outcome, status, code, object_model, object_id, patient_ids, count, fields)::text"""


@dataclass(frozen=True)
class Seal:
    """One link. `after_xid` and `through_xid` are 0 in a bridge, which goes by ids alone."""

    number: int
    sealed_at: datetime
    cluster: str
    is_bridge: bool
    from_id: UUID
    before_id: UUID
    after_xid: int
    through_xid: int
    count: int
    first_id: UUID | None
    rows_digest: str
    key_id: str
    digest: str = ""

    def closed_by(self, key: bytes, before: Self | None) -> str:
        """The digest that it must have after the one before it."""
        told = {name: str(value) for name, value in asdict(self).items() if name != "digest"}
        told["sealed_at"] = str(self.sealed_at.timestamp())  # in whichever zone it was read
        told["before"] = before.digest if before else ""
        return hmac.new(key, json.dumps(told, sort_keys=True).encode(), sha256).hexdigest()

    @property
    def head(self) -> str:
        """What is sent away, so that a cut end is found: number and digest."""
        return f"{self.number}:{self.digest}"

    def __str__(self) -> str:
        return f"Seal {self.number} of {self.sealed_at:%Y-%m-%d %H:%M} UTC"


class Stretch(NamedTuple):
    """The rows of a seal: a condition, its values, and their order."""

    where: str
    values: list[Any]
    order: str


COLUMNS = tuple(Seal.__dataclass_fields__)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM clinic_access_seal"  # noqa: S608


def seals() -> Iterator[Seal]:
    with connection.cursor() as cursor:
        cursor.execute(f"{SELECT} ORDER BY number")
        yield from [Seal(*row) for row in cursor.fetchall()]


def head() -> Seal | None:
    with connection.cursor() as cursor:
        cursor.execute(f"{SELECT} ORDER BY number DESC LIMIT 1")
        row = cursor.fetchone()
    return Seal(*row) if row else None


def seal() -> list[Seal]:
    """Seal what is not sealed yet; after a restore, a bridge first. Returns the new seals."""
    made = []
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])
        last = head()
        if last is None or last.cluster != _cluster(cursor):
            last = _store(cursor, _bridge(cursor, last), last)
            made.append(last)
        following = _following(cursor, last)
        if following.count:
            made.append(_store(cursor, following, last))
    return made


def _bridge(cursor: Any, last: Seal | None) -> Seal:
    settled = f"now() - interval '{SETTLED_SECONDS} s'"
    now, before = _one(cursor, f"SELECT now(), clinic_access_bound({settled})")
    begins = last.from_id if last else FIRST
    return Seal(
        *(_number(last), now, _cluster(cursor), True, begins, before, 0, 0),
        *(0, None, "", key_id(_key())),
    )


def _following(cursor: Any, last: Seal) -> Seal:
    """First which transactions have ended, then the clock: what they wrote is older."""
    xid = _one(cursor, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")[0]
    soon = "clinic_access_bound(clock_timestamp() + interval '1 s')"
    now, before = _one(cursor, f"SELECT clock_timestamp(), {soon}")
    begins = last.before_id if last.is_bridge else last.from_id
    return _with_rows(
        Seal(
            *(_number(last), now, last.cluster, False, begins, before, last.through_xid, xid),
            *(0, None, "", key_id(_key())),
        ),
        last,
    )


def _number(last: Seal | None) -> int:
    return last.number + 1 if last else 1


def _store(cursor: Any, seal: Seal, last: Seal | None) -> Seal:
    full = _with_rows(seal, last) if seal.is_bridge else seal
    closed = Seal(**{**asdict(full), "digest": full.closed_by(_key(), last)})
    names, places = ", ".join(COLUMNS), ", ".join(["%s"] * len(COLUMNS))
    cursor.execute(
        f"INSERT INTO clinic_access_seal ({names}) VALUES ({places})",  # noqa: S608
        [getattr(closed, name) for name in COLUMNS],
    )
    return closed


def _with_rows(seal: Seal, last: Seal | None) -> Seal:
    count, first, digest = digest_of(stretch(seal, last))
    return Seal(**{**asdict(seal), "count": count, "first_id": first, "rows_digest": digest})


def stretch(seal: Seal, last: Seal | None) -> Stretch:
    """Which rows a seal covers, by itself and the one before it."""
    if not seal.is_bridge:
        where = "id >= %s AND id < %s AND xid > %s::text::xid8 AND xid <= %s::text::xid8"
        bounds: list[Any] = [seal.from_id, seal.before_id, seal.after_xid, seal.through_xid]
        return Stretch(where, bounds, "xid, id")
    where = "id < %s"
    values: list[Any] = [seal.before_id]
    if last and last.is_bridge:
        return Stretch(f"{where} AND id >= %s", [*values, last.before_id], "id")
    if last:
        where += " AND id >= %s AND NOT (xid <= %s::text::xid8 AND id < %s)"
        values += [last.from_id, last.through_xid, last.before_id]
    return Stretch(where, values, "id")


def digest_of(rows: Stretch) -> tuple[int, UUID | None, str]:
    """How many they are, the least id, and one digest of them all."""
    digest, count, first = sha256(), 0, None
    query = f"SELECT id, {ROW} FROM clinic_access_record WHERE {rows.where} ORDER BY {rows.order}"  # noqa: S608
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, rows.values)
        for batch in iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), []):
            count += len(batch)
            digest.update("".join(f"{text}\n" for _, text in batch).encode())
            least = min(pk for pk, _ in batch)
            first = least if first is None else min(first, least)
    return count, first, digest.hexdigest()


def verify(*, heads: Iterable[str] = ()) -> Iterator[str]:
    """What is wrong with the chain, in words; nothing if it holds. `heads` are those that were sent
    away. Rows of months that were forgotten by now (six years or more) are not looked for."""
    key, last, found = _key(), None, {}
    forgotten = _forgotten()
    for number, one in enumerate(seals(), start=1):
        if one.number != number:
            yield f"Before seal {one.number}, {one.number - number} seals are missing."
            return
        if one.key_id != key_id(key):
            yield f"{one} was made with another key ({one.key_id}): is AUDIT_KEY the right one?"
        elif not hmac.compare_digest(one.digest, one.closed_by(key, last)):
            yield f"{one} was changed, or one before it was."
        if one.first_id is None or one.first_id >= forgotten:
            yield from _differences(one, last)
        found[number] = one.digest
        last = one
    for told in heads:
        at, _, digest = told.strip().partition(":")
        if found.get(int(at) if at.isdecimal() else 0) != digest:
            yield f"Seal {at}, which was sent away, is not there as it was: the end was cut off."


def _differences(one: Seal, last: Seal | None) -> Iterator[str]:
    count, _, digest = digest_of(stretch(one, last))
    if count != one.count:
        more = "more" if count > one.count else "fewer"
        yield f"{one} covers {one.count} rows; there are {abs(count - one.count)} {more}."
    elif digest != one.rows_digest:
        yield f"{one} covers {one.count} rows; some of them were changed."


def _forgotten() -> UUID:
    with connection.cursor() as cursor:
        years = max(settings.ACCESS_YEARS, 6)
        month = "date_trunc('month', now() - make_interval(years => %s))"
        cursor.execute(f"SELECT clinic_access_bound({month})", [years])
        return UUID(str(cursor.fetchone()[0]))


def _cluster(cursor: Any) -> str:
    """Who counts the transactions: the cluster, and which database of it."""
    system, database = _one(
        cursor,
        "SELECT system_identifier::text, pg_database.oid::text"
        " FROM pg_control_system(), pg_database WHERE datname = current_database()",
    )
    return f"{system}:{database}"


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()


def _key() -> bytes:
    """From AUDIT_KEY, which stays when SECRET_KEY is changed."""
    return sha256(b"clinic.audit.chain:" + settings.AUDIT_KEY.encode()).digest()


def key_id(key: bytes) -> str:
    """By which a key is known without knowing it."""
    return sha256(b"which key:" + key).hexdigest()[:16]
