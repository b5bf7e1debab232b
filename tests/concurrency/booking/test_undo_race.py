"""An undo under race: against another, and against the waitlist's offer of the same time."""

from datetime import timedelta
from unittest.mock import patch

from sessions import services
from sessions.lifecycle import UNDO_LASTS, Status
from sessions.models import Hold, TreatmentSession, WaitlistEntry
from sessions.services.booking import holds as holds_module
from sessions.services.booking import undo as undo_module
from sessions.services.booking.checks.clash import explain_clash, require_free
from tests.concurrency.booking.test_double_booking import DESKS
from tests.concurrency.conftest import race, waiting_for_each_other, without_locks
from tests.conftest import Booking
from tests.factories import DAY, NINE, PlanFactory

NOW = NINE - 3 * DAY
LAST = NOW + timedelta(seconds=59)


def cancelled(booking: Booking) -> TreatmentSession:
    session = booking.book(at=NOW)
    return booking.move(session, Status.CANCELLED, at=NOW, undoable=True)


def undo(booking: Booking, session: TreatmentSession) -> str:
    services.undo_end(session_id=session.pk, at=LAST, by=booking.practitioner)
    return "undone"


def offer() -> str:
    """By a worker whose clock has passed the minute."""
    return f"{services.offer_freed_slots(at=NOW + UNDO_LASTS)} offered"


def wait_for_it(booking: Booking) -> WaitlistEntry:
    plan = PlanFactory(patient__clinic=booking.plan.clinic)
    day = NINE.date()
    return services.join_waitlist(
        plan=plan, from_on=day, until_on=day, at=NOW, by=booking.practitioner
    )


def test_it_is_taken_back_once(booking: Booking) -> None:
    session = cancelled(booking)

    outcomes = race(*[lambda: undo(booking, session)] * DESKS)

    assert outcomes == {"undone": 1, "NothingToUndo": DESKS - 1}
    assert session.events.count() == 3


def test_of_undo_and_offer_one_has_the_time(booking: Booking) -> None:
    wait_for_it(booking)
    session = cancelled(booking)

    outcomes = race(lambda: undo(booking, session), offer)

    assert outcomes in (
        {"undone": 1, "0 offered": 1},
        {"SlotHeld": 1, "1 offered": 1},
    )
    assert Hold.objects.count() + TreatmentSession.objects.occupying().count() == 1


def test_control_without_the_locks_both_have_it(booking: Booking) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    wait_for_it(booking)
    session = cancelled(booking)
    look_and_wait = waiting_for_each_other()

    with (
        without_locks(),
        patch.object(undo_module, "explain_clash", look_and_wait(explain_clash)),
        patch.object(holds_module, "require_free", look_and_wait(require_free)),
    ):
        outcomes = race(lambda: undo(booking, session), offer)

    assert outcomes == {"undone": 1, "1 offered": 1}
    assert Hold.objects.get().starts_at == TreatmentSession.objects.occupying().get().starts_at
