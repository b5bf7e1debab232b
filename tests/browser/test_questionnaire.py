"""The questionnaire in a browser: “No to all the rest” waits until every group was shown, and the
keyboard answers question by question."""

from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from clinic.models import Clinic, User
from patients.models import Screening
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUNS_OFF
from tests.browser.test_staff_pages import INSIDE
from tests.factories import PatientFactory, ScreeningRuleFactory, clinical_rules

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
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
