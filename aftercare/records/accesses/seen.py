"""Who has seen the record of a patient: the list that patients may have, in plain words.

What one person did in the same way on one day is one line. Refusals are left out: nothing was seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.records.accesses.names import Names, read_names, role_of, thing_of
from clinic.models import AccessRecord, Action, ActorKind, Outcome, User
from clinic.values.moments import date_in_words
from patients.models import Patient

MOST_READ = 5_000
SAID = {
    Action.READ: _("looked at it"),
    Action.LIST: _("saw it in a list"),
    Action.SEARCH: _("found it by a search"),
    Action.EXPORT: _("saved it as a file"),
    Action.PRINT: _("printed it"),
    Action.PHOTO: _("looked at a photograph"),
    Action.MESSAGE_TEXT: _("read the text of a message"),
    Action.WRITE: _("wrote in it"),
}
HEAD = [
    _("Day"),
    _("From"),
    _("To"),
    _("Who"),
    _("Role"),
    _("What was done"),
    _("Part of the record"),
    _("How often"),
]


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
        day = date_in_words(self.day, "j M Y")
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
                done=str(SAID.get(Action(newest.action), newest.get_action_display())),
                part=thing_of(newest),
                times=len(same),
            )


def _who(row: AccessRecord, names: Names) -> str:
    """Whoever holds a link of a patient is taken for the patient."""
    return (
        gettext("the patient, by a link")
        if row.actor_kind == ActorKind.PATIENT
        else names.actor(row)
    )
