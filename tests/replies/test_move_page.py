"""A patient moves a visit to one of a few free times, by the rules of the desk."""

from types import SimpleNamespace
from typing import Any

import pytest

from aftercare.models import Message
from aftercare.pages.base import where_it_has_moved
from aftercare.pages.times import other_times
from aftercare.pages.times.free_times import A_DAY, CHOICES_A_DAY, OFFERED
from patients.models import StaffTask, TaskKind
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, MessageFactory
from tests.replies.pages import get, post, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> Message:
    """Of a visit in seven days."""
    monkeypatch.setattr(other_times, "timezone", SimpleNamespace(now=lambda: NINE))
    return MessageFactory(session=booking.book(NINE + 7 * DAY))


def offered(text: str) -> list[str]:
    return [part.split('"')[0] for part in text.split('name="starts_at" value="')[1:]]


def test_six_times_on_three_days_near_the_usual_hour_are_offered(visit: Message) -> None:
    times = offered(get(visit, "move/"))

    assert len(times) == OFFERED
    assert len({time[:10] for time in times}) == OFFERED // A_DAY
    assert visit.session.starts_at.isoformat() not in times
    assert status(visit) == Status.BOOKED
    assert offered(get(visit, f"move/?from={times[-1][:10]}"))[0] >= times[-1][:10]


def test_the_visit_moves_to_the_time_that_is_chosen_even_beside_its_own(visit: Message) -> None:
    beside = visit.session.starts_at + HOUR / 2

    assert post(visit, "move/", starts_at=beside.isoformat()).status_code == 303

    new = TreatmentSession.objects.get(rescheduled_from=visit.session)
    assert (new.starts_at, new.status) == (beside, Status.BOOKED)
    assert status(visit) == Status.CANCELLED
    assert "This is the new time" in get(visit)


@pytest.mark.parametrize(
    ("starts_at", "code"),
    [
        ("", 400),
        ("tomorrow", 400),
        ("2030-99-99T00:00:00+00:00", 400),
        ((NINE - DAY).isoformat(), 409),
        ((NINE + 8 * DAY + HOUR / 7).isoformat(), 409),  # between two starts of the grid
    ],
)
def test_what_is_no_free_time_moves_nothing(visit: Message, starts_at: str, code: int) -> None:
    assert post(visit, "move/", starts_at=starts_at).status_code == code
    assert post(visit, "move/", form="x", starts_at=starts_at).status_code == 403
    assert status(visit) == Status.BOOKED


def test_three_moves_a_day_are_enough_and_the_next_day_it_goes_on(
    visit: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [visit.session.starts_at + number * HOUR / 2 for number in (1, 2, 3, 4)]
    codes = [post(visit, "move/", starts_at=start.isoformat()).status_code for start in free]

    assert codes == [303] * CHOICES_A_DAY + [429]
    monkeypatch.setattr(other_times, "timezone", SimpleNamespace(now=lambda: NINE + DAY))
    assert post(visit, "move/", starts_at=free[3].isoformat()).status_code == 303


def test_an_old_link_finds_the_visit_in_two_queries_however_often_it_has_moved(
    booking: Booking, django_assert_num_queries: Any
) -> None:
    visits = [booking.book(NINE + 7 * DAY)]
    for days in (8, 9, 10):
        visits.append(
            services.reschedule_session(
                session_id=visits[-1].pk,
                starts_at=NINE + days * DAY,
                at=NINE,
                by=booking.practitioner,
            )
        )
    gone = booking.move(booking.book(NINE + 60 * DAY), Status.CANCELLED, at=NINE)
    old = TreatmentSession.objects.get(pk=visits[0].pk)

    with django_assert_num_queries(2):
        found = where_it_has_moved(old)
        found.practitioner.get_full_name()

    assert found == visits[-1]
    assert where_it_has_moved(found) == found
    assert where_it_has_moved(gone) == gone


def test_who_would_rather_come_earlier_says_so_by_one_button(visit: Message) -> None:
    page = get(visit, "move/")
    words = "Please tell me if an earlier time gets free."
    assert f'name="text" value="{words}"' in page

    answer = post(visit, "change/", text=words)

    assert answer.status_code == 303
    task = StaffTask.objects.get(kind=TaskKind.CHANGE_WANTED)
    assert words in task.detail
    assert status(visit) == Status.BOOKED
