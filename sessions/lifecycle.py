"""The lives of plans, sessions and waitlist entries, as data: statuses and moves between them."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    BOOKED = "BOOKED", _("Booked")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    CHECKED_IN = "CHECKED_IN", _("Checked in")
    IN_PROGRESS = "IN_PROGRESS", _("In progress")
    COMPLETED = "COMPLETED", _("Completed")
    ABORTED = "ABORTED", _("Aborted")
    CANCELLED = "CANCELLED", _("Cancelled")
    NO_SHOW = "NO_SHOW", _("No-show")


NEXT: dict[str, frozenset[str]] = {
    Status.BOOKED: frozenset(
        {Status.CONFIRMED, Status.CHECKED_IN, Status.CANCELLED, Status.NO_SHOW}
    ),
    Status.CONFIRMED: frozenset({Status.CHECKED_IN, Status.CANCELLED, Status.NO_SHOW}),
    Status.CHECKED_IN: frozenset({Status.IN_PROGRESS, Status.ABORTED, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.ABORTED}),
    Status.COMPLETED: frozenset(),
    Status.ABORTED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
}

# What may be taken back, and to what: a press by mistake, as long as nobody has been told of it
# (Note [Undo] in services.booking.undo). Not of a part of NEXT: an ordinary move never does it.
UNDONE: dict[str, frozenset[str]] = {
    Status.CANCELLED: frozenset({Status.BOOKED, Status.CONFIRMED, Status.CHECKED_IN}),
    Status.NO_SHOW: frozenset({Status.BOOKED, Status.CONFIRMED}),
}
UNDO_LASTS = timedelta(seconds=60)

# What takes up practitioner, room, device, patient and skin. The rest frees them; but skin that an
# aborted session has needled must recover (`models.occupation.recovers`).
OCCUPIES = (
    Status.BOOKED,
    Status.CONFIRMED,
    Status.CHECKED_IN,
    Status.IN_PROGRESS,
    Status.COMPLETED,
)
UPCOMING = (Status.BOOKED, Status.CONFIRMED)
SIGNED = (Status.COMPLETED, Status.ABORTED)  # the record is closed


class AbortReason(models.TextChoices):
    """Why a session ends before it is done."""

    FAINTING = "FAINTING", _("The patient fainted")
    NUMBING_REACTION = "NUMBING_REACTION", _("A reaction to the numbing")
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN", _("The patient wanted to stop")
    PREGNANCY = "PREGNANCY", _("A pregnancy was learned of")
    DEVICE_FAILURE = "DEVICE_FAILURE", _("The device failed")
    OTHER = "OTHER", _("Something else")


class PlanKind(models.TextChoices):
    COURSE = "COURSE", _("Course of treatment")
    MAINTENANCE = "MAINTENANCE", _("Maintenance")


class PlanStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    ACTIVE = "ACTIVE", _("Active")
    ON_HOLD = "ON_HOLD", _("On hold")
    COMPLETED = "COMPLETED", pgettext_lazy("plan", "Completed")
    STOPPED = "STOPPED", _("Stopped")


PLAN_NEXT: dict[str, frozenset[str]] = {
    PlanStatus.DRAFT: frozenset({PlanStatus.ACTIVE, PlanStatus.STOPPED}),
    PlanStatus.ACTIVE: frozenset({PlanStatus.ON_HOLD, PlanStatus.COMPLETED, PlanStatus.STOPPED}),
    PlanStatus.ON_HOLD: frozenset({PlanStatus.ACTIVE, PlanStatus.STOPPED}),
    PlanStatus.COMPLETED: frozenset(),
    PlanStatus.STOPPED: frozenset(),
}


class WaitlistStatus(models.TextChoices):
    WAITING = "WAITING", _("Waiting")
    OFFERED = "OFFERED", _("Offered")
    BOOKED = "BOOKED", _("Booked")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


# An offer that is declined or lapses leaves the entry waiting; the history says which it was.
WAITLIST_NEXT: dict[str, frozenset[str]] = {
    WaitlistStatus.WAITING: frozenset({WaitlistStatus.OFFERED, WaitlistStatus.WITHDRAWN}),
    WaitlistStatus.OFFERED: frozenset(
        {WaitlistStatus.BOOKED, WaitlistStatus.WAITING, WaitlistStatus.WITHDRAWN}
    ),
    WaitlistStatus.BOOKED: frozenset(),
    WaitlistStatus.WITHDRAWN: frozenset(),
}
WAITLIST_OPEN = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
