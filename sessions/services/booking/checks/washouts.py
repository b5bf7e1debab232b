"""Washouts that last when a session is booked: said, and no reason to refuse it."""

from collections.abc import Iterable
from datetime import date, datetime

from clinic.models import User
from sessions.models import TreatmentSession, of_treatment
from sessions.safety.loading.washouts import load_washouts
from sessions.scheduling.availability import BookingFacts
from sessions.services.record.other_treatments import tell_of_other_treatments


def note_washouts(
    booked: Iterable[tuple[TreatmentSession, BookingFacts]], *, at: datetime, by: User | None
) -> date | None:
    """The first day without one, unless none lasts on the day that was booked. What is too near to
    another treatment of the same skin is a task for the clinicians."""
    in_doubt = [area for area, stands in booked if stands.washouts_in_doubt]
    if not in_doubt:
        return None
    for area in in_doubt:
        tell_of_other_treatments(session=area, at=at, by=by)
    plans = [of_treatment(area.plan) for area in in_doubt]
    return load_washouts(plans, at=at).end_after(in_doubt[0].starts_at_local.date(), plans)
