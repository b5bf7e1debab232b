"""Catalogues, plans, sessions, healing and absences, in the admin."""

from sessions.admin import (
    candidacies,
    catalogue,
    deviations,
    exposures,
    healing,
    photos,
    plans,
    retire,
    schedule,
    sessions,
    triage,
    waitlist,
    zones,
)

__all__ = [
    "candidacies",
    "catalogue",
    "deviations",
    "exposures",
    "healing",
    "photos",
    "plans",
    "retire",
    "schedule",
    "sessions",
    "triage",
    "waitlist",
    "zones",
]
