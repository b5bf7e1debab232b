"""What somebody would like of the times of a series: kept as far as can be, and said where not."""

from datetime import timedelta

import pytest

from sessions.services import DayPart, Wishes
from tests.booking.series.series import NOW, propose
from tests.conftest import Booking
from tests.factories import DAY, NINE, ClosureFactory, RoomFactory


@pytest.mark.parametrize(
    ("wishes", "fits", "said"),
    [
        (Wishes(), True, ""),
        (Wishes(weekday=0), True, "Monday"),
        (Wishes(weekday=1), False, "Tuesday"),
        (Wishes(part=DayPart.MORNING), True, "morning"),
        (Wishes(weekday=0, part=DayPart.AFTERNOON), False, "Monday afternoon"),
        (Wishes(part=DayPart.EVENING), False, "evening"),
    ],
)
def test_a_start_fits_by_weekday_and_part_of_the_day(wishes: Wishes, fits: bool, said: str) -> None:
    assert wishes.fit(NINE) is fits  # a Monday
    assert str(wishes) == said


@pytest.mark.parametrize(
    ("hour", "part"), [(11, "MORNING"), (12, "AFTERNOON"), (16, "AFTERNOON"), (17, "EVENING")]
)
def test_each_hour_is_in_one_part_of_the_day(hour: int, part: str) -> None:
    start = NINE.replace(hour=hour, minute=59 if hour % 2 == 0 and hour == 16 else 0)

    assert [one for one in DayPart.values if Wishes(part=one).fit(start)] == [part]


@pytest.mark.django_db
def test_what_cannot_be_had_is_said_and_what_comes_after_it_is_as_wished_again(
    booking: Booking,
) -> None:
    """Four Fridays in a row the clinic is closed; the first session cannot be on one."""
    friday = NINE.replace(hour=0) + 4 * DAY
    for week in range(4):
        closed = friday + timedelta(weeks=week) - timedelta(hours=2)
        ClosureFactory(clinic=booking.plan.clinic, starts_at=closed, ends_at=closed + 2 * DAY)

    first, second, *_ = propose(booking, wishes=Wishes(weekday=4, others=3))

    zone = booking.plan.clinic.zone
    assert first.shift.startswith("no Friday is free until")
    assert first.slot.starts_at.astimezone(zone).weekday() != 4
    assert second.slot.starts_at.astimezone(zone).weekday() == 4
    assert second.shift == ""
    assert len(first.others) == 3
    assert first.slot.starts_at not in [other.starts_at for other in first.others]


@pytest.mark.django_db
def test_a_wished_room_is_a_must_and_the_reason_when_it_is_taken(
    booking: Booking, another_booking: Booking
) -> None:
    room = RoomFactory(clinic=booking.plan.clinic)
    starts = [one.slot.starts_at for one in propose(booking, wishes=Wishes(room=room))]
    another_booking.room = room
    another_booking.book(starts[1])

    proposed = propose(booking, wishes=Wishes(room=room))

    assert {one.slot.room for one in proposed} == {room}
    assert f"{room} is taken" in proposed[1].shift
    assert starts[0] >= NOW
