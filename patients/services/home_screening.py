"""The questionnaire at home: kept page by page, and recorded like any other at its end."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from patients.models import (
    Audience,
    HomeAnswers,
    Patient,
    Screening,
    ScreeningKind,
    ScreeningRule,
    TaskKind,
)
from patients.services.records import lock_open_record
from patients.services.screening import AnswerEntry, questionnaire, record_screening, to_confirm
from patients.services.tasks import raise_task

KEPT_FOR = timedelta(days=30)  # then the pages are asked again


class NotAsked(DomainError):
    code = "not_asked"
    title = gettext_noop("This question is not asked")


class HomeAnswer(NamedTuple):
    """`answer` is None for “I am not sure”: unknown is not no."""

    answer: bool | None
    last: date | None = None


@retried_transaction
def keep_home_answers(
    *, patient_id: UUID, answers: Mapping[str, HomeAnswer], at: datetime
) -> HomeAnswers:
    """Keep one page. Raises NotAsked, PatientArchived."""
    patient = lock_open_record(patient_id)
    versions = {rule.code: rule.version for rule in questionnaire(at, patient.clinic)}
    if unknown := sorted(set(answers) - set(versions)):
        raise NotAsked(
            gettext("Not asked: {unknown}.").format(unknown=", ".join(unknown)), field="answers"
        )
    return HomeAnswers.objects.create(
        patient=patient,
        answered_at=at,
        answers={
            code: {
                "version": versions[code],
                "answer": given.answer,
                "last": given.last.isoformat() if given.last else None,
            }
            for code, given in answers.items()
        },
    )


def home_answers(
    patient: Patient, rules: Collection[ScreeningRule], *, at: datetime
) -> dict[str, HomeAnswer]:
    """What was answered since the last screening, to the questions as they are asked now."""
    pages = patient.home_answers.filter(answered_at__gt=at - KEPT_FOR)
    last = newest_screening_at(patient)
    if last:
        pages = pages.filter(answered_at__gt=last)
    asked = {rule.code: rule.version for rule in rules}
    return {
        code: HomeAnswer(one["answer"], date.fromisoformat(one["last"]) if one["last"] else None)
        for page in pages.order_by("answered_at", "id")
        for code, one in page.answers.items()
        if asked.get(code) == one["version"]
    }


def newest_screening_at(patient: Patient) -> datetime | None:
    screenings = patient.screenings.order_by("-taken_at", "-id")
    return screenings.values_list("taken_at", flat=True).first()


@retried_transaction
def finish_home_screening(
    *, patient_id: UUID, good_health: bool, note: str, at: datetime, due_at: datetime
) -> Screening | None:
    """Record what was answered at home as the patient's own screening, for staff to confirm by
    `due_at`. A full one if every question was answered, or else a re-screening.

    Where the patient is not sure of something nothing is recorded: staff ask. Then None. Pressed
    twice, it is recorded once.
    Raises AnswersMissing, NothingToRescreen, PatientArchived.
    """
    patient = lock_open_record(patient_id)
    rules = questionnaire(at, patient.clinic)
    given = home_answers(patient, rules, at=at)
    newest = patient.screenings.order_by("-taken_at", "-id").first()
    if not given and newest and newest.taken_by_id is None:
        return newest
    unsure = [rule.name for rule in rules if rule.code in given and given[rule.code].answer is None]
    if unsure:
        detail = gettext("The patient is not sure about: {unsure}. Ask.").format(
            unsure=", ".join(unsure)
        )
        _tell(patient, detail, at=at, due_at=due_at)
        return None
    kind = ScreeningKind.FULL if len(given) == len(rules) else ScreeningKind.RESCREEN
    screening = record_screening(
        patient_id=patient.pk,
        kind=kind,
        answers=[_entry(code, one) for code, one in given.items()],
        good_health=good_health,
        expectations_discussed=False,
        note=note,
        at=at,
        by=None,
    )
    detail = gettext("Go through the answers with the patient, and confirm them.")
    _tell(patient, detail, at=at, due_at=due_at)
    return screening


def _entry(code: str, given: HomeAnswer) -> AnswerEntry:
    return {"rule": code, "answer": bool(given.answer), "last_exposure_on": given.last}


def _tell(patient: Patient, detail: str, *, at: datetime, due_at: datetime) -> Any:
    return raise_task(
        clinic=patient.clinic,
        patient=patient,
        kind=TaskKind.OTHER,
        audience=Audience.CLINICAL,
        title=gettext("Answers from home: {patient}").format(patient=patient),
        detail=detail,
        source=to_confirm(patient),
        at=at,
        due_at=due_at,
    )
