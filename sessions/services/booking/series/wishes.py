"""What somebody would like of the times of a series, beside what the skin and the clinic allow."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db import models
from django.utils.dates import WEEKDAYS as DAYS
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.models import Room


class DayPart(models.TextChoices):
    MORNING = "MORNING", _("In the morning, before 12:00")
    AFTERNOON = "AFTERNOON", _("In the afternoon, 12:00 to 17:00")
    EVENING = "EVENING", _("In the evening, from 17:00")


WEEKDAYS = tuple(DAYS.values())  # Django has their names in every language
PARTS = {
    DayPart.MORNING: (time(0), time(12)),
    DayPart.AFTERNOON: (time(12), time(17)),
    DayPart.EVENING: (time(17), time.max),
}
OF_ANY_DAY = {
    DayPart.MORNING: gettext_noop("morning"),
    DayPart.AFTERNOON: gettext_noop("afternoon"),
    DayPart.EVENING: gettext_noop("evening"),
}
OF_A_DAY = {
    DayPart.MORNING: gettext_noop("{day} morning"),
    DayPart.AFTERNOON: gettext_noop("{day} afternoon"),
    DayPart.EVENING: gettext_noop("{day} evening"),
}


@dataclass(frozen=True)
class Wishes:
    """In one room only; and, as far as can be, on one weekday (Monday is 0) and in one part of the
    day. `others` is how many more free times each proposed session is to come with."""

    room: Room | None = None
    weekday: int | None = None
    part: str = ""
    others: int = 0

    @property
    def of_time(self) -> bool:
        return self.weekday is not None or bool(self.part)

    def fit(self, local: datetime) -> bool:
        """Whether a start, on the clinic's clock, is as wished."""
        if self.weekday is not None and local.weekday() != self.weekday:
            return False
        if not self.part:
            return True
        begins, ends = PARTS[DayPart(self.part)]
        return begins <= local.time() < ends

    def __str__(self) -> str:
        """“Tuesday morning”, “morning”, “Tuesday”."""
        day = "" if self.weekday is None else str(WEEKDAYS[self.weekday])
        if not self.part:
            return day
        part = DayPart(self.part)
        return gettext(OF_A_DAY[part]).format(day=day) if day else gettext(OF_ANY_DAY[part])
