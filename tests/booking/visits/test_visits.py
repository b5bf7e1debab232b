"""Booking visits that treat nothing, and their lives."""

from datetime import datetime
from typing import Any

import pytest

from clinic.errors import DomainError
from clinic.models import Clinic, Role, User
from patients.models import Patient, TaskStatus
from sessions import services
from sessions.lifecycle import Status
from sessions.models import FreedSlot, Kind, TreatmentSession
from sessions.services.booking.checks.clash import PatientTaken, PractitionerTaken, RoomTaken
from sessions.services.booking.checks.presence import NotTheirVisit, PractitionerOff, RoomUnfit
from sessions.services.booking.moves import FindingMissing, NothingCharted
from sessions.services.booking.visits import WrongForVisit
from sessions.services.record.chart import NotATreatment
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    RoomFactory,
    SideEffectFactory,
    StaffTaskFactory,
    TimeOffFactory,
    UserFactory,
    VisitFactory,
    WaitlistEntryFactory,
    visit_type_of,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def caller(clinic: Clinic) -> Patient:
    return PatientFactory(clinic=clinic)


def book(
    patient: Patient, who: User, code: str = "consultation", **changes: Any
) -> TreatmentSession:
    visit_type = visit_type_of(patient.clinic, code)
    details: dict[str, Any] = {
        "visit_type": visit_type,
        "patient": patient,
        "starts_at": NINE,
        "practitioner": who,
        "at": NINE - DAY,
        "by": who,
    }
    if visit_type.needs_room:
        details["room"] = RoomFactory(clinic=patient.clinic)
    if visit_type.needs_device:
        details["device"] = DeviceFactory(clinic=patient.clinic)
    return services.book_visit(**{**details, **changes})


def move(
    session: TreatmentSession, to: str, at: datetime = NINE, **details: Any
) -> TreatmentSession:
    return services.move_session(
        session_id=session.pk, to=to, at=at, by=session.practitioner, **details
    )


def test_a_visit_takes_as_long_as_its_kind_says(caller: Patient, alice: User) -> None:
    session = book(caller, alice)

    assert session.kind == Kind.CONSULTATION
    assert session.ends_at == NINE + HOUR / 2
    assert session.released_at == NINE + HOUR / 2 + HOUR / 12
    assert [event.new_status for event in session.events.all()] == [Status.BOOKED]


@pytest.mark.parametrize(
    "code", ["consultation", "video-consultation", "check", "check-by-phone", "test-spot"]
)
def test_it_lives_as_any_session_and_needs_no_chart(
    caller: Patient, alice: User, code: str
) -> None:
    link = {"video_url": "https://meet.example/1"} if code.startswith("video") else {}
    session = book(caller, alice, code, **link)

    for status in (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS):
        move(session, status)
    done = move(session, Status.COMPLETED, note="Told about the course.")

    assert (done.status, done.notes) == (Status.COMPLETED, "Told about the course.")
    assert done.signed_by == alice


def test_a_treatment_still_needs_its_chart(booking: Booking) -> None:
    session = booking.in_progress()

    with pytest.raises(NothingCharted):
        booking.move(session, Status.COMPLETED)


def test_what_is_taken_is_named(booking: Booking, caller: Patient) -> None:
    taken = booking.book()
    alice, other = booking.practitioner, UserFactory(clinic=caller.clinic)

    with pytest.raises(PractitionerTaken):
        book(caller, alice)
    with pytest.raises(RoomTaken):
        book(caller, other, room=booking.room)
    with pytest.raises(PatientTaken):
        book(taken.patient, other)
    assert book(caller, alice, starts_at=taken.ends_at)
    with pytest.raises(PractitionerTaken):
        booking.book(taken.ends_at, plan=PlanFactory(patient__clinic=caller.clinic))


def test_hours_count_for_a_phone_call_too(caller: Patient, alice: User) -> None:
    TimeOffFactory(practitioner=alice)

    with pytest.raises(PractitionerOff):
        book(caller, alice, "check-by-phone")


def test_who_may_do_it_says_its_kind(caller: Patient, alice: User, dana: User) -> None:
    phone = visit_type_of(caller.clinic, "check-by-phone")

    with pytest.raises(NotTheirVisit):
        book(caller, dana, "check-by-phone")
    phone.roles = [Role.RECEPTIONIST]
    phone.save()

    assert book(caller, dana, "check-by-phone").practitioner == dana
    with pytest.raises(NotTheirVisit):
        book(caller, alice, "check-by-phone")


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("treatment", {}, "visit_type"),
        ("consultation", {"room": None}, "room"),
        ("check-by-phone", {"room": RoomFactory}, "room"),
        ("consultation", {"device": DeviceFactory}, "device"),
        ("test-spot", {"device": None}, "device"),
        ("video-consultation", {}, "video_url"),
        ("consultation", {"video_url": "https://meet.example/1"}, "video_url"),
        ("video-consultation", {"video_url": "http://meet.example/1"}, "video_url"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(
    caller: Patient, alice: User, code: str, changes: dict[str, Any], field: str
) -> None:
    made = {name: value() if callable(value) else value for name, value in changes.items()}

    with pytest.raises(WrongForVisit) as refusal:
        book(caller, alice, code, **made)

    assert refusal.value.field == field


def test_a_visit_is_in_its_own_rooms(caller: Patient, alice: User) -> None:
    own = RoomFactory(clinic=caller.clinic)
    visit_type_of(caller.clinic, "consultation").rooms.add(own)

    with pytest.raises(RoomUnfit, match=str(own)):
        book(caller, alice)
    assert book(caller, alice, room=own)


def test_another_clinics_things_and_another_patients_plan_are_refused(
    caller: Patient, alice: User, other_clinic: Clinic
) -> None:
    stranger = PlanFactory(patient__clinic=caller.clinic)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("room", {"room": RoomFactory(clinic=other_clinic)}),
        ("plan", {"code": "check", "plan": stranger}),
        ("visit_type", {"visit_type": visit_type_of(other_clinic, "consultation")}),
        ("task", {"code": "check", "task": StaffTaskFactory(clinic=caller.clinic)}),
    ]
    for field, changes in cases:
        with pytest.raises(DomainError) as refusal:
            book(caller, alice, **changes)
        assert refusal.value.field == field


def test_a_check_closes_what_it_was_opened_from(booking: Booking) -> None:
    alice, session = booking.practitioner, booking.completed()
    effect = SideEffectFactory(session=session, grade=2)
    task = StaffTaskFactory(clinic=session.clinic, patient=session.patient)
    later = NINE + DAY
    check = book(session.patient, alice, "check", starts_at=later, side_effect=effect, task=task)
    for status in (Status.CHECKED_IN, Status.IN_PROGRESS):
        move(check, status, later)

    with pytest.raises(FindingMissing):
        move(check, Status.COMPLETED, later)
    move(check, Status.COMPLETED, later, note="Pale again.")

    effect.refresh_from_db()
    task.refresh_from_db()
    assert (effect.resolved_at, effect.resolution) == (later, "Pale again.")
    assert (task.status, task.done_note) == (TaskStatus.DONE, "Pale again.")


def test_what_goes_on_only_gets_the_finding(booking: Booking) -> None:
    session = booking.completed()
    effect = SideEffectFactory(session=session, grade=2, note="Red.")
    check = VisitFactory(
        code="check",
        patient=session.patient,
        side_effect=effect,
        status=Status.IN_PROGRESS,
        starts_at=NINE + DAY,
    )

    move(check, Status.COMPLETED, NINE + DAY, note="Still red.", goes_on=True)

    effect.refresh_from_db()
    assert (effect.resolved_at, effect.note) == (None, "Red.\n\nStill red.")


def test_it_is_rescheduled_with_all_that_it_is_about(booking: Booking) -> None:
    session = booking.completed()
    effect = SideEffectFactory(session=session)
    check = book(
        session.patient, booking.practitioner, "check", starts_at=NINE + DAY, side_effect=effect
    )

    moved = services.reschedule_session(
        session_id=check.pk, starts_at=NINE + 2 * DAY, at=NINE, by=booking.practitioner
    )

    check.refresh_from_db()
    assert check.status == Status.CANCELLED
    assert (moved.kind, moved.side_effect, moved.rescheduled_from) == (Kind.CHECK, effect, check)
    assert moved.room == check.room


def test_nothing_is_charted_at_a_talk(caller: Patient, alice: User) -> None:
    session = book(caller, alice)
    for status in (Status.CHECKED_IN, Status.IN_PROGRESS):
        move(session, status)

    with pytest.raises(NotATreatment):
        services.write_chart(session_id=session.pk, zones=[], at=NINE, by=alice)
    with pytest.raises(NotATreatment):
        services.use_cartridge(session_id=session.pk, code="01", at=NINE, by=alice)


def test_an_outcome_visit_leaves_the_course_of_its_plan_alone(booking: Booking) -> None:
    """Series and “book next” count treatments."""
    plan = booking.plan
    before = len(services.propose_series(plan=plan, at=NINE))

    book(plan.patient, booking.practitioner, "outcome-90d", plan=plan)

    assert len(services.propose_series(plan=plan, at=NINE)) == before


def test_a_call_that_is_cancelled_is_offered_to_nobody_who_waits_for_a_treatment(
    caller: Patient, alice: User
) -> None:
    WaitlistEntryFactory(plan=PlanFactory(patient=caller))
    call = book(caller, alice, "check-by-phone")

    move(call, Status.CANCELLED, at=NINE - HOUR)

    assert call.room is None
    assert not FreedSlot.objects.exists()
