"""Lengths of time, typed and read as a number and a unit: “7 days before”, “36 hours”."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db import models
from django.utils.dateparse import parse_duration
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}
NAMES = [("days", _("days")), ("hours", _("hours")), ("minutes", _("minutes"))]
SIGNED = {"offset"}  # counted from a moment, before or after it
LONGEST = timedelta(days=3650)
AFTER, BEFORE = "after", "before"


def split(value: timedelta) -> tuple[int, str]:
    """The number and the largest unit that says it exactly."""
    for unit, length in UNITS.items():
        if value % length == timedelta(0):
            return value // length, unit
    return round(value / UNITS["minutes"]), "minutes"


def duration_words(value: timedelta, *, signed: bool = False) -> str:
    number, unit = split(abs(value))
    if unit == "days":
        text = ngettext("{n} day", "{n} days", number).format(n=number)
    elif unit == "hours":
        text = ngettext("{n} hour", "{n} hours", number).format(n=number)
    else:
        text = ngettext("{n} minute", "{n} minutes", number).format(n=number)
    if not signed:
        return text
    if not value:
        return gettext("at once")
    if value < timedelta(0):
        return gettext("{length} before").format(length=text)
    return gettext("{length} after").format(length=text)


class DurationWidget(forms.MultiWidget):
    template_name = "clinic/duration.html"

    def __init__(self, *, signed: bool) -> None:
        parts: list[Any] = [
            UnfoldAdminIntegerFieldWidget(attrs={"min": 0, "aria-label": _("how many")}),
            UnfoldAdminSelectWidget(attrs={"aria-label": _("unit")}, choices=NAMES),
        ]
        if signed:
            choices = [(AFTER, _("after")), (BEFORE, _("before"))]
            parts.append(
                UnfoldAdminSelectWidget(attrs={"aria-label": _("after or before")}, choices=choices)
            )
        super().__init__(parts)

    def decompress(self, value: Any) -> list[Any]:
        if not isinstance(value, timedelta):  # nothing, or what could not be read
            return [None, "days", AFTER]
        return [*split(abs(value)), BEFORE if value < timedelta(0) else AFTER]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        whole = data.get(name)  # as Django writes it, from whoever sends no form
        return super().value_from_datadict(data, files, name) if whole is None else whole


class DurationField(forms.Field):
    """A number with a unit and, if it is counted from a moment, before or after."""

    default_error_messages = {
        "invalid": _("Enter a valid duration: a whole number and a unit, such as 7 days."),
        "too_long": _("That is longer than ten years."),
    }

    def to_python(self, value: Any) -> timedelta | None:
        if isinstance(value, list):
            number, unit, *sign = value
            if number in (None, ""):
                return None
            if not str(number).strip().isdecimal() or unit not in UNITS:
                raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
            amount = min(int(number), 10_000_000) * (-1 if sign == [BEFORE] else 1)
            found = amount * UNITS[unit]
        elif value in (None, ""):
            return None
        else:
            found = self._parsed(value)
        if abs(found) > LONGEST:
            raise forms.ValidationError(self.error_messages["too_long"], code="too_long")
        return found

    def _parsed(self, value: Any) -> timedelta:
        try:
            found = value if isinstance(value, timedelta) else parse_duration(str(value))
        except OverflowError:
            raise forms.ValidationError(self.error_messages["too_long"], code="too_long") from None
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found


def duration(field: Any) -> forms.Field | None:
    """The form field for a length of time; None for another field."""
    if not isinstance(field, models.DurationField):
        return None
    return DurationField(
        widget=DurationWidget(signed=field.name in SIGNED),
        required=not field.blank,
        label=field.verbose_name.capitalize(),
        help_text=field.help_text,
    )
