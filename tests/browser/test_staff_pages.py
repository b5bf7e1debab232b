"""The first page of each role and the page of a patient in a browser: no fault that axe knows (WCAG
2.2, A and AA), light and dark, and nothing that runs off a telephone or a tablet.

They are rendered with their style sheets in them, and every tab open, because no server is asked.
"""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from clinic.models import Clinic, Role, User
from tests.admin.pages import client_of, url
from tests.browser.test_patients_pages import CHROMIUM, RULES, RUN, RUNS_OFF, browser
from tests.conftest import Booking
from tests.factories import HOUR, SideEffectFactory, StaffTaskFactory, UserFactory, later_today

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]
# Header and side bar are Unfold's; its icons are letters as long as their font is not there.
PLACE = '{include: ["#content"], exclude: [".material-symbols-outlined"]}'
INSIDE = RUN.replace("document, {", f"{PLACE}, {{")
WIDTHS = (390, 1024, 1280)
SHEETS = ("unfold/css/styles.css", "clinic/picker.css", "clinic/today.css")


def whole(html: bytes, *, dark: bool) -> str:
    """Without what only a script would show, and with the styles of the page."""
    found = [Path(str(finders.find(name))).read_text() for name in SHEETS]
    text = (
        html.decode()
        .replace("x-cloak", "")
        .replace("<script", "<template")
        .replace("</script", "</template")
    )
    text = text.replace("</head>", f"<style>{''.join(found)}</style></head>", 1)
    return text.replace("<html ", '<html class="dark" ' if dark else "<html ", 1)


def pages_of(booking: Booking, clinic: Clinic, alice: User) -> dict[str, Any]:
    starts = later_today(clinic.zone)
    session = booking.book(starts, at=starts - 24 * HOUR)
    patient = session.patient
    patient.allergies = "Nickel"
    patient.save()
    SideEffectFactory(session=session, onset_at=starts)
    StaffTaskFactory(clinic=clinic, audience="CLINICAL", severity="RED")
    found = {}
    for role in Role.values:
        user = alice if role == Role.PRACTITIONER else UserFactory(role=role, clinic=clinic)
        found[f"today of {role}"] = client_of(user).get("/admin/").content
    found["patient"] = client_of(alice).get(url(patient)).content
    found["cancel"] = client_of(alice).get(f"/admin/today/{session.pk}/cancel/").content
    found["move"] = client_of(alice).get(f"/admin/today/{session.pk}/move/").content
    return found


def test_the_pages_of_the_day_can_be_used_by_everybody(
    booking: Booking, clinic: Clinic, alice: User, catalogue: None
) -> None:
    rendered = pages_of(booking, clinic, alice)
    faults: list[Any] = []

    with browser() as page:
        for name, html in rendered.items():
            for dark in (False, True):
                page.emulate_media(color_scheme="dark" if dark else "light")
                page.set_content(whole(html, dark=dark))
                for width in WIDTHS if not dark else ():
                    page.set_viewport_size({"width": width, "height": 900})
                    faults += [(name, fault) for fault in page.evaluate(RUNS_OFF)]
                faults += [(name, dark, fault) for fault in page.evaluate(INSIDE, RULES)]

    assert faults == [], "\n".join(map(str, faults))
