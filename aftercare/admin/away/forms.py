"""Who is away and when, as it is said at the desk: by days and halves of them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinic.admin.forms.clocks import clinics_of
from clinic.admin.forms.fields import DateField, DateInput
from clinic.models import Clinic, User
from clinic.values.wallclock import day_bounds, instant_of

NOON = time(13)
LONGEST = timedelta(days=366)
MINUTES = (*range(10, 65, 5), 75, 90, 120, 150, 180)


class Part(models.TextChoices):
    """Of the day, or of each end of several days."""

    DAY = "DAY", _("All day")
    MORNING = "MORNING", _("Until 13:00")
    AFTERNOON = "AFTERNOON", _("From 13:00 on")


def practitioners_for(user: User) -> Any:
    """Whoever treats where the caller works."""
    return User.objects.visible_to(user).practitioners().order_by("last_name", "username")


class AwayForm(forms.Form):
    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("Who is away"), widget=UnfoldAdminSelectWidget
    )
    first = DateField(label=_("From"), widget=DateInput)
    last = DateField(label=_("Until, that day included"), widget=DateInput)
    part = forms.ChoiceField(
        choices=Part.choices,
        label=_("How much of it"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("“Until 13:00” is about the last day, “From 13:00 on” about the first."),
    )
    reason = forms.CharField(
        required=False,
        max_length=200,
        label=_("Why"),
        widget=UnfoldAdminTextInputWidget,
        help_text=_("All colleagues can read it, patients do not. “Away” is enough."),
    )

    def __init__(self, user: User, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.today = user, today
        self.fields["practitioner"].queryset = practitioners_for(user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last:
            if last < first:
                self.add_error("last", gettext("This is before the first day."))
            elif last < self.today:
                self.add_error("last", gettext("This day is over."))
            elif last - first > LONGEST:
                self.add_error(
                    "last", gettext("A year at most. Who leaves for good is ended under Staff.")
                )
        return data

    @property
    def span(self) -> dict[str, Any]:
        """From when until when, on the clock of the clinic where both work."""
        data = self.cleaned_data
        zone = clinic_of(self.user, data["practitioner"]).zone
        starts, _ = day_bounds(data["first"], zone)
        _, ends = day_bounds(data["last"], zone)
        if data["part"] == Part.AFTERNOON:
            starts = instant_of(data["first"], NOON, zone)
        if data["part"] == Part.MORNING:
            ends = instant_of(data["last"], NOON, zone)
        return {
            "practitioner": data["practitioner"],
            "starts_at": starts,
            "ends_at": ends,
            "reason": data["reason"],
        }


class LateForm(forms.Form):
    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("Who is running late"), widget=UnfoldAdminSelectWidget
    )
    minutes = forms.TypedChoiceField(
        coerce=int,
        choices=[
            (minutes, format_lazy(_("{minutes} minutes"), minutes=minutes)) for minutes in MINUTES
        ],
        initial=30,
        label=_("The next visit begins later by"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["practitioner"].queryset = practitioners_for(user)  # type: ignore[attr-defined]


def clinic_of(user: User, practitioner: User) -> Clinic:
    """Where both work, the first by name."""
    here = clinics_of(user)
    return next((one for one in here if one.pk in practitioner.clinic_ids), here[0])


def today_of(user: User, at: datetime) -> date:
    here = clinics_of(user)
    return at.astimezone(here[0].zone).date() if here else at.date()
