"""What to offer to a patient whose time is not free."""

from datetime import datetime, timedelta
from uuid import UUID

from clinic.models import User
from sessions.availability import Offer, offers
from sessions.models import TreatmentPlan, TreatmentSession

OFFERED = 3
# Days to look at on either side of the wanted one: the day itself, else the week, else the month.
REACHES = (0, 7, 28)


def alternatives(
    *,
    plan: TreatmentPlan,
    starts_at: datetime,
    practitioner: User,
    at: datetime,
    without: TreatmentSession | None = None,
) -> list[Offer]:
    """Up to three times that can be booked for `plan`, the nearest to `starts_at` first.

    The wanted time with another practitioner, room or device comes before any other time, and
    the wanted practitioner before the others. What a session `without` takes up counts as free:
    it would be given up. Run it when the refused booking is rolled back.
    """
    zone = plan.clinic.zone
    wanted, today = starts_at.astimezone(zone).date(), at.astimezone(zone).date()
    found: dict[tuple[datetime, UUID], Offer] = {}
    for reach in REACHES:
        first = max(today, wanted - timedelta(days=reach))
        last = wanted + timedelta(days=reach)
        for who in (practitioner, None):
            if last < first or _has_enough(found, starts_at):
                break  # in the past, or nobody else is needed
            for offer in offers(
                plan=plan, first=first, last=last, practitioner=who, at=at, moving=without
            ):
                found.setdefault((offer.starts_at, offer.practitioner_id), offer)
        if len(found) >= OFFERED:
            break

    def distance(offer: Offer) -> tuple[timedelta, bool, datetime, UUID]:
        away = abs(offer.starts_at - starts_at)
        is_another = offer.practitioner_id != practitioner.pk
        return away, is_another, offer.starts_at, offer.practitioner_id

    return sorted(found.values(), key=distance)[:OFFERED]


def _has_enough(found: dict[tuple[datetime, UUID], Offer], starts_at: datetime) -> bool:
    return len(found) >= OFFERED and any(start == starts_at for start, _ in found)
