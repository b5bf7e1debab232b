"""The page of a patient with its tabs, and the story of the patient, read when it is looked at."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.one_patient import patient_for
from aftercare.admin.patient.break_glass import break_glass
from aftercare.admin.patient.erasure import erasure
from aftercare.admin.patient.export import export
from aftercare.admin.patient.reads import read_sheet
from aftercare.records.timeline import timeline
from clinic.audit.subjects import about
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from patients.models import Patient

STORY_SHOWN = 100


class PatientTabs:
    """For the page of a patient. The form is one of the tabs, so nothing typed is lost between
    them; what is only read stands in the others."""

    admin_site: Any
    change_form_outer_before_template = "aftercare/admin/patient/head.html"
    change_form_outer_after_template = "aftercare/admin/patient/panels.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        patient = self.get_object(request, object_id)  # type: ignore[attr-defined]
        context = dict(extra_context or {})
        if patient:
            context |= {
                "sheet": read_sheet(patient, actor(request), at=timezone.now()),
                "clock": clock_of(patient.clinic.zone),
            }
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer

    def get_urls(self) -> list[URLPattern]:
        pages = (self.story, export, erasure, break_glass)
        story, file, end, glass = (self.admin_site.admin_view(one) for one in pages)
        return [
            path("<uuid:pk>/story/", story, name="patient-story"),
            path("<uuid:pk>/export/", file, name="patient-export"),
            path("<uuid:pk>/erasure/", end, name="patient-erasure"),
            path("<uuid:pk>/break-glass/", glass, name="patient-break-glass"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    @about(Patient)
    def story(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Everything that happened to the patient, newest first, in words."""
        patient = patient_for(request, pk, "patients.view_history")
        entries = [
            {
                "entry": entry,
                "when": date_in_words(entry.at.astimezone(patient.clinic.zone), "j M Y, H:i"),
            }
            for entry in timeline(patient)[:STORY_SHOWN]
        ]
        return TemplateResponse(
            request,
            "aftercare/admin/patient/story.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("The story of {patient}").format(patient=patient),
                "record": patient,
                "entries": entries,
                "clock": clock_of(patient.clinic.zone),
            },
        )
