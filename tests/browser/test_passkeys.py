"""A passkey in a browser, with an authenticator of its own: added, used to log in and where people
are asked again, removed; no fault that axe knows, and nothing that the page's policy refuses."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, sync_playwright

from clinic.accounts.signing import set_pin
from clinic.models import Passkey, User
from tests.accounts.test_second_factor import LONG
from tests.browser.test_every_admin_page import DARK, of_console
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUN, RUNS_OFF
from tests.factories import UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
BUTTON = "[data-passkey]"


def faults_of(page: Page) -> list[Any]:
    page.evaluate(AXE)
    found = [*page.evaluate(RUN, RULES), *page.evaluate(RUNS_OFF)]
    page.evaluate(DARK)
    return [(page.url, fault) for fault in [*found, *page.evaluate(RUN, RULES)]]


def test_from_the_first_passkey_to_the_last(live_server: Any, alice: User, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    alice.set_password(LONG)
    alice.is_staff = True
    alice.save()
    set_pin(pin="590271", at=timezone.now(), by=alice)
    bob = UserFactory(clinic=alice.clinics.get(), is_staff=True)
    bob.set_password(LONG)
    bob.save()
    set_pin(pin="730164", at=timezone.now(), by=bob)
    faults, told = list[Any](), list[str]()
    keys = live_server.url + reverse("passkeys")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda line: told.append(of_console(line)))
        tools = page.context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        device = tools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

        for user in (alice, bob, alice):
            page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
            page.goto(f"{live_server.url}/admin/login/")
            page.fill("[name=username]", user.username)
            page.fill("[name=password]", LONG)
            page.click("#login-form [type=submit]:not([data-passkey])")
            page.wait_for_url(f"{live_server.url}/admin/")
        page.goto(f"{live_server.url}{reverse('switch-person')}?next=/admin/log-ins/")
        faults += faults_of(page)
        page.fill("[name=pin]", "730164")
        page.click("text=Take over >> nth=0")
        page.wait_for_url("**/admin/log-ins/")
        assert page.locator(f"text={bob}").count()
        page.goto(live_server.url + reverse("switch-person"))
        page.click(f"text={alice}")
        page.fill("[name=pin]", "590271")
        page.click("text=Take over >> nth=0")
        page.wait_for_url(f"{live_server.url}/admin/")
        page.goto(keys)
        page.fill("[name=password]", LONG)
        page.click("text=Go on")
        page.wait_for_url(keys)
        faults += faults_of(page)
        page.click(BUTTON)  # without a name nothing is asked
        page.fill("[name=name]", "The blue key")
        page.click(BUTTON)
        page.locator("text=opens your account from now on").wait_for()
        faults += faults_of(page)
        page.fill("[name=name]", "The same")
        page.click(BUTTON)
        page.locator("text=This device has a passkey of yours already.").wait_for()

        page.goto(live_server.url + reverse("pin"))  # asked a moment ago
        faults += faults_of(page)
        page.context.clear_cookies()
        page.goto(f"{live_server.url}/admin/login/")
        faults += faults_of(page)
        page.click(BUTTON)
        page.wait_for_url(f"{live_server.url}/admin/")
        page.goto(keys)
        faults += faults_of(page)
        assert not page.locator("[name=password]").count()  # alone it would not be enough
        page.click(BUTTON)
        page.wait_for_url(keys)
        page.click("button[name=remove]")
        page.locator(
            "text=Your password would stand alone then"
        ).wait_for()  # it was not typed here
        row: Any = tools.send("WebAuthn.getCredentials", device)["credentials"][0]
        browser.close()

    assert faults == [], "\n".join(map(str, faults))
    assert [line for line in told if line] == []
    key = Passkey.objects.get()
    assert (key.name, key.sign_count, row["userHandle"] != "") == ("The blue key", 3, True)
