"""What to offer to a patient whose time is not free."""

from datetime import datetime, timedelta
from uuid import UUID

from clinic.models import User
from sessions.availability import Offer, offers
from sessions.models import TreatmentPlan, TreatmentSession

OFFERED = 3
# How far to look on either side of the wanted time, until there are enough.
REACHES = (timedelta(hours=3), timedelta(days=1), timedelta(days=7), timedelta(days=28))
MINUTE = timedelta(minutes=1)


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

    def within(reach: timedelta, who: UUID | None) -> list[Offer]:
        begins, ends = max(at, starts_at - reach), starts_at + reach
        return offers(
            plan=plan,
            first=begins.astimezone(plan.clinic.zone).date(),
            last=ends.astimezone(plan.clinic.zone).date(),
            practitioner_id=who,
            at=at,
            not_before=begins,
            before=ends + MINUTE,
            moving=without,
        )

    def distance(offer: Offer) -> tuple[timedelta, bool, datetime, UUID]:
        away = abs(offer.starts_at - starts_at)
        is_another = offer.practitioner_id != practitioner.pk
        return away, is_another, offer.starts_at, offer.practitioner_id

    nearest: list[Offer] = []
    for reach in REACHES:
        if starts_at + reach < at:
            continue  # in the past
        nearest = sorted(within(reach, practitioner.pk), key=distance)[:OFFERED]
        # Others only as near as the wanted practitioner is: everybody's month takes its time.
        enough = len(nearest) == OFFERED
        nearer = abs(nearest[-1].starts_at - starts_at) if enough else reach
        if nearer or not enough:
            others = within(nearer, None)
            known = {(offer.starts_at, offer.practitioner_id) for offer in nearest}
            nearest += [o for o in others if (o.starts_at, o.practitioner_id) not in known]
            nearest = sorted(nearest, key=distance)[:OFFERED]
        if len(nearest) == OFFERED:
            break
    return nearest
