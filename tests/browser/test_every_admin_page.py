"""Every list, every form to add and the page of a row of each model in a browser, read from the
registry: no fault that axe knows (WCAG 2.2, A and AA), none of a script, nothing that the policy of
the page refuses, nothing beyond the edge of a phone, and words only."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, ViewportSize, sync_playwright

from clinic.models import Clinic, Role
from sessions import services
from tests.admin.pages import url
from tests.browser.test_charting_day import cookie_of, opened
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUN
from tests.conftest import Booking
from tests.factories import DAY, PatientErasureFactory, PatientExportFactory, UserFactory
from tests.support.words import TYPED, faults_in, visible_of
from tests.walks.test_admin_walk import REGISTRY
from tests.walks.test_other_doors import others

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]


# What an address of the admin answers that is not of a model, if it is no page, or is looked at
# elsewhere: before a log-in (test_account_pages.py), behind a passkey (test_passkeys.py).
NO_PAGES = {
    *("admin/autocomplete/", "autocomplete", "quick-search", "search", "jsi18n", "logout"),
    *("own-language", "passkey-options", "figures-pdf", "aftercare_messagetemplate_preview"),
    *("password_change", "password_change_done"),  # Django's, which ours stand before
}
ELSEWHERE = {"admin-login", "login", "admin_password_reset", "password-asked", "switch-person"}

SETTINGS = r"\b(?:EMAIL|SMS)_(?:URL|PROVIDER)\b"  # for who sets the clinic up


def of_no_model() -> list[str]:
    """The addresses of all other pages, as far as they need no row."""
    return [
        f"/{pattern}"
        for pattern, name in others()
        if pattern.startswith("admin/") and not {"<", "("} & set(pattern)
        if name not in NO_PAGES | ELSEWHERE
    ]


def addresses() -> list[str]:
    found = []
    for model in REGISTRY:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found += [place, f"{place}add/"]
    return [*found, *of_no_model()]


def away_board(booking: Booking) -> str:
    """With a visit on it, of somebody who works at any hour."""
    practitioner = UserFactory(clinic=booking.plan.clinic)
    starts_at = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) + 30 * DAY
    session = booking.book(starts_at, practitioner=practitioner)
    time_off = services.note_away(
        practitioner=practitioner,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        at=timezone.now(),
        by=practitioner,
    )
    return reverse("away-board", args=[time_off.pk])


def of_new_numbers(booking: Booking) -> str:
    """That somebody has proposed."""
    version = booking.plan.protocol_version
    draft = services.propose_version(
        version=version,
        ranges=version.zone_ranges.all(),
        effective_from=None,
        at=timezone.now(),
        by=UserFactory(role=Role.MANAGER, clinic=booking.plan.clinic),
    )
    return reverse("admin:protocol-draft", args=[draft.pk])


def pages_of_privacy(clinic: Clinic) -> list[str]:
    """With a file that can be saved, and an erasure that waits."""
    ready = {"ready_at": timezone.now(), "expires_at": timezone.now() + DAY, "size": 1}
    export = PatientExportFactory(patient__clinic=clinic, **ready)
    erasure = PatientErasureFactory(patient__clinic=clinic, patient__archived_at=timezone.now())
    return [
        reverse("admin:patient-export", args=[export.patient.pk]),
        reverse("admin:patient-erasure", args=[erasure.patient.pk]),
    ]


def pages_of_accesses(booking: Booking) -> list[str]:
    """Who has seen a patient's record, and what somebody has looked at."""
    patient, person = booking.plan.patient, booking.practitioner
    return [reverse("admin:seen", args=[patient.pk]), reverse("accesses-by", args=[person.pk])]


# It is half a megabyte: the browser keeps it for all pages of a context, instead of being sent it
# through two programs for each.
KEPT_AXE = f"window.loadAxe = () => {{ {AXE}\n }}"
DRAWN = """() => new Promise(done =>
    window.django?.jQuery ? django.jQuery(() => setTimeout(done)) : done())"""


# What a page looks like in the dark is its colours; everything else is as it was.
DARK = """() => new Promise(done => {
    document.documentElement.classList.add('dark')
    document.head.insertAdjacentHTML(
        'beforeend', '<style>* {transition: none !important}</style>')
    setTimeout(done)
})"""
ALL_BUT_COLOURS = RUN.replace(
    "runOnly: rules", "runOnly: rules, rules: {'color-contrast': {enabled: false}}"
)

# Colours take axe longer than all the rest, and most words of a page look as those of the last one
# did: so each text is looked at once, by the tags, classes and states that give it its colour.
PLACES = """const places = () => {
    const found = new Map()
    const all = document.evaluate(
        "//body//*[text()[normalize-space()] or self::input or self::select or self::textarea]",
        document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE)
    for (let number = 0; number < all.snapshotLength; number++) {
        const text = all.snapshotItem(number)
        let place = ""
        for (let one = text; one !== document.documentElement; one = one.parentElement)
            place += `<${one.localName}.${one.getAttribute("class")}.${one.getAttribute("style")}`
                + `.${one.disabled}.${one.readOnly}.${one.getAttribute("aria-disabled")}`
                + `.${one.localName === "tr" && one.matches(":nth-child(even)")}`
        if (!found.has(place) && text.checkVisibility()) found.set(place, text)
    }
    return found
};"""
SEEN = f"() => {{ {PLACES} return [...places().keys()] }}"
COLOURS = f"""wanted => {{ {PLACES}
    const known = places(), include = wanted.map(place => known.get(place))
    return axe.run({{include}}, {{runOnly: ["color-contrast"], resultTypes: ["violations"]}}).then(
        found => found.violations.flatMap(fault => fault.nodes.map(node =>
            `${{fault.id}}: ${{node.html.slice(0, 90)}} ${{node.any.map(one => one.message)}}`)))
}}"""


# What one types into has an edge, or looks like what cannot be changed. (A picker lies in the edge
# of its field, and select2 draws one of its own.)
BARE = """() => [...document.querySelectorAll("input, select, textarea")]
    .filter(one => !/^(hidden|checkbox|radio|submit|file|range|button)$/.test(one.type)
        && !one.disabled && !one.matches("[class*=select2], .picker") && one.checkVisibility()
        && ![one, one.parentElement].some(
            edge => parseFloat(getComputedStyle(edge).borderTopWidth) > 0))
    .map(one => `no edge: ${one.outerHTML.slice(0, 110)}`)"""


# What opens something by a click, and cannot be reached by keys. (An area without words around a
# dialog closes it, as Escape does.)
UNREACHABLE = """() => [...document.querySelectorAll("[x-on\\\\:click]")]
    .filter(one => !one.matches("a[href], button, input, summary, [tabindex='0']")
        && one.textContent.trim() && one.checkVisibility())
    .map(one => `not by keys: ${one.outerHTML.slice(0, 110)}`)"""


# On a phone: what is pressed or typed into beyond the edge, unless what it lies in can be pushed to
# it and is not beyond the edge itself; and a page that is pushed sideways as a whole.
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
BEYOND = """() => {
    const wide = innerWidth, root = document.documentElement
    const beyond = box => box.width && box.height && (box.right > wide + 1 || box.left < -1)
    const reached = one => {
        for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
            if (/auto|scroll/.test(getComputedStyle(up).overflowX)) return !beyond(
                up.getBoundingClientRect())
        return false
    }
    const pressed = "button, input, select, textarea, summary, a[class*=rounded], .submit-row *"
    const found = [...document.querySelectorAll(pressed)]
        .filter(one => !one.matches(".sr-only, .visually-hidden, [class*=hidden-accessible]")
            && one.checkVisibility({visibilityProperty: true, opacityProperty: true})
            && beyond(one.getBoundingClientRect()) && !reached(one))
        .map(one => `beyond the edge: ${one.outerHTML.slice(0, 110)}`)
    const cut = [...document.querySelectorAll("label .truncate")]
        .filter(one => one.checkVisibility() && getComputedStyle(one).overflowX === "hidden"
            && one.scrollWidth > one.clientWidth)
    found.push(...cut.map(one => `cut off: ${one.textContent.trim().slice(0, 60)}`))
    if (root.scrollWidth > wide) found.push(`pushed sideways: ${root.scrollWidth} pixels`)
    return found
}"""


def of_console(line: ConsoleMessage) -> str:
    """What has gone wrong, and where; advice of the browser is none of it."""
    return f"{line.text} {line.location['url']}" if line.type in ("error", "warning") else ""


def test_every_list_and_form_can_be_used_by_everybody(
    live_server: Any, booking: Booking, clinic: Clinic, rows: list[Any]
) -> None:
    roles = (Role.MANAGER, Role.PRACTITIONER, Role.AUDITOR)
    cookies = [cookie_of(UserFactory(role=role, clinic=clinic)) for role in roles]
    left, faults, told = [*addresses(), away_board(booking)], list[Any](), list[str]()
    places = set[str]()
    of_rows = [url(row) for row in rows]
    whom = {"patient": str(booking.plan.patient_id)}  # with the block of the patient's phone
    left += [of_new_numbers(booking), reverse("admin:patients_screening_add", query=whom)]
    left += [*pages_of_privacy(clinic), *of_rows, *pages_of_accesses(booking)]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for cookie in cookies:
            context = opened(browser, live_server.url, cookie, width=1280)
            context.add_init_script(KEPT_AXE)
            page = context.new_page()
            page.on("pageerror", lambda error: told.append(str(error)))
            page.on("console", lambda line: told.append(of_console(line)))
            for path in left.copy():
                answer = page.goto(live_server.url + path)
                if answer and answer.ok:
                    left.remove(path)
                    words = faults_in(visible_of(answer.text()), allowed=f"{TYPED}|{SETTINGS}")
                    faults += [(path, fault) for fault in words]
                    page.evaluate(DRAWN)
                    page.evaluate("loadAxe()")
                    faults += [(path, fault) for fault in page.evaluate(ALL_BUT_COLOURS, RULES)]
                    for asked in (BARE, UNREACHABLE):
                        faults += [(path, fault) for fault in page.evaluate(asked)]
                    if new := [place for place in page.evaluate(SEEN) if place not in places]:
                        places.update(new)
                        faults += [(path, fault) for fault in page.evaluate(COLOURS, new)]
                        page.evaluate(DARK)
                        dark = page.evaluate(COLOURS, new)
                        faults += [(f"{path} dark", fault) for fault in dark]
                    page.set_viewport_size(PHONE)
                    faults += [(f"{path} narrow", fault) for fault in page.evaluate(BEYOND)]
                    page.set_viewport_size(DESK)
        browser.close()

    assert len(addresses()) - len(left) > 90
    assert len(places) > 400
    assert [path for path in left if path in of_no_model()] == []
    assert len(of_rows) == len(REGISTRY)
    assert [path for path in of_rows if path in left] == []
    assert not {*pages_of_accesses(booking)} & {*left}
    # a picture of a row that has no file behind it is none of the page
    known = ("403 (Forbidden)", "/file/")
    assert [line for line in told if line and not any(one in line for one in known)] == []
    assert faults == [], "\n".join(map(str, faults))
