"""Triage rules and who answers for them, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.admin import ServiceAdmin, VersionedAdmin, version_columns
from clinic.admin.words import badge
from sessions import services
from sessions.models import TriageSignature, TriageVersion
from sessions.triage.describe import curve_rows, sentences

DATA = ("rules", "curves", "words")
TONES = {"EMERGENCY": "danger", "RED": "danger", "AMBER": "warning", "GREEN": "success"}


@admin.register(TriageVersion)
class TriageVersionAdmin(VersionedAdmin):
    """Rules in sentences above the form: that is what a clinician reviews."""

    list_display = version_columns("title", "shown_state")
    search_fields = ["title", "code"]
    ordering = ["code", "-version"]
    change_form_before_template = "sessions/admin/triage_rules.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("signatures")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if self.has_add_permission(request):
            return fields
        return [name for name in fields if name not in DATA]  # the sentences say the same

    @display(description=_("state"))
    def shown_state(self, version: TriageVersion) -> str:
        return badge(version.state, "success" if version.signature else "warning")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        version = kwargs.get("obj")
        context |= _described(version) if version else {}
        return super().render_change_form(request, context, *args, **kwargs)


def _described(version: TriageVersion) -> dict[str, Any]:
    return {
        "triage_state": version.state,
        "triage_signed": version.signature is not None,
        "triage_rules": [
            (rule, [(badge(level.label, TONES[level]), text) for level, text in sentences(rule)])
            for rule in version.rule_set.rules
        ],
        "triage_curves": curve_rows(version.rule_set),
    }


@admin.register(TriageSignature)
class TriageSignatureAdmin(ServiceAdmin):
    """A version takes effect when it is signed here."""

    adds = staticmethod(services.sign_triage_rules)
    list_display = ["version", "signer_name", "signed_at", "signed_by"]
    list_select_related = ["version", "signed_by"]
    search_fields = ["signer_name", "version__title"]
    ordering = ["-signed_at"]
    fields = ["version", "signer_name", "note"]
