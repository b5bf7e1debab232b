"""Everything that can happen to plans and treatment sessions.

Note [Lock order]
    Writers take, in this order: the advisory locks of what a booking makes scarcer (practitioner,
    room, device, patient; sorted), then rows of sessions (ascending id), then rows of messages.
    Whoever frees a patient's skin takes the patient's advisory lock as well, because the recovery
    of a neighbouring session may change. Without the advisory locks the exclusion constraints
    would still hold, but two desks on one slot would wait for each other until PostgreSQL's
    deadlock detection ends one of them after a second.
"""

from sessions.services.booking import book_session, reschedule_session
from sessions.services.chart import ZoneEntry, write_chart
from sessions.services.moves import move_session
from sessions.services.plans import create_plan

__all__ = [
    "ZoneEntry",
    "book_session",
    "create_plan",
    "move_session",
    "reschedule_session",
    "write_chart",
]
