"""The patients' pages of the admin."""

from patients.admin import catalogue, consents, patients, screening, tasks

__all__ = ["catalogue", "consents", "patients", "screening", "tasks"]
