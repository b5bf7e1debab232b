"""The patients' pages of the admin."""

from patients.admin import catalogue, consents, other_treatments, patients, screening, tasks

__all__ = ["catalogue", "consents", "other_treatments", "patients", "screening", "tasks"]
