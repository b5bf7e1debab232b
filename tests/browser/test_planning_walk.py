"""From the page of a patient to four booked sessions in a browser, by keyboard where it counts: no
fault that axe knows in any state, light and dark, and nothing that runs off a small screen."""

from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from clinic.models import Clinic, User
from sessions.models import TreatmentPlan
from tests.admin.pages import url
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_every_admin_page import DARK
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUN, RUNS_OFF
from tests.conftest import Booking
from tests.factories import PatientFactory, ProtocolFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
LIGHT = "document.documentElement.classList.remove('dark')"


def test_a_course_is_planned_booked_and_held(
    live_server: Any, booking: Booking, clinic: Clinic, manager: User
) -> None:
    patient, concern = PatientFactory(clinic=clinic), booking.plan.concern
    ProtocolFactory(concern=concern, name="Another way")
    cookies = [cookie_of(booking.practitioner), cookie_of(manager)]
    faults, told = list[Any](), list[str]()

    def look(page: Any, place: str) -> None:
        page.evaluate(AXE)
        faults.extend((place, fault) for fault in page.evaluate(RUN, RULES))
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate(DARK)
        faults.extend((place, "small, dark", fault) for fault in page.evaluate(RUN, RULES))
        faults.extend((place, fault) for fault in page.evaluate(RUNS_OFF))
        page.evaluate(LIGHT)
        page.set_viewport_size({"width": 1280, "height": 900})

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, live_server.url, cookies[0], width=1280).new_page()
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(live_server.url + url(patient))
        page.get_by_text("Add for this patient…").click()
        page.get_by_role("link", name="Plan a course with its sessions").click()
        page.get_by_label("Concern").select_option(str(concern))
        page.get_by_role("button", name="Go on").press("Enter")
        expect(page.get_by_text("What the catalogue says")).to_be_visible()
        look(page, "protocols")
        page.get_by_label(str(booking.plan.protocol)).press("Space")
        page.get_by_role("button", name="Go on").press("Enter")
        page.get_by_label("On", exact=True).select_option("Tuesday")
        page.get_by_role("button", name="Look for times").press("Enter")
        rows = page.locator(".plan-row")
        expect(rows.first.locator("[name$=pick] option:checked")).to_contain_text("Tue ")
        look(page, "times")
        choices = rows.first.locator("[name$=pick] option")
        rows.first.locator("select[name$=pick]").select_option(index=choices.count() - 1)
        page.locator("[name$=is_wanted]").nth(1).press("Space")
        for place in range(2, rows.count()):
            page.locator("[name$=is_wanted]").nth(place).uncheck()
        page.get_by_text("Goals and care at home").press("Enter")
        page.get_by_label("What the patient hopes for").fill("Smoother")
        page.get_by_role("button", name="Plan it and book all").press("Enter")
        expect(page.get_by_text("1 session booked")).to_be_visible()
        look(page, "plan")
        page.get_by_role("link", name="Hold", exact=True).press("Enter")
        page.get_by_label("Why").fill("On holiday")
        page.get_by_role("button", name="Hold it").press("Enter")
        page.get_by_label("What becomes of all the others").select_option("KEEP")
        look(page, "ahead")
        page.get_by_role("button", name="Hold it").press("Enter")
        expect(page.get_by_text("is now: On hold")).to_be_visible()
        page = opened(browser, live_server.url, cookies[1], width=1280).new_page()
        page.goto(f"{live_server.url}/admin/setup/")
        look(page, "setting up")
        browser.close()

    plan = TreatmentPlan.objects.get(patient=patient)
    assert (plan.goals, plan.status, plan.sessions.count()) == ("Smoother", "ON_HOLD", 1)
    assert faults == []
    assert told == []
