"""Who waits for a time that is taken now, and the times that have become free for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from clinic.errors import Conflict
from clinic.models import (
    Clinic,
    ClinicScoped,
    Device,
    Event,
    Model,
    Moving,
    Room,
    User,
    Weekday,
    one_of,
)
from sessions.lifecycle import WAITLIST_NEXT, WAITLIST_OPEN, WaitlistStatus
from sessions.models.plan import TreatmentPlan
from sessions.models.session import TreatmentSession


class IllegalWaitlistMove(Conflict):
    code = "illegal_waitlist_move"
    title = "The waitlist entry cannot do this now"


class WaitlistQuerySet(ClinicScoped["WaitlistEntry"]):
    def open_for(self, plans: Sequence[TreatmentPlan]) -> Self:
        """Those that wait for one of these plans, alone or in a sitting."""
        named = Q(plan__in=plans) | Q(further_plans__in=plans)
        return self.filter(named, status__in=WAITLIST_OPEN).distinct()

    def locked(self) -> Self:
        """Locks the rows, always in the same order. See Note [Lock order] in services."""
        return self.select_for_update(of=("self",)).order_by("pk")

    def lapsed(self, at: datetime) -> Self:
        """Those whose offer nobody has answered in time."""
        return self.filter(status=WaitlistStatus.OFFERED, offer_expires_at__lte=at)

    def waiting_for(self, slot: "FreedSlot") -> Self:
        """Those whom the slot fits and who were not passed over for it, oldest first."""
        local = slot.starts_at.astimezone(slot.clinic.zone)
        fitting = self.filter(
            Q(practitioner=slot.practitioner_id) | Q(practitioner__isnull=True),
            Q(weekdays=[]) | Q(weekdays__contains=[local.weekday()]),
            Q(earliest__lte=local.time()) | Q(earliest__isnull=True),
            Q(latest__gte=local.time()) | Q(latest__isnull=True),
            clinic=slot.clinic_id,
            status=WaitlistStatus.WAITING,
            from_on__lte=local.date(),
            until_on__gte=local.date(),
        )
        if slot.passed_over_id:
            fitting = fitting.filter(pk__gt=slot.passed_over_id)
        return fitting.order_by("pk")


OFFER = (
    "offered_starts_at",
    "offered_practitioner",
    "offered_room",
    "offered_device",
    "offer_expires_at",
)


class WaitlistEntry(Moving, Model):
    """A plan whose patient wants a time that is taken, and the offer they have, if any; with
    `further_plans` a time that is long enough for all these areas.

    `session` is what the offer became. Empty `weekdays` mean any day; `earliest` and `latest`
    are for the start, on the clinic's wall clock.
    """

    statuses = WaitlistStatus
    next_statuses = WAITLIST_NEXT
    illegal_move = IllegalWaitlistMove
    called = "an entry"
    moved_fields = (*OFFER, "session")

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False)
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="waitlist")
    further_plans = models.ManyToManyField(
        TreatmentPlan,
        blank=True,
        related_name="waitlist_further",
        db_table="treatment_waitlist_further_plan",
        verbose_name="also treat in that sitting",
        help_text="Plans of the same patient for other areas.",
    )
    practitioner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_on = models.DateField("first day")
    until_on = models.DateField("last day")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(choices=Weekday),
        default=list,
        blank=True,
        help_text="0 is Monday; none means any day.",
    )
    earliest = models.TimeField("start not before", null=True, blank=True)
    latest = models.TimeField("start not after", null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    status = models.CharField(
        max_length=12,
        choices=WaitlistStatus,
        default=WaitlistStatus.WAITING,
        db_default=WaitlistStatus.WAITING,
        editable=False,
    )
    offered_starts_at = models.DateTimeField(null=True, editable=False)
    offered_practitioner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    offered_room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    offered_device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    offer_expires_at = models.DateTimeField(null=True, editable=False)
    session = models.OneToOneField(
        TreatmentSession,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="waitlist_entry",
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")

    objects = WaitlistQuerySet.as_manager()

    class Meta:
        db_table = "treatment_waitlist_entry"
        verbose_name_plural = "waitlist"
        constraints = [
            models.UniqueConstraint(
                name="waitlist_once_per_plan",
                fields=["plan"],
                condition=Q(status__in=WAITLIST_OPEN),
                violation_error_message="The plan is on the waitlist already.",
            ),
            one_of("waitlist_status_known", status=WaitlistStatus),
            models.CheckConstraint(
                name="waitlist_days_ordered",
                condition=Q(until_on__gte=F("from_on")),
                violation_error_message="The last day must not be before the first.",
            ),
            models.CheckConstraint(
                name="waitlist_times_ordered",
                condition=Q(earliest__isnull=True)
                | Q(latest__isnull=True)
                | Q(latest__gte=F("earliest")),
                violation_error_message="The latest start must not be before the earliest.",
            ),
            models.CheckConstraint(
                name="waitlist_weekdays_known",
                condition=Q(weekdays__contained_by=Weekday.values),
                violation_error_message="Weekdays are 0 (Monday) to 6 (Sunday).",
            ),
            models.CheckConstraint(
                name="waitlist_offer_iff_offered",
                condition=Q(
                    status=WaitlistStatus.OFFERED,
                    offered_starts_at__isnull=False,
                    offered_practitioner__isnull=False,
                    offered_room__isnull=False,
                    offered_device__isnull=False,
                    offer_expires_at__isnull=False,
                )
                | (
                    ~Q(status=WaitlistStatus.OFFERED)
                    & Q(
                        offered_starts_at__isnull=True,
                        offered_practitioner__isnull=True,
                        offered_room__isnull=True,
                        offered_device__isnull=True,
                        offer_expires_at__isnull=True,
                    )
                ),
            ),
            models.CheckConstraint(
                name="waitlist_session_iff_booked",
                condition=Q(status=WaitlistStatus.BOOKED, session__isnull=False)
                | (~Q(status=WaitlistStatus.BOOKED) & Q(session__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                name="waitlist_waiting",
                fields=["clinic", "id"],
                condition=Q(status=WaitlistStatus.WAITING),
            ),
            models.Index(
                name="waitlist_offer_expiry",
                fields=["offer_expires_at"],
                condition=Q(status=WaitlistStatus.OFFERED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.from_on:%d %b %Y} to {self.until_on:%d %b %Y}"

    @property
    def plans(self) -> list[TreatmentPlan]:
        """What is to be treated in one sitting, the leading plan first, with booking facts."""
        further = TreatmentPlan.objects.with_booking_facts().filter(waitlist_further=self)
        leading = TreatmentPlan.objects.with_booking_facts().get(pk=self.plan_id)
        return [leading, *further.order_by("pk")]

    def prepare_move(self, new: str, *, at: datetime, by: User | None, **values: Any) -> None:
        """`values` are the offer, or the session. What belonged to the old status is emptied."""
        for name in self.moved_fields:
            setattr(self, name, values.get(name))


class WaitlistEvent(Event):
    """One move of a waitlist entry. Append-only."""

    statuses = WaitlistStatus

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        db_table = "treatment_waitlist_event"


class FreedSlot(Model):
    """A slot that has become free and was not offered to the waitlist yet. The row is the queue.

    `passed_over` is who did not want it: it goes on to those who wait since later.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT)
    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    passed_over = models.ForeignKey(
        WaitlistEntry, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_freed_slot"

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M %Z}"
