"""Writing an access down: one row, one statement, or nothing leaves.

Note [One row for each access]
    A request that touches a patient's data leaves one row (AccessRecord), in words that hold no
    value: who, from where, what, of whom, which fields by name, what came of it.
    1. A write leaves it in its own transaction: neither is there without the other.
    2. A read has no transaction. Its row is committed before the first byte leaves.
    3. A refusal leaves it after what was tried has been rolled back, which cannot take it along.
    If it cannot be written, the answer is 503 and has no data.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import DatabaseError, connection
from django.utils.translation import gettext, gettext_noop

from clinic.audit.subjects import Subjects
from clinic.db.prepared import Prepared
from clinic.errors import DomainError
from clinic.models.access import AccessPurpose, Action, ActorKind, Door, Outcome

MOST_FIELDS = 80


class NotRecorded(DomainError):
    """Neither seen nor done, because nobody would know."""

    status = 503
    code = "access_not_recorded"
    title = gettext_noop("This access cannot be written down")
    retry_after = 2

    def __init__(self) -> None:
        super().__init__(gettext("Who sees what is written down here, and just now it cannot be."))


@dataclass(frozen=True)
class Actor:
    """Who it is, and by which log-in or link."""

    kind: ActorKind
    id: UUID | None = None
    role: str = ""
    clinic_ids: tuple[UUID, ...] = ()
    on_behalf_of: UUID | None = None
    session: str = ""
    address: str | None = None
    request_id: str = ""
    purpose: AccessPurpose = AccessPurpose.OPERATIONS
    # The patients whose records they have broken the glass of.
    opened: frozenset[UUID] = frozenset()


@dataclass
class Access:
    """One access, until it is written."""

    actor: Actor
    door: Door
    place: str
    action: Action
    outcome: Outcome = Outcome.DONE
    status: int | None = None
    code: str = ""
    object_model: str = ""
    object_id: UUID | None = None
    count: int = 0
    fields: list[str] = field(default_factory=list)
    subjects: Subjects = field(default_factory=Subjects)


SYSTEM = Actor(ActorKind.SYSTEM)
COLUMNS = (
    *("actor_kind", "actor_id", "role", "on_behalf_of", "clinic_ids", "session", "address"),
    *("request_id", "door", "place", "action", "outcome", "status", "code"),
    *("object_model", "object_id", "count", "fields", "purpose", "patient_ids"),
)
# The row travels as one JSON text, as those of clinic.db.rows do.
GIVEN = "json_populate_record(NULL::clinic_access_record, {row}) AS given"
INSERT = f"INSERT INTO clinic_access_record ({', '.join(COLUMNS)})"
KNOWN = Prepared(
    "insert_access",
    f"{INSERT} SELECT {', '.join(COLUMNS)} FROM {GIVEN.format(row='%(row)s')}",  # noqa: S608
    types={"row": "json"},
)
UNREAD = (
    f"{INSERT} SELECT {', '.join(COLUMNS[:-2])},"  # noqa: S608
    f" CASE WHEN ids && %s::uuid[] THEN '{AccessPurpose.BREAK_GLASS}' ELSE purpose END, ids"
    f" FROM {GIVEN.format(row='%s')}, LATERAL (SELECT {{patients}}) AS of (ids)"
)


def record(access: Access) -> None:
    """Write it down. Raises NotRecorded: then nothing of it may leave."""
    row, opened, subjects = _row(access), access.actor.opened, access.subjects
    try:
        with connection.cursor() as cursor:
            if subjects.are_read:
                # of a list that has one of these, the whole was seen while their record was open
                if opened & subjects.ids:
                    row["purpose"] = AccessPurpose.BREAK_GLASS.value
                row["patient_ids"] = sorted(subjects.ids)
                KNOWN.execute(cursor, {"row": orjson.dumps(row).decode()})
            else:
                patients, given = subjects.expression(access.actor.clinic_ids)
                statement = UNREAD.replace("{patients}", patients)
                cursor.execute(statement, [list(opened), orjson.dumps(row).decode(), *given])
    except DatabaseError as error:
        raise NotRecorded from error


def _row(access: Access) -> dict[str, Any]:
    actor = access.actor
    return {
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "role": actor.role,
        "on_behalf_of": actor.on_behalf_of,
        "clinic_ids": actor.clinic_ids,
        "session": actor.session[:32],
        "address": actor.address,
        "request_id": actor.request_id[:64],
        "door": access.door.value,
        "place": access.place[:80],
        "purpose": actor.purpose.value,
        "action": access.action.value,
        "outcome": access.outcome.value,
        "status": access.status,
        "code": access.code[:60],
        "object_model": access.object_model,
        "object_id": access.object_id,
        "count": access.count,
        "fields": access.fields[:MOST_FIELDS],
    }
