"""The page of accesses that look unusual, where somebody notes that they were in order."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.records.accesses.names import label_of
from aftercare.records.accesses.reviews import note_review
from aftercare.records.accesses.unusual import Finding, unusual
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.models import User
from clinic.permissions import actor
from patients.models import Patient


@about(Patient)
def unusual_accesses(request: HttpRequest) -> HttpResponse:
    """The newest first, those that nobody has looked at above."""
    if not request.user.has_perm("clinic.watch_accesses"):
        raise PermissionDenied
    if request.method == "POST":
        return _note(request)
    reader = actor(request)
    looked = unusual(reader, before=_uuid(request.GET.get("before", "")))
    by_name = request.user.has_perm("patients.view_patient")
    lines = [_line(one, reader, by_name=by_name) for one in looked.findings]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Unusual accesses"),
        "groups": [
            (gettext("Nobody has looked at these"), [one for one in lines if not one["reviews"]]),
            (gettext("Looked at"), [one for one in lines if one["reviews"]]),
        ],
        "accesses": looked.accesses,
        "older": looked.older,
        "by_name": by_name,
    }
    return TemplateResponse(request, "aftercare/admin/accesses/unusual.html", context)


def _line(one: Finding, reader: User, *, by_name: bool) -> dict[str, Any]:
    patient = one.patient
    label = "" if patient is None else patient.full_name if by_name else label_of(patient.pk)
    return {
        "person": one.person,
        "patient": patient,
        "of_whom": label,
        "day": one.day,
        "first": f"{one.first:%H:%M}",
        "last": f"{one.last:%H:%M}",
        "times": one.times,
        "reasons": one.reasons,
        "reviews": one.reviews,
        "is_own": one.person.pk == reader.pk,
    }


def _note(request: HttpRequest) -> HttpResponse:
    asked = request.POST
    try:
        note_review(
            actor_id=_uuid(asked.get("person", "")),
            patient_id=_uuid(asked.get("patient", "")),
            day=_day(asked.get("day", "")),
            note=asked.get("note", ""),
            at=timezone.now(),
            by=actor(request),
        )
        messages.success(request, gettext("It is noted."))
    except REFUSED as error:
        for _, message in refusals(error):
            messages.error(request, message)
    before = _uuid(request.GET.get("before", ""))
    page = reverse("unusual-accesses")
    return HttpResponseRedirect(f"{page}?before={before}" if before else page)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
