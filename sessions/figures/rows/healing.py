"""Reports of healing, and what the literature says of it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from clinic.models import Evidence
from sessions.figures.cuts import depth_band
from sessions.figures.healing import Literature, Report
from sessions.figures.rows.scope import Scope, deepest
from sessions.lifecycle import Status
from sessions.models import (
    CheckIn,
    Kind,
    SideEffectExpectation,
    SideEffectKind,
    TreatmentSession,
)
from sessions.triage import Score

SCORES = Score.values
KIND_OF_SCORE = {
    SideEffectKind.ERYTHEMA: Score.REDNESS,
    SideEffectKind.OEDEMA: Score.SWELLING,
    SideEffectKind.PAIN: Score.PAIN,
    SideEffectKind.ITCH: Score.ITCH,
}


def reports_of_patient(session: TreatmentSession) -> list[Report]:
    """Of this session, and of earlier ones on the same area."""
    rows = CheckIn.objects.filter(
        session__patient=session.patient_id,
        session__area=session.area_id,
        session__kind=Kind.TREATMENT,
        session__starts_at__lte=session.starts_at,
    )
    return _reports(rows)


def reports_of_others(session: TreatmentSession, scope: Scope) -> list[Report]:
    """Of the completed sessions of other patients."""
    rows = CheckIn.objects.filter(
        scope.condition("session__"), clinic=scope.clinic, session__status=Status.COMPLETED
    )
    return _reports(rows.exclude(session__patient=session.patient_id))


def _reports(rows: QuerySet[CheckIn]) -> list[Report]:
    """The last page of each: it has all that was answered on those before."""
    pages = rows.annotate(deepest=deepest("session")).order_by("reported_at", "pk")
    session = ("session_id", "session__patient_id", "session__starts_at", "deepest")
    last = {}
    for pk, first, *page in pages.values_list("pk", "report_id", *session, "day", *SCORES):
        last[first or pk] = page
    return [_report(*page) for page in last.values()]


def _report(
    session_id: UUID,
    patient_id: UUID,
    starts_at: datetime,
    deepest: Decimal | None,
    day: int,
    *scores: int | None,
) -> Report:
    named = zip(SCORES, scores, strict=True)
    return Report(
        session_id=session_id,
        patient_id=patient_id,
        starts_at=starts_at,
        band=depth_band(deepest),
        day=day,
        scores={score: value for score, value in named if value is not None},
    )


def literature(at: datetime) -> list[Literature]:
    rows = SideEffectExpectation.objects.in_effect(at).filter(kind__in=KIND_OF_SCORE)
    return [
        Literature(
            score=KIND_OF_SCORE[SideEffectKind(row.kind)],
            over_after_hours=row.expected_until_hours,
            review_after_hours=row.review_after_hours,
            citation=row.source,
            evidence=row.get_evidence_display(),
            is_published=row.evidence != Evidence.DEFAULT,
        )
        for row in rows
    ]
