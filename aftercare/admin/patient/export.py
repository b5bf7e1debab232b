"""The page on which all that is held about a patient becomes a file for that patient."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.admin.one_patient import patient_for
from aftercare.records.export import start_export
from aftercare.tasks import make_exports
from clinic.admin.account.proof import account_page, prove
from clinic.admin.forms.log_in import OwnProofForm
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.permissions import actor
from clinic.values.zones import clock_of
from clinic.wakeups import wake
from patients.models import Patient, PatientExport

GONE = _("This file is no longer there: have a new one made.")


@about(Patient)
@account_page
def export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Starts it, shows how far it is, and hands the file to whoever proves who they are."""
    patient = patient_for(request, pk, "patients.export")
    if patient.merged_into_id:
        return HttpResponseRedirect(reverse("admin:patient-export", args=[patient.merged_into_id]))
    if "start" in request.POST:
        return _start(request, patient)
    at, newest = timezone.now(), patient.exports.order_by("-pk").first()
    asked = request.POST if request.method == "POST" else None
    form = OwnProofForm(asked, user=actor(request))
    if form.is_valid():
        prove(request, form)
        if not form.errors:
            return _file(request, patient, newest, at=at)
    answer = TemplateResponse(
        request,
        "aftercare/admin/patient/export.html",
        {
            **admin.site.each_context(request),
            "title": gettext("All that is kept about {patient}").format(patient=patient),
            "record": patient,
            "clock": clock_of(patient.clinic.zone),
            "export": newest,
            "is_there": newest and newest.is_there(at),
            "expires": newest and newest.expires_at and _local(newest.expires_at, patient),
            "made": newest and newest.ready_at and _local(newest.ready_at, patient),
            "asked": newest and _local(newest.asked_at, patient),
            "fetched": newest and newest.fetched_at and _local(newest.fetched_at, patient),
            "total": len(newest.parts) if newest else 0,
            "form": form,
        },
    )
    answer.status_code = 403 if form.errors else 200
    return answer


def _start(request: HttpRequest, patient: Patient) -> HttpResponse:
    try:
        start_export(
            patient_id=patient.pk,
            after=_uuid(request.POST.get("after", "")),
            at=timezone.now(),
            by=actor(request),
        )
        transaction.on_commit(lambda: wake(make_exports))
    except REFUSED as error:
        for _, message in refusals(error):
            messages.error(request, message)
    return _back(patient)


def _file(
    request: HttpRequest, patient: Patient, newest: PatientExport | None, *, at: datetime
) -> HttpResponse:
    """The file, or why there is none."""
    if newest is None or newest.is_going_on:
        messages.error(request, gettext("The file is not ready yet."))
        return _back(patient)
    try:
        if not newest.is_there(at):
            raise FileNotFoundError
        file = default_storage.open(newest.file)
    except FileNotFoundError:
        messages.error(request, GONE)
        return _back(patient)
    # The name says nothing of the patient: it stays in lists of downloads.
    name = f"patient-record-{_local(newest.ready_at, patient):%Y-%m-%d}.zip"
    answer: Any = FileResponse(
        file, as_attachment=True, filename=name, content_type="application/zip"
    )
    return answer  # type: ignore[no-any-return]


def _local(moment: Any, patient: Patient) -> datetime:
    local: datetime = moment.astimezone(patient.clinic.zone)
    return local


def _back(patient: Patient) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:patient-export", args=[patient.pk]))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
