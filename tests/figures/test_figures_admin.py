"""Figures in the admin: the healing part of a session, and the page of a clinic."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Clinic, Role, User
from sessions.admin.figures.healing import healing_html
from sessions.figures.cuts import DepthBand, SkinGroup
from sessions.figures.healing import healing_curve
from sessions.models import TreatmentSession
from tests.factories import (
    DAY,
    NINE,
    OutcomeScaleFactory,
    SideEffectExpectationFactory,
    UserFactory,
)
from tests.figures.test_healing import ME, US, others, report
from tests.figures.world import Practice
from tests.support.pdf import inflated, skip_without_pango, without_pango

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"


def pictures(html: str) -> Iterator[ElementTree.Element]:
    for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        named = text.replace("<svg", f'<svg xmlns="{SVG[1:-1]}"')
        yield ElementTree.fromstring(named)  # noqa: S314  our own


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def session_page(session: TreatmentSession) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])


def test_the_page_of_a_session_says_how_it_heals(clinic: Clinic, alice: User, dana: User) -> None:
    practice = Practice(clinic)
    (session,) = practice.treat(practice.plans(1))
    practice.report([session], day=2, redness=6)
    SideEffectExpectationFactory(expected_until_hours=72, source="Over by day 3 [A book]")

    told = logged_in(alice).get(session_page(session)).content.decode()
    desk = logged_in(dana).get(session_page(session)).content.decode()

    assert "Redness by days since the session" in told
    assert "usually over after 72 hours" in told
    assert "[A book]" in told
    assert "days since the session" not in desk


def test_a_picture_says_what_it_shows_and_the_table_has_the_numbers() -> None:
    curve = healing_curve(
        session_id=US,
        band=DepthBand.MEDIUM,
        group=SkinGroup.LIGHTER,
        own=[
            report(7, session=US, patient=ME),
            report(4, patient=ME, after=-30 * DAY),
        ],
        others=others(30),
        literature=[],
        first=date(2027, 1, 1),
        last=NINE.date(),
    )

    html = healing_html(curve, [one.date() for one in curve.earlier])

    (picture,) = pictures(html)
    assert picture.get("role") == "img"
    named = {part.get("id") for part in picture if part.tag in (f"{SVG}title", f"{SVG}desc")}
    assert set(str(picture.get("aria-labelledby")).split()) == named
    drawn = [part.get("class") for part in picture.iter() if part.get("class")]
    assert [name for name in drawn if name != "grid"] == ["box", "median", "earlier", "own"]
    row = " ".join(re.findall(r"<t[hd][^>]*>([^<]*)<", html.split("<tbody>")[1].split("</tr>")[0]))
    assert row == "Day 1 7 4 4.5 (0.9 to 8.1) 30 Same band"
    assert "<script" not in html


def test_who_may_see_the_page_of_figures(clinic: Clinic) -> None:
    OutcomeScaleFactory()
    found = {
        role: logged_in(UserFactory(role=role, clinic=clinic))
        .get(reverse("admin:figures"))
        .status_code
        for role in Role.values
    }

    assert {role for role, status in found.items() if status == 200} == {"PRACTITIONER", "MANAGER"}
    assert set(found.values()) == {200, 403}


def test_the_side_bar_leads_to_it(side_bar: None, manager: User, dana: User) -> None:
    OutcomeScaleFactory()
    link = f'href="{reverse("admin:figures")}"'

    for user, is_there in ((manager, True), (dana, False)):
        page = logged_in(user).get(reverse("admin:treatment_sessions_treatmentsession_changelist"))
        assert (link in page.content.decode()) == is_there


def figures_page(user: User, **asked: Any) -> str:
    return logged_in(user).get(reverse("admin:figures"), asked).content.decode()


def test_the_page_has_rates_and_signals_of_the_clinic(clinic: Clinic, manager: User) -> None:
    OutcomeScaleFactory(code="scar", name="Scars")
    practice = Practice(clinic)
    sessions = practice.treat(practice.plans(20), lot=practice.lot())
    practice.harm(sessions[:5])
    asked = {"first": "1 Jan 2030", "last": "31 Dec 2030"}

    page = figures_page(manager, **asked)
    with CaptureQueriesContext(connection) as first:
        figures_page(manager, **asked)
    practice.treat(practice.plans(20), on=NINE.date() + 40 * DAY, lot=practice.lot())
    with CaptureQueriesContext(connection) as second:
        figures_page(manager, **asked)

    assert "25 % (11 to 47)" in page  # Wilson's interval of 5 in 20
    assert "5 of 20 sessions had an unexpected side effect" in page
    assert "Nobody has such a plan with a baseline on this scale" in page
    assert re.search(r"Treatment</th><td>20</td><td>0</td><td>0</td><td>–</td>", page)
    (picture,) = pictures(page)
    assert picture.get("role") == "img"
    assert len(first) == len(second)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "2 Jan 2030", "last": "1 Jan 2030"}, "Must not be before the first day."),
        ({"first": "soon"}, "date"),
        ({"rater_role": "BLINDED"}, "is rated by: clinician, patient."),
        ({"scale": "unheard-of"}, "Select a valid choice."),
        ({"by": "MOON"}, "Select a valid choice."),
    ],
)
def test_what_no_figure_has_is_refused_beside_its_field(
    manager: User, asked: dict[str, str], words: str
) -> None:
    OutcomeScaleFactory(code="scar")

    page = figures_page(manager, **asked)

    assert words in page
    assert "Outcome by depth band" not in page


def test_another_clinic_cannot_be_chosen(manager: User, other_clinic: Clinic) -> None:
    OutcomeScaleFactory(code="scar")

    page = figures_page(manager, clinic=str(other_clinic.pk))

    assert other_clinic.name not in page
    assert "Select a valid choice." in page


def test_the_same_as_a_tagged_pdf(clinic: Clinic, alice: User, dana: User, bob: User) -> None:
    skip_without_pango()
    OutcomeScaleFactory()
    practice = Practice(clinic)
    (session,) = practice.treat(practice.plans(1))
    practice.report([session], day=2, redness=6)
    other = practice.treat(practice.plans(10), on=NINE.date() + 40 * DAY)
    practice.harm(other[:1])
    days = {"first": "1 Jan 2030", "last": "31 Dec 2030"}
    healing = reverse("admin:healing-pdf", args=[session.pk])

    for url in (healing, reverse("admin:figures-pdf")):
        answer = logged_in(alice).get(url, days)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        inside = inflated(answer.content)
        assert all(name in inside for name in (b"/StructTreeRoot", b"/Figure", b"/Table"))
        assert logged_in(dana).get(url).status_code == 403
    assert f'href="{healing}"' in logged_in(alice).get(session_page(session)).content.decode()
    assert logged_in(bob).get(healing).status_code == 404
    lost = logged_in(alice).get(reverse("admin:figures-pdf"), {"scale": "unheard-of"})
    assert lost["Location"] == f"{reverse('admin:figures')}?scale=unheard-of"


def test_without_pango_there_is_a_page_to_print(
    clinic: Clinic, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = Practice(clinic)
    (session,) = practice.treat(practice.plans(1))
    without_pango(monkeypatch)

    answer = logged_in(alice).get(reverse("admin:healing-pdf", args=[session.pk]))

    page = answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert "<body><p>No PDF can be made on this machine" in page
    assert "Healing curve" in page
