"""Several areas in one sitting: which plans go together, for how long, and which rows they are.

See decision 0030.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext, gettext_noop

from clinic.db.among import Among
from clinic.errors import Conflict, DomainError
from sessions.lifecycle import NEXT
from sessions.models import TreatmentPlan, TreatmentSession, of_treatment
from sessions.scheduling.wanted import SittingRequest, sitting_of
from sessions.services.booking.checks.prepare import NotBookable, prepare_session


class SittingChanged(Conflict):
    code = "sitting_changed"
    title = gettext_noop("The sitting is being changed by somebody else")


LONGEST = timedelta(days=1)  # session_within_a_day


def add_areas(
    session: TreatmentSession, plans: Sequence[TreatmentPlan], *, at: datetime
) -> list[TreatmentSession]:
    """The rows of further areas that are treated in the sitting that `session` leads, not saved;
    the times of all are set: one area after the other, and the longest set-up and cleaning.

    Raises what `prepare_session` raises, naming the plan, and NotBookable.
    """
    further: list[TreatmentSession] = []
    for index, plan in enumerate(plans):
        with about_further(index):
            require_another_area(plan, [of_treatment(session.plan), *plans[:index]])
            further.append(
                prepare_session(
                    plan=plan,
                    starts_at=session.starts_at,
                    practitioner=session.practitioner,
                    room=of_treatment(session.room),
                    device=of_treatment(session.device),
                    at=at,
                )
            )
    areas = [session, *further]
    setup = max(area.starts_at - area.occupied_from for area in areas)
    cleaning = max(area.released_at - area.ends_at for area in areas)
    lasts = sum((area.ends_at - area.starts_at for area in areas), timedelta())
    if setup + lasts + cleaning > LONGEST:
        raise NotBookable(
            gettext("Together these areas take longer than a day."), field="further_plans"
        )
    for area in areas:
        area.occupied_from = area.starts_at - setup
        area.ends_at = area.starts_at + lasts
        area.released_at = area.ends_at + cleaning
    return further


def require_another_area(plan: TreatmentPlan, others: Sequence[TreatmentPlan]) -> None:
    """Raises NotBookable."""
    if plan.patient_id != others[0].patient_id:
        raise NotBookable(gettext("The plan is another patient's."), field="plan")
    for other in others:
        if plan.area_id == other.area_id:
            raise NotBookable(
                gettext(
                    "The area “{area}” is in this sitting already: name each area once."
                ).format(area=plan.area),
                field="plan",
            )


def areas_together(
    plan: TreatmentPlan, further: Sequence[TreatmentPlan]
) -> TreatmentPlan | SittingRequest:
    """What to look for a time for. Raises NotBookable for plans that do not go together."""
    for index, other in enumerate(further):
        with about_further(index):
            require_another_area(other, [plan, *further[:index]])
    return sitting_of(plan, *further)


@contextmanager
def about_further(index: int) -> Iterator[None]:
    """What is wrong with a further plan is said of that one."""
    try:
        yield
    except DomainError as error:
        if error.field == "plan":
            error.field = f"further_plans/{index}"
        raise


@contextmanager
def about_plans(some: Sequence[TreatmentPlan], series: Sequence[TreatmentPlan]) -> Iterator[None]:
    """What is wrong with one of `some` plans of a series is said of it by its place in the whole
    series."""
    fields = ["plan", *(f"further_plans/{index}" for index in range(len(series) - 1))]
    try:
        yield
    except DomainError as error:
        if error.field in fields:
            wrong = some[fields.index(error.field)]
            error.field = fields[[plan.pk for plan in series].index(wrong.pk)]
        raise


def of_same_plan(
    sitting: TreatmentSession | None, area: TreatmentSession
) -> TreatmentSession | None:
    """The row of an earlier `sitting` that `area` is booked anew for."""
    if sitting is None:
        return None
    return sitting.further_areas.filter(plan=area.plan_id, rescheduled_to=None).first()


def lock_sitting(session_id: UUID) -> list[TreatmentSession]:
    """The locked rows of a sitting, or the one of a session that is none. In ascending order.

    Raises SittingChanged if the lead is handed over again and again while it waits.
    """
    rows = TreatmentSession.objects.of_sitting(session_id)
    for _ in range(3):
        locked = list(rows.with_record().locked())
        alone = [row.pk for row in locked if row.pk == session_id and not row.sitting_id]
        # who waited for a lock has looked for the rows by what was true before
        if [row.pk for row in locked] == (alone or None):
            return locked
        if {row.pk for row in locked} == set(rows.values_list("pk", flat=True)):
            return locked
    raise SittingChanged(gettext("Read it again."))


def still_going_on(rows: list[TreatmentSession]) -> list[TreatmentSession]:
    """What has not ended, the leading row last: nothing else of a sitting changes after it."""
    going = [row for row in rows if NEXT[row.status]]
    return sorted(going, key=lambda row: (row.sitting_id is None, row.pk))


def open_plans(session: TreatmentSession) -> list[TreatmentPlan]:
    """The plans that are treated in its sitting, the leading one first; of a visit that treats
    nothing, none."""
    rows = TreatmentSession.objects.of_sitting(session.pk).occupying()
    plans = TreatmentPlan.objects.with_booking_facts().filter(
        Among("sessions__pk", rows.values("pk"))
    )
    return list(plans.order_by(F("sessions__sitting").asc(nulls_first=True), "sessions__pk"))
