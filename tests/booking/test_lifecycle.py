"""The life of a session: every pair of statuses, and what a move needs and leaves behind."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from clinic.models import in_words
from sessions import services
from sessions.lifecycle import OCCUPIES, SIGNED, AbortReason, Status
from sessions.models import IllegalMove, TreatmentSession, of_treatment
from sessions.services.booking.moves import CHECK_IN_OPENS, NothingCharted, TooEarly
from sessions.services.record.chart import NotInProgress
from sessions.signals import session_moved
from tests.conftest import Booking
from tests.factories import HOUR, NINE, SessionFactory
from tests.support.lives import moves

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


# As the clinic says it, not as the code does.
MOVES = moves("""
    BOOKED       CONFIRMED CHECKED_IN CANCELLED NO_SHOW
    CONFIRMED    CHECKED_IN CANCELLED NO_SHOW
    CHECKED_IN   IN_PROGRESS ABORTED CANCELLED
    IN_PROGRESS  COMPLETED ABORTED
    COMPLETED
    ABORTED
    CANCELLED
    NO_SHOW
""")


@pytest.mark.parametrize(("old", "new"), list(product(MOVES, repeat=2)))
def test_a_move_is_made_or_refused_as_the_clinic_says(old: str, new: str) -> None:
    session = SessionFactory(status=old)
    why = {"why": AbortReason.FAINTING} if new == "ABORTED" else {}

    if new in MOVES[old]:
        assert session.move_to(new, at=NINE, by=session.practitioner, **why) == old
        assert session.events.get().new_status == new
    else:
        with pytest.raises(
            IllegalMove, match=f"{in_words(Status, old)} cannot become {in_words(Status, new)}"
        ):
            session.move_to(new, at=NINE, by=None)
        session.refresh_from_db()
        assert session.status == old
        assert not session.events.exists()


def test_every_status_is_in_the_table_and_all_but_three_occupy() -> None:
    assert list(MOVES) == Status.values
    assert set(OCCUPIES) == set(MOVES) - {"ABORTED", "CANCELLED", "NO_SHOW"}
    assert set(SIGNED) == {"COMPLETED", "ABORTED"}


def test_a_whole_life_leaves_its_history(booking: Booking) -> None:
    session = booking.completed()

    events = list(session.events.order_by("id").values_list("old_status", "new_status"))
    assert events == [
        ("", "BOOKED"),
        ("BOOKED", "CHECKED_IN"),
        ("CHECKED_IN", "IN_PROGRESS"),
        ("IN_PROGRESS", "COMPLETED"),
    ]
    assert session.completed_at == session.starts_at


@pytest.mark.parametrize(
    ("to", "at", "refused"),
    [
        ("CHECKED_IN", NINE - CHECK_IN_OPENS - SECOND, "check-in opens 12 hours before"),
        ("CHECKED_IN", NINE - CHECK_IN_OPENS, ""),
        ("NO_SHOW", NINE - SECOND, "the patient may still come"),
        ("NO_SHOW", NINE, ""),
    ],
)
def test_a_move_comes_too_early_until_its_moment(
    booking: Booking, to: str, at: datetime, refused: str
) -> None:
    session = booking.book()

    if refused:
        with pytest.raises(TooEarly, match=refused):
            booking.move(session, to, at=at)
    else:
        booking.move(session, to, at=at)

    session.refresh_from_db()
    assert session.status == ("BOOKED" if refused else to)


def test_check_in_opens_twelve_hours_before() -> None:
    assert CHECK_IN_OPENS == 12 * HOUR


def test_nothing_is_completed_without_a_treated_zone(booking: Booking) -> None:
    session = booking.in_progress()

    with pytest.raises(NothingCharted):
        booking.move(session, Status.COMPLETED)

    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS
    assert session.completed_at is None


def test_a_listener_that_fails_takes_the_move_back(booking: Booking) -> None:
    session = booking.book()

    def fail(**_: object) -> None:
        raise RuntimeError("no aftercare today")

    session_moved.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            booking.move(session, Status.CANCELLED)
    finally:
        session_moved.disconnect(fail)

    session.refresh_from_db()
    assert session.status == Status.BOOKED
    assert session.events.count() == 1


def test_a_chart_is_written_only_while_the_session_is_in_progress(booking: Booking) -> None:
    entry: services.ZoneEntry = {"zone": booking.zone, "depth_mm": Decimal("1.00"), "passes": 4}
    session = booking.book()

    with pytest.raises(NotInProgress, match="it is booked"):
        services.write_chart(session_id=session.pk, zones=[entry], at=NINE, by=booking.practitioner)

    done = booking.completed(of_treatment(session.recovers_at))
    with pytest.raises(NotInProgress, match="it is completed"):
        services.write_chart(session_id=done.pk, zones=[entry], at=NINE, by=booking.practitioner)
    assert TreatmentSession.objects.get(pk=done.pk).zone_treatments.get().passes == 6
