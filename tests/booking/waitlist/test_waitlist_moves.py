"""The life of a waitlist entry."""

from itertools import product
from typing import Any

import pytest

from clinic.models import User, in_words
from sessions.lifecycle import WaitlistStatus
from sessions.models import IllegalWaitlistMove
from sessions.services.booking.checks.prepare import PlanNotActive
from sessions.services.booking.join import AlreadyWaiting
from sessions.services.plans import NoPractitionerHere
from tests.booking.waitlist.waitlist import Join
from tests.conftest import Booking
from tests.factories import NINE, PlanFactory, SessionFactory, WaitlistEntryFactory
from tests.support.lives import moves

pytestmark = pytest.mark.django_db


def test_a_plan_waits_once_and_only_while_it_is_active(
    booking: Booking, join: Join, bob: User
) -> None:
    join(plan=booking.plan)

    with pytest.raises(AlreadyWaiting):
        join(plan=booking.plan)
    with pytest.raises(PlanNotActive):
        join(plan=PlanFactory(patient__clinic=booking.plan.clinic, status="DRAFT"))
    with pytest.raises(NoPractitionerHere):
        join(practitioner=bob)


MOVES = moves("""
    WAITING    OFFERED WITHDRAWN
    OFFERED    BOOKED WAITING WITHDRAWN
    BOOKED
    WITHDRAWN
""")


def test_every_status_of_an_entry_is_in_the_table() -> None:
    assert list(MOVES) == WaitlistStatus.values


@pytest.mark.parametrize(("old", "new"), list(product(MOVES, repeat=2)))
def test_a_move_is_made_or_refused_as_the_clinic_says(old: str, new: str) -> None:
    session = SessionFactory()
    offer = {
        "offered_starts_at": NINE,
        "offered_practitioner": session.practitioner,
        "offered_room": session.room,
        "offered_device": session.device,
        "offer_expires_at": NINE,
    }
    values: dict[str, Any] = {"OFFERED": offer, "BOOKED": {"session": session}}
    entry = WaitlistEntryFactory(plan=session.plan, status=old, **values.get(old, {}))

    if new in MOVES[old]:
        assert entry.move_to(new, at=NINE, by=None, **values.get(new, {})) == old
        assert entry.events.get().new_status == new
    else:
        with pytest.raises(
            IllegalWaitlistMove,
            match=f"{in_words(WaitlistStatus, old)} cannot become {in_words(WaitlistStatus, new)}",
        ):
            entry.move_to(new, at=NINE, by=None)
        assert not entry.events.exists()
