"""A time that is held for one plan is nobody else's until the hold ends."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Role, User
from sessions import services
from sessions.lifecycle import WaitlistStatus
from sessions.models import Hold, TreatmentSession, WaitlistEntry
from sessions.scheduling.availability import SlotTaken, free_slots, offers
from sessions.scheduling.holds import SlotHeld
from sessions.scheduling.spacing import TooSoon
from sessions.scheduling.wanted import VisitRequest
from sessions.services.booking import book as rules
from sessions.services.booking import holds
from sessions.services.booking.checks import clash
from sessions.services.booking.checks.clash import PatientTaken
from sessions.services.booking.checks.presence import Closed
from sessions.services.booking.holds import TooManyHolds
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    HoldFactory,
    PlanFactory,
    UserFactory,
    WaitlistEntryFactory,
    visit_type_of,
)

pytestmark = pytest.mark.django_db
HOLDS = "/api/v1/holds/"
NOW = NINE - 3 * DAY  # when Booking.book() books
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def hold(booking: Booking, starts_at: datetime = NINE, **changes: Any) -> Hold:
    details = {
        "plan_id": booking.plan.pk,
        "starts_at": starts_at,
        "practitioner": booking.practitioner,
        "room": booking.room,
        "device": booking.device,
        "at": NOW,
        "by": booking.practitioner,
    }
    return services.place_hold(**{**details, **changes})


def test_a_hold_keeps_the_slot_for_the_minutes_of_the_clinic(booking: Booking) -> None:
    kept = hold(booking)

    assert kept.expires_at == NOW + 10 * MINUTE
    assert (kept.starts_at, kept.ends_at, kept.released_at) == (
        NINE,
        NINE + HOUR,
        NINE + 75 * MINUTE,
    )
    assert not TreatmentSession.objects.exists()


@pytest.mark.parametrize("shared", ["practitioner", "room", "device", "patient"])
def test_nobody_else_books_or_holds_what_is_held(
    booking: Booking, another_booking: Booking, shared: str
) -> None:
    hold(booking)
    if shared == "patient":
        another_booking.plan = PlanFactory(patient=booking.plan.patient)  # another area
    else:
        setattr(another_booking, shared, getattr(booking, shared))

    with pytest.raises(SlotHeld) as refused:
        another_booking.book()
    with pytest.raises(SlotHeld):
        hold(another_booking)

    assert booking.plan.patient.family_name not in refused.value.message
    assert booking.practitioner.username not in refused.value.message
    assert not TreatmentSession.objects.exists()


def test_what_the_hold_does_not_touch_can_be_booked(
    booking: Booking, another_booking: Booking
) -> None:
    kept = hold(booking)

    assert another_booking.book(at=NOW)
    another_booking.plan = PlanFactory(patient__clinic=booking.plan.clinic)
    another_booking.room = booking.room
    assert another_booking.book(kept.released_at, at=NOW)


# A session lasts an hour, and a quarter of an hour more in the room and on the device.
APART = {"practitioner": 60, "patient": 60, "room": 75, "device": 75}


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("shared", APART)
@pytest.mark.parametrize("kept_by", ["hold", "session"])
def test_what_touches_a_session_or_a_hold_is_free_and_a_minute_more_is_not(
    booking: Booking, another_booking: Booking, kept_by: str, shared: str, sign: int
) -> None:
    hold(booking) if kept_by == "hold" else booking.book(at=NOW)
    if shared == "patient":
        another_booking.plan = PlanFactory(patient=booking.plan.patient)  # another area
    else:
        setattr(another_booking, shared, getattr(booking, shared))

    with pytest.raises((SlotTaken, PatientTaken)):
        another_booking.book(NINE + sign * (APART[shared] - 1) * MINUTE, at=NOW)
    beside = another_booking.book(NINE + sign * APART[shared] * MINUTE, at=NOW)

    taken_up = (beside.occupied_from, beside.released_at)
    assert not TreatmentSession.objects.clashing_with(beside).exists()
    assert not Hold.objects.clashing_with(beside).exists()
    if APART[shared] == 75:
        assert TreatmentSession.objects.overlapping(*taken_up).get() == beside
        assert not Hold.objects.overlapping(*taken_up).exists()


def test_a_hold_lives_until_it_lapses(booking: Booking) -> None:
    kept = hold(booking)

    assert Hold.objects.live(kept.expires_at - SECOND).get() == kept
    assert not Hold.objects.live(kept.expires_at).exists()


# What becomes of a hold when its time is wanted: for the plan that it is for or for another one,
# while it lives and at the moment when it lapses, by the desk and by an offer of the waitlist.
WANTED = """
    plan   hold    by     to book   to hold
    same   lives   desk   used      renewed
    same   lives   offer  accepted  refused
    same   lapsed  desk   used      renewed
    same   lapsed  offer  accepted  renewed
    other  lives   desk   refused   refused
    other  lives   offer  refused   refused
    other  lapsed  desk   left      replaced
    other  lapsed  offer  left      replaced
"""
ROWS = [line.split() for line in WANTED.strip().splitlines()[1:]]


def outcome(kept: Hold, act: Any) -> str:
    """What `act` did to `kept`."""
    try:
        act()
    except SlotHeld:
        assert Hold.objects.get() == kept
        return "refused"
    left = Hold.objects.first()
    if left == kept:
        return "left"
    if left:
        assert left.expires_at > kept.expires_at
        return "renewed" if left.plan == kept.plan else "replaced"
    booked = WaitlistEntry.objects.filter(pk=kept.offered_to_id, status=WaitlistStatus.BOOKED)
    return "accepted" if booked else "used"


@pytest.mark.parametrize(("plan", "state", "by", "to_book", "to_hold"), ROWS)
def test_what_becomes_of_a_hold(
    booking: Booking,
    another_booking: Booking,
    plan: str,
    state: str,
    by: str,
    to_book: str,
    to_hold: str,
) -> None:
    another_booking.room = booking.room
    wanted = booking if plan == "same" else another_booking
    at = {"lives": NOW + 10 * MINUTE - SECOND, "lapsed": NOW + 10 * MINUTE}[state]

    keep: Any = {"desk": hold, "offer": offered_hold}[by]
    acts: list[tuple[Any, str]] = [(wanted.book, to_book), (partial(hold, wanted), to_hold)]

    for act, expected in acts:
        with transaction.atomic():
            assert outcome(keep(booking), partial(act, at=at)) == expected
            transaction.set_rollback(True)


def offered_hold(booking: Booking) -> Hold:
    slot = {
        "offered_starts_at": NINE,
        "offered_practitioner": booking.practitioner,
        "offered_room": booking.room,
        "offered_device": booking.device,
        "offer_expires_at": NOW + 10 * MINUTE,
    }
    entry = WaitlistEntryFactory(plan=booking.plan, status=WaitlistStatus.OFFERED, **slot)
    return HoldFactory(
        plan=booking.plan,
        practitioner=booking.practitioner,
        room=booking.room,
        device=booking.device,
        expires_at=NOW + 10 * MINUTE,
        held_by=None,
        offered_to=entry,
    )


def test_a_hold_ends_by_itself(booking: Booking, another_booking: Booking) -> None:
    another_booking.room = booking.room
    lapsed = hold(booking)

    session = another_booking.book(at=lapsed.expires_at)

    assert session.room == booking.room


def test_a_lapsed_hold_gives_way_to_the_next(booking: Booking, another_booking: Booking) -> None:
    another_booking.room = booking.room
    lapsed = hold(booking)

    hold(another_booking, at=lapsed.expires_at)

    assert Hold.objects.get().plan == another_booking.plan


def test_booking_uses_the_hold_up(booking: Booking) -> None:
    kept = hold(booking)

    booking.book(hold_id=kept.pk)

    assert not Hold.objects.exists()


def test_another_desk_may_book_it_for_the_same_patient(booking: Booking, dana: User) -> None:
    hold(booking)

    booking.book(by=dana)

    assert not Hold.objects.exists()


def test_a_hold_on_another_time_ends_when_it_is_named(booking: Booking) -> None:
    kept = hold(booking)

    booking.book(NINE + 2 * HOUR)
    assert Hold.objects.get() == kept
    booking.book(NINE + 30 * DAY, hold_id=kept.pk)
    assert not Hold.objects.exists()


def test_another_plans_hold_cannot_be_used_up(booking: Booking, another_booking: Booking) -> None:
    another_booking.room = booking.room
    kept = hold(booking)

    with pytest.raises(SlotHeld):
        another_booking.book(hold_id=kept.pk)

    assert Hold.objects.get() == kept


def test_to_hold_again_renews_the_hold(booking: Booking) -> None:
    hold(booking)

    again = hold(booking, at=NOW + 5 * MINUTE)

    assert Hold.objects.get().expires_at == again.expires_at == NOW + 15 * MINUTE


def test_what_cannot_be_booked_cannot_be_held(booking: Booking, another_booking: Booking) -> None:
    session = booking.book()
    another_booking.room = booking.room

    with pytest.raises(clash.RoomTaken):
        hold(another_booking)
    with pytest.raises(TooSoon):
        hold(booking, NINE + 7 * DAY)
    with pytest.raises(rules.InThePast):
        hold(another_booking, NOW - HOUR)
    another_booking.plan.clinic.opening_hours.all().delete()
    with pytest.raises(Closed):
        hold(another_booking, NINE + DAY)

    assert not Hold.objects.exists()
    assert TreatmentSession.objects.get() == session
    assert session.events.count() == 1  # trying left nothing behind


def test_a_held_time_is_offered_to_nobody_else(booking: Booking, another_booking: Booking) -> None:
    kept = hold(booking)

    def offered(plan: Any, at: datetime) -> bool:
        slots = free_slots(
            wanted=plan,
            first=NINE.date(),
            last=NINE.date(),
            practitioner=booking.practitioner,
            at=at,
        )
        return NINE in [slot.starts_at for slot in slots]

    assert offered(booking.plan, NOW)
    assert not offered(another_booking.plan, NOW)
    assert offered(another_booking.plan, kept.expires_at)


def test_the_desk_holds_books_and_releases_over_http(
    as_dana: APIClient, as_alice: APIClient, booking: Booking, another_booking: Booking
) -> None:
    another_booking.room = booking.room

    answer = as_dana.post(HOLDS, booking.body())
    kept = answer.json()
    refused = as_alice.post("/api/v1/sessions/", another_booking.body())

    assert answer.status_code == 201
    lasts = datetime.fromisoformat(kept["expires_at"]) - timezone.now()
    assert timedelta(minutes=9) < lasts <= timedelta(minutes=10)
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert as_alice.delete(f"{HOLDS}{kept['id']}/").status_code == 404  # not hers
    assert as_dana.delete(f"{HOLDS}{kept['id']}/").status_code == 204
    assert as_alice.post("/api/v1/sessions/", another_booking.body()).status_code == 201


def test_a_booking_over_http_names_its_hold(as_dana: APIClient, booking: Booking) -> None:
    kept = as_dana.post(HOLDS, booking.body()).json()["id"]

    bad = as_dana.post("/api/v1/sessions/", booking.body(hold="x"))
    booked = as_dana.post("/api/v1/sessions/", booking.body(hold=kept))

    assert bad.json()["errors"][0]["pointer"] == "/hold"
    assert booked.status_code == 201
    assert as_dana.delete(f"{HOLDS}{kept}/").status_code == 404


def test_another_clinics_holds_do_not_exist(as_bob: APIClient, booking: Booking) -> None:
    kept = HoldFactory(plan=booking.plan)

    assert as_bob.delete(f"{HOLDS}{kept.pk}/").status_code == 404
    assert as_bob.post(HOLDS, booking.body()).status_code == 400


def test_free_times_of_a_visit_leave_out_what_is_held_for_its_plan(booking: Booking) -> None:
    """What is held for a treatment is not held for a talk about it: so nothing is offered."""
    hold(booking)
    kind = visit_type_of(booking.plan.clinic, "check-by-phone")
    asked = VisitRequest(kind, booking.plan.patient, booking.plan)

    found = offers(wanted=asked, first=NINE.date(), last=NINE.date(), practitioner_id=None, at=NOW)

    assert found
    assert NINE not in {offer.starts_at for offer in found}


def test_three_times_at_most_are_held_for_a_plan(booking: Booking) -> None:
    first, *_ = [hold(booking, NINE + n * DAY) for n in range(3)]

    with pytest.raises(TooManyHolds, match="3 times are held for this already"):
        hold(booking, NINE + 3 * DAY)
    assert hold(booking).starts_at == NINE  # one that is renewed counts once
    assert hold(booking, NINE + 3 * DAY, at=first.expires_at).starts_at == NINE + 3 * DAY
    assert Hold.objects.live(NOW + MINUTE).count() == 4


def test_what_the_waitlist_offers_is_held_by_nobody(booking: Booking) -> None:
    for number in range(3):
        HoldFactory(
            plan=booking.plan,
            held_by=None,
            offered_to=WaitlistEntryFactory(plan=booking.plan, status=WaitlistStatus.WITHDRAWN),
            starts_at=NINE + (number + 5) * DAY,
            expires_at=NOW + HOUR,
        )

    assert hold(booking).starts_at == NINE


def test_one_person_holds_twenty_times_at_most(
    booking: Booking, another_booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "MOST_OF_A_PERSON", 2)
    desk = UserFactory(role=Role.MANAGER, clinic=booking.plan.clinic)
    for number in range(2):
        hold(booking, NINE + number * DAY, by=desk)

    with pytest.raises(TooManyHolds, match="You hold 2 times already"):
        hold(another_booking, NINE + 3 * DAY, by=desk)
    assert hold(another_booking, NINE + 3 * DAY).starts_at == NINE + 3 * DAY


def test_the_api_says_that_too_many_are_held(booking: Booking, as_dana: APIClient) -> None:
    booking.plan.clinic.hold_minutes = 60
    booking.plan.clinic.save()
    starts = timezone.now().replace(minute=0, second=0, microsecond=0) + 2 * DAY
    body = {
        "plan": str(booking.plan.pk),
        "practitioner": str(booking.practitioner.pk),
        "room": str(booking.room.pk),
        "device": str(booking.device.pk),
    }
    answers = [
        as_dana.post(HOLDS, {**body, "starts_at": (starts + n * DAY).isoformat()}) for n in range(4)
    ]

    assert [one.status_code for one in answers] == [201, 201, 201, 409]
    assert answers[3].json()["code"] == "too_many_holds"
