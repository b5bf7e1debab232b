"""Moving a visit by its patient: six free times, and the words where none suits."""

from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, TOO_OFTEN, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.home import show_home
from aftercare.pages.times.book import ask_to_book
from aftercare.pages.times.free_times import (
    FARTHEST,
    GONE,
    PICK_ONE,
    free_times,
    has_chosen_enough,
    read_instant,
)
from aftercare.pages.visit import is_ahead
from aftercare.pages.words import Refused, take_words
from aftercare.services import asked_visit, move_own_visit, times_to_move_to
from patients.models import TaskKind
from sessions.scheduling.availability import Offer


@of_patient("GET", "HEAD", "POST")
def move(request: HttpRequest, message: Message) -> HttpResponse:
    """Offer times that are free if the visit leaves its own; a POST moves it to one of them."""
    at = timezone.now()
    session = message.session
    if not is_ahead(session, at=at):
        return lead_to(message)
    if request.method != "POST":
        return _ask(request, message, at=at)
    if not is_from_our_form(request, message):
        return _ask(request, message, at=at, problem=FORM_IS_OLD, status=403)
    wanted = read_instant(request.POST.get("starts_at", ""))
    if wanted is None:
        return _ask(request, message, at=at, problem=PICK_ONE, status=400)
    if has_chosen_enough(session, at=at):
        return _ask(request, message, at=at, problem=TOO_OFTEN, status=429)
    if not move_own_visit(session_id=session.pk, starts_at=wanted, at=at):
        return _ask(request, message, at=at, problem=GONE, status=409)
    return lead_to(message)


@of_patient("POST")
def change(request: HttpRequest, message: Message) -> HttpResponse:
    """None of the times suits: ask the desk in words. The appointment stays as it is."""
    at = timezone.now()
    taken = take_words(request, message, kind=TaskKind.CHANGE_WANTED, at=at)
    if not isinstance(taken, Refused):
        is_grave = taken.reply_kind != "change"
        return lead_to(message, "write/" if is_grave else "", done=taken.reply_kind)
    if is_ahead(message.session, at=at):
        return _ask(request, message, at=at, problem=taken.problem, status=taken.status)
    if asked := asked_visit(message, at=at):
        return ask_to_book(
            request, message, asked, at=at, problem=taken.problem, status=taken.status
        )
    return show_home(request, message, problem=taken.problem, status=taken.status)


def _ask(
    request: HttpRequest,
    message: Message,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    today = at.astimezone(message.clinic.zone).date()

    def find(first: date, last: date) -> list[Offer]:
        return times_to_move_to(message.session, first=first, last=last, at=at)

    times = free_times(
        message, find, asked=request.GET.get("from", ""), first=today, farthest=today + FARTHEST
    )
    text = request.POST.get("text", "")
    return show(request, message, "move", status=status, problem=problem, text=text, **times)
