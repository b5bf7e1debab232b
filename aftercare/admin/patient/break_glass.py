"""The page on which somebody who does not treat a patient opens what is clinical, with a reason."""

from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from aftercare.admin.one_patient import patient_for
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.permissions import actor
from clinic.values.zones import clock_of
from patients import services
from patients.models import Patient
from patients.services.break_glass import LEAST_SAID

REASON = forms.CharField(
    label=_("Why do you need it?"),
    min_length=LEAST_SAID,
    max_length=300,
    widget=UnfoldAdminTextInputWidget,
    help_text=_("Those who treat this patient read it."),
)


class ReasonForm(forms.Form):
    reason = REASON


@about(Patient)
def break_glass(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks for the reason, opens the record, and ends it early."""
    patient, user, at = patient_for(request, pk, "patients.add_breakglass"), actor(request), None
    at = timezone.now()
    mine = patient.break_glasses.filter(by=user).open(at).first()
    form = ReasonForm(request.POST if "open" in request.POST else None)
    try:
        if "end" in request.POST and mine:
            services.end_break_glass(break_glass_id=mine.pk, at=at, by=user)
            messages.success(request, gettext("It is closed again."))
            return _back(patient)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            services.open_record(patient_id=patient.pk, reason=reason, at=at, by=user)
            return _back(patient)
    except REFUSED as error:
        for _, message in refusals(error):
            messages.error(request, message)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Open the clinical record of {patient}").format(patient=patient),
        "record": patient,
        "mine": mine,
        "clock": clock_of(patient.clinic.zone),
        "form": form,
    }
    answer = TemplateResponse(request, "aftercare/admin/patient/break_glass.html", context)
    answer.status_code = 400 if form.errors else 200
    return answer


def _back(patient: Patient) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:patients_patient_change", args=[patient.pk]))
