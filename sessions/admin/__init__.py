"""Catalogues, plans, sessions, healing and absences, in the admin."""

from sessions.admin import plans, sessions
from sessions.admin.booking import retire, schedule, waitlist, zones
from sessions.admin.catalogue import protocols, triage, visit_types
from sessions.admin.record import (
    candidacies,
    check_ins,
    deviations,
    exposures,
    healing,
    healing_tasks,
    photos,
    reporting,
)

__all__ = [
    "candidacies",
    "check_ins",
    "deviations",
    "exposures",
    "healing",
    "healing_tasks",
    "photos",
    "plans",
    "protocols",
    "reporting",
    "retire",
    "schedule",
    "sessions",
    "triage",
    "visit_types",
    "waitlist",
    "zones",
]
