"""All that is left of a plan, or of several that are treated together: booked, or none of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, final
from uuid import UUID

from django.utils.translation import gettext

from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Device, Room, User
from patients.models import Patient
from sessions.models import TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import Chosen
from sessions.services.booking.book import book_session, lock_for_bookings, lock_names
from sessions.services.booking.checks.prepare import NotBookable
from sessions.services.booking.sitting.areas import about_plans, areas_together
from sessions.services.booking.visits import book_visit
from sessions.services.plans import create_plan


@final
class ChosenVisit(TypedDict):
    """The same as `Chosen` of a visit that treats nothing, such as one that measures the result."""

    visit_type: VisitType
    starts_at: datetime
    practitioner: User
    room: Room | None
    device: Device | None


@retried_transaction
def plan_and_book(
    *,
    planned: Mapping[str, Any],
    slots: Sequence[Chosen | ChosenVisit],
    at: datetime,
    by: User,
) -> tuple[TreatmentPlan, list[TreatmentSession]]:
    """Make a plan of what `create_plan` needs, and book these sessions of it: all of that, or
    nothing. Raises what `create_plan` and `book_series` raise."""
    _lock(slots, planned["patient"])
    plan = create_plan(**planned, at=at, by=by)
    return plan, book_series(plan_id=plan.pk, slots=slots, at=at, by=by) if slots else []


@retried_transaction
def book_series(
    *,
    plan_id: UUID,
    slots: Sequence[Chosen | ChosenVisit],
    at: datetime,
    by: User,
    further_plans: Sequence[TreatmentPlan] = (),
    treated: Sequence[Sequence[UUID]] = (),
) -> list[TreatmentSession]:
    """Book these sessions of a plan, all or none; with `further_plans`, sittings. `treated` has
    the ids of the plans that each is for, the leading one first; nothing means all. A visit is
    booked for the first of them.

    All locks of all slots are taken before the first booking (Note [Lock order]): two series in
    one transaction each would otherwise wait for each other. Raises what `book_session` and
    `book_visit` raise, with the session's index: `field` is `sessions/1/room`, `index` is 1. Of
    several sessions that cannot be booked, the first is raised and has the `others`.
    """
    plan = TreatmentPlan.objects.with_booking_facts().get(pk=plan_id)
    areas_together(plan, further_plans)
    series = [plan, *further_plans]
    sittings = [
        _plans_of(named, index, series) for index, named in enumerate(treated or [()] * len(slots))
    ]
    _lock(slots, plan.patient)
    booked, refused = [], []
    for index, (slot, plans) in enumerate(zip(slots, sittings, strict=True)):
        try:
            with about_plans(plans, series):
                booked.append(_book(slot, plans, at=at, by=by))
        except DomainError as error:
            if error.field not in ABOUT_A_SESSION:
                raise  # of a plan, and of each of its sessions
            error.field = f"sessions/{index}/{error.field}"
            error.extra["index"] = index
            refused.append(error)
    if refused:
        refused[0].others = refused[1:]
        raise refused[0]
    return booked


def _lock(slots: Sequence[Chosen | ChosenVisit], patient: Patient) -> None:
    names = {
        name
        for slot in slots
        for name in lock_names(
            practitioner=slot["practitioner"],
            room=slot["room"],
            device=slot["device"],
            patient_id=patient.pk,
        )
    }
    lock_for_bookings(*names, clinic_id=patient.clinic_id)


ABOUT_A_SESSION = ChosenVisit.__annotations__


def _book(
    slot: Chosen | ChosenVisit, plans: Sequence[TreatmentPlan], *, at: datetime, by: User
) -> TreatmentSession:
    leading, *further = plans
    if "visit_type" in slot:
        return book_visit(plan=leading, patient=leading.patient, **slot, at=at, by=by)
    return book_session(plan=leading, further_plans=further, **slot, at=at, by=by)


def _plans_of(
    named: Sequence[UUID], index: int, series: Sequence[TreatmentPlan]
) -> list[TreatmentPlan]:
    """Raises NotBookable."""
    known = {plan.pk: plan for plan in series}
    named = named or list(known)
    if not known.keys() >= set(named) or len(set(named)) < len(named):
        raise NotBookable(
            gettext(
                "Name plans of this series, each once: the plan itself or its `further_plans`."
            ),
            field=f"sessions/{index}/plans",
        )
    return [known[pk] for pk in named]
