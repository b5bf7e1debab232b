"""Every page of the patients in a browser: no fault that axe knows (WCAG 2.2, A and AA), nothing
that runs off a small screen, in each language, light and dark, and with type twice as large.
English is looked at on a small light screen, Spanish on a larger dark one.

The pages are rendered first, then shown to one browser: they have no script that would need a
server.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.urls import URLPattern
from playwright.sync_api import Page, ViewportSize, sync_playwright

from aftercare.pages.times import other_times
from clinic import urls
from patients.models import Patient
from sessions.models import TriageVersion
from tests.browser.states import NO_PAGE, State, patients_pages, without_page
from tests.conftest import Booking
from tests.factories import NINE, TriageSignatureFactory
from tests.support.headers import refused_styles

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
    found => found.violations.flatMap(fault => fault.nodes.map(node =>
        `${fault.id}: ${node.html.slice(0, 90)} ${node.any.map(one => one.message).join(" ")}`)))"""
RUNS_OFF = """() => document.documentElement.scrollWidth > window.innerWidth
    ? ["runs off at " + window.innerWidth + " px: " + document.documentElement.scrollWidth] : []"""
SMALL = ViewportSize(width=320, height=640)
TABLET = ViewportSize(width=768, height=1024)
# Without a window it is the same browser, and takes less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium: apt-get install chromium"
)


@contextmanager
def browser() -> Iterator[Page]:
    """Open only once everything is rendered: Django's database wants no other loop around it."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = opened.new_page(viewport=SMALL)
        page.evaluate(AXE)  # stays when another content is set
        yield page
        opened.close()


def rendered(pages: dict[str, list[State]]) -> dict[str, str]:
    """Each state in each language, by its name."""
    found = {}
    for language, _ in settings.LANGUAGES:
        for name, states in pages.items():
            for number, state in enumerate(states):
                Patient.objects.filter(pk=state.message.patient_id).update(language=language)
                found[f"{name} {number} {language}"] = state.page().content.decode()
    message = pages["patient-visit"][0].message
    for number, show in enumerate(without_page(message)):
        found[f"without page {number}"] = show().content.decode()
    return found


def faults(page: Page, html: str, *, dark: bool = False) -> list[str]:
    """What axe finds on a small light screen, or on a larger dark one; and what runs off any."""
    page.set_content(html)
    page.emulate_media(color_scheme="dark" if dark else "light")
    found: list[str] = []
    for size in (SMALL, TABLET):
        page.set_viewport_size(size)
        found += page.evaluate(RUNS_OFF)
        if dark == (size == TABLET):
            found += page.evaluate(RUN, RULES)
    page.set_viewport_size(SMALL)
    page.add_style_tag(content="html { font-size: 200% }")
    found += page.evaluate(RUNS_OFF)
    return found


@pytest.mark.django_db
def test_no_page_has_a_fault(
    booking: Booking, triage_rules: TriageVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    TriageSignatureFactory(version=triage_rules)
    monkeypatch.setattr(other_times, "timezone", SimpleNamespace(now=lambda: NINE))
    pages = patients_pages(booking)
    shown = rendered(pages)

    with browser() as page:
        found = {name: faults(page, html, dark=" es" in name) for name, html in shown.items()}

    assert {name: what for name, what in found.items() if what} == {}
    assert not any("<script" in html or refused_styles(html) for html in shown.values())
    routes = [route for route in urls.urlpatterns if isinstance(route, URLPattern)]
    known = {route.name for route in routes if str(route.pattern).startswith("p/<")}
    assert set(pages) | NO_PAGE == known


def test_a_page_with_a_fault_is_found() -> None:
    bad = {
        '<p style="color: #aaa">Grey on white</p>': "color-contrast",
        "<input>": "label",
        '<p style="width: 900px">Wide</p>': "runs off",
    }
    with browser() as page:
        for body, fault in bad.items():
            html = f"<!doctype html><html lang=en><title>Bad</title><main><h1>Bad</h1>{body}</main>"
            assert any(fault in one for one in faults(page, html)), fault
