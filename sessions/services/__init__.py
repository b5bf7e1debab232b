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
from sessions.services.chart import (
    ProductEntry,
    ZoneEntry,
    add_addendum,
    override_finding,
    use_cartridge,
    write_chart,
)
from sessions.services.healing import log_side_effect, record_outcome, resolve_side_effect
from sessions.services.merging import merge_patients
from sessions.services.moves import move_session
from sessions.services.photos import consenting_patients, store_photo
from sessions.services.plans import create_plan, move_plan

__all__ = [
    "ProductEntry",
    "ZoneEntry",
    "add_addendum",
    "book_session",
    "consenting_patients",
    "create_plan",
    "log_side_effect",
    "merge_patients",
    "move_plan",
    "move_session",
    "override_finding",
    "record_outcome",
    "reschedule_session",
    "resolve_side_effect",
    "store_photo",
    "use_cartridge",
    "write_chart",
]
