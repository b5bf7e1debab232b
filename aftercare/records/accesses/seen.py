"""Who has seen the record of a patient: the list that patients may have, in plain words.

What one person did in the same way on one day is one line. Refusals are left out: nothing was seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from aftercare.records.accesses.names import Names, read_names, role_of, thing_of
from clinic.models import AccessRecord, Action, ActorKind, Outcome, User
from patients.models import Patient

MOST_READ = 5_000
SAID = {
    Action.READ: "looked at it",
    Action.LIST: "saw it in a list",
    Action.SEARCH: "found it by a search",
    Action.EXPORT: "saved it as a file",
    Action.PRINT: "printed it",
    Action.PHOTO: "looked at a photograph",
    Action.MESSAGE_TEXT: "read the text of a message",
    Action.WRITE: "wrote in it",
}
HEAD = ["Day", "From", "To", "Who", "Role", "What was done", "Part of the record", "How often"]


@dataclass(frozen=True)
class Line:
    """What one person did on one day in one way."""

    day: date
    first: datetime
    last: datetime
    who: str
    role: str
    done: str
    part: str
    times: int

    def cells(self) -> list[str]:
        ends = (f"{one:%H:%M}" for one in (self.first, self.last))
        day = f"{self.day:%-d %b %Y}"
        return [day, *ends, self.who, self.role, self.done, self.part, str(self.times)]


def who_has_seen(patient: Patient, reader: User) -> list[Line]:
    """Newest first, with the records that were merged into this one. Four statements."""
    merged = patient.merged_from.values_list("pk", flat=True)
    rows = (
        AccessRecord.objects.visible_to(reader)
        .of_patients([patient.pk, *merged])
        .filter(outcome=Outcome.DONE)
        .order_by("-pk")[:MOST_READ]
    )
    found = list(rows)
    return list(lines_of(found, read_names(found, reader), patient.clinic.zone))


def lines_of(rows: Iterable[AccessRecord], names: Names, zone: ZoneInfo) -> Iterator[Line]:
    """Of rows that come newest first."""
    for day, of_day in groupby(rows, lambda row: row.at.astimezone(zone).date()):
        alike: dict[Any, list[AccessRecord]] = {}
        for row in of_day:
            alike.setdefault((row.actor_kind, row.actor_id, row.action, thing_of(row)), []).append(
                row
            )
        for same in alike.values():
            newest, oldest = same[0], same[-1]
            yield Line(
                day=day,
                first=oldest.at.astimezone(zone),
                last=newest.at.astimezone(zone),
                who=_who(newest, names),
                role=role_of(newest),
                done=SAID.get(Action(newest.action), newest.get_action_display()),
                part=thing_of(newest),
                times=len(same),
            )


def _who(row: AccessRecord, names: Names) -> str:
    """Whoever holds a link of a patient is taken for the patient."""
    return "the patient, by a link" if row.actor_kind == ActorKind.PATIENT else names.actor(row)
