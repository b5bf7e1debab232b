"""What has not healed yet, and what has: the facts, from the database."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

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


def gravest_side_effects(session: TreatmentSession) -> list[Any]:
    """Of each kind, open and healed, the gravest on this area and the gravest elsewhere."""
    gravest: Any = (
        SideEffect.objects.filter(session__patient=session.patient_id)
        .annotate(is_here=Q(session__area=session.area_id), is_open=Q(resolved_at__isnull=True))
        .select_related("session")
        .order_by("is_open", "kind", "-is_here", "-grade", "onset_at")
        .distinct("is_open", "kind", "is_here")
    )
    return list(gravest)


def open_side_effects(
    session: TreatmentSession, gravest: Iterable[Any], at: datetime
) -> tuple[facts.OpenSideEffect, ...]:
    unhealed = [effect for effect in gravest if effect.is_open]
    courses = courses_in_effect(at) if unhealed else {}
    return tuple(
        open_side_effect(
            effect.kind,
            effect.grade,
            hours=(min(at, session.starts_at) - effect.onset_at) // HOUR,
            is_here=effect.is_here,
            course=courses.get(effect.kind),
            began_after=_began_after(effect),
        )
        for effect in unhealed
    )


def _began_after(effect: SideEffect) -> int | None:
    """Hours after its session. Of what a report told of, only when it was told is known."""
    if effect.check_in_id:
        return None
    return (effect.onset_at - effect.session.ends_at) // HOUR


def unreviewed_reports(session: TreatmentSession) -> QuerySet[StaffTask]:
    """What the patient has reported, as far as no clinician has closed its task: the severity is
    the level."""
    tasks = StaffTask.objects.open().filter(patient=session.patient_id, kind=TaskKind.HEALING)
    return tasks.filter(severity__in=Level.values)


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


def past_side_effects(gravest: Iterable[Any]) -> tuple[facts.PastSideEffect, ...]:
    """The gravest of each kind that has healed, on this area first."""
    healed: dict[str, Any] = {}
    for effect in gravest:
        if not effect.is_open:
            healed.setdefault(effect.kind, effect)
    return tuple(
        facts.PastSideEffect(
            kind=effect.kind,
            name=effect.get_kind_display(),
            grade=effect.grade,
            is_same_area=effect.is_here,
        )
        for effect in healed.values()
    )
