"""Catalogues, plans, sessions, healing and absences, in the admin."""

from sessions.admin import (
    candidacies,
    catalogue,
    check_ins,
    deviations,
    exposures,
    healing,
    photos,
    plans,
    retire,
    schedule,
    sessions,
    triage,
    visit_types,
    waitlist,
    zones,
)

__all__ = [
    "candidacies",
    "catalogue",
    "check_ins",
    "deviations",
    "exposures",
    "healing",
    "photos",
    "plans",
    "retire",
    "schedule",
    "sessions",
    "triage",
    "visit_types",
    "waitlist",
    "zones",
]
