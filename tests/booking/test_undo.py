"""What was pressed by mistake is taken back within a minute, and nobody has heard of it."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from aftercare.dispatch import run as dispatch
from aftercare.models import Message, MessageStatus
from clinic.models import User
from clinic.values.languages import override_language
from patients.models import StaffTask, TaskStatus
from sessions import services
from sessions.lifecycle import UNDO_LASTS, UNDONE, Status
from sessions.models import FreedSlot, Hold, IllegalMove, SessionEvent, TreatmentSession
from sessions.scheduling.availability import SlotTaken
from sessions.services.booking.undo import NothingToUndo, UndoTooLate
from tests.booking.waitlist.conftest import join as join
from tests.booking.waitlist.waitlist import Join
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ContactConsentFactory,
    PlanFactory,
    SessionFactory,
    StaffTaskFactory,
)
from tests.support.doubles import SmtpServer
from tests.support.lives import moves
from tests.support.marked_words import words_marked

pytestmark = pytest.mark.django_db
NOW = NINE - 10 * DAY
SECOND = timedelta(seconds=1)
LAST = NOW + 59 * SECOND

TAKEN_BACK = moves("""
    CANCELLED  BOOKED CONFIRMED CHECKED_IN
    NO_SHOW    BOOKED CONFIRMED
""")


def cancel(booking: Booking, session: TreatmentSession, at: datetime = NOW, **more: Any) -> None:
    booking.move(session, Status.CANCELLED, at=at, undoable=True, **more)


def shift(session: TreatmentSession, starts_at: datetime, by: User, **more: Any) -> Any:
    return services.reschedule_session(
        session_id=session.pk, starts_at=starts_at, at=NOW, by=by, undoable=True, **more
    )


def undo(session: TreatmentSession, by: User, at: datetime = LAST) -> TreatmentSession:
    return services.undo_end(session_id=session.pk, at=at, by=by)


def send_at(at: datetime) -> None:
    dispatch.send_due(clock=lambda: at)


@pytest.mark.parametrize(("old", "new"), list(product(Status.values, repeat=2)))
def test_an_end_is_taken_back_as_the_clinic_says(old: str, new: str) -> None:
    session = SessionFactory(status=old)
    ended = SessionEvent(session=session, old_status=new, new_status=old)

    if new in TAKEN_BACK.get(old, ()):
        ended.at, ended.undo_until = NINE, NINE + UNDO_LASTS
        ended.save()
        session.take_back(ended, at=NINE + 59 * SECOND, by=None)
        assert session.status == new
    else:
        with pytest.raises(IllegalMove):
            session.take_back(ended, at=NINE, by=None)
    assert set(UNDONE) == set(TAKEN_BACK)


@pytest.mark.parametrize(
    ("after", "until", "back_to", "holds"),
    [
        (59, 60, "BOOKED", True),
        (60, 60, "BOOKED", False),
        (59, None, "BOOKED", False),
        (59, 60, "CONFIRMED", False),  # it was not that
    ],
)
def test_the_database_lets_nothing_else_come_back(
    after: int, until: int | None, back_to: str, holds: bool
) -> None:
    session = SessionFactory(status="CANCELLED")
    ends = until and NINE + until * SECOND
    session.events.create(old_status="BOOKED", new_status="CANCELLED", at=NINE, undo_until=ends)

    def come_back() -> None:
        with transaction.atomic():
            session.events.create(
                old_status="CANCELLED", new_status=back_to, at=NINE + after * SECOND
            )

    if holds:
        come_back()
    else:
        with pytest.raises(DatabaseError, match="the session has ended"):
            come_back()


@pytest.mark.parametrize(
    ("after", "in_time"), [(0, True), (59.999, True), (60, False), (61, False)]
)
def test_it_lasts_for_less_than_sixty_seconds(
    booking: Booking, after: float, in_time: bool
) -> None:
    session = booking.book(at=NOW)
    cancel(booking, session)

    if in_time:
        undo(session, booking.practitioner, NOW + after * SECOND)
    else:
        with pytest.raises(UndoTooLate):
            undo(session, booking.practitioner, NOW + after * SECOND)

    session.refresh_from_db()
    assert session.status == ("BOOKED" if in_time else "CANCELLED")


def test_a_late_cancellation_and_a_no_show_are_as_if_they_had_never_been(booking: Booking) -> None:
    session = booking.book()
    booking.move(session, Status.CONFIRMED)
    booking.move(session, Status.NO_SHOW, undoable=True)
    assert undo(session, booking.practitioner, session.starts_at + SECOND).status == "CONFIRMED"

    cancel(booking, session, session.starts_at + HOUR)
    again = undo(session, booking.practitioner, session.starts_at + HOUR + SECOND)

    assert (again.status, again.is_late_cancel) == ("CONFIRMED", False)
    assert list(session.events.order_by("id").values_list("new_status", flat=True)) == [
        *("BOOKED", "CONFIRMED", "NO_SHOW", "CONFIRMED", "CANCELLED", "CONFIRMED")
    ]


def test_what_was_not_pressed_by_staff_or_is_back_already_is_not_taken_back(
    booking: Booking,
) -> None:
    session = booking.book(at=NOW)
    with pytest.raises(NothingToUndo):
        undo(session, booking.practitioner)
    cancel(booking, session)
    undo(session, booking.practitioner)
    with pytest.raises(NothingToUndo):
        undo(session, booking.practitioner)
    booking.move(session, Status.CANCELLED, at=NOW)  # by the patient's link, say
    with pytest.raises(NothingToUndo):
        undo(session, booking.practitioner)


def test_the_patient_hears_nothing_of_it_and_is_reminded_as_before(
    smtp: SmtpServer, booking: Booking, catalogue: None
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    session = booking.book(at=NOW - DAY)
    send_at(NOW - DAY)
    waiting = Message.objects.filter(status=MessageStatus.PENDING).order_by("step__code", "channel")
    names = ("step__code", "channel", "due_at", "expires_at")
    before = list(waiting.values_list(*names))
    assert before

    for at in (NOW, NOW + 30 * SECOND):  # twice, so that the second is planned anew
        cancel(booking, session, at)
        send_at(at + 29 * SECOND)
        undo(session, booking.practitioner, at + 29 * SECOND)
        assert list(waiting.values_list(*names)) == before
    send_at(NOW + 2 * HOUR)
    assert len(smtp.accepted) == 1  # of the booking

    cancel(booking, session, NOW + 3 * HOUR)
    send_at(NOW + 3 * HOUR + 59 * SECOND)
    assert len(smtp.accepted) == 1
    send_at(NOW + 3 * HOUR + 60 * SECOND)
    assert len(smtp.accepted) == 2
    assert "cancelled" in smtp.accepted[1]
    assert not waiting.filter(session=session).exists()


def test_it_is_too_late_once_the_patient_was_told(booking: Booking, catalogue: None) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    session = booking.book(at=NOW - DAY)
    cancel(booking, session)
    told = Message.objects.get(session=session, step__code="cancelled")
    Message.objects.filter(pk=told.pk).update(status="CLAIMED", worker="w", lease_until=NINE)
    Message.objects.filter(pk=told.pk).update(status="SENDING")  # its clock is a little ahead

    with pytest.raises(UndoTooLate, match="has been told"):
        undo(session, booking.practitioner)

    session.refresh_from_db()
    assert session.status == "CANCELLED"


def test_a_move_is_taken_back_whichever_of_both_is_named(
    smtp: SmtpServer, booking: Booking, catalogue: None
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    session = booking.book(at=NOW - DAY)
    send_at(NOW - DAY)
    for pick in (0, 1):
        new = shift(session, NINE + 2 * DAY, booking.practitioner)
        send_at(LAST)
        again = undo((session, new)[pick], booking.practitioner)
        new.refresh_from_db()
        assert (again.pk, again.status) == (session.pk, "BOOKED")
        assert (new.status, new.is_late_cancel, new.rescheduled_from) == ("CANCELLED", False, None)

    send_at(NOW + DAY)
    assert len(smtp.accepted) == 1  # of the booking
    assert not Message.objects.filter(session=new, status=MessageStatus.PENDING).exists()

    shift(session, NINE + 2 * DAY, booking.practitioner)
    send_at(NOW + DAY)
    assert len(smtp.accepted) == 2


def test_all_areas_and_the_later_sessions_come_back_or_none(booking: Booking) -> None:
    neck = PlanFactory(patient=booking.plan.patient)
    session = booking.book(at=NOW, further_plans=[neck])
    later = booking.book(NINE + 30 * DAY, at=NOW)
    new = shift(session, NINE + 7 * DAY, booking.practitioner, shift_later=True)
    assert TreatmentSession.objects.get(rescheduled_from=later).starts_at > later.starts_at

    undo(new, booking.practitioner)

    rows = TreatmentSession.objects.occupying().order_by("starts_at", "sitting")
    assert {row.pk for row in rows} == {session.pk, *(a.pk for a in session.booked_with), later.pk}
    assert {row.starts_at for row in rows} == {NINE, NINE + 30 * DAY}


@pytest.mark.parametrize("taken", ["booked", "held", "room"])
def test_a_place_that_is_taken_meanwhile_is_not_given_back(
    booking: Booking, another_booking: Booking, taken: str
) -> None:
    session = booking.book(at=NOW)
    cancel(booking, session)
    slot: dict[str, Any] = {
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
    }
    if taken == "booked":
        another_booking.book(at=NOW, **slot)
    elif taken == "held":
        services.place_hold(
            plan_id=another_booking.plan.pk,
            starts_at=NINE,
            **slot,
            at=NOW,
            by=booking.practitioner,
        )
    else:
        booking.room.is_active = False
        booking.room.save()

    with pytest.raises(Exception, match=r"already booked|Somebody holds|out of use") as refused:
        undo(session, booking.practitioner)

    assert isinstance(refused.value, SlotTaken) or taken == "room"
    session.refresh_from_db()
    assert session.status == "CANCELLED"
    assert session.events.count() == 2


def test_the_waitlist_is_asked_only_when_it_can_no_longer_be_taken_back(
    booking: Booking, join: Join
) -> None:
    entry, session = join(), booking.book(at=NOW)
    cancel(booking, session)
    assert services.offer_freed_slots(at=LAST) == 0
    undo(session, booking.practitioner)
    assert services.offer_freed_slots(at=NOW + HOUR) == 0  # it is taken again
    assert not FreedSlot.objects.exists()

    cancel(booking, session, NOW + 2 * HOUR)
    assert services.offer_freed_slots(at=NOW + 2 * HOUR + 60 * SECOND) == 1
    assert Hold.objects.get().offered_to == entry


def test_what_an_absence_asked_is_asked_again(booking: Booking) -> None:
    session = booking.book(at=NOW)
    task = StaffTaskFactory(
        clinic=session.clinic, patient=session.patient, source=f"span:x:{session.pk}"
    )
    with words_marked("es"):  # by one who works in Spanish, and back by one in English
        with override_language("es"):
            cancel(booking, session)
        assert not StaffTask.objects.open().exists()
        undo(session, booking.practitioner)

    task.refresh_from_db()
    assert (task.status, task.done_at, task.done_note) == (TaskStatus.OPEN, None, "")


def test_a_sooner_session_that_was_approved_stays_approved(booking: Booking) -> None:
    first = booking.book(at=NOW)
    sooner = booking.book(NINE + 7 * DAY, at=NOW, spacing_override_reason="a wedding")
    cancel(booking, sooner)
    undo(sooner, booking.practitioner)

    first.refresh_from_db()
    assert first.recovers_at == NINE + 7 * DAY
