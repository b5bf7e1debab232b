"""A freed time is offered to the first who waits for it, and passed on until it is taken."""

from datetime import date, datetime, time, timedelta
from queue import Queue
from typing import Any

import pytest
from django.utils import timezone

from clinic.models import User, Weekday
from sessions import services
from sessions.lifecycle import Status, WaitlistStatus
from sessions.models import FreedSlot, Hold, TreatmentSession, WaitlistEntry, of_treatment
from sessions.scheduling.holds import SlotHeld
from sessions.services.booking.waitlist import OfferLapsed
from sessions.tasks import keep_waitlist_moving
from tests.booking.waitlist.waitlist import NOW, Join
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, CandidacyFactory, SessionFactory, WaitlistEntryFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def free(booking: Booking, start: datetime = NINE) -> None:
    """Book a time and cancel it, and let the waitlist look at it."""
    booking.move(booking.book(start, at=NOW), Status.CANCELLED, at=NOW)
    services.offer_freed_slots(at=NOW)


def is_offered(entry: WaitlistEntry) -> bool:
    entry.refresh_from_db()
    return entry.status == WaitlistStatus.OFFERED


def test_a_freed_time_is_offered_to_who_waited_longest(booking: Booking, join: Join) -> None:
    first, second = join(), join()

    free(booking)

    assert (is_offered(first), is_offered(second)) == (True, False)
    assert first.offered_starts_at == NINE
    assert (first.offered_practitioner, first.offered_room, first.offered_device) == (
        booking.practitioner,
        booking.room,
        booking.device,
    )
    assert first.offer_expires_at == NOW + 2 * HOUR
    assert first.hold.expires_at == NOW + 2 * HOUR
    assert not FreedSlot.objects.exists()


def test_whom_a_practitioner_has_decided_against_is_passed_over(
    booking: Booking, join: Join
) -> None:
    first, second = join(), join()
    CandidacyFactory(
        patient=first.patient, outcome="NOT_NOW", until=NINE.date() + DAY, reason="Pregnant"
    )

    free(booking)

    assert (is_offered(first), is_offered(second)) == (False, True)


def test_an_offer_of_a_time_that_comes_soon_ends_with_it(booking: Booking, join: Join) -> None:
    entry = join()
    session = booking.book()

    booking.move(session, Status.CANCELLED, at=NINE - HOUR)
    services.offer_freed_slots(at=NINE - HOUR)

    assert is_offered(entry)
    assert entry.offer_expires_at == NINE


@pytest.mark.parametrize(("before", "noted"), [(SECOND, True), (0 * SECOND, False)])
def test_a_time_that_has_begun_is_freed_for_nobody(
    booking: Booking, join: Join, before: timedelta, noted: bool
) -> None:
    join()
    session = booking.book()

    booking.move(session, Status.CANCELLED, at=NINE - before)

    assert FreedSlot.objects.exists() is noted


@pytest.mark.parametrize(("before", "offered"), [(SECOND, True), (0 * SECOND, False)])
def test_a_freed_time_that_has_begun_is_offered_to_nobody(
    booking: Booking, join: Join, before: timedelta, offered: bool
) -> None:
    entry = join()
    booking.move(booking.book(), Status.CANCELLED, at=NINE - HOUR)

    assert services.offer_freed_slots(at=NINE - before) == offered

    assert is_offered(entry) is offered
    assert not FreedSlot.objects.exists()


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({}, True),
        ({"from_on": date(2030, 1, 7), "until_on": date(2030, 1, 7)}, True),
        ({"from_on": date(2030, 1, 8)}, False),
        ({"until_on": date(2030, 1, 6)}, False),
        ({"weekdays": [Weekday.MONDAY]}, True),
        ({"weekdays": [Weekday.TUESDAY, Weekday.FRIDAY]}, False),
        ({"earliest": time(10), "latest": time(10)}, True),  # 09:00 UTC is 10:00 in Berlin
        ({"earliest": time(10, 15)}, False),
        ({"latest": time(9, 45)}, False),
    ],
)
def test_only_a_time_that_fits_the_wish_is_offered(
    booking: Booking, join: Join, wish: dict[str, Any], fits: bool
) -> None:
    entry = join(**wish)

    free(booking)

    assert is_offered(entry) is fits


def test_who_waits_for_one_practitioner_is_offered_nobody_else(
    booking: Booking, another_booking: Booking, join: Join
) -> None:
    entry = join(practitioner=another_booking.practitioner)

    free(booking)
    assert not is_offered(entry)

    free(another_booking)
    assert is_offered(entry)


def test_a_patient_whose_skin_has_not_recovered_is_passed_over(
    booking: Booking, join: Join
) -> None:
    recovering, ready = join(), join()
    SessionFactory(plan=recovering.plan, starts_at=NINE - 10 * DAY)

    free(booking)

    assert (is_offered(recovering), is_offered(ready)) == (False, True)


def test_another_clinics_patients_are_offered_nothing(booking: Booking) -> None:
    elsewhere = WaitlistEntryFactory()

    free(booking)

    assert not is_offered(elsewhere)


def test_without_anyone_waiting_nothing_is_queued(booking: Booking) -> None:
    booking.move(booking.book(), Status.CANCELLED)

    assert not FreedSlot.objects.exists()


def test_a_rescheduled_session_frees_its_old_time(booking: Booking, join: Join, dana: User) -> None:
    entry = join()
    old = booking.book(at=NOW)

    services.reschedule_session(session_id=old.pk, starts_at=NINE + DAY, at=NOW, by=dana)
    services.offer_freed_slots(at=NOW)

    assert is_offered(entry)


def test_a_time_that_was_booked_again_is_offered_to_nobody(booking: Booking, join: Join) -> None:
    entry = join()
    session = booking.book(at=NOW)

    booking.move(session, Status.CANCELLED, at=NOW)
    booking.book(at=NOW)
    services.offer_freed_slots(at=NOW)

    assert not is_offered(entry)
    assert not FreedSlot.objects.exists()


def test_what_is_offered_is_held(booking: Booking, another_booking: Booking, join: Join) -> None:
    join()
    free(booking)
    another_booking.room = booking.room

    with pytest.raises(SlotHeld):
        another_booking.book(at=NOW)

    assert another_booking.book(at=NOW + 2 * HOUR)


def test_accepting_books_and_ends_the_hold(booking: Booking, join: Join, dana: User) -> None:
    entry = join()
    free(booking)

    session = services.accept_offer(entry_id=entry.pk, at=NOW + HOUR, by=dana)

    entry.refresh_from_db()
    assert (session.plan, session.starts_at, session.room) == (entry.plan, NINE, booking.room)
    assert (entry.status, entry.session) == (WaitlistStatus.BOOKED, session)
    assert entry.offered_starts_at is None
    assert not Hold.objects.exists()
    assert list(entry.events.order_by("id").values_list("new_status", "by__username")) == [
        ("WAITING", "dana"),
        ("OFFERED", None),
        ("BOOKED", "dana"),
    ]


def test_booking_the_offered_time_directly_accepts_it(
    booking: Booking, join: Join, dana: User
) -> None:
    entry = join()
    free(booking)
    booking.plan = of_treatment(entry.plan)

    session = booking.book(at=NOW)

    entry.refresh_from_db()
    assert (entry.status, entry.session) == (WaitlistStatus.BOOKED, session)


def test_booking_another_time_over_the_offered_one_ends_the_offer(
    booking: Booking, join: Join
) -> None:
    entry, following = join(), join()
    free(booking)
    booking.plan = of_treatment(entry.plan)

    booking.book(NINE + HOUR / 2, at=NOW)  # overlaps what was offered
    services.offer_freed_slots(at=NOW)

    assert not is_offered(entry)
    assert entry.status == WaitlistStatus.WAITING
    assert not is_offered(following)  # the room is in use


def test_declining_passes_the_offer_on(booking: Booking, join: Join, dana: User) -> None:
    first, second = join(), join()
    free(booking)

    services.decline_offer(entry_id=first.pk, at=NOW, by=dana, reason="on holiday")
    services.offer_freed_slots(at=NOW)

    assert (is_offered(first), is_offered(second)) == (False, True)
    assert first.status == WaitlistStatus.WAITING
    assert first.events.latest("id").reason == "on holiday"
    assert Hold.objects.get().offered_to == second


def test_an_offer_that_nobody_answers_passes_on_until_the_list_ends(
    booking: Booking, join: Join
) -> None:
    entries = [join(), join()]
    free(booking)
    at = NOW

    for entry in entries:
        assert is_offered(entry)
        assert services.expire_offers(at=at + HOUR) == 0
        at += 2 * HOUR
        assert services.expire_offers(at=at) == 1
        services.offer_freed_slots(at=at)

    assert [is_offered(entry) for entry in entries] == [False, False]
    assert entries[0].events.latest("id").reason == "the offer lapsed"
    assert not Hold.objects.exists()
    assert not FreedSlot.objects.exists()


def test_a_lapsed_offer_cannot_be_accepted(booking: Booking, join: Join, dana: User) -> None:
    entry = join()
    free(booking)

    with pytest.raises(OfferLapsed):
        services.accept_offer(entry_id=entry.pk, at=NOW + 2 * HOUR, by=dana)

    assert not TreatmentSession.objects.occupying().exists()


def test_withdrawing_passes_the_offer_on(booking: Booking, join: Join, dana: User) -> None:
    first, second = join(), join()
    free(booking)

    services.withdraw_from_waitlist(entry_id=first.pk, at=NOW, by=dana)
    services.offer_freed_slots(at=NOW)

    assert is_offered(second)
    first.refresh_from_db()
    assert first.status == WaitlistStatus.WITHDRAWN


def test_the_task_moves_offers_on(booking: Booking, join: Join) -> None:
    first, second = join(), join()
    free(booking)
    WaitlistEntry.objects.filter(pk=first.pk).update(offer_expires_at=timezone.now())

    keep_waitlist_moving()

    assert (is_offered(first), is_offered(second)) == (False, True)


def test_a_worker_is_woken_when_a_time_is_freed(
    booking: Booking,
    join: Join,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    woken: Queue[dict[str, Any]] = Queue()
    monkeypatch.setattr(keep_waitlist_moving, "apply_async", lambda **options: woken.put(options))
    join()
    session = booking.book(at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        booking.move(session, Status.CANCELLED, at=NOW)

    assert woken.get(timeout=5) == {"retry": False, "expires": 60}
    assert FreedSlot.objects.count() == 1  # the row is the queue


def test_an_offer_lasts_two_hours_but_a_late_one_is_not_made(booking: Booking, join: Join) -> None:
    entry = join()
    session = booking.book(at=NOW)
    booking.move(session, Status.CANCELLED, at=NOW)

    services.offer_freed_slots(at=NINE + timedelta(minutes=1))

    assert not is_offered(entry)
    assert not FreedSlot.objects.exists()
