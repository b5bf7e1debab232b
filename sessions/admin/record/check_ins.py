"""Reports of healing, in the admin."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from clinic.admin import ServiceAdmin
from clinic.admin.words import badge
from patients.admin.records import OfOpenRecord
from sessions import services
from sessions.admin.catalogue.triage import TONES
from sessions.admin.record.photos import sent_with
from sessions.models import CheckIn

ANSWERS = [
    *("session", "feeling", "signs", "redness", "swelling", "pain", "itch"),
    *("bleeding_minutes", "words", "may_call"),
]


class CheckInForm(forms.ModelForm):  # type: ignore[type-arg]
    none_of_these = forms.BooleanField(
        label=_("None of these signs"), required=False, help_text=_("Every sign was asked about.")
    )

    def clean(self) -> dict[str, Any]:
        """Nothing ticked is not asked, unless it is said that there is none."""
        data = super().clean() or {}
        if data.pop("none_of_these", False):
            if data.get("signs"):
                self.add_error("signs", gettext("“None of these” excludes the others."))
            data["signs"] = []
        else:
            data["signs"] = data.get("signs") or None
        return data


@admin.register(CheckIn)
class CheckInAdmin(OfOpenRecord, ServiceAdmin):
    """What a patient says on the telephone is taken down here, and triaged like the rest."""

    adds = staticmethod(services.record_check_in)
    by_id = "session"
    record_path = "session.patient"
    list_display = ["reported_at", "session", "day", "shown_level", "shown_rules", "recorded_by"]
    list_filter = ["level", "is_draft"]
    list_select_related = ["session__patient", "session__area", "session__clinic", "recorded_by"]
    search_fields = ["session__patient__family_name", "session__patient__given_name", "words"]
    autocomplete_fields = ["session"]
    form = CheckInForm
    ordering = ["-id"]
    actions_detail = ["record_side_effect"]

    def has_side_effect_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_sideeffect")

    @action(
        description=_("Record side effect"), url_path="side-effect", permissions=["side_effect"]
    )
    def record_side_effect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new side effect, with what the report says of it filled in."""
        address = reverse("admin:treatment_sessions_sideeffect_add")
        return HttpResponseRedirect(f"{address}?{urlencode({'check_in': object_id})}")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        told = ["shown_level", "shown_rules", "pictures", "day", "reported_at", "rules"]
        told.append("recorded_by")
        signs = ANSWERS.index("signs") + 1
        new = [*ANSWERS[:signs], "none_of_these", *ANSWERS[signs:]]
        return [*told, *ANSWERS] if obj else new

    @display(description=_("level"), ordering="level")
    def shown_level(self, check_in: CheckIn) -> str:
        draft = gettext(", by draft rules") if check_in.is_draft else ""
        return badge(f"{check_in.get_level_display()}{draft}", TONES[check_in.level])

    @display(description=_("rules"))
    def shown_rules(self, check_in: CheckIn) -> str:
        return "; ".join(f"{one['code']} {one['name']}" for one in check_in.fired)

    @display(description=_("pictures"))
    def pictures(self, check_in: CheckIn) -> str:
        """Of the whole report, whichever of its pages this is."""
        return sent_with(check_in.report or check_in)
