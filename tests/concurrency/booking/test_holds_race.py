"""Holds under race: of eight desks one gets the slot, and the proof that the race is real."""

from datetime import datetime
from functools import partial
from itertools import cycle
from typing import Any
from unittest.mock import patch

import pytest

from sessions import services
from sessions.models import Hold, TreatmentSession
from sessions.receivers import _shipped
from sessions.services.booking import book as booking_module
from sessions.services.booking import holds as holds_module
from sessions.services.booking import visits as visits_module
from sessions.services.booking.book import require_open_time
from sessions.services.booking.checks.clash import require_free
from sessions.services.booking.checks.presence import require_presence
from tests.concurrency.booking.test_double_booking import DESKS, rivals
from tests.concurrency.conftest import race, waiting_for_each_other, without_locks
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    DeviceFactory,
    PatientFactory,
    RoomFactory,
    VisitFactory,
    visit_type_of,
)

NOW = NINE - 3 * DAY


def hold(booking: Booking, starts_at: datetime = NINE) -> str:
    services.place_hold(
        plan_id=booking.plan.pk,
        starts_at=starts_at,
        practitioner=booking.practitioner,
        room=booking.room,
        device=booking.device,
        at=NOW,
        by=booking.practitioner,
    )
    return "held"


def test_eight_desks_cannot_hold_one_slot_twice(booking: Booking) -> None:
    attempts = [lambda b=b: hold(b) for b in rivals(booking, "room")]

    outcomes = race(*attempts)

    assert outcomes == {"held": 1, "SlotHeld": DESKS - 1}
    assert Hold.objects.count() == 1


def test_of_many_times_for_one_plan_three_are_held(booking: Booking) -> None:
    """Each on a day of its own: what they share is the plan."""
    attempts = [lambda n=n: hold(booking, NINE + n * DAY) for n in range(DESKS)]

    assert race(*attempts) == {"held": 3, "TooManyHolds": DESKS - 3}


def test_without_the_locks_more_are_held_for_one_plan(booking: Booking) -> None:
    """The control arm: all have counted before any of them holds."""
    attempts = [lambda n=n: hold(booking, NINE + n * DAY) for n in range(DESKS)]
    count_and_wait = waiting_for_each_other(DESKS)(holds_module._require_few)
    with (
        patch.object(holds_module, "lock_for_bookings"),
        patch.object(holds_module, "_require_few", count_and_wait),
    ):
        outcomes = race(*attempts)

    assert outcomes["held"] > 3


def test_of_those_who_hold_and_those_who_book_one_wins(booking: Booking) -> None:
    attempts = [
        (lambda b=b: hold(b)) if number % 2 else (lambda b=b: b.book() and "booked")
        for number, b in enumerate(rivals(booking, "practitioner"))
    ]

    outcomes = race(*attempts)

    assert outcomes["held"] + outcomes["booked"] == 1
    assert outcomes["SlotHeld"] + outcomes["PractitionerTaken"] == DESKS - 1
    assert Hold.objects.count() + TreatmentSession.objects.count() == 1


def offered_without_a_look(session: TreatmentSession, now: Any, *, at: datetime) -> None:
    session.visit_type_id = now.visit_type


def test_control_without_the_locks_a_held_slot_is_booked(booking: Booking) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing.

    The constraints look at holds and at sessions apart; only the locks guard one from the other.
    """
    one, other = rivals(booking, "room")[:2]
    look_and_wait = waiting_for_each_other()

    with (
        without_locks(),
        patch.object(booking_module, "require_presence", look_and_wait(require_presence)),
        patch.object(holds_module, "require_open_time", offered_without_a_look),
        patch.object(holds_module, "require_free", look_and_wait(require_free)),
    ):
        outcomes = race(lambda: one.book(at=NOW) and "booked", lambda: hold(other))

    assert outcomes == {"booked": 1, "held": 1}
    assert Hold.objects.get().starts_at == TreatmentSession.objects.get().starts_at


def test_two_series_in_opposite_order_do_not_deadlock(
    booking: Booking, another_booking: Booking
) -> None:
    """Each books two sessions with both practitioners, one the other way round."""
    starts = [NINE + 30 * DAY, NINE + 60 * DAY]

    def series(plan: Booking, people: list[Booking]) -> str:
        services.book_series(
            plan_id=plan.plan.pk,
            slots=[
                {
                    "starts_at": start,
                    "practitioner": person.practitioner,
                    "room": person.room,
                    "device": person.device,
                }
                for start, person in zip(starts, people, strict=True)
            ],
            at=NOW,
            by=plan.practitioner,
        )
        return "booked"

    pair = [booking, another_booking]
    attempts = [lambda: series(booking, pair), lambda: series(another_booking, pair[::-1])]

    assert race(*attempts) == {"booked": 2}


def test_an_offer_is_accepted_once(booking: Booking) -> None:
    entry = services.join_waitlist(
        plan=rivals(booking, "room")[1].plan,
        from_on=NINE.date(),
        until_on=NINE.date(),
        at=NOW,
        by=booking.practitioner,
    )
    booking.move(booking.book(), "CANCELLED", at=NOW)
    services.offer_freed_slots(at=NOW)

    def accept() -> str:
        services.accept_offer(entry_id=entry.pk, at=NOW, by=booking.practitioner)
        return "accepted"

    outcomes = race(*[accept] * DESKS)

    assert outcomes["accepted"] == 1
    assert outcomes["OfferLapsed"] + outcomes["IllegalWaitlistMove"] == DESKS - 1
    assert TreatmentSession.objects.occupying().count() == 1


def test_workers_offer_a_freed_slot_once(booking: Booking) -> None:
    for other in rivals(booking, "room")[1:4]:
        services.join_waitlist(
            plan=other.plan,
            from_on=NINE.date(),
            until_on=NINE.date(),
            at=NOW,
            by=booking.practitioner,
        )
    booking.move(booking.book(), "CANCELLED", at=NOW)

    outcomes = race(*[lambda: services.offer_freed_slots(at=NOW)] * DESKS)

    assert outcomes == {"1": 1, "0": DESKS - 1}
    assert Hold.objects.count() == 1


TALKS = [row["code"] for row in _shipped() if row["kind"] != "TREATMENT"]


def talks(booking: Booking) -> list[dict[str, Any]]:
    """Visits of each kind that treats nothing, by one person at one time for eight patients."""
    clinic, found = booking.plan.clinic, []
    for _, code in zip(range(DESKS), cycle(TALKS), strict=False):
        kind = visit_type_of(clinic, code)
        found.append(
            {
                "visit_type": kind,
                "patient": PatientFactory(clinic=clinic),
                "starts_at": NINE,
                "practitioner": booking.practitioner,
                "room": RoomFactory(clinic=clinic) if kind.needs_room else None,
                "device": DeviceFactory(clinic=clinic) if kind.needs_device else None,
                "at": NOW,
                "by": booking.practitioner,
            }
        )
    return found


def hold_talk(talk: dict[str, Any]) -> str:
    services.hold_visit(**talk)
    return "held"


def book_talk(talk: dict[str, Any]) -> str:
    link = "https://meet.example/1" if talk["visit_type"].mode == "VIDEO" else ""
    services.book_visit(**talk, video_url=link)
    return "booked"


def test_of_visits_of_all_kinds_that_are_held_and_booked_at_once_one_wins(booking: Booking) -> None:
    all_kinds = talks(booking)[1:]
    attempts = [
        partial(hold_talk if number % 2 else book_talk, talk)
        for number, talk in enumerate(all_kinds)
    ]

    outcomes = race(partial(hold, booking), *attempts)  # a treatment, too

    assert outcomes["held"] + outcomes["booked"] == 1
    assert outcomes["SlotHeld"] + outcomes["PractitionerTaken"] == DESKS - 1
    assert Hold.objects.count() + TreatmentSession.objects.count() == 1


def test_control_without_the_locks_a_held_visit_is_booked_by_somebody_else(
    booking: Booking,
) -> None:
    one, other = talks(booking)[:2]
    look_and_wait = waiting_for_each_other()

    with (
        without_locks(),
        patch.object(visits_module, "statement", return_value=None),
        patch.object(visits_module, "require_open_time", look_and_wait(require_open_time)),
        patch.object(holds_module, "require_free", look_and_wait(require_free)),
    ):
        outcomes = race(lambda: book_talk(one), lambda: hold_talk(other))

    assert outcomes == {"booked": 1, "held": 1}
    assert Hold.objects.get().practitioner == TreatmentSession.objects.get().practitioner


@pytest.mark.parametrize("code", ["consultation", "check-by-phone", "outcome-90d"])
def test_an_offer_of_a_visit_is_accepted_once(booking: Booking, code: str) -> None:
    clinic = booking.plan.clinic
    left = VisitFactory(code=code, patient__clinic=clinic, practitioner=booking.practitioner)
    entry = services.join_waitlist(
        visit_type=left.visit_type,
        patient=PatientFactory(clinic=clinic),
        from_on=NINE.date(),
        until_on=NINE.date(),
        at=NOW,
        by=booking.practitioner,
    )
    booking.move(left, "CANCELLED", at=NOW)
    services.offer_freed_slots(at=NOW)

    def accept() -> str:
        services.accept_offer(entry_id=entry.pk, at=NOW, by=booking.practitioner)
        return "accepted"

    outcomes = race(*[accept] * DESKS)

    assert outcomes["accepted"] == 1
    assert outcomes["OfferLapsed"] + outcomes["IllegalWaitlistMove"] == DESKS - 1
    assert TreatmentSession.objects.occupying().get().visit_type == left.visit_type
