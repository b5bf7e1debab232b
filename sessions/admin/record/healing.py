"""Side effects, outcomes and photographs, in the admin."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic.admin import ReadOnlyInline, ServiceAdmin
from clinic.admin.reads import once_each
from clinic.admin.words import yes_no_column
from clinic.permissions import actor
from patients.admin.records import OfOpenRecord
from patients.models import StaffTask
from sessions import services
from sessions.admin.figures.page import FiguresAddress
from sessions.models import CheckIn, OutcomeMeasure, SideEffect, SideEffectNote
from sessions.services.record.healing.reported import proposed, report_behind
from sessions.services.record.healing.reporting import no_report_reason

EXPECTED = yes_no_column("is_expected", _("expected"), no=(_("Not expected"), "danger"))


NOW = ("treatment", "care_elsewhere")  # of the look that is noted


class CourseForm(forms.ModelForm):  # type: ignore[type-arg]
    treatment = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("Treatment given now"),
    )
    care_elsewhere = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        label=_("Treated elsewhere, by"),
    )


class CourseInline(ReadOnlyInline):
    model = SideEffectNote
    fields = ["at", "by", "grade", "is_expected", "note", *NOW]
    readonly_fields = fields
    ordering = ["id"]
    verbose_name_plural = _("course")


GRADES = [str(grade) for grade in range(1, 6)]  # side_effect_grade_in_ctcae_range


class GradeFilter(admin.SimpleListFilter):
    """All grades that there are. Django's own filter asks which ones somebody has, and reads every
    row of the clinic for it."""

    title = _("severity grade")
    parameter_name = "grade"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(grade, grade) for grade in GRADES]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        grade = self.value()
        return rows.filter(grade__in=[grade] if grade in GRADES else []) if grade else rows


@admin.register(SideEffect)
class SideEffectAdmin(OfOpenRecord, ServiceAdmin):
    adds = staticmethod(services.log_side_effect)
    record_path = "session.patient"
    list_display = ["onset_at", "session", "kind", "grade", EXPECTED, "resolved_at"]
    list_filter = ["kind", GradeFilter, "is_expected", ("resolved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["session__patient", "session__area", "session__clinic"]
    search_fields = ["session__patient__family_name", "session__patient__given_name", "note"]
    autocomplete_fields = ["session", "check_in"]
    ordering = ["-id"]
    inlines = [CourseInline]
    actions_detail = ["book_check"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["session", "zone", "kind", "grade", "is_expected", "onset_at", "check_in", "note"]
        if obj is None:
            return fields
        may_note = not obj.resolved_at and self.has_change_permission(request, obj)
        now = NOW if may_note else ()
        return [*fields, *now, "reporting", "resolved_at", "resolution", "recorded_by"]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is not None and self.has_change_permission(request, obj) and not obj.resolved_at:
            kwargs["form"] = CourseForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        fixed = ["session", "zone", "kind", "onset_at", "check_in", "resolved_at", "recorded_by"]
        fixed.append("reporting")
        return self.get_fields(request, obj) if obj.resolved_at else fixed

    @display(description=_("report to an authority"))
    @once_each
    def reporting(self, side_effect: SideEffect) -> str:
        """Who must or may be told; also where nothing is known of it."""
        reports = side_effect.reports.select_related("rule").order_by("id")
        if not reports:
            return no_report_reason(side_effect)
        return format_html_join(
            "",
            '<p class="mb-2"><a href="{}">{}</a>: {}</p>',
            (
                (
                    reverse("admin:treatment_sessions_incidentreport_change", args=[report.pk]),
                    report.rule.report_to,
                    report.get_outcome_display() or report.duty,
                )
                for report in reports
            ),
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Led here from a report, or from the task about it: what it says is filled in."""
        initial = super().get_changeform_initial_data(request)
        report = self._report(request)
        return {**initial, **proposed(report)} if report else initial

    def _report(self, request: HttpRequest) -> CheckIn | None:
        try:
            if check_in_id := request.GET.get("check_in"):
                reports = CheckIn.objects.visible_to(actor(request))
                return reports.select_related("session", "rules").get(pk=check_in_id)
            if task_id := request.GET.get("task"):
                tasks = StaffTask.objects.visible_to(actor(request))
                return report_behind(tasks.get(pk=task_id))
        except (ObjectDoesNotExist, ValidationError):
            pass  # a link that was typed in: an empty form
        return None

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        effect = self.get_object(request, str(object_id))
        found: list[Any] = super().get_actions_detail(request, object_id)
        return found if effect is not None and not effect.resolved_at else []

    def has_check_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_treatmentsession")

    @action(description=_("Book a check"), url_path="check", permissions=["check"])
    def book_check(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the visit that looks at it and closes it."""
        effect = get_object_or_404(self.get_queryset(request), pk=object_id)
        address = reverse("admin:patients_patient_book_visit", args=[effect.session.patient_id])
        return HttpResponseRedirect(f"{address}?{urlencode({'side_effect': effect.pk})}")

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        """How it goes is noted as it goes; a resolution closes it, now."""
        services.note_side_effect(
            side_effect_id=obj.pk,
            grade=obj.grade,
            is_expected=obj.is_expected,
            note=obj.note,
            **{name: changes.get(name, "") for name in NOW},
            at=timezone.now(),
            by=actor(request),
        )
        if "resolution" in changes:
            services.resolve_side_effect(
                side_effect_id=obj.pk,
                resolution=changes["resolution"],
                at=timezone.now(),
                by=actor(request),
            )


@admin.register(OutcomeMeasure)
class OutcomeMeasureAdmin(FiguresAddress, ServiceAdmin):
    adds = staticmethod(services.record_outcome)
    list_display = ["measured_at", "plan", "scale", "score", "milestone", "rater_role"]
    list_filter = ["scale", "milestone", "rater_role"]
    list_select_related = ["plan__patient", "plan__protocol", "scale"]
    search_fields = ["plan__patient__family_name", "plan__patient__given_name"]
    autocomplete_fields = ["plan", "session", "rated_by"]
    ordering = ["-id"]
    fields = [
        *("plan", "session", "scale", "milestone", "measured_at", "zone"),
        *("rater_role", "rated_by", "rater_name", "score", "note"),
    ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"measured_at": timezone.now(), **super().get_changeform_initial_data(request)}
