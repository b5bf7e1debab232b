"""Catalogues, plans, sessions, healing and absences, in the admin."""

from sessions.admin import (
    catalogue,
    healing,
    photos,
    plans,
    retire,
    schedule,
    sessions,
    waitlist,
    zones,
)

__all__ = [
    "catalogue",
    "healing",
    "photos",
    "plans",
    "retire",
    "schedule",
    "sessions",
    "waitlist",
    "zones",
]
