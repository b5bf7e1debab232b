"""Reports of severe side effects, in the admin: what is filled in, and that it was sent."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from clinic.admin import FixedRows, ServiceAdmin, VersionedAdmin
from clinic.admin.base import version_columns
from clinic.http.pdf import pdf_answer
from clinic.permissions import actor, may_see, sees_some
from clinic.values.zones import clock_of
from sessions import services
from sessions.models import IncidentReport, ReportingRule
from sessions.services.record.healing.reporting import filled_in

Line = tuple[str, Any]
SIDE_EFFECTS = "treatment_sessions.view_sideeffect"
SETTLED = ("outcome", "sent_on", "number", "reason")


@admin.register(ReportingRule)
class ReportingRuleAdmin(VersionedAdmin):
    list_display = version_columns("code", "jurisdiction", "report_to", "grade_min", "is_duty")
    list_filter = ["jurisdiction", "is_duty"]
    search_fields = ["code", "report_to"]


@admin.register(IncidentReport)
class IncidentReportAdmin(FixedRows, ServiceAdmin):
    list_display = ["due_at", "side_effect", "rule", "outcome", "sent_on", "number"]
    list_filter = ["outcome"]
    list_select_related = ["side_effect__session__clinic", "rule"]
    search_fields = ["number", "side_effect__session__patient__family_name"]
    ordering = ["due_at", "id"]
    actions_detail = ["print_report", "pdf", "json"]

    def has_filled_in_permission(self, request: HttpRequest, *_: Any) -> bool:
        """It tells the side effect in full: of patients whose record is open to them."""
        user = actor(request)
        return sees_some(user, SIDE_EFFECTS) or bool(user.opened)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        told = ["side_effect", "rule", "how", "says", "known_at", "due_at"]
        return [*told, *SETTLED, "settled_at", "settled_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        is_open = obj is not None and not obj.outcome
        return [n for n in self.get_fields(request, obj) if not (is_open and n in SETTLED)]

    @display(description=_("how"))
    def how(self, report: IncidentReport) -> str:
        return report.rule.how

    @display(description=_("says"))
    def says(self, report: IncidentReport) -> str:
        return f"{report.rule.says} {report.rule.cited}"

    @action(description=_("Print the report"), url_path="print", permissions=["filled_in"])
    def print_report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As far as the record goes, on a page for paper."""
        return HttpResponse(_page(self._report(request, object_id)))

    @action(description=_("PDF"), url_path="pdf", permissions=["filled_in"])
    def pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same page as a file, to send along."""
        return pdf_answer(_page(self._report(request, object_id)), name="incident-report")

    @action(description=_("JSON"), url_path="json", permissions=["filled_in"])
    def json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is filled in, as `filled-in/` of the API gives it."""
        told = filled_in(self._report(request, object_id))
        answer = JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})
        answer["Content-Disposition"] = 'attachment; filename="incident-report.json"'
        return answer

    def _report(self, request: HttpRequest, object_id: str) -> IncidentReport:
        report: IncidentReport = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not may_see(actor(request), SIDE_EFFECTS, report.side_effect.session.patient_id):
            raise PermissionDenied
        return report

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        if not obj.outcome:
            return
        services.settle_report(
            report_id=obj.pk,
            **{name: getattr(obj, name) for name in SETTLED},
            at=timezone.now(),
            by=actor(request),
        )


def _page(report: IncidentReport) -> str:
    """On the clinic's clock, which it names: who gets it may be anywhere."""
    parts = [(_label(name), list(_lines(part))) for name, part in filled_in(report).items()]
    zone = report.side_effect.session.clinic.zone
    context = {"report": report, "parts": parts, "clock": clock_of(zone)}
    with timezone.override(zone):
        return render_to_string("sessions/admin/report.html", context)


# What an authority asks for, by the keys of `filled_in`.
LABELS = {
    "reporter": _("Reporter"),
    "event": _("Event"),
    "age_years": _("Age, years"),
    "grade_ctcae": _("Grade (CTCAE)"),
    "gtin": _("GTIN"),
    "is_user_facility": _("Is a user facility"),
    "depth_mm": _("Depth, mm"),
    "weight_kg": _("Weight, kg"),
    "strength_percent": _("Strength, per cent"),
    "area_cm2": _("Area, cm²"),
}


def _label(name: str) -> str:
    """Most are fields of models too, whose names are translated."""
    return str(LABELS.get(name) or capfirst(gettext(name.replace("_", " "))))


def _lines(part: Any) -> Iterator[Line]:
    """One part of the report in rows; of several things each with its number."""
    if isinstance(part, list):
        for number, one in enumerate(part, start=1):
            yield from ((f"{number}. {label}", value) for label, value in _lines(one))
    elif part:
        for name, value in part.items():
            if isinstance(value, list):
                yield from ((f"{_label(name)} {label}", told) for label, told in _lines(value))
            elif isinstance(value, bool):
                yield _label(name), gettext("Yes") if value else gettext("No")
            elif value not in (None, ""):
                yield _label(name), value
