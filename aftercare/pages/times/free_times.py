"""A few of the free times, to choose one of: what the pages for moving and booking share."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.services.next_visit import BOOKED_BY_PATIENT
from aftercare.services.visits import MOVED_BY_PATIENT
from clinic.values.zones import whose_clock
from sessions.models import SessionEvent, TreatmentSession
from sessions.scheduling.availability import Offer

OFFERED = 6
A_DAY = 2  # of them, so that not all are on one morning
CHOSEN = {BOOKED_BY_PATIENT, MOVED_BY_PATIENT}
CHOICES_A_DAY = 3
LOOKED_AT = timedelta(days=27)
FARTHEST = timedelta(days=182)
PICK_ONE = _("Please choose one of the times.")
GONE = _("This time is no longer free. Please choose another one, or call us.")


def free_times(
    message: Message,
    find: Callable[[date, date], list[Offer]],
    *,
    asked: str,
    first: date,
    farthest: date,
) -> dict[str, Any]:
    """Six times from the day that is asked for on, as the page shows them, and where it goes on."""
    session, zone = message.session, message.clinic.zone
    day = min(max(_day(asked) or first, first), farthest)
    few = _a_few(find(day, day + LOOKED_AT), session)
    last = few[-1].starts_at.astimezone(zone).date() if few else day + LOOKED_AT
    times = [
        {
            "value": offer.starts_at.isoformat(),
            "day": date_format(offer.starts_at.astimezone(zone), "VISIT_DATE_FORMAT"),
            "time": f"{offer.starts_at.astimezone(zone):%H:%M}",
        }
        for offer in few
    ]
    return {
        "times": times,
        "whose": whose_clock(zone, message.patient.zone),
        "later": (last + timedelta(days=1)).isoformat() if last < farthest else "",
    }


def has_chosen_enough(session: TreatmentSession, *, at: datetime) -> bool:
    """Whoever chooses more often keeps times from others; the desk can, at any time."""
    moves = SessionEvent.objects.filter(
        session__patient=session.patient_id,
        session__sitting=None,
        by=None,
        at__gt=at - timedelta(days=1),
    )
    chosen = [why for why in moves.values_list("reason", flat=True) if why in CHOSEN]
    return len(chosen) >= CHOICES_A_DAY


def read_instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None


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


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
