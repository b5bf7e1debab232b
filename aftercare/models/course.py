"""What a step asks of the course of treatment: of the other sessions of its plans."""

from collections.abc import Sequence

from aftercare.models.sequence import Anchor, CareStep
from clinic.models import in_english
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentSession, of_treatment
from sessions.scheduling.courses import Course


def asks_about_the_course(step: CareStep) -> bool:
    """Whether it depends on the other sessions of the plan."""
    return (
        step.anchor == Anchor.LAST_SESSION
        or step.next_session_booked is not None
        or bool(step.asks_for)
    )


def unmet_in_courses(step: CareStep, session: TreatmentSession, courses: Sequence[Course]) -> str:
    """Why the step is not for any of the areas of a session, in words; "" if it is for one."""
    reasons = [_unmet(step, session, course) for course in courses]
    return "" if "" in reasons else reasons[0]


def concerned(
    step: CareStep, session: TreatmentSession, courses: Sequence[Course]
) -> Sequence[Course]:
    """The areas of a session that a step is about: those that it is for, or all where it does not
    ask."""
    return [course for course in courses if not _unmet(step, session, course)] or courses


def days_until_next(step: CareStep, session: TreatmentSession, courses: Sequence[Course]) -> int:
    """How long the slowest of the areas that the step is about wants to wait for the next time."""
    version = of_treatment(session.protocol_version)
    days = (course.target_min_days for course in concerned(step, session, courses))
    return max(days, default=version.target_min_days)


def _unmet(step: CareStep, session: TreatmentSession, course: Course) -> str:
    has_next = course.has_next(session)
    if step.anchor == Anchor.LAST_SESSION:
        if has_next:
            return "another session is booked"
        if course.went_on_after(session):
            return "another session came after it"
        if course.status not in (PlanStatus.ACTIVE, PlanStatus.COMPLETED):
            return f"the plan is {in_english(PlanStatus, course.status)}"
    if step.asks_for and course.is_followed_by(step.asks_for, session):
        return "that visit is booked"
    if step.next_session_booked is True and not has_next:
        return "no other session is booked"
    if step.next_session_booked is False:
        if has_next:
            return "another session is booked"
        if course.went_on_after(session):
            return "another session came after it"
        if not course.has_sessions_left:
            return "the plan has no sessions left"
    return ""
