"""What a patient has answered, with the rules that were asked."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Prefetch

from clinic.findings import Severity
from patients.models import (
    Condition,
    Patient,
    Scope,
    Screening,
    ScreeningAnswer,
    ScreeningRule,
)
from patients.screening import Answer
from sessions.safety import facts

PIGMENT_CHECK = "pigment-change"  # the screening rule that asks for it


def newest_screening(patient: Patient) -> Screening | None:
    answers = Prefetch("answers", ScreeningAnswer.objects.select_related("rule"))
    screenings = patient.screenings.prefetch_related(answers)
    return screenings.order_by("-taken_at", "-id").first()


def screening_facts(screening: Screening | None) -> facts.Screening | None:
    if screening is None:
        return None
    answers = sorted(screening.answers.all(), key=lambda answer: answer.rule.position)
    return facts.Screening(
        taken_at=screening.taken_at,
        valid_until=screening.valid_until,
        good_health=screening.good_health,
        expectations_discussed=screening.expectations_discussed,
        is_confirmed=screening.taken_by_id is not None,
        pigment_checked=any(answer.rule.code == PIGMENT_CHECK for answer in answers),
        answers=tuple(
            answer_facts(
                answer.rule,
                answer.answer,
                last_exposure_on=answer.last_exposure_on,
                zones=answer.zones,
            )
            for answer in answers
        ),
    )


def answer_facts(
    rule: ScreeningRule,
    answer: bool,
    *,
    last_exposure_on: date | None = None,
    zones: Iterable[str] = (),
) -> Answer:
    return Answer(
        code=rule.code,
        answer=answer,
        message=rule.message,
        severity=Severity(rule.severity),
        source=rule.cited,
        version=rule.version,
        scope=Scope(rule.scope),
        condition=Condition(rule.condition),
        washout_days=rule.washout_days,
        overridable_by=tuple(rule.overridable_by),
        sign_off=rule.sign_off,
        last_exposure_on=last_exposure_on,
        zones=frozenset(zones),
    )
