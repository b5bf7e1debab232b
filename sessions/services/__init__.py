"""Everything that can happen to plans and treatment sessions.

Note [Lock order]
    Writers take, in this order: the advisory locks of what a booking makes scarcer (practitioner,
    room, device, patient) and of the clinic, sorted; then rows of sessions (ascending id); then
    rows of the waitlist and of holds; then rows of messages.
    Whoever books more than one session takes the advisory locks of all of them first; rescheduling
    also takes the locks of what it leaves, or two swaps would wait for each other.
    A booking shares the clinic's lock with other bookings; whoever closes the clinic holds it
    alone, and whoever gives a practitioner time off holds the practitioner's, so that no booking
    slips in beside them.
    Whoever frees a patient's skin takes the patient's advisory lock as well, because the recovery
    of a neighbouring session may change. Without the advisory locks the exclusion constraints
    would still hold, but two desks on one slot would wait for each other until PostgreSQL's
    deadlock detection ends one of them after a second.
"""

from sessions.scheduling.availability import Chosen, SlotTaken
from sessions.services.booking.alternatives import alternatives
from sessions.services.booking.book import IN_SPITE, book_session
from sessions.services.booking.callers import book_caller
from sessions.services.booking.checks.presence import holders, require_somebody
from sessions.services.booking.holds import hold_visit, place_hold, release_hold
from sessions.services.booking.join import join_waitlist
from sessions.services.booking.moves import move_session
from sessions.services.booking.reschedule import reschedule_session
from sessions.services.booking.series.book import ChosenVisit, book_series, plan_and_book
from sessions.services.booking.series.course import propose_course
from sessions.services.booking.series.follow_up import (
    FollowUp,
    propose_follow_up,
    raise_missed_follow_ups,
)
from sessions.services.booking.series.proposal import Proposed, propose_series
from sessions.services.booking.series.wishes import WEEKDAYS, DayPart, Wishes
from sessions.services.booking.sitting.skip import skip_area
from sessions.services.booking.undo import undo_end
from sessions.services.booking.visits import book_visit
from sessions.services.booking.waitlist import (
    accept_offer,
    decline_offer,
    expire_offers,
    note_freed,
    offer_freed_slots,
    withdraw_from_waitlist,
)
from sessions.services.calendar_feed import close_calendar, open_calendar
from sessions.services.credentials import warn_of_credentials
from sessions.services.ending.closures import (
    add_closure,
    add_time_off,
    bookings_in,
    finish_tasks_of,
    note_away,
    propose_moves,
)
from sessions.services.ending.cover import Cover, Instead, move_or_cancel
from sessions.services.ending.decisions import Choice, Decider, Decision, StillAhead
from sessions.services.ending.hours import add_working_hours, remove_working_hours
from sessions.services.ending.plan_moves import move_plan
from sessions.services.ending.protocols import follow_version
from sessions.services.ending.retire import archive_patient, restore_patient, retire
from sessions.services.ending.settle import carry_out_decisions
from sessions.services.examinations import warn_of_examinations
from sessions.services.plans import change_plan, create_plan, plan_to_be
from sessions.services.protocol_drafts import (
    confirm_version,
    discard_version,
    propose_version,
)
from sessions.services.record.abort import abort_session
from sessions.services.record.candidacy import record_candidacy
from sessions.services.record.cartridges import use_cartridge
from sessions.services.record.chart import (
    ProductEntry,
    ZoneEntry,
    add_addendum,
    override_finding,
    write_chart,
)
from sessions.services.record.charting import (
    Chart,
    drop_draft,
    keep_draft,
    sign_typed,
    write_typed,
)
from sessions.services.record.cream import put_cream_on, take_cream_off
from sessions.services.record.deviation import record_deviation
from sessions.services.record.exposure import report_exposure, take_exposure_step
from sessions.services.record.healing.check_in import NoTriageRules, record_check_in
from sessions.services.record.healing.overdue import raise_overdue_side_effects
from sessions.services.record.healing.reported import record_reported
from sessions.services.record.healing.reporting import settle_report
from sessions.services.record.healing.side_effects import (
    log_side_effect,
    note_side_effect,
    resolve_side_effect,
)
from sessions.services.record.healing.triage import sign_triage_rules
from sessions.services.record.other_treatments import (
    ask_after_planned_treatments,
    end_question,
    tell_of_other_treatments,
    tell_of_too_near,
)
from sessions.services.record.outcome import record_outcome
from sessions.services.record.photos import (
    consenting_patients,
    shown_patients,
    shown_photos,
    store_photo,
    store_sent_photo,
)

__all__ = [
    "IN_SPITE",
    "WEEKDAYS",
    "Chart",
    "Choice",
    "Chosen",
    "ChosenVisit",
    "Cover",
    "DayPart",
    "Decider",
    "Decision",
    "FollowUp",
    "Instead",
    "NoTriageRules",
    "ProductEntry",
    "Proposed",
    "SlotTaken",
    "StillAhead",
    "Wishes",
    "ZoneEntry",
    "abort_session",
    "accept_offer",
    "add_addendum",
    "add_closure",
    "add_time_off",
    "add_working_hours",
    "alternatives",
    "archive_patient",
    "ask_after_planned_treatments",
    "book_caller",
    "book_series",
    "book_session",
    "book_visit",
    "bookings_in",
    "carry_out_decisions",
    "change_plan",
    "close_calendar",
    "confirm_version",
    "consenting_patients",
    "create_plan",
    "decline_offer",
    "discard_version",
    "drop_draft",
    "end_question",
    "expire_offers",
    "finish_tasks_of",
    "follow_version",
    "hold_visit",
    "holders",
    "join_waitlist",
    "keep_draft",
    "log_side_effect",
    "move_or_cancel",
    "move_plan",
    "move_session",
    "note_away",
    "note_freed",
    "note_side_effect",
    "offer_freed_slots",
    "open_calendar",
    "override_finding",
    "place_hold",
    "plan_and_book",
    "plan_to_be",
    "propose_course",
    "propose_follow_up",
    "propose_moves",
    "propose_series",
    "propose_version",
    "put_cream_on",
    "raise_missed_follow_ups",
    "raise_overdue_side_effects",
    "record_candidacy",
    "record_check_in",
    "record_deviation",
    "record_outcome",
    "record_reported",
    "release_hold",
    "remove_working_hours",
    "report_exposure",
    "require_somebody",
    "reschedule_session",
    "resolve_side_effect",
    "restore_patient",
    "retire",
    "settle_report",
    "shown_patients",
    "shown_photos",
    "sign_triage_rules",
    "sign_typed",
    "skip_area",
    "store_photo",
    "store_sent_photo",
    "take_cream_off",
    "take_exposure_step",
    "tell_of_other_treatments",
    "tell_of_too_near",
    "undo_end",
    "use_cartridge",
    "warn_of_credentials",
    "warn_of_examinations",
    "withdraw_from_waitlist",
    "write_chart",
    "write_typed",
]
