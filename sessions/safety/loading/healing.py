"""What has not healed yet, and what has: the facts, from the database."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from patients.models import StaffTask, TaskKind
from sessions.models import SideEffect, SideEffectExpectation, SideEffectKind, TreatmentSession
from sessions.safety import facts
from sessions.triage import Level

PIGMENT = {SideEffectKind.HYPERPIGMENTATION, SideEffectKind.HYPOPIGMENTATION}
# What goes through the body, or is carried along by hands: it counts wherever it began.
NOT_LOCAL = {
    SideEffectKind.ANAESTHETIC_REACTION,
    SideEffectKind.INFECTION,
    SideEffectKind.HSV_REACTIVATION,
    SideEffectKind.URTICARIA,
    SideEffectKind.ANAPHYLAXIS,
    SideEffectKind.SYNCOPE,
    SideEffectKind.BLOOD_EXPOSURE,
    SideEffectKind.OTHER,
}
HOUR = timedelta(hours=1)


def open_side_effects(session: TreatmentSession, at: datetime) -> tuple[facts.OpenSideEffect, ...]:
    """The gravest open side effect of each kind, on this area and elsewhere."""
    unresolved = SideEffect.objects.unresolved().filter(session__patient=session.patient_id)
    unresolved = unresolved.select_related("session")
    gravest: Any = (
        unresolved.annotate(is_here=Q(session__area=session.area_id))
        .order_by("kind", "-is_here", "-grade", "onset_at")
        .distinct("kind", "is_here")
    )
    courses = courses_in_effect(at) if gravest else {}
    return tuple(
        open_side_effect(
            effect.kind,
            effect.grade,
            hours=(min(at, session.starts_at) - effect.onset_at) // HOUR,
            is_here=effect.is_here,
            course=courses.get(effect.kind),
            began_after=_began_after(effect),
        )
        for effect in gravest
    )


def _began_after(effect: SideEffect) -> int | None:
    """Hours after its session. Of what a report told of, only when it was told is known."""
    if effect.check_in_id:
        return None
    return (effect.onset_at - effect.session.ends_at) // HOUR


def unreviewed_levels(session: TreatmentSession) -> frozenset[str]:
    """The levels of what the patient has reported, as far as no clinician has closed its task."""
    tasks = StaffTask.objects.open().filter(patient=session.patient_id, kind=TaskKind.HEALING)
    return frozenset(tasks.filter(severity__in=Level.values).values_list("severity", flat=True))


def courses_in_effect(at: datetime) -> dict[str, SideEffectExpectation]:
    return {course.kind: course for course in SideEffectExpectation.objects.in_effect(at)}


def open_side_effect(
    kind: str,
    grade: int,
    *,
    hours: int,
    is_here: bool,
    course: SideEffectExpectation | None,
    began_after: int | None = None,
) -> facts.OpenSideEffect:
    return facts.OpenSideEffect(
        kind=kind,
        name=str(SideEffectKind(kind).label),
        grade=grade,
        is_pigment_change=kind in PIGMENT,
        is_red_flag=bool(course and course.is_red_flag),
        is_elsewhere=not is_here and kind not in NOT_LOCAL,
        hours=hours,
        expected_until_hours=course.expected_until_hours if course else None,
        review_after_hours=course.review_after_hours if course else None,
        began_late=bool(course and began_after and began_after > course.onset_to_hours),
        act_when=course.act_when if course else "",
    )


def past_side_effects(session: TreatmentSession) -> tuple[facts.PastSideEffect, ...]:
    """The gravest of each kind that has healed, on this area first."""
    resolved = SideEffect.objects.filter(
        session__patient=session.patient_id, resolved_at__isnull=False
    )
    gravest: Any = (
        resolved.annotate(is_here=Q(session__area=session.area_id))
        .order_by("kind", "-is_here", "-grade")
        .distinct("kind")
    )
    return tuple(
        facts.PastSideEffect(
            kind=effect.kind,
            name=effect.get_kind_display(),
            grade=effect.grade,
            is_same_area=effect.is_here,
        )
        for effect in gravest
    )
