"""Patients and all that belongs to them, over HTTP."""

from patients.api.catalogue import ConcernViewSet, ConsentTextViewSet, ScreeningRuleViewSet
from patients.api.medical import ConsentViewSet, PhotoConsentViewSet
from patients.api.patients import PatientViewSet

__all__ = [
    "ConcernViewSet",
    "ConsentTextViewSet",
    "ConsentViewSet",
    "PatientViewSet",
    "PhotoConsentViewSet",
    "ScreeningRuleViewSet",
]
