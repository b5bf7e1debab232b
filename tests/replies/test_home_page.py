"""The first page behind a link: one button and three links, by what the message is for."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from aftercare.models import Message
from aftercare.pages import hours
from aftercare.pages.home import Home, purpose_of
from clinic.models import Clinic, Weekday
from sessions.lifecycle import Status
from tests.factories import DAY, NINE, OpeningHoursFactory, SessionFactory, this_hour
from tests.replies.pages import get, make

pytestmark = pytest.mark.django_db

HEALS = ["check/", "today/"]
WAYS: dict[Home, tuple[timedelta, str, dict[str, Any], str, list[str]]] = {
    Home.BEFORE: (
        *(DAY, Status.BOOKED, {}, "confirm/"),
        ["ready/", "visit/", "move/", "write/"],
    ),
    Home.TODAY: (0 * DAY, Status.CHECKED_IN, {}, "tel:", [*HEALS, "write/", "settings/"]),
    Home.CANCELLED: (DAY, Status.CANCELLED, {}, "tel:", ["write/", "settings/"]),
    Home.MISSED: (-DAY, Status.NO_SHOW, {}, "tel:", ["write/", "settings/"]),
    Home.HEALING: (
        *(-3 * DAY, Status.COMPLETED, {}, "check/"),
        ["today/", "write/", "settings/"],
    ),
    Home.BOOK_NEXT: (
        *(-28 * DAY, Status.COMPLETED, {"step__from_next_window": True}, "tel:"),
        [*HEALS, "write/", "settings/"],
    ),
    Home.LATER: (-91 * DAY, Status.COMPLETED, {}, "tel:", ["write/", "settings/"]),
}


def of(purpose: Home, **more: Any) -> Message:
    if purpose == Home.MOVED:
        message = make(this_hour() + DAY, Status.CANCELLED)
        old = message.session
        SessionFactory(plan=old.plan, starts_at=this_hour() + 2 * DAY, rescheduled_from=old)
        return message
    after, status, changes, _, _ = WAYS[purpose]
    return make(this_hour() + after, status, **changes, **more)


@pytest.mark.parametrize("purpose", Home)
def test_each_purpose_has_one_button_and_a_few_links(purpose: Home) -> None:
    text = get(of(purpose)).split("<main>")[1].split("<footer>")[0]
    way = WAYS[Home.BEFORE if purpose == Home.MOVED else purpose]

    card, links = text.split('<ul class="links">')
    assert card.count("<button") + card.count('class="button"') == 1
    assert way[3] in card
    targets = [part.split('"')[0] for part in links.split("</ul>")[0].split('href="')[1:]]
    assert [target.split("/", 3)[3] for target in targets] == way[4]


def test_whose_skin_heals_reaches_the_check_in_from_the_page_of_the_next_visit() -> None:
    message = make(this_hour() - 3 * DAY, Status.COMPLETED)
    ahead = make(this_hour() + DAY, Status.BOOKED, session__plan__patient=message.patient)

    assert "check/" in get(ahead)
    assert purpose_of(ahead, heals=True, at=this_hour()) == Home.BEFORE


@pytest.mark.parametrize(
    ("at", "is_open", "words", "number"),
    [
        (NINE, True, "We are open until 18:00.", "+493012345678"),
        (NINE + timedelta(hours=9), False, "We are closed until Tue 08:00.", "+493099999999"),
    ],
)
def test_the_page_says_whether_somebody_answers_and_whom_to_call_until_then(
    clinic: Clinic, at: datetime, is_open: bool, words: str, number: str
) -> None:
    clinic.opening_hours.all().delete()
    for weekday in (Weekday.MONDAY, Weekday.TUESDAY):
        OpeningHoursFactory(clinic=clinic, weekday=weekday, opens_at=time(8), closes_at=time(18))
    clinic.out_of_hours_phone = "+493099999999"
    clinic.save()
    clinic.refresh_from_db()

    now = hours.hours_now(clinic, at=at)

    assert (now["is_open"], now["hours"], now["number"].as_e164) == (is_open, words, number)
