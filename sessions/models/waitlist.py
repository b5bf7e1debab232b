"""Who waits for a time that is taken now, and the times that have become free for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
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
    by_choice,
    by_clinic,
    one_of,
)
from clinic.values.moments import date_in_words
from patients.models import Patient
from sessions.lifecycle import WAITLIST_NEXT, WAITLIST_OPEN, WaitlistStatus
from sessions.models.plan import TreatmentPlan
from sessions.models.session import TreatmentSession
from sessions.models.visit_type import Kind, VisitType


class IllegalWaitlistMove(Conflict):
    code = "illegal_waitlist_move"
    title = gettext_noop("The waitlist entry cannot do this now")


class WaitlistQuerySet(ClinicScoped["WaitlistEntry"]):
    def open_for(self, plans: Sequence[TreatmentPlan]) -> Self:
        """Those that wait to treat one of these plans, alone or in a sitting."""
        named = Q(plan__in=plans) | Q(further_plans__in=plans)
        return self.filter(named, kind=Kind.TREATMENT, status__in=WAITLIST_OPEN).distinct()

    def locked(self) -> Self:
        """Locks the rows, always in the same order. See Note [Lock order] in services."""
        return self.select_for_update(of=("self",)).order_by("pk")

    def lapsed(self, at: datetime) -> Self:
        """Those whose offer nobody has answered in time."""
        return self.filter(status=WaitlistStatus.OFFERED, offer_expires_at__lte=at)

    def in_want_of(self, *, room: UUID | None, device: UUID | None) -> Self:
        """Those whose visit needs no more than these."""
        needs = {"visit_type__needs_room": room, "visit_type__needs_device": device}
        return self.filter(**{need: False for need, thing in needs.items() if thing is None})

    def waiting_for(self, slot: "FreedSlot") -> Self:
        """Those whom the slot fits and who were not passed over for it, oldest first."""
        local = slot.starts_at.astimezone(slot.clinic.zone)
        fitting = self.in_want_of(room=slot.room_id, device=slot.device_id).filter(
            Q(practitioner=slot.practitioner_id) | Q(practitioner__isnull=True),
            Q(weekdays=[]) | Q(weekdays__contains=[local.weekday()]),
            Q(earliest__lte=local.time()) | Q(earliest__isnull=True),
            Q(latest__gte=local.time()) | Q(latest__isnull=True),
            visit_type__roles__contains=[slot.practitioner.role],
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


class ForVisit(Model):
    """A time that is wanted: for a treatment of a plan, or for a visit of another kind, which may
    be about a plan. Its keys are those of a session: migration 0042_holds_of_every_kind."""

    visit_type = models.ForeignKey(
        VisitType, on_delete=models.PROTECT, related_name="+", verbose_name="kind of visit"
    )
    kind = models.CharField(
        max_length=16,
        choices=Kind,
        default=Kind.TREATMENT,
        db_default=Kind.TREATMENT,
        editable=False,
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    plan = models.ForeignKey(
        TreatmentPlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="What is treated, or what the visit is about.",
    )

    class Meta:
        abstract = True

    @property
    def about(self) -> str:
        """Whose visit it is, and what for."""
        return (
            str(self.plan) if self.kind == Kind.TREATMENT else f"{self.patient}: {self.visit_type}"
        )


class WaitlistEntry(Moving, ForVisit):
    """A patient who wants a time that is taken, and the offer they have, if any; with
    `further_plans` a time that is long enough for all these areas.

    `session` is what the offer became. Empty `weekdays` mean any day; `earliest` and `latest`
    are for the start, on the clinic's wall clock.
    """

    statuses = WaitlistStatus
    next_statuses = WAITLIST_NEXT
    illegal_move = IllegalWaitlistMove
    called = gettext_noop("an entry")
    moved_fields = (*OFFER, "session")

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False, db_index=False)
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
    note = EncryptedCharField(max_length=500, blank=True)
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
                condition=Q(status__in=WAITLIST_OPEN, kind=Kind.TREATMENT),
                violation_error_message=_("The plan is on the waitlist already."),
            ),
            models.UniqueConstraint(
                name="waitlist_once_per_visit_type",
                fields=["patient", "visit_type"],
                condition=Q(status__in=WAITLIST_OPEN) & ~Q(kind=Kind.TREATMENT),
                violation_error_message=_("The patient waits for such a visit already."),
            ),
            models.CheckConstraint(
                name="waitlist_treatment_has_plan",
                condition=~Q(kind=Kind.TREATMENT) | Q(plan__isnull=False),
                violation_error_message=_("A treatment is waited for by a plan."),
            ),
            one_of("waitlist_status_known", status=WaitlistStatus),
            models.CheckConstraint(
                name="waitlist_days_ordered",
                condition=Q(until_on__gte=F("from_on")),
                violation_error_message=_("The last day must not be before the first."),
            ),
            models.CheckConstraint(
                name="waitlist_times_ordered",
                condition=Q(earliest__isnull=True)
                | Q(latest__isnull=True)
                | Q(latest__gte=F("earliest")),
                violation_error_message=_("The latest start must not be before the earliest."),
            ),
            models.CheckConstraint(
                name="waitlist_weekdays_known",
                condition=Q(weekdays__contained_by=Weekday.values),
                violation_error_message=_("Weekdays are 0 (Monday) to 6 (Sunday)."),
            ),
            models.CheckConstraint(
                name="waitlist_offer_iff_offered",
                condition=(
                    Q(
                        status=WaitlistStatus.OFFERED,
                        offered_starts_at__isnull=False,
                        offered_practitioner__isnull=False,
                        offer_expires_at__isnull=False,
                    )
                    & (
                        ~Q(kind=Kind.TREATMENT)
                        | Q(offered_room__isnull=False, offered_device__isnull=False)
                    )
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
            by_clinic("waitlist_of_clinic"),
            by_choice("waitlist_by_status", "status"),
            by_choice("waitlist_by_kind", "kind"),
            models.Index(
                name="waitlist_offer_expiry",
                fields=["offer_expires_at"],
                condition=Q(status=WaitlistStatus.OFFERED),
            ),
        ]

    def __str__(self) -> str:
        return gettext("{about}, {first} to {last}").format(
            about=self.about,
            first=date_in_words(self.from_on, "j M Y"),
            last=date_in_words(self.until_on, "j M Y"),
        )

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

    `passed_over` is who did not want it: it goes on to those who wait since later. It is offered
    `not_before` what has freed it can no longer be taken back.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT)
    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    passed_over = models.ForeignKey(
        WaitlistEntry, on_delete=models.PROTECT, null=True, related_name="+"
    )
    not_before = models.DateTimeField(null=True)

    objects = ClinicScoped.as_manager()

    class Meta:
        db_table = "treatment_freed_slot"

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M %Z}"
