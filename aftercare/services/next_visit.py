"""The visit that a letter asks its patient to book: what it is, when it can be, and booking it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from uuid import UUID

from django.db.models import Q

from aftercare.models import CareStep, Message
from aftercare.models.course import concerned, days_until_next, unmet_in_courses
from clinic.db.retries import Busy, retried_transaction
from clinic.errors import DomainError
from clinic.models import Device, Room, User
from sessions.lifecycle import PlanKind, Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession, VisitType, of_treatment
from sessions.safety.loading.washouts import Washouts, load_washouts
from sessions.scheduling.availability import Offer, offers
from sessions.scheduling.courses import STILL_TO_COME, Course, courses_of
from sessions.scheduling.wanted import VisitRequest, Wanted, sitting_of
from sessions.services import book_session, book_visit
from sessions.services.booking.book import lock_for_bookings, lock_names
from sessions.services.booking.checks.rules import NotACandidate, OpenSideEffects, ScreeningBlocks
from sessions.services.booking.sitting.areas import open_plans

BOOKED_BY_PATIENT = "Booked by the patient on the page."


class Outcome(StrEnum):
    """What became of a wish to book."""

    BOOKED = auto()
    GONE = auto()  # another time may do
    FOR_THE_DESK = auto()  # no time will: a person has to look first


@dataclass(frozen=True)
class AskedVisit:
    """What a patient may book by a letter's link, and on which of the clinic's days."""

    visit_type: VisitType
    plans: list[TreatmentPlan]  # the leading one first
    practitioner_id: UUID
    first: date
    last: date | None
    washouts: Washouts | None = None  # of a treatment

    @property
    def wanted(self) -> Wanted:
        if self.visit_type.kind == Kind.TREATMENT:
            return sitting_of(*self.plans)
        return VisitRequest(self.visit_type, self.plans[0].patient, self.plans[0])


def visit_after(message: Message) -> TreatmentSession | None:
    """The visit that the letter asks for, once it is booked, by whomever."""
    session, step = message.session, message.step
    if not _asks(step, session) or not unmet_in_courses(step, session, _courses(session)):
        return None
    sitting = TreatmentSession.objects.of_sitting(session.pk)
    kept_up = Q(plan__kind=PlanKind.MAINTENANCE)
    rows = TreatmentSession.objects.filter(
        Q(plan__in=sitting.values("plan")) | (kept_up & Q(area__in=sitting.values("area"))),
        patient=session.patient_id,
        status__in=STILL_TO_COME,
        starts_at__gt=session.starts_at,
    )
    if step.asks_for:
        rows = rows.filter(visit_type__code=step.asks_for)
    else:
        rows = rows.filter(kind=Kind.TREATMENT)
    loaded = rows.select_related("practitioner", "sitting__practitioner")
    found = loaded.order_by("starts_at", "pk").first()
    return (found.sitting or found) if found else None


def asked_visit(message: Message, *, at: datetime) -> AskedVisit | None:
    """None if the letter asks for none or has it booked, if its window has closed, and if the
    clinic wants a call for it."""
    session, step = message.session, message.step
    if not _asks(step, session):
        return None
    by_link = VisitType.objects.filter(clinic=session.clinic_id, is_active=True)
    by_link = by_link.filter(patient_may_book=True).select_related("clinic")
    if step.asks_for:
        visit_type = by_link.filter(code=step.asks_for).first()
    else:
        visit_type = by_link.filter(kind=Kind.TREATMENT).first()
    courses = _courses(session)
    if visit_type is None or unmet_in_courses(step, session, courses):
        return None
    asked = {course.area[0]: course for course in concerned(step, session, courses)}
    plans = [plan for plan in open_plans(session) if plan.area.code in asked]
    if visit_type.kind == Kind.TREATMENT:
        plans = _going_on(plans, asked)
    first, last = _days(visit_type, session, days_until_next(step, session, courses))
    first = max(first, at.astimezone(session.clinic.zone).date())
    washouts = None
    if visit_type.kind == Kind.TREATMENT and plans:
        washouts = load_washouts(plans, at=at)
        first = washouts.end_after(first, plans) or first
    if not plans or (last and last < first):
        return None
    return AskedVisit(visit_type, plans, session.practitioner_id, first, last, washouts)


def times_to_book(asked: AskedVisit, *, first: date, last: date, at: datetime) -> list[Offer]:
    """What is free from one local day to another, with the practitioner of the last time where
    possible."""
    first = max(first, asked.first)
    last = min(last, asked.last or last)
    if last < first:
        return []
    found = offers(
        wanted=asked.wanted,
        first=first,
        last=last,
        practitioner_id=asked.practitioner_id,
        others=True,
        at=at,
    )
    return without_washouts(found, asked.washouts, asked.plans) if asked.washouts else found


def without_washouts(
    found: list[Offer], washouts: Washouts, plans: list[TreatmentPlan]
) -> list[Offer]:
    """Those on days of the clinic for which nothing has to be waited."""
    zone = washouts.patient.clinic.zone
    days = [offer.starts_at.astimezone(zone).date() for offer in found]
    possible = washouts.possible(days, plans)
    return [offer for offer, day in zip(found, days, strict=True) if day in possible]


@retried_transaction
def book_asked_visit(*, message_id: UUID, starts_at: datetime, at: datetime) -> Outcome:
    """By the services and the locks of the desk. What is booked by then stays: nothing is booked
    twice, however often it is pressed."""
    message = Message.objects.select_related("step", "session__clinic").get(pk=message_id)
    asked = asked_visit(message, at=at)
    offer = asked and _offer_at(asked, starts_at, at=at)
    if not asked or not offer:
        return Outcome.BOOKED if visit_after(message) else Outcome.GONE
    practitioner = User.objects.get(pk=offer.practitioner_id)
    room = Room.objects.get(pk=offer.room_id) if offer.room_id else None
    device = Device.objects.get(pk=offer.device_id) if offer.device_id else None
    patient = asked.plans[0].patient
    lock_for_bookings(
        *lock_names(practitioner=practitioner, room=room, device=device, patient_id=patient.pk),
        clinic_id=patient.clinic_id,
    )
    if visit_after(message):
        return Outcome.BOOKED
    try:
        if asked.visit_type.kind == Kind.TREATMENT:
            plan, *further = asked.plans
            book_session(
                plan=plan,
                further_plans=further,
                starts_at=starts_at,
                practitioner=practitioner,
                room=of_treatment(room),
                device=of_treatment(device),
                at=at,
                by=None,
                reason=BOOKED_BY_PATIENT,
            )
        else:
            book_visit(
                visit_type=asked.visit_type,
                patient=patient,
                plan=asked.plans[0],
                starts_at=starts_at,
                practitioner=practitioner,
                room=room,
                device=device,
                at=at,
                by=None,
                reason=BOOKED_BY_PATIENT,
            )
    except Busy:
        raise
    except (NotACandidate, OpenSideEffects, ScreeningBlocks):
        return Outcome.FOR_THE_DESK
    except DomainError:  # somebody was faster
        return Outcome.GONE
    return Outcome.BOOKED


def _asks(step: CareStep, session: TreatmentSession) -> bool:
    is_for_next = step.next_session_booked is False
    return session.status == Status.COMPLETED and bool(step.asks_for or is_for_next)


def _courses(session: TreatmentSession) -> list[Course]:
    return courses_of([session.pk]).get(session.pk, [])


def _going_on(plans: list[TreatmentPlan], asked: Mapping[str, Course]) -> list[TreatmentPlan]:
    """With the maintenance that follows instead of a plan that is done."""
    wanted = [asked[plan.area.code].goes_on_with or plan.pk for plan in plans]
    if wanted == [plan.pk for plan in plans]:
        return plans
    found = TreatmentPlan.objects.with_booking_facts().in_bulk(wanted)
    return [found[pk] for pk in wanted]


def _days(
    visit_type: VisitType, session: TreatmentSession, until_next: int
) -> tuple[date, date | None]:
    """The first day that skin or window allow, and the last one of the window."""
    day = session.starts_at_local.date()
    if visit_type.kind == Kind.TREATMENT:
        return day + timedelta(days=until_next), None
    until = visit_type.window_until_days
    return (
        day + timedelta(days=visit_type.window_from_days or 0),
        None if until is None else day + timedelta(days=until),
    )


def _offer_at(asked: AskedVisit, starts_at: datetime, *, at: datetime) -> Offer | None:
    day = starts_at.astimezone(asked.visit_type.clinic.zone).date()
    found = times_to_book(asked, first=day, last=day, at=at)
    return next((offer for offer in found if offer.starts_at == starts_at), None)
