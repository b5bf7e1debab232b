"""Letters that ask for a visit, after a sitting for several areas: one letter, of all that it is
for."""

import pytest

from aftercare.models import Anchor, Message
from aftercare.texts.values import values_of
from clinic.models import User
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    SessionFactory,
    visit_type_of,
)
from tests.planning.steps import outbox, plan_after

pytestmark = pytest.mark.django_db
NEXT, LATE = "book-next", "outcome-90d"


@pytest.fixture
def neck(booking: Booking) -> TreatmentPlan:
    """Another area of the same patient, which wants twelve days more."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol, version=2, hard_min_days=40, soft_min_days=40, target_min_days=40
    )
    return PlanFactory(patient=booking.plan.patient, protocol=protocol)


@pytest.fixture
def steps(db: None) -> None:
    CareStepFactory(
        code=NEXT,
        offset=-DAY,
        from_next_window=True,
        useful_for=21 * DAY,
        next_session_booked=False,
    )
    CareStepFactory(code=LATE, anchor=Anchor.LAST_SESSION, offset=90 * DAY, asks_for=LATE)


def treat(booking: Booking, neck: TreatmentPlan, *, neck_is: str) -> TreatmentSession:
    """Face and neck in one sitting, of which the face is done."""
    shared = {
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
    }
    face = SessionFactory(plan=booking.plan, status=Status.COMPLETED, **shared)
    SessionFactory(plan=neck, sitting=face, status=neck_is, **shared)
    plan_after(face)
    return face


@pytest.fixture
def sitting(booking: Booking, neck: TreatmentPlan, steps: None) -> TreatmentSession:
    return treat(booking, neck, neck_is=Status.COMPLETED)


def told(code: str) -> str:
    """Which areas the letter that waits is about."""
    message = Message.objects.select_related("session", "step", "patient", "clinic").get(
        step__code=code, status="PENDING"
    )
    areas: str = values_of(message, language="en", names={"areas"})["areas"]
    return areas


def book(booking: Booking, days: int, *plans: TreatmentPlan) -> TreatmentSession:
    first, *further = plans
    at = NINE + DAY
    return booking.book(NINE + days * DAY, plan=first, further_plans=further, at=at)


def test_one_letter_speaks_of_both_and_waits_for_the_slower_one(
    booking: Booking, neck: TreatmentPlan, sitting: TreatmentSession
) -> None:
    assert outbox() == [(NEXT, "EMAIL", "PENDING"), (LATE, "EMAIL", "PENDING")]
    assert set(Message.objects.values_list("session", flat=True)) == {sitting.pk}
    assert Message.objects.get(step__code=NEXT).due_at == NINE + HOUR + 39 * DAY
    both = f"{booking.plan.area} and {neck.area}"
    assert (told(NEXT), told(LATE)) == (both, both)


def test_the_next_sitting_withdraws_it_and_its_end_brings_it_back(
    booking: Booking, neck: TreatmentPlan, sitting: TreatmentSession
) -> None:
    later = book(booking, 45, booking.plan, neck)
    assert outbox(status="PENDING") == []

    booking.move(later, Status.CANCELLED, at=NINE + 2 * DAY)

    assert outbox(status="PENDING") == [(NEXT, "EMAIL", "PENDING"), (LATE, "EMAIL", "PENDING")]
    assert told(NEXT) == f"{booking.plan.area} and {neck.area}"


@pytest.mark.parametrize("booked", [0, 1])
def test_of_an_area_that_is_booked_alone_it_is_silent(
    booking: Booking, neck: TreatmentPlan, sitting: TreatmentSession, booked: int
) -> None:
    plans = [booking.plan, neck]

    book(booking, 45, plans[booked])

    left = plans[1 - booked]
    assert (told(NEXT), told(LATE)) == (str(left.area), str(left.area))
    days = left.protocol_version.target_min_days - 1
    assert Message.objects.get(step__code=NEXT, status="PENDING").due_at == NINE + HOUR + days * DAY


def test_an_area_that_needs_no_more_is_not_asked_for(
    booking: Booking, neck: TreatmentPlan, sitting: TreatmentSession
) -> None:
    TreatmentPlan.objects.filter(pk=booking.plan.pk).update(planned_sessions=1)

    assert told(NEXT) == str(neck.area)
    assert told(LATE) == f"{booking.plan.area} and {neck.area}"


def test_one_outcome_visit_is_for_all_areas(
    booking: Booking, neck: TreatmentPlan, sitting: TreatmentSession, alice: User
) -> None:
    services.book_visit(
        visit_type=visit_type_of(booking.plan.clinic, LATE),
        patient=neck.patient,
        plan=neck,
        starts_at=NINE + 90 * DAY,
        practitioner=booking.practitioner,
        room=booking.room,
        at=NINE + DAY,
        by=alice,
    )

    assert outbox(status="PENDING") == [(NEXT, "EMAIL", "PENDING")]


@pytest.mark.usefixtures("steps")
def test_what_was_left_out_is_not_spoken_of(booking: Booking, neck: TreatmentPlan) -> None:
    treat(booking, neck, neck_is=Status.CANCELLED)

    assert told(NEXT) == told(LATE) == str(booking.plan.area)
