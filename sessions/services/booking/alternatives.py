"""What to offer to a patient whose time is not free."""

from datetime import datetime, timedelta

from clinic.models import User
from sessions.models import TreatmentSession
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.wanted import Wanted

OFFERED = 3
# How far to look on either side of the wanted time, until there are enough.
REACHES = (timedelta(hours=3), timedelta(days=1), timedelta(days=7), timedelta(days=28))
MINUTE = timedelta(minutes=1)


def alternatives(
    *,
    wanted: Wanted,
    starts_at: datetime,
    practitioner: User,
    at: datetime,
    without: TreatmentSession | None = None,
) -> list[Offer]:
    """Up to three times that can be booked for what is wanted, the nearest to `starts_at` first.

    Each with the wanted practitioner if possible, else with another one; the wanted time with
    another practitioner, room or device comes before any other time. What a session `without`
    takes up counts as free: it would be given up. Run it when the refused booking is rolled back.
    """

    def distance(offer: Offer) -> tuple[timedelta, datetime]:
        return abs(offer.starts_at - starts_at), offer.starts_at

    nearest: list[Offer] = []
    for reach in REACHES:
        begins, ends = max(at, starts_at - reach), starts_at + reach
        if ends < begins:
            continue  # in the past
        found = offers(
            wanted=wanted,
            first=begins.astimezone(wanted.clinic.zone).date(),
            last=ends.astimezone(wanted.clinic.zone).date(),
            practitioner_id=practitioner.pk,
            others=True,
            at=at,
            not_before=begins,
            before=ends + MINUTE,
            moving=without,
        )
        nearest = sorted(found, key=distance)[:OFFERED]
        if len(nearest) == OFFERED:
            break
    return nearest
