"""The form of a screening: one question a row, in groups, as they are asked of a patient."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from clinic.admin.forms.fields import DateField
from clinic.admin.reads import once_each
from clinic.admin.words import TONES
from clinic.findings import Severity
from clinic.permissions import actor, may_see
from patients import services
from patients.models import Patient, ScreeningKind, ScreeningRule

YES, NO = "yes", "no"
# By the position from which on a question belongs to it, as patients/catalogue has them.
GROUPS = [
    (0, _("The person")),
    (120, _("Medicines")),
    (170, _("The skin now")),
    (270, _("What was done to the skin")),
    (340, _("Since the last session")),
]


def group_of(rule: ScreeningRule) -> str:
    return [str(name) for start, name in GROUPS if start <= rule.position][-1]


@dataclass
class Asked:
    """Who is asked what. `due` are the questions of a re-screening, None if it must be a full
    one."""

    patient: Patient | None
    kind: str
    rules: list[ScreeningRule]
    due: set[str] | None = None
    others: list[ScreeningRule] = field(default_factory=list)  # a yes of long ago may have changed

    @property
    def is_again(self) -> bool:
        return self.kind == ScreeningKind.RESCREEN


@once_each
def asked_of(request: HttpRequest) -> Asked:
    """Read once for a page. Of nobody in particular, everything is asked."""
    at, sent = timezone.now(), request.POST or request.GET
    patient = _patient(request, str(sent.get("patient", "")))
    rules = services.questionnaire(at, patient.clinic if patient else None)
    prefetch_related_objects(rules, "wordings")
    questions = services.questions_due(patient, at=at) if patient else None
    due = None if questions is None else {rule.code for rule in questions}
    kind = str(sent.get("kind", ""))
    if patient and kind not in ScreeningKind.values:
        kind = ScreeningKind.FULL if due is None else ScreeningKind.RESCREEN
    asked = Asked(patient, kind, rules, due)
    if asked.is_again and due is not None:
        asked.rules = [rule for rule in rules if rule.code in due]
        asked.others = [rule for rule in rules if rule.code not in due]
    return asked


def _patient(request: HttpRequest, text: str) -> Patient | None:
    try:
        pk = UUID(text)
    except ValueError:
        return None
    rows = Patient.objects.visible_to(actor(request)).select_related("clinic")
    may = may_see(request.user, "patients.add_screening", pk)
    return rows.filter(pk=pk).first() if may else None


class QuestionnaireForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question has two fields: `answer_<code>`, and `last_<code>` if it asks when it was last."""

    asked: Asked

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        is_again = data.get("kind") == ScreeningKind.RESCREEN
        today = timezone.localdate()
        for name in self.fields:
            _, _, code = name.partition("answer_")
            last = f"last_{code}"
            if not code:
                continue
            if not data.get(name) and (not is_again or code in (self.asked.due or ())):
                self.add_error(name, gettext("Yes or no?"))
            if data.get(name) == YES and last in self.fields and not data.get(last):
                self.add_error(last, gettext("When was it last?"))
            if data.get(name) != YES and data.get(last):
                self.add_error(last, gettext("A last exposure belongs to a yes."))
            elif data.get(last) and data[last] > today:
                self.add_error(last, gettext("This day is still to come."))
        return data


@once_each
def questionnaire_form(request: HttpRequest) -> type[QuestionnaireForm]:
    """The form with the questions that are asked now. What a yes means stands beside it."""
    asked = asked_of(request)
    language = asked.patient.language if asked.patient else None
    fields: dict[str, Any] = {"asked": asked}
    for rule in [*asked.rules, *asked.others]:
        answer = forms.ChoiceField(
            label=rule.name,
            choices=[(NO, gettext("No")), (YES, gettext("Yes"))],
            widget=UnfoldAdminRadioSelectWidget(radio_style=admin.HORIZONTAL),
            required=False,
        )
        fields[f"answer_{rule.code}"] = answer
        answer.rule, answer.tone = rule, TONES[Severity(rule.severity)]  # type: ignore[attr-defined]
        answer.others = [  # type: ignore[attr-defined]
            words for words in rule.wordings.all() if language in (None, words.language)
        ]
        if rule.asks_last_exposure:
            fields[f"last_{rule.code}"] = DateField(label=gettext("Last on"), required=False)
    return type("QuestionnaireForm", (QuestionnaireForm,), fields)


def question_fieldsets(request: HttpRequest) -> list[Any]:
    """By group, in their order; what a re-screening need not ask is apart."""
    asked = asked_of(request)
    found = [
        (str(name), {"fields": rows, "classes": ["questions"]})
        for _start, name in GROUPS
        if (rows := _rows(rule for rule in asked.rules if group_of(rule) == str(name)))
    ]
    if asked.others:
        rows = _rows(asked.others)
        found.append(
            (gettext("Something else has changed"), {"fields": rows, "classes": ["others"]})
        )
    return found


def _rows(rules: Iterable[ScreeningRule]) -> list[Any]:
    return [
        (f"answer_{rule.code}", f"last_{rule.code}")
        if rule.asks_last_exposure
        else f"answer_{rule.code}"
        for rule in rules
    ]
