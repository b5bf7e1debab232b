"""Every move of the lives of visits, places on the waitlist and plans: it has a message, a task or
a reason why nobody has to tell of it."""

from typing import Any

import pytest

from aftercare.models import Message
from patients.models import StaffTask
from sessions.lifecycle import (
    NEXT,
    SIGNED,
    WAITLIST_NEXT,
    PlanStatus,
    Status,
    WaitlistStatus,
)
from sessions.models import Kind, TreatmentSession
from sessions.signals import session_moved
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, VisitFactory, WaitlistEntryFactory

pytestmark = pytest.mark.django_db
EARLIER = NINE - 10 * DAY
# What a patient does or sees happen, and of which nobody has to tell.
SEEN = {Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS}
STEPS = {
    Status.CANCELLED: "cancelled",
    Status.NO_SHOW: "missed",
    Status.COMPLETED: "after-0h",
    Status.ABORTED: "aborted-0h",
}
MOVES = [(old, new) for old in NEXT for new in sorted(NEXT[old])]


def test_every_status_is_told_of_or_seen() -> None:
    assert SEEN | STEPS.keys() | {Status.BOOKED} == set(Status)


# The other lives whose moves a patient may have to hear of: of which there is a task while it
# lasts, and why nobody has to tell of the rest.
WAITLIST: dict[str, str] = {
    WaitlistStatus.WAITING: "nothing has changed for whoever waits",
    WaitlistStatus.OFFERED: "",
    WaitlistStatus.BOOKED: "the booking tells",
    WaitlistStatus.WITHDRAWN: "the patient has asked for it",
}
PLAN: dict[str, str] = {
    PlanStatus.DRAFT: "nothing is booked yet",
    PlanStatus.ACTIVE: "it was talked over with the patient",
    PlanStatus.ON_HOLD: "its sessions are cancelled or moved, and these tell",
    PlanStatus.COMPLETED: "its last session tells",
    PlanStatus.STOPPED: "its sessions are cancelled or moved, and these tell",
}


@pytest.mark.parametrize("told", [WAITLIST, PLAN])
def test_every_other_status_is_told_of_or_has_a_reason(told: dict[str, str]) -> None:
    statuses = WaitlistStatus if told is WAITLIST else PlanStatus
    assert set(told) == set(statuses.values)


@pytest.mark.parametrize(
    ("old", "new"), [(a, b) for a in WAITLIST for b in sorted(WAITLIST_NEXT[a])]
)
def test_an_offer_has_a_task_as_long_as_it_lasts(booking: Booking, old: str, new: str) -> None:
    offer = {
        "offered_starts_at": NINE,
        "offered_practitioner": booking.practitioner,
        "offered_room": booking.room,
        "offered_device": booking.device,
        "offer_expires_at": NINE - DAY,
    }
    entry = WaitlistEntryFactory(plan=booking.plan)
    values: dict[str, dict[str, Any]] = {"OFFERED": offer, "BOOKED": {"session": booking.book()}}
    if old == WaitlistStatus.OFFERED:
        entry.move_to(old, at=EARLIER, by=None, **offer)

    entry.move_to(new, at=EARLIER, by=None, **values.get(new, {}))

    tasks = StaffTask.objects.filter(source=f"waitlist:{entry.pk}")
    assert tasks.open().exists() is (not WAITLIST[new])
    assert all("7 Jan at 10:00" in task.title for task in tasks)


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_what_must_be_heard_of_a_move_has_a_message(
    catalogue: None, booking: Booking, old: Status, new: Status
) -> None:
    session = booking.charted() if new in SIGNED else booking.book()
    Message.objects.all().delete()
    stamp = {Status.COMPLETED: "completed_at", Status.ABORTED: "aborted_at"}.get(new)
    fields: dict[str, Any] = {"status": new, **({stamp: NINE} if stamp else {})}
    for name, value in fields.items():
        setattr(session, name, value)  # what listeners are shown

    at = NINE - HOUR if new == Status.CANCELLED else NINE
    session_moved.send(
        TreatmentSession, session=session, old=old, new=new, at=at, by=None, reschedules=False
    )

    planned = set(Message.objects.values_list("step__code", flat=True))
    assert (STEPS[new] in planned) if new in STEPS else not planned


# Of a visit that treats nothing. Whoever was there has heard the rest.
STEPS_OF_VISITS: dict[str, str] = {Status.CANCELLED: "cancelled", Status.NO_SHOW: "missed"}
VISITS = {
    Kind.CONSULTATION: "consultation",
    Kind.CHECK: "check",
    Kind.TEST: "test-spot",
    Kind.OUTCOME: "outcome-90d",
}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.TREATMENT])
def test_of_a_visit_that_treats_nothing_the_same_moves_are_heard(
    catalogue: None, kind: Kind
) -> None:
    visit, moved = (
        VisitFactory(code=VISITS[kind], starts_at=starts_at) for starts_at in (NINE, NINE + DAY)
    )
    assert visit.kind == kind

    heard = {(old, new): planned_at(visit, old, new) for old, new in MOVES}
    booked = planned_at(visit, "", Status.BOOKED)
    moved.rescheduled_from = visit

    wanted = {status: {step} for status, step in STEPS_OF_VISITS.items()}
    assert heard == {(old, new): wanted.get(new, set()) for old, new in MOVES}
    assert "booked" in booked
    assert planned_at(moved, "", Status.BOOKED) - booked == {"moved"}


def planned_at(session: TreatmentSession, old: str, new: str) -> set[str]:
    """By this move alone."""
    session.status = new  # what listeners are shown
    at = NINE if new in STEPS and new != Status.CANCELLED else NINE - 9 * DAY
    session_moved.send(TreatmentSession, session=session, old=old, new=new, at=at, by=None)
    found = set(Message.objects.values_list("step__code", flat=True))
    Message.objects.all().delete()
    return found
