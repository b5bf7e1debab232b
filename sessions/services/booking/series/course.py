"""What is left of the course of a plan, or of several that are treated together."""

from collections.abc import Sequence
from datetime import date, datetime

from clinic.models import User
from sessions.models import TreatmentPlan
from sessions.services.booking.series.follow_up import FollowUp, last_session, propose_follow_up
from sessions.services.booking.series.proposal import ANY, Proposed, propose_series
from sessions.services.booking.series.wishes import Wishes
from sessions.services.booking.sitting.areas import about_plans


def propose_course(
    *,
    plan: TreatmentPlan,
    at: datetime,
    practitioner: User | None = None,
    first_on: date | None = None,
    further_plans: Sequence[TreatmentPlan] = (),
    wishes: Wishes = ANY,
) -> tuple[list[Proposed], list[FollowUp]]:
    """A time for each session that is still to be booked and, of plans whose last one is done, for
    each outcome visit. Raises what `propose_series` and `propose_follow_up` raise, of the plan that
    it is about."""
    plans = [plan, *further_plans]
    visits = propose_follow_up(
        plan=plan, further_plans=further_plans, practitioner=practitioner, at=at
    )
    going_on = [each for each in plans if last_session(each) is None]
    if not going_on:
        return [], visits
    with about_plans(going_on, plans):
        sessions = propose_series(
            plan=going_on[0],
            further_plans=going_on[1:],
            practitioner=practitioner,
            first_on=first_on,
            wishes=wishes,
            at=at,
        )
    return sessions, visits
