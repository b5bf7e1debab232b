"""What came of consultations, in the admin, and the way from there to a plan."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from clinic.admin import ServiceAdmin
from clinic.admin.words import status_badge
from patients.models import Concern
from sessions import services
from sessions.models import Candidacy, CandidacyOutcome

TONES = {
    CandidacyOutcome.CANDIDATE: "success",
    CandidacyOutcome.NOT_NOW: "warning",
    CandidacyOutcome.DECLINED: "danger",
}


@admin.register(Candidacy)
class CandidacyAdmin(ServiceAdmin):
    adds = staticmethod(services.record_candidacy)
    list_display = ["decided_at", "patient", "shown_outcome", "until", "decided_by"]
    list_filter = ["outcome"]
    list_select_related = ["patient", "decided_by"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["patient", "session"]
    ordering = ["-id"]
    actions_detail = ["plan_treatment"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields: list[Any] = ["patient", "session", "outcome", "concerns", "until", "reason"]
        fields += ["alternatives", "expectations", "other_treatments"]
        return [*fields, ("decided_at", "decided_by")] if obj else fields

    @display(description=_("outcome"), ordering="outcome")
    def shown_outcome(self, decided: Candidacy) -> str:
        return status_badge(decided, TONES, field="outcome")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only who is a candidate is planned for from here."""
        decided = self.get_object(request, str(object_id))
        found: list[Any] = super().get_actions_detail(request, object_id)
        is_one = decided is not None and decided.outcome == CandidacyOutcome.CANDIDATE
        return found if is_one and not decided.patient.archived_at else []

    def has_plan_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_treatmentplan")

    @action(description=_("Plan the treatment"), url_path="plan", permissions=["plan"])
    def plan_treatment(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new plan with what is known: whose it is, and what for."""
        decided = get_object_or_404(self.get_queryset(request), pk=object_id)
        known = {"patient": decided.patient_id}
        if len(decided.concerns) == 1:
            known["concern"] = Concern.objects.get(code=decided.concerns[0]).pk
        address = reverse("admin:planning")
        return HttpResponseRedirect(f"{address}?{urlencode(known)}")
