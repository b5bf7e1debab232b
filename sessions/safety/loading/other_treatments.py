"""Treatments beside the needle, with what the questions of the screening say about them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from patients.models import (
    NOT_ASKED,
    QUESTIONS,
    OtherTreatment,
    OtherTreatmentKind,
    OtherTreatmentStatus,
    Scope,
    ScreeningRule,
    Zone,
)
from sessions.lifecycle import SIGNED
from sessions.models import Kind, TreatmentSession
from sessions.safety import facts
from sessions.safety.loading.answers import answer_facts


def needled_before(row: OtherTreatment) -> date | None:
    """The clinic's day of the last needling of that area until the day of the treatment."""
    zone = row.patient.clinic.zone
    done = TreatmentSession.objects.filter(
        patient=row.patient_id, area=row.area_id, kind=Kind.TREATMENT, status__in=SIGNED
    )
    starts = done.recovering().order_by("-starts_at").values_list("starts_at", flat=True)
    days = (start.astimezone(zone).date() for start in starts)
    return next((day for day in days if day <= row.treated_on), None)


def other_treatments(
    patient_id: UUID, areas: Iterable[UUID], at: datetime
) -> tuple[facts.OtherTreatment, ...]:
    """Those of these areas whose questions have a washout by the rules at `at`, but for what was
    called off."""
    known = OtherTreatment.objects.exclude(status=OtherTreatmentStatus.CALLED_OFF)
    rows = list(known.filter(patient=patient_id, area__in=areas).order_by("treated_on", "id"))
    return with_questions(rows, at) if rows else ()


def with_questions(
    rows: Sequence[OtherTreatment], at: datetime
) -> tuple[facts.OtherTreatment, ...]:
    """With what the questions in effect say of their days; without those that have no washout."""
    questions = {QUESTIONS[OtherTreatmentKind(row.kind)] for row in rows}
    rules = {r.code: r for r in ScreeningRule.objects.in_effect(at).filter(code__in=questions)}
    zones: dict[UUID, list[str]] = {}
    for zone in Zone.objects.filter(area__in={row.area_id for row in rows}):
        zones.setdefault(zone.area_id, []).append(zone.code)
    return tuple(
        _facts(row, rule, row.zones or zones.get(row.area_id, ()))
        for row in rows
        if (rule := rules.get(QUESTIONS[OtherTreatmentKind(row.kind)])) and rule.washout_days
    )


def _facts(row: OtherTreatment, rule: ScreeningRule, zones: Iterable[str]) -> facts.OtherTreatment:
    answer = answer_facts(rule, True, last_exposure_on=row.treated_on, zones=zones)
    return facts.OtherTreatment(
        name=row.get_kind_display(),
        on=row.treated_on,
        where=row.where,
        answer=replace(answer, scope=Scope.ZONE),  # only where it was done
        is_asked_by_name=row.kind not in NOT_ASKED,
        kind=row.kind,
        is_planned=row.is_planned,
    )
