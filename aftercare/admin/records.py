"""Archiving, restoring and merging patients' records, in the admin.

They stand here, above the page of the patient, because sessions and messages go along.
"""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.forms import CharField, Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from aftercare.admin.patient.page import PatientTabs
from aftercare.records.merge import MergePreview, merge_patients, preview_merge
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.errors import DomainError
from clinic.permissions import actor, may_see
from patients.admin.patients import PatientAdmin
from patients.merge import DUPLICATE, KEPT, display_value
from patients.models import MEDICAL, Patient, PatientMerge
from sessions import services
from sessions.admin.booking.callers import CallerPage
from sessions.admin.booking.retire import decider_of, question
from sessions.admin.booking.visits import VisitPage
from sessions.admin.record.consultation import ConsultationList
from sessions.admin.record.photos import SentPhotos
from sessions.services.ending.decisions import StillAhead

DUPLICATES_SHOWN = 20


class MergeForm(Form):
    reason = CharField(max_length=500, widget=UnfoldAdminTextInputWidget)
    duplicate: Any = ModelChoiceField(queryset=Patient.objects.none())


admin.site.unregister(Patient)


@admin.register(Patient)
class RecordAdmin(PatientTabs, CallerPage, VisitPage, SentPhotos, ConsultationList, PatientAdmin):
    """The page of a patient, with what can happen to the record as a whole. An archived record is
    read only; a merged one leads to the one that was kept."""

    actions_detail = ["book_visit", "archive", "restore", "merge"]
    change_form_before_template = "sessions/admin/record_state.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = not isinstance(obj, Patient) or obj.archived_at is None
        return is_open and bool(super().has_change_permission(request, obj))

    def has_archive_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("patients.change_patient")

    def has_merge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("patients.merge")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        patient = self.get_object(request, str(object_id))
        found: list[Any] = super().get_actions_detail(request, object_id)
        if patient is None or patient.merged_into_id:
            return []
        wanted = {"restore"} if patient.archived_at else {"book-visit", "archive", "merge"}
        return [button for button in found if button.path in wanted]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        patient = self.get_object(request, object_id)
        context = {**(extra_context or {}), "record": patient}
        if patient:
            context["merges"] = self._merges(request, patient)
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def _merges(self, request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
        """What was merged into this record, also by way of another one, with what was chosen."""
        rows = PatientMerge.objects.filter(kept=patient) | PatientMerge.objects.filter(
            kept__merged_into=patient
        )
        sees = may_see(request.user, "patients.view_medical", patient.pk)
        hidden = frozenset() if sees else MEDICAL
        return [
            {
                "merge": merge,
                "values": [
                    {"label": field.replace("_", " "), **values}
                    for field, values in merge.values.items()
                    if field not in hidden
                ],
            }
            for merge in rows.select_related("merged", "by").order_by("id")
        ]

    # Archiving and restoring

    @action(description=_("Archive"), url_path="archive", permissions=["archive"])
    def archive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        patient = self._record(request, object_id)
        context: dict[str, Any] = {}
        if request.method == "POST":
            try:
                services.archive_patient(patient_id=patient.pk, decider=decider_of(request))
                messages.success(
                    request, gettext("The record of {patient} is archived.").format(patient=patient)
                )
                return self._back(patient)
            except StillAhead as ahead:
                context = question(request, ahead, can_move=False)
                messages.warning(request, ahead.message)
            except DomainError as error:
                messages.error(request, error.message)
        return self._page(request, "archive", patient, gettext("Archive this record?"), context)

    @action(description=_("Restore"), url_path="restore", permissions=["archive"])
    def restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        patient = self._record(request, object_id)
        if request.method == "POST":
            try:
                services.restore_patient(
                    patient_id=patient.pk, at=timezone.now(), by=actor(request)
                )
                messages.success(
                    request,
                    gettext("The record of {patient} is in use again.").format(patient=patient),
                )
                return self._back(patient)
            except DomainError as error:
                messages.error(request, error.message)
        return self._page(
            request, "restore", patient, gettext("Take this record back into use?"), {}
        )

    # Merging

    @action(description=_("Merge a duplicate into it"), url_path="merge", permissions=["merge"])
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """First which record is the duplicate, then both side by side; what they contradict each
        other in is asked."""
        kept = self._record(request, object_id)
        form = MergeForm(request.POST or None)
        field: Any = form.fields["duplicate"]
        field.queryset = (
            Patient.objects.visible_to(actor(request))
            .filter(clinic=kept.clinic_id, merged_into__isnull=True)
            .exclude(pk=kept.pk)
        )
        named = request.POST.get("duplicate") or request.GET.get("duplicate")
        try:
            duplicate = field.clean(named) if named else None
        except REFUSED:
            duplicate = None
            messages.error(
                request, gettext("This is no record that can be merged: choose another one.")
            )
        if request.method == "POST" and duplicate and form.is_valid():
            try:
                self._merge(request, kept, duplicate, form.cleaned_data["reason"])
                messages.success(
                    request,
                    gettext("The record of {duplicate} is now part of this one.").format(
                        duplicate=duplicate
                    ),
                )
                return self._back(kept)
            except REFUSED as error:
                for _, message in refusals(error):
                    messages.error(request, message)
        context = self._both(request, kept, duplicate) if duplicate else self._find(request, kept)
        title = gettext("Merge a duplicate into this record")
        return self._page(request, "merge", kept, title, {**context, "form": form})

    def _merge(self, request: HttpRequest, kept: Patient, merged: Patient, reason: str) -> None:
        given = {name.removeprefix("choice_"): v for name, v in request.POST.items()}
        asked = {name: value for name, value in given.items() if value in (KEPT, DUPLICATE)}
        merge_patients(
            kept_id=kept.pk,
            merged_id=merged.pk,
            reason=reason,
            choices={name: str(value) for name, value in asked.items()},
            at=timezone.now(),
            by=actor(request),
        )

    def _find(self, request: HttpRequest, kept: Patient) -> dict[str, Any]:
        rows = Patient.objects.visible_to(actor(request))
        if text := request.GET.get("q", "").strip()[:100]:
            hits: Any = rows.search(text, clinics=[kept.clinic_id])
            found = hits.filter(merged_into__isnull=True)
            return {"found": found.exclude(pk=kept.pk)[:DUPLICATES_SHOWN], "q": text}
        found = rows.possible_duplicates_of(kept)[:DUPLICATES_SHOWN]
        return {"found": found, "q": ""}

    def _both(self, request: HttpRequest, kept: Patient, duplicate: Patient) -> dict[str, Any]:
        try:
            with transaction.atomic():
                preview: MergePreview = preview_merge(
                    kept_id=kept.pk, merged_id=duplicate.pk, at=timezone.now(), by=actor(request)
                )
        except DomainError as error:
            messages.error(request, error.message)
            return self._find(request, kept)
        return {
            "duplicate": duplicate,
            "refusal": preview.refusal,
            "questions": [
                {
                    "name": f"choice_{pair.field}",
                    "label": pair.label,
                    "kept": display_value(pair.field, pair.kept),
                    "duplicate": display_value(pair.field, pair.duplicate),
                    "chosen": request.POST.get(f"choice_{pair.field}", ""),
                }
                for pair in preview.contradictions
            ],
            "filled": [
                {"label": name.replace("_", " "), **values}
                for name, values in preview.values.items()
                if name not in {pair.field for pair in preview.contradictions}
            ],
            "moved": sum(preview.moved.values()),
        }

    # What the pages share

    def _record(self, request: HttpRequest, object_id: str) -> Patient:
        rows = Patient.objects.visible_to(actor(request)).select_related("clinic")
        return get_object_or_404(rows, pk=object_id)

    def _back(self, patient: Patient) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:patients_patient_change", args=[patient.pk]))

    def _page(
        self, request: HttpRequest, name: str, patient: Patient, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            f"sessions/admin/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "record": patient,
                **context,
            },
        )
