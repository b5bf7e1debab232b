"""What staff do with messages, texts and replies. Planning is in `planning`, sending in
`dispatch`."""

from aftercare.services.answers import Answered, NotReachable, PatientUnclear, answer_reply
from aftercare.services.ask_by_phone import (
    NoTreatmentAhead,
    TooLateToAsk,
    ask_by_phone,
)
from aftercare.services.birth_date import ACCESS_LASTS, Door, is_open, tries_left, try_birth_date
from aftercare.services.delays import offer_by_link, tell_late
from aftercare.services.messages import (
    CopyWaiting,
    NotCancellable,
    NotInDoubt,
    NotResendable,
    add_template_version,
    cancel_message,
    resend_message,
    resolve_message,
)
from aftercare.services.next_visit import (
    AskedVisit,
    Outcome,
    asked_visit,
    book_asked_visit,
    times_to_book,
    visit_after,
)
from aftercare.services.recall import acknowledge_recall
from aftercare.services.telling import NotRecalled, tell_patients
from aftercare.services.visits import cancel_own_visit, move_own_visit, times_to_move_to

__all__ = [
    "ACCESS_LASTS",
    "Answered",
    "AskedVisit",
    "CopyWaiting",
    "Door",
    "NoTreatmentAhead",
    "NotCancellable",
    "NotInDoubt",
    "NotReachable",
    "NotRecalled",
    "NotResendable",
    "Outcome",
    "PatientUnclear",
    "TooLateToAsk",
    "acknowledge_recall",
    "add_template_version",
    "answer_reply",
    "ask_by_phone",
    "asked_visit",
    "book_asked_visit",
    "cancel_message",
    "cancel_own_visit",
    "is_open",
    "move_own_visit",
    "offer_by_link",
    "resend_message",
    "resolve_message",
    "tell_late",
    "tell_patients",
    "times_to_book",
    "times_to_move_to",
    "tries_left",
    "try_birth_date",
    "visit_after",
]
