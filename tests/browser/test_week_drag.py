"""A visit is dragged on the week: what “Move…” opens is filled in, and nothing has moved yet."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from clinic.models import Clinic, User
from tests.admin.today.test_away import monday
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import CHROMIUM
from tests.conftest import Booking
from tests.factories import RoomFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]


def drop(page: Page, address: str, row: Any, day: str) -> None:
    page.goto(address)
    page.drag_and_drop("[data-move]", f"tr{row} td[data-to='{day}']")


def test_it_opens_the_dialog_with_day_and_person(
    live_server: Any, booking: Booking, clinic: Clinic, dana: User
) -> None:
    session, other = booking.book(monday()), UserFactory(clinic=clinic, last_name="Zweig")
    RoomFactory(clinic=clinic)
    day = f"{monday() + timedelta(days=2):%Y-%m-%d}"
    week, cookie = f"{live_server.url}/admin/week/?day={day}", cookie_of(dana)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, live_server.url, cookie, width=1280).new_page()
        drop(page, week, f"[data-with='{other.pk}']", day)
        page.wait_for_url("**/move/**")
        address = parse_qs(urlsplit(page.url).query)
        typed = [page.input_value(f"[name={name}]") for name in ("starts_at_0", "starts_at_1")]
        with_whom = page.input_value("[name=practitioner]")
        drop(page, f"{week}&by=rooms", ":not(:has([data-move]))", day)  # another room: stays
        stays = page.url
        drop(page, f"{week}&by=rooms", ":has([data-move])", day)
        page.wait_for_url("**/move/**")
        with_same = page.input_value("[name=practitioner]")
        browser.close()

    wanted = session.starts_at_local + timedelta(days=2)
    assert typed == [f"{wanted.day} {wanted:%b %Y}", f"{wanted:%H:%M}"]
    assert (with_whom, with_same) == (str(other.pk), str(session.practitioner_id))
    assert address["back"][0].startswith("/admin/week/")
    assert "/week/" in stays
    session.refresh_from_db()
    assert session.status == "BOOKED"
