"""The free times that a row of a series can be changed to, as a list above what is typed.

Whichever of the two somebody changes is what counts: `picked` says what the list showed when the
page was made. A time stands in the list as the fields have it, so that both are read alike.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.dateformat import format as formatted

from clinic.admin.forms.fields import WRITTEN, MomentInput, TimeInput
from clinic.values.dates import Unreadable, read_date
from clinic.values.moments import date_in_words
from sessions.scheduling.availability import Offer, Slot

FIELDS = ("starts_at_0", "starts_at_1", "practitioner", "room", "device")
BAR, BETWEEN = "|", ";"
LISTED = 40  # of a hostile page


def with_pick(data: Any, prefix: str) -> Any:
    """What was sent, with the time that was picked in the fields of the row."""
    pick = data.get(f"{prefix}-pick", "")
    if not pick or pick == data.get(f"{prefix}-picked", "") or pick.count(BAR) != len(FIELDS) - 1:
        return data
    changed = data.copy()
    for name, value in zip(FIELDS, pick.split(BAR), strict=True):
        changed[f"{prefix}-{name}"] = value
    return changed


def as_typed(slot: Slot | Offer) -> str:
    """A free time as the fields of a row would have it, on the clock that is current."""
    day, at = MomentInput().decompress(slot.starts_at)
    if isinstance(slot, Slot):
        ids = [slot.practitioner.pk, slot.room.pk, slot.device.pk]
    else:
        ids = [slot.practitioner_id, slot.room_id or "", slot.device_id or ""]
    written = [formatted(day, WRITTEN), str(TimeInput().format_value(at))]
    return BAR.join([*written, *map(str, ids)])


class FreeTimes:
    """The list of one row."""

    def __init__(self, form: forms.Form, offered: Sequence[Slot | Offer]) -> None:
        self.form = form
        self.names: dict[str, str] = {}  # of people and rooms, by id: once a page
        sent = form.data.get(form.add_prefix("offered"), "").split(BETWEEN)[:LISTED]
        self.values = [value for value in sent if value] or [as_typed(each) for each in offered]
        own = as_typed(offered[0]) if offered else ""
        self.chosen = self._in_fields() if form.is_bound else own
        if self.chosen not in self.values:
            self.chosen = ""
        self.values.sort(key=_place)

    def _in_fields(self) -> str:
        return BAR.join(self.form.data.get(self.form.add_prefix(name), "") for name in FIELDS)

    def add(self, offers: Iterable[Offer]) -> None:
        found = dict.fromkeys([*self.values, *map(as_typed, offers)])
        self.values = sorted(found, key=_place)

    @property
    def sent(self) -> str:
        return BETWEEN.join(self.values)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(value, label) for value in self.values if (label := self._label(value))]

    def _label(self, value: str) -> str:
        day, at, person, room, *_ = [*value.split(BAR), "", "", "", ""]
        try:
            when = f"{date_in_words(read_date(day), 'D j M Y')}, {at}"
        except Unreadable:
            return ""
        known = [self.names[one] for one in (person, room) if one in self.names]
        return ", ".join([when, *known])


def _place(value: str) -> tuple[str, str]:
    day, at, *_ = [*value.split(BAR), ""]
    try:
        return read_date(day).isoformat(), at
    except Unreadable:
        return "", at


def read_names_once(rows: Sequence[Any]) -> None:
    """People, rooms and devices that can be chosen, read once for all rows of a page."""
    known: dict[tuple[str, bool], list[Any]] = {}
    for row in rows:
        for name in ("practitioner", "room", "device"):
            if name not in row.fields:
                continue
            field, key = row.fields[name], (name, row.visit is None)
            if key not in known:
                known[key] = list(field.choices)
            field.choices = known[key]
            row.free.names |= {str(value): str(label) for value, label in known[key] if value}
