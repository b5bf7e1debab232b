"""For whom a step is: evaluated when it is planned, and once more when it is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from aftercare.models import TREATED, Anchor, CareStep, Message
from aftercare.models.course import asks_about_the_course, unmet_in_courses
from clinic.models import in_english
from sessions.lifecycle import SIGNED, UPCOMING, Status
from sessions.models import Kind, ProductKind, ProductUse, TreatmentSession, ZoneTreatment
from sessions.scheduling.courses import Course, courses_of

# A step only makes sense while the session is in one of these statuses.
FITS: dict[str, tuple[Status, ...]] = {
    Anchor.BOOKED: UPCOMING,
    Anchor.STARTS: UPCOMING,
    Anchor.COMPLETED: SIGNED,
    Anchor.LAST_SESSION: (Status.COMPLETED,),
    Anchor.ABORTED: (Status.ABORTED,),
    Anchor.MISSED: (Status.NO_SHOW,),
    Anchor.CANCELLED: (Status.CANCELLED,),
    Anchor.MOVED: UPCOMING,
    Anchor.ANSWERED: tuple(Status),
    Anchor.LINK_CLOSED: tuple(Status),
    Anchor.LOT_RECALLED: tuple(Status),
    Anchor.LATE: UPCOMING,
    Anchor.AWAY: UPCOMING,
    Anchor.ASKED: (*UPCOMING, Status.CHECKED_IN),
}


@dataclass
class Facts:
    """What conditions ask about some sessions; only what the steps at hand ask about is read."""

    zones: dict[UUID, set[str]]
    numbed: set[UUID]
    courses: dict[UUID, list[Course]]  # of all areas of a sitting
    rescheduled: set[UUID]


def gather(sessions: Iterable[TreatmentSession], steps: Iterable[CareStep]) -> Facts:
    """At most four queries, however many sessions."""
    steps, sessions = list(steps), list(sessions)
    ids = [session.pk for session in sessions]
    zones: dict[UUID, set[str]] = {}
    numbed: set[UUID] = set()
    courses: dict[UUID, list[Course]] = {}
    rescheduled: set[UUID] = set()
    is_aborted = any(session.status == Status.ABORTED for session in sessions)
    if is_aborted or any(step.zones for step in steps):
        rows = _of_sittings(ZoneTreatment.objects, ids)
        for session_id, code in rows.values_list("leading", "zone__code"):
            zones.setdefault(session_id, set()).add(code)
    if any(step.anaesthetic_used is not None for step in steps):
        uses = _of_sittings(ProductUse.objects, ids).filter(product__kind=ProductKind.ANAESTHETIC)
        numbed = set(uses.values_list("leading", flat=True))
    if any(asks_about_the_course(step) for step in steps):
        courses = courses_of(session.pk for session in sessions if session.plan_id)
    if any(step.anchor == Anchor.CANCELLED for step in steps):
        later = TreatmentSession.objects.filter(rescheduled_from__in=ids)
        rescheduled = set(later.values_list("rescheduled_from_id", flat=True))
    return Facts(zones, numbed, courses, rescheduled)


def _of_sittings(rows: Any, ids: list[UUID]) -> Any:
    """The rows of these sessions and of the further areas that they lead."""
    of_these = Q(session__in=ids) | Q(session__sitting__in=ids)
    leading = Coalesce("session__sitting", "session")
    return rows.filter(of_these).annotate(leading=leading)


def unmet(step: CareStep, session: TreatmentSession, facts: Facts) -> str:
    """Why `step` is not for this session, in words; "" if it is. `session.patient` is loaded."""
    if not step.is_active:
        return "the step is switched off"
    if session.kind not in step.kinds:
        return "it is for other visits"
    if session.sitting_id:
        return "the leading area of the sitting tells of it"
    if session.status not in FITS[step.anchor]:
        return f"the session is {in_english(Status, session.status)}"
    if step.anchor == Anchor.BOOKED and session.rescheduled_from_id:
        return "it was booked before, at another time"
    if step.anchor == Anchor.MOVED and not session.rescheduled_from_id:
        return "it has not moved"
    if step.anchor == Anchor.CANCELLED and session.pk in facts.rescheduled:
        return "it has moved to another time"
    if session.status == Status.ABORTED and (why := _unmet_after_abort(step, session, facts)):
        return why
    if step.skin_types and session.patient.skin_type not in step.skin_types:
        return "it is for other skin types"
    if step.anchor in TREATED:
        if step.zones and not facts.zones.get(session.pk, set()) & set(step.zones):
            return "none of its zones was treated"
        numbed = session.pk in facts.numbed
        if step.anaesthetic_used is not None and step.anaesthetic_used != numbed:
            return "the skin was numbed" if numbed else "the skin was not numbed"
    if asks_about_the_course(step) and session.kind == Kind.TREATMENT:
        courses = facts.courses.get(session.pk, [Course()])
        return unmet_in_courses(step, session, courses)
    return ""


def _unmet_after_abort(step: CareStep, session: TreatmentSession, facts: Facts) -> str:
    """Skin that was needled is looked after all the same. But nobody is thanked for coming right
    after it (offset 0: the steps of `Anchor.ABORTED` stand in), nor asked to book again."""
    if not facts.zones.get(session.pk):
        return "nothing was needled"
    is_of_a_completed_one = not step.offset or step.next_session_booked is not None
    if step.anchor == Anchor.COMPLETED and is_of_a_completed_one:
        return "the session was aborted"
    return ""


def unmet_now(message: Message) -> str:
    """The same for a message that is about to be sent; its session and patient are read afresh."""
    session = message.session
    session.patient = message.patient
    return unmet(message.step, session, gather([session], [message.step]))
