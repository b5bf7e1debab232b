"""How dates and times are typed in the admin: in no form that can be misread, or by a picker.

The house's fields stand in every form (`TIMES`): a date as in `values.dates`, a time of day of 24
hours, and a moment as both, on the clock of the row's clinic.
"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import DATETIME_CLASSES, UnfoldAdminTextInputWidget

from clinic.values.dates import EXAMPLES, Unreadable, read_date, read_time, read_time_with_offset
from clinic.values.wallclock import (
    Doubled,
    OtherOffset,
    Skipped,
    instant_on_clock,
    offset_of,
    readings,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WRITTEN = "j M Y"  # 3 Apr 1990: what a field shows, and what its picker fills in
NEAREST = 15  # minutes: the grid of the times that are offered instead of one that does not exist
EARLIEST, LATEST = 2000, 2100  # years in which something happens, as in the API


class DateInput(forms.DateInput):
    """A date to be typed, with a calendar to pick it from."""

    template_name = "clinic/admin/picked.html"
    picker = "date"
    hint: "StrOrPromise" = _("3 Apr 1990")

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        look = {"class": " ".join(DATETIME_CLASSES), "placeholder": self.hint}
        super().__init__({**look, "autocomplete": "off", **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["picker"] = self.picker
        context["widget"]["months"] = " ".join(
            formatted(date(EARLIEST, month, 1), "M") for month in range(1, 13)
        )
        return context

    def format_value(self, value: Any) -> str | None:
        return formatted(value, WRITTEN) if isinstance(value, date) else value


class TimeInput(DateInput):
    """A time of day to be typed, with a clock to pick it from."""

    picker = "time"
    hint = "14:30"

    def format_value(self, value: Any) -> str | None:
        if not isinstance(value, time):
            return super().format_value(value)
        return value.isoformat("seconds" if value.second else "minutes")


class MomentInput(forms.SplitDateTimeWidget):
    """A date and a time, on the clock that is current; of a doubled hour the offset stands too."""

    template_name = "unfold/widgets/split_datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        forms.MultiWidget.__init__(self, [DateInput(), TimeInput()], attrs)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """With today as the example: what happens at a clinic does not happen in 1990."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        day = context["widget"]["subwidgets"][0]["attrs"]
        day["placeholder"] = formatted(timezone.localdate(), WRITTEN)
        return context

    def decompress(self, value: Any) -> Any:
        if not value:
            return [None, None]
        local = timezone.localtime(value)
        at = local.time().replace(microsecond=0)
        zone = timezone.get_current_timezone()
        if len(readings(local.replace(tzinfo=None), zone)) == 2:
            return [local.date(), f"{TimeInput().format_value(at)} {offset_of(local)}"]
        return [local.date(), at]


class DateField(forms.DateField):
    widget = DateInput

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and value not in self.empty_values:
            try:
                return read_date(value)
            except Unreadable as error:
                raise ValidationError(str(error), code="invalid") from error
        day: date | None = super().to_python(value)
        return day


class TimeField(forms.TimeField):
    widget = TimeInput
    read = staticmethod(read_time)

    def to_python(self, value: Any) -> time | None:
        if isinstance(value, str) and value not in self.empty_values:
            try:
                return self.read(value)
            except Unreadable as error:
                raise ValidationError(str(error), code="invalid") from error
        at: time | None = super().to_python(value)
        return at


class TimeWithOffsetField(TimeField):
    read = staticmethod(read_time_with_offset)


class MomentField(forms.MultiValueField):
    """An instant, typed as a date and a time on the clock of `zone`, or else the current one."""

    widget = MomentInput
    zone: ZoneInfo | None = None
    default_error_messages = {
        "invalid": format_lazy(
            _("Write a date as {examples}, and a time as 14:30."), examples=EXAMPLES
        ),
        "date": format_lazy(_("The date is missing: {examples}."), examples=EXAMPLES),
        "time": _("The time is missing, such as 14:30."),
        "range": format_lazy(_("The year must be {first} to {last}."), first=EARLIEST, last=LATEST),
    }

    def __init__(self, *, input_formats: Any = None, **options: Any) -> None:
        parts = (DateField(required=False), TimeWithOffsetField(required=False))
        super().__init__(parts, require_all_fields=False, **options)

    def compress(self, data_list: Any) -> datetime | None:
        day, at = data_list or (None, None)
        if day is None and at is None:
            return None
        if day is None or at is None:
            name = "date" if day is None else "time"
            raise ValidationError(self.error_messages[name], code="incomplete")
        if not EARLIEST <= day.year <= LATEST:
            raise ValidationError(self.error_messages["range"], code="range")
        typed, zone = datetime.combine(day, at), self.zone or timezone.get_current_timezone()
        try:
            return instant_on_clock(typed, zone, grid=NEAREST)
        except Skipped as error:
            before, after = (f"{nearest:%H:%M}" for nearest in error.nearest)
            raise ValidationError(
                gettext(
                    "The clock is put forward then and skips this time. The nearest are {before} "
                    "and {after}."
                ).format(before=before, after=after),
                code="skipped_time",
            ) from error
        except Doubled as error:
            first, second = (f"{reading:%H:%M} {offset_of(reading)}" for reading in error.both)
            raise ValidationError(
                gettext(
                    "The clock is put back then and shows this time twice. Type the time as "
                    "{first} for the first, or as {second} for the second."
                ).format(first=first, second=second),
                code="doubled_time",
            ) from error
        except OtherOffset as error:
            raise ValidationError(str(error), code="offset") from error


class NumberField(forms.CharField):
    """A telephone number as it is typed: the row that it is stored in knows its country."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, region: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


TIMES: dict[Any, dict[str, Any]] = {
    models.DateTimeField: {"form_class": MomentField, "widget": MomentInput},
    models.DateField: {"form_class": DateField, "widget": DateInput},
    models.TimeField: {"form_class": TimeField, "widget": TimeInput},
}
