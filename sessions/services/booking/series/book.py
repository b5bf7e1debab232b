"""All remaining sessions of a plan, or of several that are treated together: booked, or none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import User
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling.availability import Chosen
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names
from sessions.services.booking.checks.prepare import NotBookable
from sessions.services.booking.sitting.areas import areas_together


@retried_transaction
def book_series(
    *,
    plan_id: UUID,
    slots: Sequence[Chosen],
    at: datetime,
    by: User,
    further_plans: Sequence[TreatmentPlan] = (),
    treated: Sequence[Sequence[UUID]] = (),
) -> list[TreatmentSession]:
    """Book these sessions of a plan, all or none; with `further_plans`, sittings. `treated` has
    the ids of the plans that are treated in each, the leading one first; nothing means all.

    All locks of all slots are taken before the first booking (Note [Lock order]): two series in
    one transaction each would otherwise wait for each other. Raises what `book_session` raises,
    with the session's index: `field` is `sessions/1/room`, `index` is 1.
    """
    plan = TreatmentPlan.objects.with_booking_facts().get(pk=plan_id)
    areas_together(plan, further_plans)
    series = [plan, *further_plans]
    sittings = [
        _plans_of(named, index, series) for index, named in enumerate(treated or [()] * len(slots))
    ]
    lock_for_bookings(
        *{
            name
            for slot in slots
            for name in lock_names(
                practitioner=slot["practitioner"],
                room=slot["room"],
                device=slot["device"],
                patient_id=plan.patient_id,
            )
        },
        clinic_id=plan.clinic_id,
    )
    booked = []
    for index, slot in enumerate(slots):
        leading, *further = sittings[index]
        chosen: Chosen = {
            "starts_at": slot["starts_at"],
            "practitioner": slot["practitioner"],
            "room": slot["room"],
            "device": slot["device"],
        }
        with _about_session(index, sittings[index], series):
            booked.append(book_session(plan=leading, further_plans=further, **chosen, at=at, by=by))
    return booked


def _plans_of(
    named: Sequence[UUID], index: int, series: Sequence[TreatmentPlan]
) -> list[TreatmentPlan]:
    """Raises NotBookable."""
    known = {plan.pk: plan for plan in series}
    named = named or list(known)
    if not known.keys() >= set(named) or len(set(named)) < len(named):
        raise NotBookable(
            "Name plans of this series, each once: the plan itself or its `further_plans`.",
            field=f"sessions/{index}/plans",
        )
    return [known[pk] for pk in named]


@contextmanager
def _about_session(
    index: int, treated: Sequence[TreatmentPlan], series: Sequence[TreatmentPlan]
) -> Iterator[None]:
    """What is wrong with a time is said of that session; what is wrong with a plan is no fault of
    the session, and is said of the plan."""
    fields = ["plan", *(f"further_plans/{place}" for place in range(len(series) - 1))]
    try:
        yield
    except DomainError as error:
        if error.field in fields:
            wrong = treated[fields.index(error.field)]
            error.field = fields[[plan.pk for plan in series].index(wrong.pk)]
        elif error.field in Chosen.__annotations__:
            error.field = f"sessions/{index}/{error.field}"
            error.extra["index"] = index
        raise
