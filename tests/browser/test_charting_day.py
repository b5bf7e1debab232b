"""From check-in to the signature in a browser, with the server behind it: counted, as clinicians
will count it; then the same page with the network away."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, sync_playwright

from clinic.accounts.signing import set_pin
from clinic.models import Clinic, User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUNS_OFF
from tests.browser.test_staff_pages import INSIDE
from tests.conftest import Booking
from tests.factories import ScreeningRuleFactory, ZoneFactory, ZoneLimitFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
# For a gloved hand: what is pressed, and what is typed into.
TOO_SMALL = """() => [...document.querySelectorAll("#chart :is(button, select, summary)")]
    .filter(one => one.checkVisibility() && !one.matches(".only-read"))
    .filter(one => Math.min(one.offsetHeight, one.offsetWidth) < 44)
    .map(one => "too small: " + one.outerHTML.slice(0, 90))"""
MOST_LOADS, MOST_ACTS = 4, 30
PIN = "730164"  # this clinic asks who signs


class Counted:
    """A person at a page: what they press and type, and how often a page is loaded."""

    def __init__(self) -> None:
        self.acts = self.loads = 0
        self.page: Any = None

    def sits_at(self, page: Page) -> None:
        self.page = page
        page.on("load", self._loaded)

    def _loaded(self, _: Any) -> None:
        self.loads += 1

    def press(self, selector: str) -> None:
        self.page.locator(selector).first.click()
        self.acts += 1

    def write(self, selector: str, words: str) -> None:
        self.page.locator(selector).first.fill(words)
        self.acts += 2  # into the field, and the words

    def settled(self, selector: str) -> None:
        self.page.locator(selector).first.wait_for()


def cookie_of(user: User) -> str:
    """Somebody who is logged in: made before there is a browser, which runs a loop of its own."""
    return client_of(user).cookies[settings.SESSION_COOKIE_NAME].value


def opened(browser: Any, live: str, cookie: str, width: int = 1024) -> BrowserContext:
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live}])
    return context


def test_from_check_in_to_signature_in_four_pages_and_thirty_acts(
    live_server: Any, booking: Booking, clinic: Clinic, alice: User, dana: User
) -> None:
    clinic.asks_sharps_disposal = clinic.asks_who_signs = True
    set_pin(pin=PIN, at=timezone.now(), by=alice)
    clinic.save()
    shallow = ZoneFactory(area=booking.zone.area, name="Shallow")
    ZoneLimitFactory(zone=shallow, version=2, depth_max_mm="0.75")
    session = booking.book(timezone.now().replace(microsecond=0) + timedelta(minutes=1))
    booking.ready(session.starts_at - timedelta(days=20))
    ScreeningRuleFactory(ask_again=True, question="Are you ill today?")
    code, person = booking.cartridge(), Counted()
    at_desk, at_tablet = cookie_of(dana), cookie_of(alice)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        desk = opened(browser, live_server.url, at_desk).new_page()
        desk.goto(f"{live_server.url}/admin/")
        person.sits_at(desk)
        person.press(f"#visit-{session.pk} button[value=CHECKED_IN]")
        desk.wait_for_url("**/admin/**#visit-*")

        tablet = opened(browser, live_server.url, at_tablet).new_page()
        person.sits_at(tablet)
        tablet.goto(f"{live_server.url}/admin/")
        person.press(f"#visit-{session.pk} >> text=Open the chart")
        person.press("[name=good_health]")
        person.press("[name=expectations]")
        person.press("button[value=screened]")
        person.settled("text=Nothing stands in the way.")
        person.press("button[value=start]")
        person.settled("button[value=sign]")
        chart(person, booking, shallow, code)
        tablet.evaluate(AXE)
        faults = [*tablet.evaluate(INSIDE, RULES), *tablet.evaluate(RUNS_OFF)]
        faults += tablet.evaluate(TOO_SMALL)
        tablet.evaluate("document.documentElement.classList.add('dark')")
        faults += tablet.evaluate(INSIDE, RULES)
        person.write("[name=signed_with]", "730165")
        person.press("button[value=sign]")
        person.settled("text=That is neither your PIN nor your password.")
        person.write("[name=signed_with]", PIN)
        tablet.keyboard.press("Enter")
        person.settled("text=Book the next session")
        browser.close()

    assert faults == [], "\n".join(faults)
    row = TreatmentSession.objects.get(pk=session.pk)
    assert row.status == Status.COMPLETED
    assert row.findings.get(code="depth_above_range").override_reason == "Deep scar"
    assert row.zone_treatments.count() == 2
    assert person.loads <= MOST_LOADS, person.loads
    assert person.acts <= MOST_ACTS, person.acts


def chart(person: Counted, booking: Booking, shallow: Any, code: str) -> None:
    """Two zones, one over the range and decided; the scanner, and what the clinic asks for."""
    page = person.page
    for zone, passes in ((booking.zone, 2), (shallow, 1)):
        begins = f"#zone-{zone.code}"
        if zone is shallow:
            person.write(f"{begins} input[name$=depth_mm]", "1.25")
        else:
            person.press(f"{begins} [data-step='0.25']")
        for _ in range(passes):
            person.press(f"{begins} [data-step='1']")
    person.settled(f"[data-open='{shallow.code}']")
    person.write(f"[name='because:depth_above_range:{shallow.code}']", "Deep scar")
    person.write(f"[name='signed_with:depth_above_range:{shallow.code}']", PIN)
    person.press(f"[value='decide:depth_above_range:{shallow.code}']")
    person.settled("text=goes on because: Deep scar")
    page.locator("body").press("(")  # the scanner types, wherever the keyboard is
    page.keyboard.type(f"{code[1:]}\n")
    person.acts += 1
    person.settled("text=is noted.")
    assert page.evaluate("document.activeElement.id") == "code"
    person.press("[name$=sharps_disposed]")


def test_nothing_is_lost_while_the_network_is_away(
    live_server: Any, booking: Booking, alice: User
) -> None:
    session = booking.in_progress(timezone.now().replace(microsecond=0))
    cookie = cookie_of(alice)
    field = f"#id_{booking.zone.code}-0-depth_mm"

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = opened(browser, live_server.url, cookie, width=390)
        page = context.new_page()
        path = f"/admin/treatment_sessions/treatmentsession/{session.pk}/chart/"
        page.goto(live_server.url + path)
        context.set_offline(True)
        page.locator(field).fill("1.25")
        page.locator("text=No connection since").wait_for()
        page.locator("button[value=sign]").click()
        page.locator("text=Not done: there is no connection").wait_for()
        kept = page.locator(field).input_value()
        runs_off = page.evaluate(RUNS_OFF)
        context.set_offline(False)
        page.locator("text=Kept at").wait_for()
        page.reload()
        page.locator("text=Resumed what you typed at").wait_for()
        resumed = page.locator(field).input_value()
        browser.close()

    assert (kept, resumed, runs_off) == ("1.25", "1.25", [])
    assert not session.zone_treatments.exists()
