"""Moving a visit by its patient: six free times, and the words where none suits."""

from datetime import date, datetime, timedelta
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, TOO_OFTEN, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.home import show_home
from aftercare.pages.visit import is_ahead
from aftercare.pages.words import Refused, take_words
from aftercare.services import move_own_visit, times_to_move_to
from aftercare.services.visits import MOVED_BY_PATIENT
from clinic.values.zones import whose_clock
from patients.models import TaskKind
from sessions.models import SessionEvent, TreatmentSession
from sessions.scheduling.availability import Offer

OFFERED = 6
A_DAY = 2  # of them, so that not all are on one morning
MOVES_A_DAY = 3
LOOKED_AT = timedelta(days=27)
FARTHEST = timedelta(days=182)
PICK_ONE = _("Please choose one of the times.")
GONE = _("This time is no longer free. Please choose another one, or call us.")


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
    wanted = _instant(request.POST.get("starts_at", ""))
    if wanted is None:
        return _ask(request, message, at=at, problem=PICK_ONE, status=400)
    if has_moved_enough(session, at=at):
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
    if not is_ahead(message.session, at=at):
        return show_home(request, message, problem=taken.problem, status=taken.status)
    return _ask(request, message, at=at, problem=taken.problem, status=taken.status)


def has_moved_enough(session: TreatmentSession, *, at: datetime) -> bool:
    """Whoever moves more often keeps times from others; the desk can, at any time."""
    moved = SessionEvent.objects.filter(
        session__patient=session.patient_id,
        session__sitting=None,
        reason=MOVED_BY_PATIENT,
        at__gt=at - timedelta(days=1),
    )
    return moved.count() >= MOVES_A_DAY


def _ask(
    request: HttpRequest,
    message: Message,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    session, zone = message.session, message.clinic.zone
    today = at.astimezone(zone).date()
    first = min(max(_day(request.GET.get("from", "")) or today, today), today + FARTHEST)
    found = times_to_move_to(session, first=first, last=first + LOOKED_AT, at=at)
    few = _a_few(found, session)
    last = few[-1].starts_at.astimezone(zone).date() if few else first + LOOKED_AT
    times = [
        {
            "value": offer.starts_at.isoformat(),
            "day": date_format(offer.starts_at.astimezone(zone), "VISIT_DATE_FORMAT"),
            "time": f"{offer.starts_at.astimezone(zone):%H:%M}",
        }
        for offer in few
    ]
    return show(
        request,
        message,
        "move",
        status=status,
        problem=problem,
        times=times,
        text=request.POST.get("text", ""),
        whose=whose_clock(zone, message.patient.zone),
        later=(last + timedelta(days=1)).isoformat() if last < today + FARTHEST else "",
    )


def _a_few(found: list[Offer], session: TreatmentSession) -> list[Offer]:
    """Two of each day, the nearest to the time of day that the patient has now."""
    zone = session.clinic.zone
    local = session.starts_at.astimezone(zone)
    usual = local.hour * 60 + local.minute

    def distance(offer: Offer) -> int:
        start = offer.starts_at.astimezone(zone)
        return abs(start.hour * 60 + start.minute - usual)

    few: list[Offer] = []
    days = groupby(
        sorted(found, key=lambda offer: offer.starts_at),
        key=lambda offer: offer.starts_at.astimezone(zone).date(),
    )
    for _day_of, of_day in days:
        starts = {offer.starts_at: offer for offer in of_day}.values()
        nearest = sorted(starts, key=distance)[:A_DAY]
        few += sorted(nearest, key=lambda offer: offer.starts_at)
        if len(few) >= OFFERED:
            break
    return few[:OFFERED]


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
