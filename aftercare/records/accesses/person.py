"""What one person has looked at and done, of whom: a line for each day, patient and way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.records.accesses.names import Names, read_names, thing_of
from aftercare.records.accesses.seen import SAID
from clinic.models import AccessRecord, Action, Outcome, User
from clinic.values.moments import date_in_words

MOST_READ = 2_000
HEAD = [
    _("Day"),
    _("From"),
    _("To"),
    _("Of whom"),
    _("What was done"),
    _("Part of the record"),
    _("How often"),
]


@dataclass(frozen=True)
class Line:
    """What was done with one patient, or with a list of several, on one day in one way."""

    day: date
    first: datetime
    last: datetime
    of_whom: str
    done: str
    part: str
    times: int

    def cells(self) -> list[str]:
        ends = (f"{one:%H:%M}" for one in (self.first, self.last))
        rest = (self.of_whom, self.done, self.part, str(self.times))
        return [date_in_words(self.day, "j M Y"), *ends, *rest]


@dataclass(frozen=True)
class Looked:
    lines: list[Line]
    names: Names
    is_cut: bool


def what_they_did(
    person: User, reader: User, *, first: datetime, end: datetime, zone: ZoneInfo
) -> Looked:
    """Newest first, of the patients of the reader's clinics. Three statements."""
    rows = AccessRecord.objects.visible_to(reader).by_staff(person.pk).between(first, end)
    done = rows.filter(outcome=Outcome.DONE).exclude(patient_ids=[])
    found = list(done.order_by("-pk")[: MOST_READ + 1])
    shown = found[:MOST_READ]
    names = read_names(shown, reader)
    return Looked(list(_lines(shown, names, zone)), names, len(found) > MOST_READ)


def _lines(rows: Iterable[AccessRecord], names: Names, zone: ZoneInfo) -> Iterator[Line]:
    for day, of_day in groupby(rows, lambda row: row.at.astimezone(zone).date()):
        alike: dict[Any, list[AccessRecord]] = {}
        for row in of_day:
            whom = row.patient_ids[0] if len(row.patient_ids) == 1 else None
            alike.setdefault((whom, row.action, thing_of(row)), []).append(row)
        for (whom, action, part), same in alike.items():
            listed = len({one for row in same for one in row.patient_ids})
            yield Line(
                day=day,
                first=same[-1].at.astimezone(zone),
                last=same[0].at.astimezone(zone),
                of_whom=names.patient(whom)
                if whom
                else gettext("{listed} patients").format(listed=listed),
                done=str(SAID.get(Action(action), same[0].get_action_display())),
                part=part,
                times=len(same),
            )
