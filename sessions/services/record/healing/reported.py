"""From a report of healing to a side effect of the record: what the answers say is filled in, and a
clinician corrects it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from clinic.db.retries import retried_transaction
from clinic.models import User
from patients.models import StaffTask, Zone
from sessions.models import CheckIn, SideEffect, SideEffectExpectation, SideEffectKind
from sessions.services.record.healing.check_in import BESIDE_THE_EYE
from sessions.services.record.healing.side_effects import log_side_effect
from sessions.triage import Level, Score, Sign, signs_in

# What each sign is recorded as. The first that was reported counts, so the gravest stand first.
OF_SIGN = {
    Sign.BREATHING: SideEffectKind.ANAPHYLAXIS,
    Sign.LIP_TONGUE_SWELLING: SideEffectKind.ANAPHYLAXIS,
    Sign.FITS: SideEffectKind.ANAESTHETIC_REACTION,
    Sign.BLUE_GREY: SideEffectKind.ANAESTHETIC_REACTION,
    Sign.METALLIC_TASTE: SideEffectKind.ANAESTHETIC_REACTION,
    Sign.FAINT: SideEffectKind.SYNCOPE,
    Sign.VISION_CHANGE: SideEffectKind.EYE_INJURY,
    Sign.EYE_PAIN: SideEffectKind.EYE_INJURY,
    Sign.HIVES: SideEffectKind.URTICARIA,
    Sign.PUS: SideEffectKind.INFECTION,
    Sign.SPREADING: SideEffectKind.INFECTION,
    Sign.STREAKS: SideEffectKind.INFECTION,
    Sign.HONEY_CRUST: SideEffectKind.INFECTION,
    Sign.VESICLES: SideEffectKind.HSV_REACTIVATION,
    Sign.BLACK_OR_BLISTERED: SideEffectKind.BLISTER,
    Sign.FEVER: SideEffectKind.INFECTION,
    Sign.REUSED_NEEDLE: SideEffectKind.BLOOD_EXPOSURE,
    Sign.FIRM_BUMPS: SideEffectKind.GRANULOMA,
    Sign.LINE_MARKS: SideEffectKind.SCARRING,
    Sign.RAISED_SCAR: SideEffectKind.SCARRING,
    Sign.TENSE_HAEMATOMA: SideEffectKind.HAEMATOMA,
    Sign.LIDS_CLOSING: SideEffectKind.OEDEMA,
    Sign.PAINFUL_PUSTULES: SideEffectKind.ACNEIFORM,
    Sign.BROWN_PATCHES: SideEffectKind.HYPERPIGMENTATION,
    Sign.LIGHT_PATCHES: SideEffectKind.HYPOPIGMENTATION,
    Sign.RASH_ELSEWHERE: SideEffectKind.CONTACT_DERMATITIS,
    Sign.TINGLING_MOUTH: SideEffectKind.HSV_REACTIVATION,
    Sign.LYMPH_NODES: SideEffectKind.LYMPHADENOPATHY,
    Sign.SHEDDING: SideEffectKind.SHEDDING,
    Sign.SPOTS: SideEffectKind.ACNEIFORM,
    Sign.BRUISE: SideEffectKind.BRUISING,
    Sign.CRUSTS: SideEffectKind.DRYNESS,
    Sign.FLAKING: SideEffectKind.DRYNESS,
}
OF_SCORE = {
    Score.REDNESS: SideEffectKind.ERYTHEMA,
    Score.SWELLING: SideEffectKind.OEDEMA,
    Score.PAIN: SideEffectKind.PAIN,
    Score.ITCH: SideEffectKind.ITCH,
}
# CTCAE grades: by how soon somebody had to act, and by the worst score (moderate, severe).
OF_LEVEL = {Level.GREEN: 1, Level.AMBER: 1, Level.RED: 2, Level.EMERGENCY: 4}
MODERATE, SEVERE_SCORE = 4, 7


def proposed(check_in: CheckIn) -> dict[str, Any]:
    """What a report says of a side effect: its kind, place, grade, beginning, and the words."""
    kind = kind_of(check_in)
    worst = max(check_in.scores.values(), default=0)
    by_score = 3 if worst >= SEVERE_SCORE else 2 if worst >= MODERATE else 1
    courses = SideEffectExpectation.objects.in_effect(check_in.reported_at).filter(kind=kind)
    is_red_flag = any(course.is_red_flag for course in courses)
    return {
        "session": check_in.session,
        "check_in": check_in,
        "kind": kind,
        "zone": _zone(check_in, kind),
        "grade": max(OF_LEVEL[Level(check_in.level)], by_score),
        "is_expected": check_in.level == Level.GREEN and by_score < 3 and not is_red_flag,
        "onset_at": _onset(check_in, kind),
        "note": check_in.words,
    }


def kind_of(check_in: CheckIn) -> SideEffectKind:
    """The gravest sign that was ticked or written, else what is scored highest."""
    signs = {*(check_in.signs or ()), *signs_in(check_in.words, check_in.rules.vocabulary)}
    for sign, kind in OF_SIGN.items():
        if sign in signs:
            return kind
    if check_in.bleeding_minutes:
        return SideEffectKind.BLEEDING
    scores = {score: value for score, value in check_in.scores.items() if value}
    if scores:
        return OF_SCORE[Score(max(scores, key=lambda score: scores[score]))]
    return SideEffectKind.OTHER


def _zone(check_in: CheckIn, kind: str) -> Zone | None:
    """The only zone that was treated; for an eye, one beside it. Nobody guesses among several."""
    treated = check_in.session.zone_treatments.select_related("zone")
    if kind == SideEffectKind.EYE_INJURY:
        treated = treated.filter(zone__code__in=BESIDE_THE_EYE)
    zones = {one.zone for one in treated}
    return zones.pop() if len(zones) == 1 else None


def _onset(check_in: CheckIn, kind: str) -> datetime:
    """When it was first reported of this session."""
    reports = CheckIn.objects.filter(
        session=check_in.session_id, reported_at__lte=check_in.reported_at
    ).select_related("rules")
    for report in reports.order_by("reported_at", "id"):
        if kind_of(report) == kind:
            return report.reported_at
    return check_in.reported_at


def report_behind(task: StaffTask) -> CheckIn | None:
    """What a task of healing is about: the newest report of its patient."""
    reports = CheckIn.objects.filter(session__patient=task.patient_id)
    return reports.select_related("session", "rules").order_by("-reported_at", "-id").first()


@retried_transaction
def record_reported(*, check_in_id: UUID, at: datetime, by: User, **corrections: Any) -> SideEffect:
    """Record the side effect that a report tells of, with what is known better in `corrections`.

    Raises what log_side_effect does.
    """
    check_in = CheckIn.objects.select_related("session__area", "session__patient", "rules").get(
        pk=check_in_id
    )
    return log_side_effect(**{**proposed(check_in), **corrections}, at=at, by=by)
