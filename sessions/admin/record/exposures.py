"""Blood exposures, in the admin: told at once, and ticked off by the clock."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinic.admin import ReadOnlyInline, ServiceAdmin
from clinic.admin.forms.fields import MomentField
from clinic.admin.reads import once_each
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.zones import suffix
from sessions import services
from sessions.models import BloodExposure, ExposureStep, ExposureStepKind
from sessions.services.record.exposure import DueStep, due_steps

TICK = ("step_taken", "step_done_at", "step_note")


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    step_taken = forms.ChoiceField(
        required=False,
        choices=[("", "---------"), *ExposureStepKind.choices],
        widget=UnfoldAdminSelectWidget,
        label=_("Step that was taken"),
    )
    step_done_at = MomentField(required=False, label=_("Taken at"), help_text=_("Empty: now."))
    step_note = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget, label=_("Note")
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("step_taken") and (data.get("step_done_at") or data.get("step_note")):
            self.add_error("step_taken", gettext("Choose the step as well."))
        return data


class ExposureStepInline(ReadOnlyInline):
    model = ExposureStep
    fields = ["step", "done_at", "note", "by"]
    readonly_fields = fields
    ordering = ["done_at", "id"]


@admin.register(BloodExposure)
class BloodExposureAdmin(ServiceAdmin):
    adds = staticmethod(services.report_exposure)
    list_display = ["happened_at", "kind", "staff", "patient", "source_patient", "by"]
    list_filter = ["kind"]
    list_select_related = ["clinic", "staff", "patient", "source_patient", "by"]
    search_fields = ["patient__family_name", "source_patient__family_name", "what"]
    autocomplete_fields = ["staff", "patient", "source_patient", "session"]
    inlines = [ExposureStepInline]
    ordering = ["-id"]
    typed_as = {"step": "step_taken", "done_at": "step_done_at"}

    def parts(self, request: HttpRequest, row: Any) -> tuple[str, ...]:
        return (
            BloodExposure.version_parts
        )  # a step may be ticked beside a list that cannot be edited

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        told = ["clinic", "kind", "staff", "patient", "source_patient", "session"]
        told += ["what", "happened_at"]
        if obj is None:
            return told
        may_tick = self.has_change_permission(request, obj)
        return [*told, "clock", *(TICK if may_tick else ())]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [n for n in self.get_fields(request, obj) if n not in TICK] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is not None and self.has_change_permission(request, obj):
            kwargs["form"] = StepForm
        return super().get_form(request, obj, change=change, **kwargs)

    @display(description=_("what is to be done, and by when"))
    @once_each
    def clock(self, exposure: BloodExposure) -> str:
        zone = exposure.clinic.zone

        def when(one: DueStep) -> str:
            at = one.taken.done_at if one.taken else one.due_at
            word = gettext("taken") if one.taken else gettext("by")
            return (
                f": {word} {date_in_words(at.astimezone(zone), 'j M Y, H:i')}{suffix(zone)}"
                if at
                else ""
            )

        return format_html_join(
            "", '<p class="mb-2">{}{}</p>', ((one.says, when(one)) for one in due_steps(exposure))
        )

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        if not changes.get("step_taken"):
            return
        now = timezone.now()
        services.take_exposure_step(
            exposure_id=obj.pk,
            step=changes["step_taken"],
            done_at=changes.get("step_done_at") or now,
            note=changes.get("step_note", ""),
            at=now,
            by=actor(request),
        )
