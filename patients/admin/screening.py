"""Screenings in the admin: the questionnaire, answered on one page."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from clinic.admin import ReadOnlyInline, ServiceAdmin
from clinic.admin.words import TONES, badge, names_listed, yes_no_column
from clinic.errors import DomainError
from clinic.findings import Severity
from clinic.permissions import actor
from patients import services
from patients.admin.questionnaire import (
    YES,
    asked_of,
    question_fieldsets,
    questionnaire_form,
)
from patients.models import Screening, ScreeningAnswer

GOOD_HEALTH = yes_no_column("good_health", _("good health"), no=(_("No"), "warning"))


GRAVEST_FIRST = Case(
    When(answer=False, then=len(Severity)),
    *(When(rule__severity=value, then=place) for place, value in enumerate(Severity.values)),
)
MEANING = {
    Severity.BLOCK: _("Yes: stops the treatment"),
    Severity.WARN: _("Yes: needs a decision"),
    Severity.INFO: _("Yes"),
}


class ScreeningAnswerInline(ReadOnlyInline):
    """What needs a decision comes first; nearly every no is good, and every one is quiet."""

    model = ScreeningAnswer
    fields = ["question", "shown_answer", "means", "last_exposure_on", "shown_zones", "detail"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        answers = super().get_queryset(request).select_related("rule")
        return answers.order_by(GRAVEST_FIRST, "rule__position")

    @display(description=_("question"))
    def question(self, answer: ScreeningAnswer) -> str:
        return answer.rule.question

    @display(description=_("answer"))
    def shown_answer(self, answer: ScreeningAnswer) -> str:
        grave = Severity(answer.rule.severity)
        return badge(MEANING[grave], TONES[grave]) if answer.answer else gettext("No")

    @display(description=_("means"))
    def means(self, answer: ScreeningAnswer) -> str:
        return answer.rule.message if answer.answer else ""

    @display(description=_("zones"))
    def shown_zones(self, answer: ScreeningAnswer) -> str:
        return names_listed("zones", answer.zones)


@admin.register(Screening)
class ScreeningAdmin(ServiceAdmin):
    add_form_template = "patients/admin/questionnaire.html"
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
        if obj is not None:
            return super().get_form(request, obj, change=change, **kwargs)
        kwargs["form"] = questionnaire_form(request)
        form = super().get_form(request, obj, change=change, **kwargs)
        if asked_of(request).patient:  # who is asked is seen on top, and does not change
            form.base_fields["patient"].widget = forms.HiddenInput()
            form.base_fields["kind"].widget = forms.HiddenInput()
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        asked = asked_of(request)
        initial = super().get_changeform_initial_data(request)
        return {**initial, "kind": asked.kind} if asked.patient else initial

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "asked": asked_of(request)}
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is not None:
            shown = ["patient", "kind", "taken_at", "taken_by", "valid_until", *self.candidacy]
            return [(None, {"fields": shown})]
        return [
            (None, {"fields": ["patient", "kind"]}),
            *question_fieldsets(request),
            (gettext("Is this person a candidate?"), {"fields": self.candidacy}),
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

    @action(description=_("Confirm with the patient"), url_path="confirm", permissions=["confirm"])
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Gone through together, and what to expect was talked about."""
        rows = Screening.objects.visible_to(actor(request)).select_related("patient")
        own = get_object_or_404(rows, pk=object_id)
        if request.method == "POST":
            try:
                own = services.confirm_screening(
                    screening_id=own.pk, at=timezone.now(), by=actor(request)
                )
                messages.success(request, gettext("Confirmed: it counts as a re-screening of now."))
            except DomainError as error:
                messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:patients_screening_change", args=[own.pk]))
        return TemplateResponse(
            request,
            "patients/admin/confirm.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Confirm what the patient has answered at home?"),
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
