"""Booking what a letter asks for by its patient: six free times, and the words where none suits."""

from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, TOO_OFTEN, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.times.free_times import (
    FARTHEST,
    GONE,
    PICK_ONE,
    free_times,
    has_chosen_enough,
    read_instant,
)
from aftercare.services import AskedVisit, Outcome, asked_visit, book_asked_visit, times_to_book
from sessions.scheduling.availability import Offer

CALL_FIRST = _("We need to speak with you before this visit. Please call us.")


@of_patient("GET", "HEAD", "POST")
def book(request: HttpRequest, message: Message) -> HttpResponse:
    """Offer times that suit the skin; a POST books one. Pressed twice, it is booked once: then,
    and where the clinic wants a call, the first page says how things are."""
    at = timezone.now()
    asked = asked_visit(message, at=at)
    if asked is None:
        return lead_to(message)
    if request.method != "POST":
        return ask_to_book(request, message, asked, at=at)
    if not is_from_our_form(request, message):
        return ask_to_book(request, message, asked, at=at, problem=FORM_IS_OLD, status=403)
    wanted = read_instant(request.POST.get("starts_at", ""))
    if wanted is None:
        return ask_to_book(request, message, asked, at=at, problem=PICK_ONE, status=400)
    if has_chosen_enough(message.session, at=at):
        return ask_to_book(request, message, asked, at=at, problem=TOO_OFTEN, status=429)
    match book_asked_visit(message_id=message.pk, starts_at=wanted, at=at):
        case Outcome.BOOKED:
            return lead_to(message)
        case Outcome.FOR_THE_DESK:
            return ask_to_book(request, message, asked, at=at, problem=CALL_FIRST, status=409)
        case Outcome.GONE:
            return ask_to_book(request, message, asked, at=at, problem=GONE, status=409)


def ask_to_book(
    request: HttpRequest,
    message: Message,
    asked: AskedVisit,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    def find(first: date, last: date) -> list[Offer]:
        return times_to_book(asked, first=first, last=last, at=at)

    times = free_times(
        message,
        find,
        asked=request.GET.get("from", ""),
        first=asked.first,
        farthest=asked.last or asked.first + FARTHEST,
    )
    text = request.POST.get("text", "")
    return show(request, message, "book", status=status, problem=problem, text=text, **times)
