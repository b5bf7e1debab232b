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

from django.db import DatabaseError, connection

from clinic.audit.subjects import Subjects
from clinic.errors import DomainError
from clinic.models.access import AccessPurpose, Action, ActorKind, Door, Outcome

MOST_FIELDS = 80


class NotRecorded(DomainError):
    """Neither seen nor done, because nobody would know."""

    status = 503
    code = "access_not_recorded"
    title = "This access cannot be written down"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Who sees what is written down here, and just now it cannot be.")


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
    opened: frozenset[UUID] = (
        frozenset()
    )  # the patients whose records they have broken the glass of


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
    *("request_id", "door", "place", "purpose", "action", "outcome", "status", "code"),
    *("object_model", "object_id", "count", "fields"),
)
INSERT = (
    f"INSERT INTO clinic_access_record ({', '.join(COLUMNS)}, patient_ids)"  # noqa: S608
    " VALUES (%s, %s, %s, %s, %s::uuid[], %s, %s::inet, %s, %s, %s, {purpose}, %s, %s, %s, %s, %s,"
    " %s, %s, %s::text[], {patients})"
)
# Of a list that has one of these patients, the whole list was seen while their record was open.
IF_OPENED = f"CASE WHEN {{patients}} && %s::uuid[] THEN '{AccessPurpose.BREAK_GLASS}' ELSE %s END"


def record(access: Access) -> None:
    """Write it down. Raises NotRecorded: then nothing of it may leave."""
    patients, given = access.subjects.expression()
    purpose, values = "%s", _values(access)
    if opened := access.actor.opened:
        place, purpose = COLUMNS.index("purpose"), IF_OPENED
        values[place:place] = [*given, list(opened)]
    statement = INSERT.replace("{purpose}", purpose).replace("{patients}", patients)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*values, *given])
    except DatabaseError as error:
        raise NotRecorded from error


def _values(access: Access) -> list[Any]:
    actor = access.actor
    return [
        *(actor.kind.value, actor.id, actor.role, actor.on_behalf_of, list(actor.clinic_ids)),
        *(actor.session[:32], actor.address, actor.request_id[:64]),
        *(access.door.value, access.place[:80], actor.purpose.value, access.action.value),
        *(access.outcome.value, access.status, access.code[:60]),
        *(access.object_model, access.object_id, access.count, access.fields[:MOST_FIELDS]),
    ]
