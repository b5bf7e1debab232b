"""By keys alone: what lies behind a list's filters and behind one's own name."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect, sync_playwright

from clinic.models import Role
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import CHROMIUM
from tests.conftest import Booking
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
MOST_TABS = 25


def tab_to(page: Page, selector: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.locator(selector).first.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{selector} cannot be reached by keys")


def test_filters_and_ones_own_menu_are_opened_by_keys(live_server: Any, booking: Booking) -> None:
    cookie = cookie_of(UserFactory(role=Role.MANAGER, clinic=booking.plan.clinic))
    sessions = reverse("admin:treatment_sessions_treatmentsession_changelist")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, live_server.url, cookie, width=1280).new_page()
        page.goto(live_server.url + sessions)

        page.keyboard.press("Tab")  # past the side bar
        page.keyboard.press("Enter")
        filters = '[x-on\\:click="filterOpen = true"]'
        tab_to(page, filters)
        page.keyboard.press("Enter")
        tab_to(page, "#changelist-filter a[href='?kind__exact=CHECK']")
        page.keyboard.press("Escape")
        expect(page.locator("#changelist-filter")).to_be_hidden()
        expect(page.locator(filters)).to_be_focused()

        tab_to(page, '[x-on\\:click="openUserLinks = !openUserLinks"]')
        page.keyboard.press(" ")
        out = page.get_by_role("button", name="Log out")
        expect(out).to_be_visible()
        tab_to(page, "form[action='/admin/logout/'] button")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Logged out")).to_be_visible()
        browser.close()
