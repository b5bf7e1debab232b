"""Letters that ask for a visit, after a sitting for several areas: one letter, of all that it is
for."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aftercare.models import Anchor, CareStep, Message
from aftercare.planning import plan as planning
from aftercare.texts.values import values_of
from clinic.catalogue import read
from clinic.management.commands.seed_catalogue import duration
from clinic.models import User
from sessions import services
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentPlan, TreatmentSession
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
from tests.planning.steps import outbox
from tests.support.catalogue import ROOT
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
NEXT, LATE = "book-next", "outcome-90d"


@kept
def neck(booking: Booking) -> TreatmentPlan:
    """Another area of the same patient, which wants twelve days more."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol, version=2, hard_min_days=40, soft_min_days=40, target_min_days=40
    )
    return PlanFactory(patient=booking.plan.patient, protocol=protocol)


@kept
def steps(db: None) -> None:
    CareStepFactory(
        code=NEXT,
        offset=-DAY,
        from_next_window=True,
        useful_for=21 * DAY,
        next_session_booked=False,
    )
    CareStepFactory(code=LATE, anchor=Anchor.LAST_SESSION, offset=90 * DAY, asks_for=LATE)


def treat(
    booking: Booking, neck: TreatmentPlan, *, neck_is: str, face_is: str = Status.COMPLETED
) -> TreatmentSession:
    """Face and neck in one sitting."""
    shared = {
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
    }
    face = SessionFactory(plan=booking.plan, status=face_is, **shared)
    SessionFactory(plan=neck, sitting=face, status=neck_is, **shared)
    SessionEvent.objects.create(
        session=face, old_status="BOOKED", new_status=face_is, at=NINE + HOUR
    )
    anchors = [Anchor.COMPLETED, Anchor.LAST_SESSION, Anchor.MISSED]
    planning.plan_messages(session=face, anchors=anchors, at=face.completed_at or NINE + HOUR)
    return face


@kept
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


ASKING = [
    step
    for step in read(Path(ROOT, "aftercare/catalogue/steps.yaml"))
    if step.get("asks_for") or step.get("next_session_booked") is False
]


@pytest.mark.parametrize("row", ASKING, ids=lambda row: row["code"])
def test_what_a_letter_asks_for_is_booked_for_both_as_long_as_it_helps(
    booking: Booking, neck: TreatmentPlan, alice: User, row: dict[str, Any]
) -> None:
    """Each step that ships and asks for a visit, on its first and in its last hour."""
    lasts = {name: duration(row[name]) for name in ("offset", "useful_for")}
    step = CareStepFactory(**{**row, "channel_policy": "EMAIL", **lasts})
    if step.asks_for:
        TreatmentPlan.objects.update(planned_sessions=1)
    status = Status.NO_SHOW if step.anchor == Anchor.MISSED else Status.COMPLETED
    treat(booking, neck, face_is=status, neck_is=status)

    for moment in moments(Message.objects.get()):
        booked = book_what_is_proposed(booking, neck, step, moment, by=alice)
        assert outbox(status="PENDING") == []
        booking.move(booked, Status.CANCELLED, at=moment)
        assert outbox(status="PENDING") == [(step.code, "EMAIL", "PENDING")]


def moments(message: Message) -> list[datetime]:
    return [message.due_at, message.expires_at - HOUR]


def book_what_is_proposed(
    booking: Booking, neck: TreatmentPlan, step: CareStep, at: datetime, *, by: User
) -> TreatmentSession:
    if not step.asks_for:
        first = services.propose_series(plan=booking.plan, further_plans=[neck], at=at)[0]
        assert first.plans == [booking.plan, neck]
        [booked] = services.book_series(
            plan_id=booking.plan.pk,
            further_plans=[neck],
            slots=[first.slot.as_booking()],
            at=at,
            by=by,
        )
        return booked
    plan, *further = TreatmentPlan.objects.with_booking_facts().order_by("pk")
    found = services.propose_follow_up(plan=plan, further_plans=further, at=at)
    wanted = next(one for one in found if one.visit_type.code == step.asks_for)
    return services.book_visit(
        visit_type=wanted.visit_type,
        patient=plan.patient,
        plan=wanted.plan,
        starts_at=wanted.slot.starts_at,
        practitioner=booking.practitioner,
        room=booking.room,
        at=at,
        by=by,
    )
