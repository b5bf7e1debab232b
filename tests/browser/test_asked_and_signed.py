"""What is asked and signed at the clinic, in a browser: “No to all the rest” waits until every
group was shown, the keyboard answers question by question, and a signature is drawn."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from clinic.models import Clinic, User
from patients.models import Screening, TreatmentConsent
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUNS_OFF
from tests.browser.test_staff_pages import INSIDE
from tests.conftest import Booking
from tests.factories import (
    ConsentClauseFactory,
    ConsentTextFactory,
    PatientFactory,
    ScreeningRuleFactory,
    clinical_rules,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
# Who presses faster than the screen is drawn has not been shown what is passed over.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
TOO_SMALL = """() => [...document.querySelectorAll(".ask-answers label, [data-rest] button")]
    .filter(one => Math.min(one.offsetHeight, one.offsetWidth) < 44)
    .map(one => "too small: " + one.outerHTML.slice(0, 90))"""


def test_no_to_all_the_rest_is_for_what_was_shown(
    live_server: Any, clinic: Clinic, alice: User
) -> None:
    clinical_rules()
    for number in range(20):
        ScreeningRuleFactory(code=f"q-{number}", position=20 * number)
    patient, cookie = PatientFactory(clinic=clinic), cookie_of(alice)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, live_server.url, cookie, width=390).new_page()
        page.goto(f"{live_server.url}/admin/patients/screening/add/?patient={patient.pk}")
        rest, told = page.locator("[data-rest] button"), page.locator("#ask-left")
        page.evaluate(AXE)
        faults = [*page.evaluate(INSIDE, RULES), *page.evaluate(RUNS_OFF)]
        faults += page.evaluate(TOO_SMALL)
        first = (rest.is_disabled(), told.inner_text())
        page.locator("#answer_q-0 [value=no]").focus()
        for _ in range(18):
            page.keyboard.press("n")  # leads on, and so brings each of them onto the screen
            page.evaluate(DRAWN)
        page.keyboard.press("y")
        rest.scroll_into_view_if_needed()
        page.wait_for_function("!document.querySelector('[data-rest] button').disabled")
        rest.press("Enter")
        last = told.inner_text()
        page.evaluate("document.documentElement.classList.add('dark')")
        faults += page.evaluate(INSIDE, RULES)
        page.locator("button[name=_save], input[name=_save]").first.click()
        page.wait_for_url("**/screening/")
        browser.close()

    assert faults == [], "\n".join(map(str, faults))
    assert first[0]
    assert "Since the last session" in first[1]
    assert last == "1 answered with no. Each can still be changed."
    told_of = {one.rule.code: one.answer for one in Screening.objects.get().answers.all()}
    assert [code for code, answer in told_of.items() if answer] == ["q-18"]
    assert len(told_of) == 20


def test_a_signature_is_drawn_with_a_finger_and_drawn_anew(
    live_server: Any, booking: Booking, clinic: Clinic, alice: User
) -> None:
    patient, cookie = booking.plan.patient, cookie_of(alice)
    ConsentClauseFactory(text=ConsentTextFactory(), code="risks")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, live_server.url, cookie, width=390).new_page()
        page.goto(f"{live_server.url}/admin/patients/treatmentconsent/add/?patient={patient.pk}")
        page.evaluate(AXE)
        faults = [*page.evaluate(INSIDE, RULES), *page.evaluate(RUNS_OFF)]
        pad, drawn = page.locator("[data-signature]"), page.locator("[name=signature]")
        stroke(page, pad, (0.1, 0.5), (0.5, 0.2))
        page.click("[data-clear]")
        wiped = drawn.input_value()
        stroke(page, pad, (0.1, 0.5), (2.0, 0.5))  # off the edge
        page.check("[name=clauses]")
        page.check("[name=device_models]")
        page.fill("[name=signer_name]", "Ana Gil")
        page.evaluate("document.documentElement.classList.add('dark')")
        faults += page.evaluate(INSIDE, RULES)
        page.locator("button[name=_save], input[name=_save]").first.click()
        page.wait_for_url("**/treatmentconsent/")
        browser.close()

    assert faults == [], "\n".join(map(str, faults))
    assert wiped == ""
    kept = TreatmentConsent.objects.get().signature
    assert kept.startswith("M60 100L60 100L")
    assert kept.endswith("L600 100")


def stroke(page: Page, pad: Locator, *places: tuple[float, float]) -> None:
    """From place to place, as parts of its width and height."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    for number, (across, down) in enumerate(places):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()
