"""The page on which what is held about a patient is erased: asked for by one person, confirmed by
another, who sees before what goes and what has to stay."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.one_patient import patient_for
from aftercare.records.erasure import (
    ask_for_erasure,
    confirm_erasure,
    keeps_record,
    retained_until,
    withdraw_erasure,
)
from clinic.admin.account.proof import account_page, prove
from clinic.admin.forms.log_in import OwnProofForm
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.errors import DomainError
from clinic.permissions import actor
from patients.models import ErasureReason, Patient, PatientErasure

ASK, CONFIRM = "patients.ask_erasure", "patients.confirm_erasure"


@about(Patient)
@account_page
def erasure(request: HttpRequest, pk: UUID) -> HttpResponse:
    patient, user = patient_for(request, pk, CONFIRM), actor(request)
    if patient.merged_into_id:
        return HttpResponseRedirect(reverse("admin:patient-erasure", args=[patient.merged_into_id]))
    waits = patient.erasures.filter(confirmed_at=None, withdrawn_at=None).first()
    if "ask" in request.POST or "withdraw" in request.POST:
        return _press(request, patient, waits)
    asked = request.POST if "confirm" in request.POST else None
    form = OwnProofForm(asked, user=user)
    if form.is_valid():
        prove(request, form)
        if not form.errors:
            return _press(request, patient, waits)
    at = timezone.now()
    answer = TemplateResponse(
        request,
        "aftercare/admin/patient/erasure.html",
        {
            **admin.site.each_context(request),
            "title": gettext("Erase what is held about {patient}").format(patient=patient),
            "record": patient,
            "waits": waits,
            "is_own": waits is not None and waits.asked_by_id == user.pk,
            "may_ask": user.has_perm(ASK),
            "done": patient.erasures.filter(confirmed_at__isnull=False).order_by("-pk").first(),
            "until": retained_until(patient),
            "keeps_record": keeps_record(patient, at=at),
            "years": patient.clinic.record_years,
            "reasons": ErasureReason.choices,
            "form": form,
        },
    )
    answer.status_code = 403 if form.errors else 200
    return answer


def _press(request: HttpRequest, patient: Patient, waits: PatientErasure | None) -> HttpResponse:
    try:
        messages.success(request, _done(request, patient, waits))
    except REFUSED as error:
        for _, message in refusals(error):
            messages.error(request, message)
    return HttpResponseRedirect(reverse("admin:patient-erasure", args=[patient.pk]))


def _done(request: HttpRequest, patient: Patient, waits: PatientErasure | None) -> str:
    deed: dict[str, Any] = {"at": timezone.now(), "by": actor(request)}
    if "ask" in request.POST:
        if not request.user.has_perm(ASK):
            raise PermissionDenied
        reason = request.POST.get("reason", "")
        if reason not in ErasureReason.values:
            raise DomainError(gettext("Choose a reason."), field="reason")
        ask_for_erasure(patient_id=patient.pk, reason=reason, **deed)
        return gettext("It waits for somebody else to confirm it. Nothing is erased yet.")
    if waits is None or str(waits.pk) != request.POST.get("erasure"):
        raise DomainError(gettext("It was confirmed or withdrawn meanwhile."))
    if "withdraw" in request.POST:
        withdraw_erasure(erasure_id=waits.pk, **deed)
        return gettext("It is withdrawn. Nothing was erased.")
    confirm_erasure(erasure_id=waits.pk, **deed)
    return gettext("It is erased.")
