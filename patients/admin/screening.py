"""Screenings in the admin: the questionnaire, answered on one page."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, When, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from clinic.admin import ReadOnlyInline, ServiceAdmin
from clinic.admin.forms.fields import DateField
from clinic.admin.reads import once_each
from clinic.admin.words import TONES, badge, names_listed, yes_no_column
from clinic.errors import DomainError
from clinic.findings import Severity
from clinic.permissions import actor
from patients import services
from patients.models import Screening, ScreeningAnswer, ScreeningKind

YES, NO = "yes", "no"


GOOD_HEALTH = yes_no_column("good_health", "good health", no=("No", "warning"))


class QuestionnaireForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question has two fields: `answer_<code>`, and `last_<code>` if it asks when it was last."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        rescreen = data.get("kind") == ScreeningKind.RESCREEN
        for name in self.fields:
            _, _, code = name.partition("answer_")
            last = f"last_{code}"
            if not code:
                continue
            if not data.get(name) and not rescreen:
                self.add_error(name, "Yes or no?")
            if data.get(name) == YES and last in self.fields and not data.get(last):
                self.add_error(last, "When was it last?")
            if data.get(name) != YES and data.get(last):
                self.add_error(last, "A last exposure belongs to a yes.")
        return data


@once_each
def questionnaire_form(request: HttpRequest) -> type[QuestionnaireForm]:
    """The form with the questions that are asked now, in every language that they have."""
    fields: dict[str, forms.Field] = {}
    rules = services.questionnaire(timezone.now())
    prefetch_related_objects(rules, "wordings")
    for rule in rules:
        asked = [rule.question, *(words.question for words in rule.wordings.all())]
        fields[f"answer_{rule.code}"] = forms.ChoiceField(
            label=rule.name,
            help_text=format_html_join(mark_safe("<br>"), "{}", ((text,) for text in asked)),
            choices=[(NO, "No"), (YES, "Yes")],
            widget=UnfoldAdminRadioSelectWidget(radio_style=admin.HORIZONTAL),
            required=False,
        )
        if rule.asks_last_exposure:
            fields[f"last_{rule.code}"] = DateField(label="Last on", required=False)
    return type("QuestionnaireForm", (QuestionnaireForm,), fields)


GRAVEST_FIRST = Case(
    When(answer=False, then=len(Severity)),
    *(When(rule__severity=value, then=place) for place, value in enumerate(Severity.values)),
)
MEANING = {
    Severity.BLOCK: "Yes: stops the treatment",
    Severity.WARN: "Yes: needs a decision",
    Severity.INFO: "Yes",
}


class ScreeningAnswerInline(ReadOnlyInline):
    """What needs a decision comes first; nearly every no is good, and every one is quiet."""

    model = ScreeningAnswer
    fields = ["question", "shown_answer", "means", "last_exposure_on", "shown_zones", "detail"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        answers = super().get_queryset(request).select_related("rule")
        return answers.order_by(GRAVEST_FIRST, "rule__position")

    @display(description="question")
    def question(self, answer: ScreeningAnswer) -> str:
        return answer.rule.question

    @display(description="answer")
    def shown_answer(self, answer: ScreeningAnswer) -> str:
        grave = Severity(answer.rule.severity)
        return badge(MEANING[grave], TONES[grave]) if answer.answer else "No"

    @display(description="means")
    def means(self, answer: ScreeningAnswer) -> str:
        return answer.rule.message if answer.answer else ""

    @display(description="zones")
    def shown_zones(self, answer: ScreeningAnswer) -> str:
        return names_listed("zones", answer.zones)


@admin.register(Screening)
class ScreeningAdmin(ServiceAdmin):
    actions_detail = ["confirm"]
    list_display = ["taken_at", "patient", "kind", "valid_until", GOOD_HEALTH, "taken_by"]
    list_filter = ["kind", "good_health"]
    list_select_related = ["patient", "taken_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient"]
    ordering = ["-id"]
    inlines = [ScreeningAnswerInline]
    candidacy = ["good_health", "expectations_discussed", "note"]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = questionnaire_form(request)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is not None:
            shown = ["patient", "kind", "taken_at", "taken_by", "valid_until", *self.candidacy]
            return [(None, {"fields": shown})]
        questions: list[Any] = []
        asked = questionnaire_form(request).base_fields
        for name in asked:
            code = name.removeprefix("answer_")
            if name.startswith("answer_"):
                questions.append((name, f"last_{code}") if f"last_{code}" in asked else name)
        return [
            (None, {"fields": ["patient", "kind"]}),
            ("Questions", {"fields": questions}),
            ("Is this person a candidate?", {"fields": self.candidacy}),
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only of the patient's own answers, while they are the newest ones."""
        own = self.get_object(request, str(object_id))
        is_open = own is not None and own.taken_by_id is None
        newest = is_open and own.patient.screenings.order_by("-taken_at", "-id").first() == own
        found: list[Any] = super().get_actions_detail(request, object_id)
        return found if newest else []

    def has_confirm_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("patients.add_screening")

    @action(description="Confirm with the patient", url_path="confirm", permissions=["confirm"])
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Gone through together, and what to expect was talked about."""
        rows = Screening.objects.visible_to(actor(request)).select_related("patient")
        own = get_object_or_404(rows, pk=object_id)
        if request.method == "POST":
            try:
                own = services.confirm_screening(
                    screening_id=own.pk, at=timezone.now(), by=actor(request)
                )
                messages.success(request, "Confirmed: it counts as a re-screening of now.")
            except DomainError as error:
                messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:patients_screening_change", args=[own.pk]))
        return TemplateResponse(
            request,
            "patients/admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "Confirm what the patient has answered at home?",
                "screening": own,
            },
        )

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> Screening:
        """What a re-screening leaves open is carried over, where the rule allows it."""
        answers: list[services.AnswerEntry] = [
            {
                "rule": name.removeprefix("answer_"),
                "answer": value == YES,
                "last_exposure_on": data.get(name.replace("answer_", "last_", 1)),
            }
            for name, value in data.items()
            if name.startswith("answer_") and value
        ]
        return services.record_screening(
            patient_id=data["patient"].pk,
            kind=data["kind"],
            answers=answers,
            good_health=data["good_health"],
            expectations_discussed=data["expectations_discussed"],
            note=data["note"],
            at=timezone.now(),
            by=actor(request),
        )
