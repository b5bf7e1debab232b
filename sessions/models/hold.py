"""Holds: a slot that is kept for one patient for a few minutes, while nothing is booked yet."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from clinic.models import Clinic, ClinicScoped, Device, Room, User
from clinic.values.zones import on_clock
from sessions.models.occupation import OCCUPATION, TREATMENT, Range
from sessions.models.session import TreatmentSession
from sessions.models.visit_type import Kind
from sessions.models.waitlist import ForVisit, WaitlistEntry


class HoldQuerySet(ClinicScoped["Hold"]):
    def live(self, at: datetime) -> Self:
        return self.filter(expires_at__gt=at)

    def overlapping(self, start: datetime, end: datetime) -> Self:
        """Holds that keep their room at some time in [start, end)."""
        return self.filter(occupied_from__lt=end, released_at__gt=start)

    def clashing_with(self, session: TreatmentSession) -> Self:
        """Holds, lapsed ones too, on anything that `session` would take up."""
        treated = Q(starts_at__lt=session.ends_at, ends_at__gt=session.starts_at)
        whose = Q(practitioner=session.practitioner_id) | Q(patient=session.patient_id)
        in_the_way = treated & whose
        if session.room_id:
            in_the_way |= Q(room=session.room_id)
        if session.device_id:
            in_the_way |= Q(device=session.device_id)
        return self.overlapping(session.occupied_from, session.released_at).filter(in_the_way)


def no_overlap_of_holds(name: str, resource: str, span: tuple[str, str]) -> ExclusionConstraint:
    """No two holds keep the same `resource` in overlapping spans."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            (resource, RangeOperators.EQUAL),
            (Range(*span, RangeBoundary()), RangeOperators.OVERLAPS),
        ],
    )


class Hold(ForVisit):
    """A slot that is kept until `expires_at`, by the desk or by an offer: for a treatment of one
    plan, or for a visit of one kind of one patient.

    A hold that was released or used is deleted, and one that has lapsed is deleted by whoever
    holds the slot next: a constraint cannot read the clock, so every row counts for it.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT)
    practitioner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    occupied_from = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    released_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    held_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    offered_to = models.OneToOneField(
        WaitlistEntry, on_delete=models.PROTECT, null=True, related_name="hold"
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        db_table = "treatment_hold"
        constraints = [
            no_overlap_of_holds("hold_practitioner_kept_once", "practitioner", TREATMENT),
            no_overlap_of_holds("hold_room_kept_once", "room", OCCUPATION),
            no_overlap_of_holds("hold_device_kept_once", "device", OCCUPATION),
            models.CheckConstraint(
                name="hold_treatment_complete",
                condition=~Q(kind=Kind.TREATMENT)
                | Q(plan__isnull=False, room__isnull=False, device__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_times_ordered",
                condition=Q(
                    occupied_from__lte=F("starts_at"),
                    starts_at__lt=F("ends_at"),
                    ends_at__lte=F("released_at"),
                ),
            ),
            models.CheckConstraint(
                name="hold_by_desk_or_by_offer",
                condition=Q(held_by__isnull=False, offered_to__isnull=True)
                | Q(held_by__isnull=True, offered_to__isnull=False),
            ),
        ]
        indexes = [models.Index(name="hold_by_clinic_start", fields=["clinic", "starts_at"])]

    def __str__(self) -> str:
        return f"{self.about}, {on_clock(self.starts_at, self.clinic.zone)}"
