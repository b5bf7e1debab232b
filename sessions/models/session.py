"""Treatment sessions, their history, and what was said about them after they were signed."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, OuterRef, Q, Subquery

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
    append_only,
    one_of,
    track_history,
)
from patients.models import Area, Patient, Screening, TreatmentConsent
from sessions.lifecycle import NEXT, OCCUPIES, UPCOMING, Status
from sessions.models.catalogue import ProtocolVersion
from sessions.models.occupation import (
    OCCUPATION,
    TREATMENT,
    Range,
    clash_conditions,
    no_overlap_of_sessions,
)
from sessions.models.plan import TreatmentPlan
from sessions.models.triggers import of_what_is_in_use, recovers_longer


class IllegalMove(Conflict):
    code = "illegal_move"
    title = "The session cannot do this now"


class TreatmentSessionQuerySet(ClinicScoped["TreatmentSession"]):
    def locked(self) -> Self:
        """Locks the rows, always in the same order. See Note [Lock order] in services."""
        return self.select_for_update(of=("self",)).order_by("pk")

    def with_record(self) -> Self:
        """Together with all that the safety rules look at first."""
        return self.select_related(
            *("clinic", "patient", "area", "plan", "device__model"),
            "protocol_version__protocol__concern",
        )

    def occupying(self) -> Self:
        return self.filter(status__in=OCCUPIES)

    def overlapping(self, start: datetime, end: datetime) -> Self:
        """Sessions that hold their room at some time in [start, end)."""
        return self.filter(occupied_from__lt=end, released_at__gt=start)

    def clashing_with(self, session: "TreatmentSession", *what: str) -> Self:
        """The other sessions that occupy what `session` would take up: any of it, or only the
        skin, practitioner, room, device or patient, as `clash_conditions` names them."""
        found = [q for name, q in clash_conditions(session).items() if name in what or not what]
        return self.occupying().exclude(pk=session.pk).filter(reduce(or_, found))

    def closer_than(self, version: ProtocolVersion, *, at: datetime) -> Self:
        """Those still to come that follow sooner on a session of the same protocol than a version
        of it demands, with the id and start of that one (`follows_on`, `followed_at`)."""
        before = (
            TreatmentSession.objects.occupying()
            .filter(
                patient=OuterRef("patient"),
                area=OuterRef("area"),
                starts_at__lt=OuterRef("starts_at"),
            )
            .order_by("-starts_at")
        )
        by_the_same = before.filter(protocol_version__protocol=version.protocol_id)
        zone, day = F("clinic__time_zone"), models.DateTimeField()
        on_the_clock = Func(zone, F("followed_at"), function="timezone", output_field=day)
        apart = ExpressionWrapper(
            on_the_clock + timedelta(days=version.hard_min_days), output_field=day
        )
        recovered = Func(zone, apart, function="timezone", output_field=day)
        return (
            self.filter(status__in=UPCOMING, starts_at__gt=at)
            .annotate(
                follows_on=Subquery(by_the_same.values("pk")[:1]),
                followed_at=Subquery(by_the_same.values("starts_at")[:1]),
            )
            .filter(starts_at__lt=recovered)
            .order_by("starts_at", "id")
        )

    def on_skin_of(self, session: "TreatmentSession") -> Self:
        """The other sessions that occupy the same area of the same patient."""
        return (
            self.occupying()
            .filter(patient=session.patient_id, area=session.area_id)
            .exclude(pk=session.pk)
        )


@track_history()
class TreatmentSession(Moving, Model):
    """One appointment to treat one area: when, by whom, where and with which device.

    `starts_at` to `ends_at` is the treatment; room and device are taken from `occupied_from`, for
    setting up, to `released_at`, after cleaning. `recovers_at` is the earliest next session on
    this area: the protocol's hard minimum of days after `starts_at` on the clinic's wall clock, or
    the start of a sooner session that a practitioner has approved (`spacing_override_reason`,
    kept on that sooner session). A longer minimum in a newer version lengthens it.
    """

    statuses = Status
    next_statuses = NEXT
    illegal_move = IllegalMove
    called = "a session"
    moved_fields = ("completed_at", "signed_by", "is_late_cancel")

    version_parts = ("zone_treatments", "product_uses", "cartridge_uses")

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False, db_index=False)
    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        related_name="sessions",
        editable=False,
        db_index=False,
    )
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+", editable=False)
    # these, the clinic and the patient have indexes of their own below
    practitioner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    occupied_from = models.DateTimeField(editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(editable=False)
    released_at = models.DateTimeField(editable=False)
    recovers_at = models.DateTimeField(editable=False)
    time_zone = models.CharField(max_length=40, editable=False, help_text="Of the clinic, then.")
    status = models.CharField(
        max_length=16, choices=Status, default=Status.BOOKED, db_default=Status.BOOKED
    )
    completed_at = models.DateTimeField(null=True, editable=False)
    is_late_cancel = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Cancelled within the clinic's late hours before the start.",
    )
    rescheduled_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="rescheduled_to"
    )
    spacing_override_reason = models.CharField(max_length=500, blank=True)
    spacing_override_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    protocol_version = models.ForeignKey(
        ProtocolVersion,
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
        help_text="That it is checked against.",
    )
    screening = models.ForeignKey(
        Screening, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    consent = models.ForeignKey(
        TreatmentConsent, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    is_off_label = models.BooleanField(null=True, editable=False)
    pain_score = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(10)], help_text="0 none … 10 worst."
    )
    notes = models.TextField(blank=True, max_length=10_000)
    signed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = TreatmentSessionQuerySet.as_manager()

    class Meta:
        db_table = "treatment_session"
        constraints = [
            no_overlap_of_sessions(
                "session_practitioner_free",
                "practitioner",
                TREATMENT,
                "practitioner_taken",
                "The practitioner is already booked at that time.",
            ),
            no_overlap_of_sessions(
                "session_patient_free",
                "patient",
                TREATMENT,
                "patient_taken",
                "The patient already has a session at that time.",
            ),
            no_overlap_of_sessions(
                "session_room_free",
                "room",
                OCCUPATION,
                "room_taken",
                "The room is already booked at that time.",
            ),
            no_overlap_of_sessions(
                "session_device_free",
                "device",
                OCCUPATION,
                "device_taken",
                "The device is already booked at that time.",
            ),
            ExclusionConstraint(
                name="session_area_recovered",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    ("area", RangeOperators.EQUAL),
                    (Range("starts_at", "recovers_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=OCCUPIES),
                violation_error_code="too_soon",
                violation_error_message="The skin has not recovered from another session then.",
            ),
            models.CheckConstraint(
                name="session_times_ordered",
                condition=Q(
                    occupied_from__lte=F("starts_at"),
                    starts_at__lt=F("ends_at"),
                    ends_at__lte=F("released_at"),
                    recovers_at__gte=F("ends_at"),
                ),
            ),
            # Whoever asks what is taken in a week need not look further back than a day.
            models.CheckConstraint(
                name="session_within_a_day",
                condition=Q(released_at__lte=F("occupied_from") + timedelta(days=1)),
            ),
            one_of("session_status_known", status=Status),
            models.CheckConstraint(
                name="session_completed_iff_completed_at",
                condition=Q(status=Status.COMPLETED, completed_at__isnull=False)
                | (~Q(status=Status.COMPLETED) & Q(completed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="session_late_cancel_is_cancelled",
                condition=Q(is_late_cancel=False) | Q(status=Status.CANCELLED),
            ),
            models.CheckConstraint(
                name="session_signed_iff_completed",
                condition=Q(status=Status.COMPLETED, signed_by__isnull=False)
                | (~Q(status=Status.COMPLETED) & Q(signed_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="session_pain_0_to_10",
                condition=Q(pain_score__isnull=True) | Q(pain_score__lte=10),
                violation_error_message="Pain is 0 to 10.",
            ),
            models.CheckConstraint(
                name="session_override_iff_author",
                condition=Q(spacing_override_reason="", spacing_override_by__isnull=True)
                | (~Q(spacing_override_reason="") & Q(spacing_override_by__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="session_by_clinic_day",
                fields=["clinic", "starts_at"],
                include=["released_at", "status"],
            ),
            # read by the search for free times
            models.Index(name="session_by_practitioner", fields=["practitioner", "starts_at"]),
            models.Index(name="session_by_room", fields=["room", "starts_at"]),
            models.Index(name="session_by_device", fields=["device", "starts_at"]),
            models.Index(name="session_by_patient", fields=["patient", "starts_at"]),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="booked_for_good", fields=["plan", "patient", "area", "clinic"]
            ),
            # Only the recovery may still change, when a later session is approved or cancelled.
            pgtrigger.Protect(
                name="signed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status = 'COMPLETED' AND "
                    "to_jsonb(NEW) - 'recovers_at' IS DISTINCT FROM to_jsonb(OLD) - 'recovers_at'"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            recovers_longer(OCCUPIES),
            of_what_is_in_use(),
        ]

    def __str__(self) -> str:
        return f"{self.patient}, {self.area}, {self.starts_at_local:%d %b %Y %H:%M}"

    @property
    def starts_at_local(self) -> datetime:
        """The start on the clinic's wall clock."""
        return self.starts_at.astimezone(self.clinic.zone)

    def prepare_move(self, new: str, *, at: datetime, by: User | None, **values: Any) -> None:
        if new == Status.COMPLETED:
            self.completed_at, self.signed_by = at, by
        elif new == Status.CANCELLED:
            late_from = self.starts_at - timedelta(hours=self.clinic.late_cancel_hours)
            self.is_late_cancel = at > late_from


class SessionEvent(Event):
    statuses = Status

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="events")
    old_status = models.CharField(max_length=16, blank=True)
    new_status = models.CharField(max_length=16)

    class Meta(Event.Meta):
        db_table = "treatment_session_event"


class Addendum(Model):
    """What is added to a signed record. The record itself never changes."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField(max_length=10_000)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "treatment_addendum"
        verbose_name_plural = "addenda"
        triggers = append_only()

    def __str__(self) -> str:
        return f"Addendum of {self.at:%d %b %Y}"
