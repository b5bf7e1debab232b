"""Which questions are asked at home, on which page, and how the answers are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django import forms
from django.conf import settings
from django.db.models import prefetch_related_objects
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.findings import Finding, Severity
from clinic.models import Clinic
from patients.models import Patient, ScreeningKind, ScreeningRule
from patients.screening import Situation, screen
from patients.services import HomeAnswer, questionnaire
from sessions.models import TreatmentSession
from sessions.safety.loading.answers import answer_facts

PAGES = 5  # of questions; one more asks how the patient is
YES, NO, UNSURE = "yes", "no", "unsure"
VALUES = {YES: True, NO: False, UNSURE: None}
PICK_ONE = _("Please choose yes, no, or “I am not sure”.")
WHEN = _("Please say on which day it was last. About is enough.")


@dataclass
class Question:
    """One rule, in the patient's language, with what was answered or typed until now."""

    rule: ScreeningRule
    words: str
    answer: str = ""
    last: str = ""
    problem: str | Promise = ""

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def asks_when(self) -> bool:
        return self.rule.asks_last_exposure


class FinishForm(forms.Form):
    good_health = forms.ChoiceField(choices=[(YES, ""), (NO, "")])
    note = forms.CharField(max_length=500, required=False, strip=True)


def has_full(patient: Patient, on: date) -> bool:
    """Whether there is a full screening that still counts then: its answers may be built on."""
    full = patient.screenings.filter(kind=ScreeningKind.FULL).order_by("-taken_at").first()
    return full is not None and full.valid_until >= on


def pages_of_questions(rules: Sequence[ScreeningRule]) -> list[list[ScreeningRule]]:
    """In their order, as even as they go."""
    size = -(-len(rules) // PAGES) or 1
    return [list(rules[start : start + size]) for start in range(0, len(rules), size)]


def rules_to_ask(at: datetime, clinic: Clinic, *, only_again: bool) -> list[ScreeningRule]:
    """All, or only what must be asked before each visit."""
    rules = questionnaire(at, clinic)
    return [rule for rule in rules if rule.ask_again or not only_again]


def questions_of(
    rules: Sequence[ScreeningRule], given: Mapping[str, HomeAnswer], language: str
) -> list[Question]:
    prefetch_related_objects(rules, "wordings")
    names = {answer: name for name, answer in VALUES.items()}
    found = []
    for rule in rules:
        wordings = {one.language: one.question for one in rule.wordings.all()}
        wordings[settings.LANGUAGE_CODE] = rule.question
        question = Question(rule, wordings.get(language, rule.question))
        if known := given.get(rule.code):
            question.answer = names[known.answer]
            question.last = known.last.isoformat() if known.last else ""
        found.append(question)
    return found


def read(form: QueryDict, questions: Sequence[Question], *, today: date) -> dict[str, HomeAnswer]:
    """The answers of a page. What cannot be taken stands as its question's `problem`."""
    answers = {}
    for question in questions:
        question.answer = form.get(f"answer_{question.code}", "")
        question.last = form.get(f"last_{question.code}", "")
        if question.answer not in VALUES:
            question.problem = PICK_ONE
            continue
        last = _day(question.last) if question.asks_when and question.answer == YES else None
        if question.asks_when and question.answer == YES and (last is None or last > today):
            question.problem = WHEN
            continue
        answers[question.code] = HomeAnswer(VALUES[question.answer], last)
    return answers


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 1900 else None


def stops(
    rules: Sequence[ScreeningRule],
    given: Mapping[str, HomeAnswer],
    session: TreatmentSession,
    on: date,
) -> list[Finding]:
    """What stops the treatment, if it is so. What is not known hides nothing: where, and with
    which device, may still change."""
    answers = [
        answer_facts(rule, True, last_exposure_on=given[rule.code].last)
        for rule in rules
        if rule.code in given and given[rule.code].answer
    ]
    situation = Situation(on=on, skin_type=session.patient.skin_type, near_mouth=True)
    return [one for one in screen(answers, situation) if one.severity == Severity.BLOCK]
