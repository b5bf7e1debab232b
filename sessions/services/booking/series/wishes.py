"""What somebody would like of the times of a series, beside what the skin and the clinic allow."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db import models

from clinic.models import Room


class DayPart(models.TextChoices):
    MORNING = "MORNING", "In the morning, before 12:00"
    AFTERNOON = "AFTERNOON", "In the afternoon, 12:00 to 17:00"
    EVENING = "EVENING", "In the evening, from 17:00"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = {
    DayPart.MORNING: (time(0), time(12), "morning"),
    DayPart.AFTERNOON: (time(12), time(17), "afternoon"),
    DayPart.EVENING: (time(17), time.max, "evening"),
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
        begins, ends, _ = PARTS[DayPart(self.part)]
        return begins <= local.time() < ends

    def __str__(self) -> str:
        """“Tuesday morning”, “morning”, “Tuesday”."""
        day = "" if self.weekday is None else WEEKDAYS[self.weekday]
        part = PARTS[DayPart(self.part)][2] if self.part else ""
        return " ".join(word for word in (day, part) if word)
