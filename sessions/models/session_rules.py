"""What must never be false of a session: what is taken twice, its times, and how it ends."""

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions.lifecycle import SIGNED, AbortReason, Status
from sessions.models.occupation import (
    OCCUPATION,
    TREATMENT,
    Range,
    no_overlap_of_sessions,
    recovers,
)


def nothing_twice() -> list[ExclusionConstraint]:
    """Nobody and nothing is booked twice at a time, and skin is left alone until it has recovered,
    whatever the kind of visit."""
    return [
        no_overlap_of_sessions(
            "session_practitioner_free",
            "practitioner",
            TREATMENT,
            "practitioner_taken",
            _("The practitioner is already booked at that time."),
        ),
        no_overlap_of_sessions(
            "session_patient_free",
            "patient",
            TREATMENT,
            "patient_taken",
            _("The patient already has a session at that time."),
        ),
        no_overlap_of_sessions(
            "session_room_free",
            "room",
            OCCUPATION,
            "room_taken",
            _("The room is already booked at that time."),
        ),
        no_overlap_of_sessions(
            "session_device_free",
            "device",
            OCCUPATION,
            "device_taken",
            _("The device is already booked at that time."),
        ),
        ExclusionConstraint(
            name="session_area_recovered",
            expressions=[
                ("patient", RangeOperators.EQUAL),
                ("area", RangeOperators.EQUAL),
                (Range("starts_at", "recovers_at", RangeBoundary()), RangeOperators.OVERLAPS),
            ],
            condition=recovers(),
            violation_error_code="too_soon",
            violation_error_message=_("The skin has not recovered from another session then."),
        ),
    ]


def rules_of_times() -> list[models.CheckConstraint]:
    """In their order, and within a day."""
    return [
        models.CheckConstraint(
            name="session_times_ordered",
            condition=Q(
                occupied_from__lte=F("starts_at"),
                starts_at__lt=F("ends_at"),
                ends_at__lte=F("released_at"),
            )
            & (
                Q(recovers_at__gte=F("ends_at"))
                | Q(status=Status.ABORTED, recovers_at=F("starts_at"))
            ),
        ),
        # Whoever asks what is taken in a week need not look further back than a day.
        models.CheckConstraint(
            name="session_within_a_day",
            condition=Q(released_at__lte=F("occupied_from") + timedelta(days=1)),
        ),
    ]


def rules_of_ends() -> list[models.CheckConstraint]:
    """What a session has once it is completed, cancelled, signed or aborted, and only then."""
    return [
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
            name="session_signed_iff_closed",
            condition=Q(status__in=SIGNED, signed_by__isnull=False)
            | (~Q(status__in=SIGNED) & Q(signed_by__isnull=True)),
        ),
        models.CheckConstraint(
            name="session_aborted_iff_reason",
            condition=Q(
                status=Status.ABORTED,
                aborted_at__isnull=False,
                abort_reason__in=AbortReason.values,
            )
            | (
                ~Q(status=Status.ABORTED)
                & Q(aborted_at__isnull=True, abort_reason="", abort_note="")
            ),
        ),
        models.CheckConstraint(
            name="session_aborted_otherwise_in_words",
            condition=~Q(abort_reason=AbortReason.OTHER) | ~Q(abort_note=""),
            violation_error_message=_("Say in words why it was aborted."),
        ),
    ]
