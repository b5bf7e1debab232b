"""Asking the questionnaire, and asking again before a session."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import Clinic, ClinicalRule, User
from clinic.permissions import require_sight
from patients.models import (
    Condition,
    Patient,
    Screening,
    ScreeningAnswer,
    ScreeningKind,
    ScreeningRule,
    Zone,
)
from patients.services.records import lock_open_record
from patients.services.tasks import finish_source


class AnswersMissing(DomainError):
    code = "answers_missing"
    title = gettext_noop("Not every question is answered")


class BadAnswer(DomainError):
    code = "bad_answer"
    title = gettext_noop("An answer does not fit its question")


class NothingToConfirm(Conflict):
    code = "nothing_to_confirm"
    title = gettext_noop("There are no answers of the patient to confirm")


class NothingToRescreen(Conflict):
    code = "nothing_to_rescreen"
    title = gettext_noop("There is no full screening to build on")


class AnswerEntry(TypedDict):
    rule: str
    answer: bool
    last_exposure_on: NotRequired[date | None]
    zones: NotRequired[list[str]]
    detail: NotRequired[str]


def questionnaire(at: datetime, clinic: Clinic | None = None) -> list[ScreeningRule]:
    """The questions that are asked now, in their order: at a clinic, or at any."""
    rules = sorted(ScreeningRule.objects.in_effect(at), key=lambda rule: rule.position)
    return [rule for rule in rules if clinic is None or _is_asked(rule, clinic)]


def _is_asked(rule: ScreeningRule, clinic: Clinic) -> bool:
    return rule.condition != Condition.BLOOD_HANDLED or clinic.handles_blood


def questions_due(patient: Patient, *, at: datetime) -> list[ScreeningRule] | None:
    """What a re-screening asks now, in the order of the questionnaire, with its wordings; None if a
    full screening is needed."""
    newest = patient.screenings.order_by("-taken_at").first()
    if newest is None or _base_of_rescreening(patient, at) is None:
        return None
    rules = {rule.code: rule for rule in questionnaire(at)}
    carried = _carried_over(newest, rules)
    due = [rule for code, rule in rules.items() if code not in carried]
    prefetch_related_objects(due, "wordings")
    return due


def _base_of_rescreening(patient: Patient, at: datetime) -> Screening | None:
    """The full screening that a re-screening of now builds on."""
    base = patient.screenings.filter(kind=ScreeningKind.FULL).order_by("-taken_at").first()
    today = at.astimezone(patient.clinic.zone).date()
    return base if base and base.valid_until >= today else None


@retried_transaction
def record_screening(
    *,
    patient_id: UUID,
    kind: str,
    answers: Sequence[AnswerEntry],
    good_health: bool,
    expectations_discussed: bool,
    at: datetime,
    by: User | None,
    note: str = "",
) -> Screening:
    """Record a screening. A full one answers every question; a re-screening names what has
    changed and carries over the rest of the last full one, as long as that is valid.

    By nobody, it is the patient's own: it stops a treatment until staff confirm it. What staff
    record is that confirmation too. An answer to what this clinic does not ask is not kept.

    Raises AnswersMissing, BadAnswer, NothingToRescreen, PatientArchived.
    """
    patient = lock_open_record(patient_id)
    require_sight(by, patient_id)
    known = {rule.code: rule for rule in questionnaire(at)}
    given = _checked(answers, known, on=at.astimezone(patient.clinic.zone).date())
    rules = {code: rule for code, rule in known.items() if _is_asked(rule, patient.clinic)}
    base = None
    if kind == ScreeningKind.RESCREEN:
        base = _base_of_rescreening(patient, at)
        if base is None:
            raise NothingToRescreen(gettext("Take a full screening first."), field="kind")
        given = {**_carried_over(patient.screenings.order_by("-taken_at")[0], rules), **given}
    if missing := [rule.name.lower() for code, rule in rules.items() if code not in given]:
        raise AnswersMissing(
            gettext("Answer these too: {missing}.").format(missing=", ".join(missing)),
            field="answers",
        )
    screening = Screening.objects.create(
        patient=patient,
        kind=kind,
        based_on=base,
        taken_at=at,
        taken_by=by,
        valid_until=base.valid_until if base else _valid_until(at, patient.clinic.zone),
        good_health=good_health,
        expectations_discussed=expectations_discussed,
        note=note,
    )
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(screening=screening, **given[code]) for code in rules
    )
    if by:
        finish_source(source=to_confirm(patient), at=at, by=by)
    return screening


@retried_transaction
def confirm_screening(*, screening_id: UUID, at: datetime, by: User) -> Screening:
    """Staff have gone through the patient's own answers with them, and through what to expect:
    what was answered stands, as a re-screening of now.

    Raises NothingToConfirm, PatientArchived.
    """
    own = Screening.objects.select_related("patient", "based_on").get(pk=screening_id)
    patient = lock_open_record(own.patient_id)
    require_sight(by, own.patient_id)
    newest = patient.screenings.order_by("-taken_at", "-id")[0]
    if newest != own or own.taken_by_id:
        raise NothingToConfirm(gettext("Staff have screened since, or took this one themselves."))
    confirmed = Screening.objects.create(
        patient=patient,
        kind=ScreeningKind.RESCREEN,
        based_on=own.based_on or own,
        taken_at=at,
        taken_by=by,
        valid_until=own.valid_until,
        good_health=own.good_health,
        expectations_discussed=True,
        note=own.note,
    )
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(
            screening=confirmed,
            rule_id=answer.rule_id,
            answer=answer.answer,
            last_exposure_on=answer.last_exposure_on,
            zones=answer.zones,
            detail=answer.detail,
        )
        for answer in own.answers.all()
    )
    finish_source(source=to_confirm(patient), at=at, by=by)
    return confirmed


def to_confirm(patient: Patient) -> str:
    """The source of the task to go through what a patient has answered at home."""
    return f"screening:{patient.pk}"


def _checked(
    answers: Sequence[AnswerEntry], rules: Mapping[str, ScreeningRule], *, on: date
) -> dict[str, dict[str, Any]]:
    """The answers by rule. Raises BadAnswer, which names the entry."""
    zones = set(Zone.objects.values_list("code", flat=True))
    checked: dict[str, dict[str, Any]] = {}
    for index, entry in enumerate(answers):
        where = f"answers/{index}"
        rule = rules.get(entry["rule"])
        last = entry.get("last_exposure_on")
        if rule is None or entry["rule"] in checked:
            wrong = gettext("twice") if rule else gettext("not asked")
            raise BadAnswer(
                gettext("“{rule}” is {wrong}.").format(rule=entry["rule"], wrong=wrong),
                field=f"{where}/rule",
            )
        if last and (not entry["answer"] or last > on):
            raise BadAnswer(
                gettext("A last exposure belongs to a yes and lies in the past."),
                field=f"{where}/last_exposure_on",
            )
        if entry["answer"] and rule.asks_last_exposure and last is None:
            raise BadAnswer(gettext("When was it last?"), field=f"{where}/last_exposure_on")
        if unknown := set(entry.get("zones", [])) - zones:
            raise BadAnswer(
                gettext("Unknown zones: {unknown}.").format(unknown=", ".join(unknown)),
                field=f"{where}/zones",
            )
        checked[entry["rule"]] = {
            "rule": rule,
            "answer": entry["answer"],
            "last_exposure_on": last,
            "zones": entry.get("zones", []),
            "detail": entry.get("detail", ""),
        }
    return checked


def _carried_over(last: Screening, rules: Mapping[str, ScreeningRule]) -> dict[str, dict[str, Any]]:
    """The answers that still stand: not to questions that changed or must be asked again."""
    return {
        answer.rule.code: {
            "rule": answer.rule,
            "answer": answer.answer,
            "last_exposure_on": answer.last_exposure_on,
            "zones": answer.zones,
            "detail": answer.detail,
        }
        for answer in last.answers.select_related("rule")
        if rules.get(answer.rule.code) == answer.rule and not answer.rule.ask_again
    }


def _valid_until(at: datetime, zone: Any) -> date:
    days = ClinicalRule.objects.in_effect(at).get(code="screening-valid-days").value
    return at.astimezone(zone).date() + timedelta(days=int(days))
