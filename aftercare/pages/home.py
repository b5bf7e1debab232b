"""The first page behind a link: by what the message is for, one button and three links."""

from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import of_patient, show
from aftercare.pages.ready.needed import is_needed
from aftercare.pages.told.recall import has_unread_recall
from aftercare.pages.visit import is_ahead, visit_in_words
from aftercare.replies.contexts import healing_session
from aftercare.services import asked_visit
from sessions.lifecycle import Status


class Home(StrEnum):
    """What brings a patient to the page."""

    BEFORE = auto()
    TODAY = auto()  # the visit has begun
    MOVED = auto()
    CANCELLED = auto()
    MISSED = auto()
    BOOK_NEXT = auto()
    HEALING = auto()
    LATER = auto()


OF_STATUS: dict[str, Home] = {
    Status.CANCELLED: Home.CANCELLED,
    Status.NO_SHOW: Home.MISSED,
    Status.CHECKED_IN: Home.TODAY,
    Status.IN_PROGRESS: Home.TODAY,
}
CHANGE_WANTED = _(
    "Thank you. We will contact you about another time. Your appointment stays as it is until then."
)
TIME_WANTED = _("Thank you. We will contact you about a time.")
CAN_COME = (Home.BEFORE, Home.MOVED)


@of_patient("GET", "HEAD")
def home(request: HttpRequest, message: Message) -> HttpResponse:
    """Lead to what the message is for; while skin heals, to the check-in too. Changes nothing."""
    notice = CHANGE_WANTED if is_ahead(message.session, at=timezone.now()) else TIME_WANTED
    is_told = request.GET.get("done") == "change"
    return show_home(request, message, notice=notice if is_told else "")


def show_home(
    request: HttpRequest, message: Message, *, status: int = 200, **context: Any
) -> HttpResponse:
    at = timezone.now()
    heals = healing_session(message.patient, at) is not None
    purpose = purpose_of(message, heals=heals, at=at)
    return show(
        request,
        message,
        "home",
        status=status,
        title=_title(purpose),
        can_come=purpose in CAN_COME,
        can_confirm=purpose in CAN_COME and message.session.status == Status.BOOKED,
        can_book=purpose == Home.BOOK_NEXT and asked_visit(message, at=at) is not None,
        books_next=purpose in (Home.BOOK_NEXT, Home.LATER),
        checks=purpose == Home.HEALING,
        heals=heals,
        is_of_recall=message.recall_notice_id is not None,
        unread_recall=has_unread_recall(message),
        gets_ready=purpose in CAN_COME and is_needed(message, at=at),
        **visit_in_words(message, at=at),
        **context,
    )


def purpose_of(message: Message, *, heals: bool, at: datetime) -> Home:
    """How the visit stands comes first; then what the message asks for."""
    session, step = message.session, message.step
    if is_ahead(session, at=at):
        return Home.MOVED if session.rescheduled_from_id else Home.BEFORE
    if found := OF_STATUS.get(session.status):
        return found
    if step.from_next_window or step.asks_for:
        return Home.BOOK_NEXT
    return Home.HEALING if heals else Home.LATER


def _title(purpose: Home) -> str:
    match purpose:
        case Home.HEALING:
            return gettext("How is your skin?")
        case Home.BOOK_NEXT | Home.LATER:
            return gettext("Book your next visit")
        case _:
            return gettext("Your appointment")
