"""For whom a step is, what a change of the sequence does, and which channel is used."""

from datetime import time, timedelta
from typing import Any

import pgtrigger
import pytest
from django.core.exceptions import ValidationError

from aftercare import services
from aftercare.models import Anchor, Message
from aftercare.planning import plan as planning
from aftercare.planning.plan import Replan, replan
from aftercare.signals import message_ended
from clinic.models import User
from patients.models import Patient
from sessions.lifecycle import PlanStatus, Status
from sessions.models import ProductKind, TreatmentPlan
from sessions.services import Decider, move_plan, reschedule_session
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    PatientFactory,
    PlanFactory,
    ProductFactory,
    ProductUseFactory,
    ProtocolFactory,
    TemplateFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
)
from tests.planning.steps import agrees, done, outbox, plan_after
from tests.support.doubles import SmtpServer
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("skin_type", "planned"), [(3, 0), (4, 1), (6, 1), (None, 0)])
def test_some_steps_are_for_some_skin_types(skin_type: int | None, planned: int) -> None:
    CareStepFactory(skin_types=[4, 5, 6])

    plan_after(done(plan__patient__skin_type=skin_type))

    assert Message.objects.count() == planned


@pytest.mark.parametrize(("treated", "planned"), [("nose", 1), ("chin", 0), (None, 0)])
def test_some_steps_are_for_some_zones(treated: str | None, planned: int) -> None:
    CareStepFactory(zones=["nose", "cheeks"])
    session = done()
    if treated:
        with pgtrigger.ignore("treatment_sessions.ZoneTreatment:locked_once_signed"):
            zone = ZoneFactory(area=session.area, code=treated)
            ZoneTreatmentFactory(session=session, zone=zone)

    plan_after(session)

    assert Message.objects.count() == planned


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None])
def test_some_steps_are_for_numbed_skin(used: bool, wanted: bool | None) -> None:
    CareStepFactory(anaesthetic_used=wanted)
    session = done()
    if used:
        with pgtrigger.ignore("treatment_sessions.ProductUse:locked_once_signed"):
            ProductUseFactory(session=session, product=ProductFactory(kind=ProductKind.ANAESTHETIC))

    plan_after(session)

    assert Message.objects.count() == (wanted in (None, used))


def test_a_step_of_the_protocol_takes_the_place_of_the_general_one(booking: Booking) -> None:
    CareStepFactory(code="check", offset=DAY)
    CareStepFactory(code="check", offset=9 * DAY, protocol=ProtocolFactory())
    own = CareStepFactory(code="check", offset=2 * DAY, protocol=booking.plan.protocol)

    session = booking.completed()

    message = Message.objects.get()
    assert (message.step, message.due_at) == (own, NINE + 2 * DAY)
    own.is_active = False
    assert replan(own, at=NINE) == Replan(cancelled=1)
    own.save()
    replan(own, at=NINE)
    assert outbox(session=session) == [("check", "EMAIL", "CANCELLED")]


def test_what_no_longer_fits_at_the_last_moment_is_not_sent(
    booking: Booking, smtp: SmtpServer
) -> None:
    """The conditions are asked again when it is due, whatever changed them."""
    from aftercare.dispatch import run as dispatch

    step = CareStepFactory(skin_types=[3])
    TemplateFactory(step=step)
    agrees(booking.plan.patient, "EMAIL")
    booking.completed()
    Patient.objects.update(skin_type=2)

    dispatch.send_due(clock=lambda: NINE)

    message = Message.objects.get()
    assert (message.status, message.reason) == (
        "CANCELLED",
        "no longer fits: it is for other skin types",
    )
    assert smtp.accepted == []


# --- the course of a plan ----------------------------------------------------------------------


@kept
def course(booking: Booking) -> Booking:
    CareStepFactory(
        code="book-next",
        offset=-DAY,
        from_next_window=True,
        useful_for=21 * DAY,
        next_session_booked=False,
    )
    CareStepFactory(code="recall", anchor=Anchor.LAST_SESSION, offset=365 * DAY, purpose="RECALL")
    CareStepFactory(code="missed", anchor=Anchor.MISSED, next_session_booked=False)
    return booking


def test_the_next_session_is_proposed_when_its_window_opens(course: Booking) -> None:
    course.completed()

    due = dict(Message.objects.values_list("step__code", "due_at"))
    assert due == {"book-next": NINE + 27 * DAY, "recall": NINE + 365 * DAY}


def test_a_booking_withdraws_what_asks_for_one_and_its_cancellation_brings_it_back(
    course: Booking,
) -> None:
    course.completed()

    later = course.book(NINE + 35 * DAY, at=NINE + DAY)
    withdrawn = outbox()
    course.move(later, Status.CANCELLED, at=NINE + 2 * DAY)

    assert withdrawn == [("book-next", "EMAIL", "CANCELLED"), ("recall", "EMAIL", "CANCELLED")]
    reasons = set(Message.objects.filter(occurrence=1).values_list("reason", flat=True))
    assert reasons == {"no longer fits: another session is booked"}
    assert outbox(occurrence=2) == [
        ("book-next", "EMAIL", "PENDING"),
        ("recall", "EMAIL", "PENDING"),
    ]


def test_a_booking_that_is_moved_leaves_alone_what_it_has_withdrawn(course: Booking) -> None:
    """Not back for its cancellation and withdrawn again for the new time."""
    course.completed()
    later = course.book(NINE + 35 * DAY, at=NINE + DAY)

    reschedule_session(
        session_id=later.pk,
        starts_at=NINE + 42 * DAY,
        at=NINE + 2 * DAY,
        by=course.practitioner,
    )

    assert outbox() == [("book-next", "EMAIL", "CANCELLED"), ("recall", "EMAIL", "CANCELLED")]


def test_what_somebody_cancelled_by_hand_does_not_come_back(course: Booking, alice: User) -> None:
    course.completed()
    by_hand = Message.objects.get(step__code="recall")
    services.cancel_message(message_id=by_hand.pk, at=NINE, by=alice)

    later = course.book(NINE + 35 * DAY, at=NINE + DAY)
    course.move(later, Status.CANCELLED, at=NINE + 2 * DAY)

    assert outbox(step__code="recall") == [("recall", "EMAIL", "CANCELLED")]


def test_after_a_later_session_only_that_one_is_the_last(course: Booking) -> None:
    first = course.completed()
    second = course.completed(NINE + 35 * DAY)

    assert outbox(session=first, status="PENDING") == []
    assert outbox(session=second) == [
        ("book-next", "EMAIL", "PENDING"),
        ("recall", "EMAIL", "PENDING"),
    ]


def test_no_next_session_is_proposed_once_the_plan_has_none_left(course: Booking) -> None:
    TreatmentPlan.objects.update(planned_sessions=1)

    course.completed()

    assert outbox() == [("recall", "EMAIL", "PENDING")]


def test_a_stopped_plan_is_followed_by_nothing(course: Booking, alice: User) -> None:
    from aftercare.planning import conditions

    course.completed()
    move_plan(
        plan_id=course.plan.pk,
        to=PlanStatus.STOPPED,
        decider=Decider(at=NINE, by=alice, reason="Moved.", rest="KEEP"),
    )

    for message in Message.objects.select_related("step", "session", "patient"):
        assert conditions.unmet_now(message), message


def test_somebody_who_did_not_come_is_asked_for_a_new_time(course: Booking) -> None:
    session = course.book()

    course.move(session, Status.NO_SHOW, at=NINE + HOUR)

    message = Message.objects.get()
    assert (message.step.code, message.status, message.due_at) == ("missed", "PENDING", NINE + HOUR)
    course.book(NINE + 7 * DAY, at=NINE + 2 * HOUR)
    assert outbox(step__code="missed") == [("missed", "EMAIL", "CANCELLED")]


@pytest.mark.parametrize("sessions", [1, 4])
def test_following_a_plan_takes_a_fixed_number_of_queries(
    course: Booking, sessions: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(sessions):
        last = course.completed(NINE + number * 35 * DAY)

    with django_assert_max_num_queries(14):
        known = planning.look_up(last, [])
        planning.follow_course(session=last, at=last.completed_at or NINE, known=known)


def test_what_only_the_quiet_hours_make_too_late_is_expired_and_announced(
    booking: Booking,
) -> None:
    """Booked at ten in the evening for half past seven: nobody can be reminded any more."""
    clinic = booking.plan.clinic
    clinic.quiet_from, clinic.quiet_until = time(21), time(8)
    clinic.save()
    booking.plan.refresh_from_db()
    CareStepFactory(anchor=Anchor.STARTS, offset=-2 * HOUR, useful_for=HOUR)
    ended = []
    listen = lambda message, status, **_: ended.append((message.pk, status))  # noqa: E731
    message_ended.connect(listen, weak=False)
    try:
        session = booking.book(NINE - 2.5 * HOUR, at=NINE - 12 * HOUR)
    finally:
        message_ended.disconnect(listen)

    message = Message.objects.get()
    assert (message.session, message.status, message.reason) == (
        session,
        "EXPIRED",
        planning.MISSED,
    )
    assert ended == [(message.pk, "EXPIRED")]


# --- what a step may be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"skin_types": [7]}, "skin_types"),
        ({"zones": ["elbow"]}, "zones"),
        ({"code": "Not a slug"}, "code"),
        ({"offset": None}, "offset"),
        ({"useful_for": timedelta(0)}, "__all__"),
        ({"offset": -HOUR}, "__all__"),
        ({"anchor": "STARTS", "from_next_window": True, "offset": -HOUR}, "__all__"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(details: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CareStepFactory.build(**details).full_clean()

    assert field in refused.value.message_dict


def test_two_patients_are_planned_for_apart() -> None:
    CareStepFactory(channel_policy="EMAIL_ELSE_SMS")
    first, second = done(), done(plan=PlanFactory(patient=PatientFactory()))
    agrees(first.patient, "SMS")
    agrees(second.patient, "EMAIL")

    for session in (first, second):
        plan_after(session)

    assert {m.patient_id: m.channel for m in Message.objects.all()} == {
        first.patient_id: "SMS",
        second.patient_id: "EMAIL",
    }
