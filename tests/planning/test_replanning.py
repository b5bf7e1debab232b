"""Whoever changes the sequence changes what waits, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from aftercare.models import NOT_PLANNED, Anchor, CareStep, ChannelPolicy, Message, MessageStatus
from aftercare.planning import plan as planning
from aftercare.planning.plan import Replan, replan
from patients.models import Patient
from sessions import services
from sessions.lifecycle import Status
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, CareStepFactory, MessageFactory, SessionFactory
from tests.planning.steps import done
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def waiting(db: None) -> CareStep:
    """A step with a message in each of these states, each of a session of its own."""
    step = CareStepFactory(offset=3 * DAY, useful_for=2 * DAY)
    kinds: list[dict[str, Any]] = [
        {},
        {},
        {"status": MessageStatus.SENT, "sent_at": NINE},
        {"status": MessageStatus.CANCELLED, "reason": "cancelled by dana"},
        {"attempts": 2},
        {"status": MessageStatus.CLAIMED, "worker": "w", "lease_until": NINE + HOUR},
    ]
    for number, details in enumerate(kinds):
        starts_at = NINE - DAY - number * HOUR
        session = done(starts_at=starts_at)
        due = (session.completed_at or NINE) + 3 * DAY
        MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY, **details)
    return step


def states() -> list[tuple[Any, ...]]:
    names = ("id", "status", "due_at", "expires_at", "reason", "attempts", "channel")
    return list(Message.objects.order_by("id").values_list(*names))


def test_a_change_moves_what_waits_and_nothing_else(waiting: CareStep) -> None:
    before = states()
    waiting.offset = 4 * DAY

    told = replan(waiting, at=NINE, dry_run=True)
    unchanged = states()
    made = replan(waiting, at=NINE)

    assert told == made == Replan(moved=2)
    assert unchanged == before
    moved = [(old, new) for old, new in zip(before, states(), strict=True) if old != new]
    assert [(new[2] - old[2], new[3] - old[3]) for old, new in moved] == [(DAY, DAY)] * 2
    assert not replan(waiting, at=NINE)


@pytest.mark.parametrize(("sooner", "moved"), [(timedelta(seconds=1), 1), (timedelta(0), 0)])
def test_what_is_due_is_not_put_off(sooner: timedelta, moved: int) -> None:
    """A worker may take it at this moment."""
    step = CareStepFactory(offset=DAY, useful_for=2 * DAY)
    session = done()
    due = (session.completed_at or NINE) + DAY
    MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY)
    step.offset, step.useful_for = DAY + HOUR, 2 * DAY - HOUR

    assert replan(step, at=due - sooner) == Replan(moved=moved)


def test_a_step_that_is_switched_off_and_on_withdraws_and_plans_anew(waiting: CareStep) -> None:
    waiting.is_active = False
    off = replan(waiting, at=NINE)
    waiting.is_active = True
    on = replan(waiting, at=NINE)

    assert (off, on) == (Replan(cancelled=2), Replan(new=2))
    assert Message.objects.filter(occurrence=2, status="PENDING").count() == 2
    assert Message.objects.filter(reason="no longer fits: the step is switched off").count() == 2


def test_a_new_step_is_planned_for_sessions_that_it_can_still_help() -> None:
    recent, old = done(starts_at=NINE - DAY), done(starts_at=NINE - 30 * DAY)
    SessionFactory(starts_at=NINE + DAY)
    step = CareStepFactory.build(code="new", offset=3 * DAY, useful_for=2 * DAY)

    told = replan(step, at=NINE, dry_run=True)
    step.save()
    made = replan(step, at=NINE)

    assert told == made == Replan(new=1)
    assert Message.objects.get().session == recent
    assert old.messages.count() == 0


def test_a_change_of_channels_replaces_what_waits(waiting: CareStep) -> None:
    waiting.channel_policy = ChannelPolicy.BOTH
    assert replan(waiting, at=NINE) == Replan(new=5 + 1)

    waiting.channel_policy = ChannelPolicy.SMS
    assert replan(waiting, at=NINE) == Replan(cancelled=2)


def test_a_tighter_condition_withdraws(waiting: CareStep) -> None:
    Patient.objects.update(skin_type=2)
    waiting.skin_types = [1]

    assert replan(waiting, at=NINE) == Replan(cancelled=2)


@pytest.mark.parametrize("anchor", sorted(set(Anchor.values).difference(NOT_PLANNED)))
def test_planning_and_replanning_agree_for_every_anchor(booking: Booking, anchor: str) -> None:
    """Planned by the moves of a session, nothing is left for a re-plan to do."""
    offset = -2 * DAY if anchor == Anchor.STARTS else 6 * HOUR
    step = CareStepFactory(anchor=anchor, offset=offset, useful_for=20 * DAY)
    match anchor:
        case Anchor.BOOKED | Anchor.STARTS:
            booking.book()
            at = NINE - 3 * DAY
        case Anchor.MISSED:
            booking.move(booking.book(), Status.NO_SHOW)
            at = NINE
        case Anchor.CANCELLED:
            at = NINE - DAY
            booking.move(booking.book(), Status.CANCELLED, at=at)
        case Anchor.MOVED:
            at = NINE - 3 * DAY
            services.reschedule_session(
                session_id=booking.book().pk,
                starts_at=NINE + DAY,
                at=at,
                by=booking.practitioner,
            )
        case Anchor.ABORTED:
            at = NINE
            services.abort_session(
                session_id=booking.charted().pk, why="FAINTING", at=at, by=booking.practitioner
            )
        case _:
            booking.completed()
            at = NINE
    assert Message.objects.filter(status="PENDING").count() == 1

    assert not replan(step, at=at, dry_run=True)
    step.is_active = False
    assert replan(step, at=at) == Replan(cancelled=1)
    step.is_active = True
    assert replan(step, at=at) == Replan(new=1)


def test_a_replan_reads_in_chunks_however_many_sessions(
    django_assert_max_num_queries: Any, monkeypatch: Any
) -> None:
    step = CareStepFactory(offset=3 * DAY, useful_for=9 * DAY, skin_types=[3], zones=[])
    for number in range(12):
        done(starts_at=NINE - DAY - number * 2 * HOUR)

    with django_assert_max_num_queries(10):
        assert replan(step, at=NINE, dry_run=True) == Replan(new=12)
    monkeypatch.setattr(planning, "CHUNK", 5)
    assert replan(step, at=NINE) == Replan(new=12)
