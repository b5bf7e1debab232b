"""Booking and rescheduling through the services."""

from datetime import datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from aftercare.models import Message, MessageStatus
from clinic.models import User, Weekday
from patients.models import Patient
from patients.services import PatientArchived
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling.spacing import TooSoon
from sessions.services.booking.book import InThePast
from sessions.services.booking.checks import clash
from sessions.services.booking.checks import prepare as rules
from sessions.services.booking.checks.presence import Closed
from sessions.services.plans import NoPractitionerHere, ProtocolDoesNotFit
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ConcernFactory,
    OpeningHoursFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.support.statements import read_all

pytestmark = pytest.mark.django_db


def test_a_booking_holds_all_its_times(booking: Booking) -> None:
    session = booking.book()

    assert session.ends_at == NINE + HOUR
    assert session.released_at == NINE + timedelta(minutes=75)
    assert session.recovers_at == NINE + 28 * DAY
    assert session.time_zone == "Europe/Berlin"
    assert (session.patient, session.area) == (booking.plan.patient, booking.plan.area)
    assert session.events.get().by == booking.practitioner


def test_recovery_is_counted_on_the_wall_clock_of_the_clinic(booking: Booking) -> None:
    before_summer = NINE.replace(month=3, day=18)  # 10:00 in Berlin, two weeks before the change

    session = booking.book(before_summer)

    zone = session.clinic.zone
    assert session.recovers_at == before_summer + 28 * DAY - HOUR
    assert session.recovers_at.astimezone(zone).hour == before_summer.astimezone(zone).hour


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("practitioner", clash.PractitionerTaken),
        ("room", clash.RoomTaken),
        ("device", clash.DeviceTaken),
    ],
)
def test_what_is_taken_is_named(
    booking: Booking, another_booking: Booking, resource: str, error: type[Exception]
) -> None:
    booking.book()
    setattr(another_booking, resource, getattr(booking, resource))

    with pytest.raises(error, match="7 Jan 2030 at 10:00") as refused:
        another_booking.book()

    assert booking.plan.patient.family_name not in str(refused.value)
    assert TreatmentSession.objects.count() == 1


def test_room_and_device_are_taken_until_they_are_clean(
    booking: Booking, another_booking: Booking
) -> None:
    session = booking.book()
    another_booking.room = booking.room

    with pytest.raises(clash.RoomTaken):
        another_booking.book(session.ends_at)

    assert another_booking.book(session.released_at).room == booking.room


def test_a_practitioner_can_go_on_at_once_in_another_room(
    booking: Booking, another_booking: Booking
) -> None:
    session = booking.book()
    another_booking.practitioner = booking.practitioner

    assert another_booking.book(session.ends_at).practitioner == booking.practitioner


def test_a_patient_cannot_have_two_areas_treated_at_once(
    booking: Booking, another_booking: Booking
) -> None:
    booking.book()
    another_booking.plan = PlanFactory(patient=booking.plan.patient)

    with pytest.raises(clash.PatientTaken):
        another_booking.book()


@pytest.mark.parametrize("days", [1, 19, 27])
@pytest.mark.parametrize("direction", [1, -1])
def test_too_soon_says_which_session_which_rule_and_from_when(
    booking: Booking, days: int, direction: int
) -> None:
    first = booking.book()

    with pytest.raises(TooSoon) as refused:
        booking.book(NINE + direction * days * DAY)

    assert "must be 28 days apart" in refused.value.message
    assert "7 Jan 2030 at 10:00" in refused.value.message
    assert refused.value.extra["earliest_at"] == "2030-02-04T09:00:00Z"
    assert refused.value.extra["earliest_on"] == "2030-02-04"
    assert refused.value.extra["conflicting_session"] == str(first.pk)
    assert refused.value.field == "starts_at"


def test_the_earliest_date_skips_over_later_sessions(booking: Booking) -> None:
    booking.book()
    booking.book(NINE + 40 * DAY)

    with pytest.raises(TooSoon) as refused:
        booking.book(NINE + 10 * DAY)

    assert refused.value.extra["earliest_on"] == (NINE + 68 * DAY).date().isoformat()


def test_too_soon_comes_before_any_taken_room(booking: Booking, another_booking: Booking) -> None:
    """Another room would not help, so the room is not what the desk should hear about."""
    booking.book()
    another_booking.room = booking.room
    another_booking.book(NINE + 7 * DAY)

    with pytest.raises(TooSoon):
        booking.book(NINE + 7 * DAY)


def test_another_area_needs_no_recovery(booking: Booking) -> None:
    booking.book()
    booking.plan = PlanFactory(patient=booking.plan.patient)

    assert booking.book(NINE + DAY).starts_at == NINE + DAY


def test_a_cancelled_session_frees_slot_and_skin(booking: Booking) -> None:
    booking.move(booking.book(), Status.CANCELLED)

    assert booking.book().status == Status.BOOKED


def test_the_past_cannot_be_booked(booking: Booking) -> None:
    with pytest.raises(InThePast):
        booking.book(at=NINE + timedelta(minutes=15, seconds=1))


def test_a_walk_in_may_be_typed_in_a_quarter_of_an_hour_late(booking: Booking) -> None:
    assert booking.book(at=NINE + timedelta(minutes=15)).starts_at == NINE


def test_a_closed_clinic_takes_no_booking(booking: Booking) -> None:
    clinic = booking.plan.clinic
    clinic.opening_hours.all().delete()
    OpeningHoursFactory(clinic=clinic, weekday=Weekday.MONDAY, opens_at=time(8), closes_at=time(18))

    with pytest.raises(Closed, match="not open for the whole session"):
        booking.book(NINE + timedelta(hours=7, minutes=30))  # 17:30 to 18:30
    with pytest.raises(Closed):
        booking.book(NINE + DAY)

    assert booking.book(NINE + 7 * HOUR).ends_at.astimezone(clinic.zone).hour == 18


def test_only_what_is_in_use_at_the_clinic_can_be_booked(booking: Booking, bob: User) -> None:
    with pytest.raises(rules.NotBookable, match="not in use at this clinic"):
        booking.book(room=RoomFactory())
    with pytest.raises(rules.OutOfUse, match="take another room"):
        booking.book(room=RoomFactory(clinic=booking.plan.clinic, is_active=False))
    with pytest.raises(NoPractitionerHere):
        booking.book(practitioner=bob)
    with pytest.raises(NoPractitionerHere):
        booking.book(practitioner=UserFactory(clinic=booking.plan.clinic, role="RECEPTIONIST"))


def test_a_plan_that_was_held_since_it_was_read_is_not_booked(booking: Booking) -> None:
    known = TreatmentPlan.objects.with_booking_facts().get(pk=booking.plan.pk)
    decider = services.Decider(at=NINE - 4 * DAY, by=booking.practitioner, reason="Ill.")
    services.move_plan(plan_id=known.pk, to="ON_HOLD", decider=decider)

    with pytest.raises(rules.PlanNotActive):
        booking.book(plan=known)


def test_a_patient_who_was_archived_since_is_not_booked(booking: Booking) -> None:
    known = TreatmentPlan.objects.with_booking_facts().get(pk=booking.plan.pk)
    Patient.objects.filter(pk=known.patient_id).update(archived_at=NINE - DAY)

    with pytest.raises(PatientArchived):
        booking.book(plan=known)


def test_an_archived_patient_is_not_booked(booking: Booking) -> None:
    patient = booking.plan.patient
    patient.archived_at = NINE - DAY
    patient.save()

    with pytest.raises(PatientArchived):
        booking.book()


def test_a_plan_needs_the_protocol_of_its_concern_and_area(clinic: object, alice: User) -> None:
    protocol = ProtocolFactory()

    with pytest.raises(ProtocolDoesNotFit, match=str(protocol.concern)):
        services.create_plan(
            patient=PatientFactory(clinic=clinic),
            concern=ConcernFactory(),
            area=protocol.area,
            protocol=protocol,
            practitioner=None,
            at=NINE,
            by=alice,
        )


def reschedule(session: TreatmentSession, to: datetime, by: User) -> TreatmentSession:
    return services.reschedule_session(
        session_id=session.pk, starts_at=to, at=NINE - DAY, by=by, reason="ill"
    )


def test_rescheduling_keeps_the_chain(booking: Booking) -> None:
    old = booking.book()

    new = reschedule(old, NINE + HOUR / 2, booking.practitioner)  # overlaps its own old time

    old.refresh_from_db()
    assert old.status == Status.CANCELLED
    assert old.events.order_by("id").last().reason == "ill"  # type: ignore[union-attr]
    assert new.rescheduled_from == old
    assert (new.room, new.device) == (old.room, old.device)


def test_a_refused_reschedule_leaves_the_old_session_as_it_was(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.room = booking.room
    another_booking.book(NINE + 2 * HOUR)
    old = booking.book()

    with pytest.raises(clash.RoomTaken):
        reschedule(old, NINE + 2 * HOUR, booking.practitioner)

    old.refresh_from_db()
    assert old.status == Status.BOOKED
    assert TreatmentSession.objects.count() == 2


def test_a_booking_takes_six_queries(booking: Booking, another_booking: Booking) -> None:
    """The version of the protocol, the locks with how it stands; the session, its history, the
    steps and the messages. Savepoints are not counted."""
    CareStepFactory(anchor="BOOKED")
    CareStepFactory(anchor="STARTS", offset=-2 * DAY)
    another_booking.book()  # teaches the connection its statements

    with CaptureQueriesContext(connection) as queries:
        booking.book()

    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 6, "\n".join(asked)


def test_a_further_booking_and_its_move_take_so_many_statements(
    booking: Booking, another_booking: Booking, catalogue: None
) -> None:
    """With the whole sequence that ships: a booking that follows on a treatment withdraws what had
    asked for it, and a move ends what had told of the old time, each in one statement. The version
    of the protocol comes with what the body names."""
    another_booking.book()  # teaches the connection its statements
    treated = booking.completed()
    asking = Message.objects.filter(session=treated, status=MessageStatus.PENDING)
    before = asking.count()
    known = TreatmentPlan.objects.with_booking_facts().get(pk=booking.plan.pk)
    known.protocol.in_effect_now = treated.protocol_version  # as the API has it from the body

    with CaptureQueriesContext(connection) as booked:
        following = booking.book(treated.starts_at + 42 * DAY, plan=known)
    withdrawn = before - asking.count()
    with CaptureQueriesContext(connection) as moved:
        reschedule(following, following.starts_at + DAY, booking.practitioner)

    told = Message.objects.filter(session=following, status=MessageStatus.CANCELLED)
    assert (withdrawn, told.count()) == (4, 5)
    assert (asked(booked), asked(moved)) == (10, 21)
    assert [*read_all(booked, moved)] == []


def asked(queries: CaptureQueriesContext) -> int:
    return sum("SAVEPOINT" not in query["sql"] for query in queries)


def test_another_constraint_than_those_of_time_and_skin_is_named(booking: Booking) -> None:
    """One session at most follows on another. That is no clash: PostgreSQL's word is passed on."""
    old = SessionFactory(plan=booking.plan, status=Status.CANCELLED)
    SessionFactory(plan=booking.plan, status=Status.CANCELLED, rescheduled_from=old)
    session = rules.prepare_session(
        plan=booking.plan,
        starts_at=NINE + 90 * DAY,
        practitioner=booking.practitioner,
        room=booking.room,
        device=booking.device,
        at=NINE,
    )
    session.rescheduled_from = old
    session.visit_type = old.visit_type

    with pytest.raises(IntegrityError, match="rescheduled_from"), transaction.atomic():
        clash.insert(session, at=NINE)
