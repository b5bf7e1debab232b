"""The page “Who has seen this record”, and the same as CSV to give to the patient."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext

from aftercare.admin.one_patient import patient_for
from aftercare.records.accesses.names import label_of
from aftercare.records.accesses.seen import HEAD, MOST_READ, who_has_seen
from clinic.audit.subjects import about
from clinic.http.tables import csv_answer
from clinic.permissions import actor
from clinic.values.zones import clock_of
from patients.models import Patient


class SeenPages:
    """For the list of accesses: what was done with one patient's record."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        page, file = (self.admin_site.admin_view(one) for one in (self.seen_page, self.seen_csv))
        return [
            path("of/<uuid:pk>/", page, name="seen"),
            path("of/<uuid:pk>/csv/", file, name="seen-csv"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    @about(Patient)
    def seen_page(self, request: HttpRequest, pk: Any) -> HttpResponse:
        patient = patient_for(request, pk, "clinic.watch_accesses")
        sees = request.user.has_perm("patients.view_patient")
        lines = who_has_seen(patient, actor(request))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who has seen the record of {called}").format(
                called=_called(patient, request)
            ),
            "patient_id": patient.pk,
            "sees_patient": sees,
            "clock": clock_of(patient.clinic.zone),
            "head": HEAD,
            "lines": [list(zip(HEAD, line.cells(), strict=True)) for line in lines],
            "most": MOST_READ if sum(line.times for line in lines) == MOST_READ else None,
        }
        return TemplateResponse(request, "aftercare/admin/accesses/seen.html", context)

    @about(Patient)
    def seen_csv(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """For the patient: staff by name and role, and nothing of how the product is made."""
        patient = patient_for(request, pk, "clinic.watch_accesses")
        lines = who_has_seen(patient, actor(request))
        return csv_answer(
            list(map(str, HEAD)), (line.cells() for line in lines), name="who-has-seen"
        )


def _called(patient: Patient, request: HttpRequest) -> str:
    sees = request.user.has_perm("patients.view_patient")
    return patient.full_name if sees else label_of(patient.pk)
