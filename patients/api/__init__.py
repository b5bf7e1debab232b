"""Patients and all that belongs to them, over HTTP."""

from patients.api.break_glass import BreakGlassViewSet
from patients.api.catalogue import ConcernViewSet, ConsentTextViewSet, ScreeningRuleViewSet
from patients.api.consents import ConsentViewSet, PhotoConsentViewSet
from patients.api.other_treatments import OtherTreatmentViewSet
from patients.api.patients import PatientViewSet
from patients.api.tasks import TaskViewSet

__all__ = [
    "BreakGlassViewSet",
    "ConcernViewSet",
    "ConsentTextViewSet",
    "ConsentViewSet",
    "OtherTreatmentViewSet",
    "PatientViewSet",
    "PhotoConsentViewSet",
    "ScreeningRuleViewSet",
    "TaskViewSet",
]
