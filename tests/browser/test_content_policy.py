"""Pages do what they are there for under their own policy: nothing that they need is refused by it,
and what somebody has smuggled in is."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, sync_playwright

from aftercare.texts import links
from clinic.models import Clinic, Role, User
from sessions.models import TreatmentSession
from tests.admin.pages import url
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import CHROMIUM
from tests.conftest import Booking
from tests.factories import HOUR, MessageFactory, TemplateFactory, UserFactory, later_today

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
SMALL_API = {
    "openapi": "3.1.0",
    "info": {"title": "Clinic API", "version": "1"},
    "paths": {"/x/": {"get": {"responses": {"200": {"description": "Fine"}}}}},
}
SMUGGLED = """() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.head.append(script, style);
    new Image().src = "https://elsewhere.example/x.png";
    return [Boolean(window.ran), getComputedStyle(document.body).display];
}"""


class Refused:
    """What a browser says that it did not run, load or show."""

    def __init__(self, context: BrowserContext) -> None:
        self.told: list[str] = []
        context.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.told.append(f"{message.location['url']}: {message.text}")


@pytest.fixture
def day(booking: Booking, clinic: Clinic) -> TreatmentSession:
    starts = later_today(clinic.zone)
    return booking.book(starts, at=starts - 24 * HOUR)


def use_the_admin(page: Page, live: str, session: TreatmentSession, text: Any) -> None:
    """Each part that a script draws, opens or changes."""
    page.goto(f"{live}/admin/")
    page.locator(f"#visit-{session.pk}").wait_for()
    page.locator("#search-input-command").wait_for(state="hidden")  # by Alpine, which now listens
    page.keyboard.press("Control+k")
    page.locator("#search-input-command:focus").wait_for()
    page.keyboard.type("Patients")
    page.locator("#command-results-list a:visible").first.wait_for()  # HTMX
    page.goto(live + url(session.patient))
    page.locator(".patient-tabs a, .patient-tabs button").nth(1).click()
    page.goto(f"{live}/admin/patients/patient/")
    page.evaluate("Alpine.$data(document.documentElement).switchTheme('dark')")
    page.locator("html.dark").wait_for()
    page.goto(f"{live}/admin/treatment_sessions/waitlistentry/add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-results__option[role=option]", has_text=str(session.plan)).first.click()
    page.goto(f"{live}/admin/treatment_sessions/outcomemeasure/figures/")
    page.goto(live + url(text))
    page.frame_locator("iframe[name=preview]").locator("body").wait_for()


def use_the_others(page: Page, live: str, token: str) -> None:
    page.route("**/api/schema/", lambda asked: asked.fulfill(json=SMALL_API))
    page.goto(f"{live}/api/docs/")
    page.locator(".opblock-summary").first.click()
    page.locator(".responses-wrapper").wait_for()
    for path in ("/", "/inbox/", "/nothing/"):
        page.goto(live + path)
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "880px"
    page.goto(f"{live}/p/{token}/")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "560px"


def test_pages_need_nothing_that_their_policy_refuses(
    live_server: Any, day: TreatmentSession, clinic: Clinic, alice: User, side_bar: None
) -> None:
    token = links.token_for(MessageFactory(session=day))
    cookie = cookie_of(UserFactory(role=Role.MANAGER, clinic=clinic))
    text = TemplateFactory()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = opened(browser, live_server.url, cookie, width=1280)
        refused, page = Refused(context), context.new_page()
        page.set_default_timeout(10_000)
        use_the_admin(page, live_server.url, day, text)
        use_the_others(page, live_server.url, token)
        fine = list(refused.told)
        smuggled = page.evaluate(SMUGGLED)
        page.goto(f"{live_server.url}/admin/")
        in_admin = page.evaluate(SMUGGLED)
        browser.close()

    assert fine == []
    assert smuggled == [False, "block"]
    assert in_admin[0] is False  # a style may stand in a page of Unfold's
    assert len(refused.told) >= 5, refused.told
