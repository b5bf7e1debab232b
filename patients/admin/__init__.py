"""The patients' pages of the admin."""

from patients.admin import catalogue, consents, patients, screening

__all__ = ["catalogue", "consents", "patients", "screening"]
