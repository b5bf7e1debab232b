"""A phone takes a photograph with the earlier one over its camera, and the tablet shows it by
itself: the real server, a camera of the browser's own."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from clinic.models import User
from sessions.models import TreatmentSession
from sessions.pages.link import open_link
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUN, RUNS_OFF
from tests.conftest import Booking
from tests.support.pictures import agree, jpeg, stored

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
RUNS = """video => video.videoWidth > 0 ||
    new Promise(done => video.addEventListener("loadedmetadata", done, {once: true}))"""
SMALL = """() => [...document.querySelectorAll("button, input:not([type=hidden])")]
    .filter(one => one.checkVisibility() && one.offsetHeight < 44)
    .map(one => "too small: " + one.outerHTML.slice(0, 90))"""


def test_a_phone_takes_a_picture_over_the_earlier_one_and_the_tablet_shows_it(
    live_server: Any, booking: Booking, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    agree(booking.plan.patient, booking.practitioner)
    stored(jpeg(900, 600), booking.plan.patient, booking.practitioner)
    session = TreatmentSession.objects.get(pk=booking.in_progress().pk)
    secret = open_link(session, at=timezone.now(), by=booking.practitioner)
    cookie, told, faults = cookie_of(booking.practitioner), list[str](), list[Any]()
    place = reverse("admin:treatment_sessions_treatmentsession_photos", args=[session.pk])
    file = tmp_path / "own.jpg"
    file.write_bytes(jpeg(300, 200))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *CAMERA]
        )
        tablet = opened(browser, live_server.url, cookie).new_page()
        tablet.goto(live_server.url + place)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        for one in (tablet, page):
            one.on("pageerror", lambda error: told.append(str(error)))
            one.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
        page.goto(f"{live_server.url}{reverse('photo-page', args=[secret])}")
        page.evaluate(AXE)
        faults += page.evaluate(RUN, RULES) + page.evaluate(RUNS_OFF) + page.evaluate(SMALL)
        page.get_by_role("button", name="Camera with the earlier picture").click()
        over = page.locator("#phone-camera img")
        expect(over).to_be_visible()
        over.evaluate("picture => picture.decode()")
        page.locator("#phone-camera video").evaluate(RUNS)
        faults += page.evaluate(RUN, RULES) + page.evaluate(SMALL)
        page.get_by_role("button", name="Take it", exact=True).click()
        expect(page.get_by_text("1 taken")).to_be_visible()
        page.locator("#file-LEFT_45").set_input_files(file)
        expect(page.get_by_text("45° left: sent.")).to_be_visible()
        expect(tablet.locator("#taken img")).to_have_count(2, timeout=10_000)
        kept = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
        tablet.get_by_role("button", name="Show a new code").click()
        expect(tablet.locator(".phone-code svg")).to_be_visible()
        tablet.evaluate(AXE)
        faults += tablet.evaluate(RUN, RULES)
        page.reload()
        expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
        browser.close()

    connection.close()
    assert kept == [0, 0, ""]
    assert faults == []
    assert [line for line in told if "404" not in line] == []
