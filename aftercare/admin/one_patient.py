"""The patient of a page that is about one, for whoever may open it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from clinic.permissions import may_see
from patients.models import Patient


def patient_for(request: HttpRequest, pk: Any, permission: str) -> Patient:
    """With their clinic. Raises PermissionDenied, and Http404 of one of another clinic."""
    if not request.user.has_perm(permission):
        raise PermissionDenied
    rows = Patient.objects.visible_to(request.user).select_related("clinic")
    patient = rows.filter(pk=pk).first()
    if patient is None:
        raise Http404
    if not may_see(request.user, permission, patient.merged_into_id or patient.pk):
        raise PermissionDenied
    return patient
