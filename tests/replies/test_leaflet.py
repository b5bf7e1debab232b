"""The leaflet: aftercare in the patient's language, for the link, the birth date and the staff."""

import re
from html import unescape
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from aftercare.models import Message
from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import client_of
from tests.factories import (
    DAY,
    OpeningHoursFactory,
    ProductUseFactory,
    SessionFactory,
    SideEffectExpectationFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
    this_hour,
)
from tests.replies.pages import get, give_birth_date, make, opened_by, url
from tests.support.pdf import inflated, skip_without_pango, without_pango
from tests.support.words import faults_in, visible

pytestmark = pytest.mark.django_db
CHART = ("ZoneTreatment", "ProductUse")
# One zone of each part of the body that is cared for in a way of its own, and how it is called.
ZONES = {
    "face": ("cheeks", {"en": "cheeks", "es": "las mejillas"}),
    "scalp": ("scalp", {"en": "scalp", "es": "el cuero cabelludo"}),
    "abdomen": ("abdomen", {"en": "abdomen", "es": "el abdomen"}),
}


def healed_at(area: str = "face", status: str = Status.COMPLETED, **changes: Any) -> Message:
    """Treated two days ago in one zone, with a serum."""
    message = make(
        this_hour() - 2 * DAY, status, session__plan__protocol__area__code=area, **changes
    )
    session = message.session
    with pgtrigger.ignore(*(f"treatment_sessions.{model}:locked_once_signed" for model in CHART)):
        zone = ZoneFactory(area=session.area, code=ZONES[area][0])
        ZoneTreatmentFactory(session=session, zone=zone)
        ProductUseFactory(session=session, product__kind="SERUM", product__name="Hyalomega")
    return message


def read(browser: Client, message: Message) -> str:
    answer = browser.get(url(message, "leaflet/"))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return unescape(answer.content.decode())


def test_the_link_alone_has_all_the_advice_and_nothing_that_was_done() -> None:
    SideEffectExpectationFactory(kind="ERYTHEMA", expected_until_hours=49)
    message = healed_at()
    message.clinic.opening_hours.all().delete()
    OpeningHoursFactory(clinic=message.clinic, weekday=0)
    make(this_hour() + 9 * DAY, Status.BOOKED, session__plan__patient=message.patient)
    lines: dict[str, set[str]] = {}

    for language, _ in settings.LANGUAGES:
        message.patient.language = language
        message.patient.save()
        page = Client().get(url(message, "leaflet/"))
        text = visible(page)
        assert not faults_in(text)
        assert not re.search(ZONES["face"][1][language], text)
        assert "Hyalomega" not in text
        assert message.session.area is not None
        assert message.session.area.name not in text
        assert message.clinic.emergency_phone in text
        lines[language] = set(text.splitlines()) - {message.clinic.name}

    english = "\n".join(lines["en"])
    for words in (
        "Sauna and hot baths",
        "like a sunburn: until day 3",
        "Your next visit: ",
        "Protect your skin from the sun each morning",
        "Dry skin that flakes is normal",
        "hard to breathe",
    ):
        assert words in english
    assert re.search(r"Day 5, \w+day \d", english)
    assert re.search(r"Monday: \d\d:\d\d–\d\d:\d\d", english)
    assert not {line for line in lines["en"] & lines["es"] if re.search("[^\\W\\d]{3}", line)}


def test_a_day_of_the_page_of_today_is_a_day_of_the_leaflet() -> None:
    message = healed_at()
    leaflet = get(message, "leaflet/")
    today = get(message, "today/")

    assert "leaflet/" in today
    for line in re.findall(r"<li>([^<:]+?)(?:: from day \d+)?</li>", today):
        assert line in leaflet


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("area", ZONES)
def test_the_birth_date_adds_what_was_done_and_the_advice_for_that_part(
    area: str, language: str
) -> None:
    message = healed_at(area)
    message.patient.language = language
    message.patient.save()

    text = read(opened_by(message), message)

    assert ZONES[area][1][language] in text
    assert "Hyalomega" in text
    assert ("make-up" in text or "maquillaje" in text) == (area == "face")
    assert ("shampoo" in text or "champú" in text) == (area == "scalp")


def test_the_birth_date_leads_back_to_the_leaflet() -> None:
    message = healed_at()
    page = read(Client(), message)
    (asked,) = re.findall(r"birth-date/\?next=([^\"]+)", page)

    answer = give_birth_date(Client(), message, message.patient.date_of_birth, next=asked)

    assert answer["Location"] == url(message, "leaflet/")


def test_after_an_abort_it_tells_so_and_without_a_needle_there_is_none() -> None:
    aborted: dict[str, Any] = {
        "session__aborted_at": this_hour() - 2 * DAY,
        "session__abort_reason": "CONSENT_WITHDRAWN",
    }
    needled = healed_at(status=Status.ABORTED, **aborted)
    spared = make(this_hour() - 2 * DAY, Status.ABORTED, **aborted)

    assert "We stopped early" in read(opened_by(needled), needled)
    assert "We stopped early" not in read(Client(), needled)
    for part in ("leaflet/", "leaflet.pdf"):
        assert Client().get(url(spared, part)).status_code == 410


def staff_addresses(session: TreatmentSession) -> list[str]:
    return [
        reverse("admin:treatment_sessions_treatmentsession_leaflet", args=[session.pk]),
        f"/api/v1/sessions/{session.pk}/leaflet/",
    ]


def answers_of(user: User, session: TreatmentSession) -> list[Any]:
    browser = Client()
    browser.force_login(user)
    admin, api = staff_addresses(session)
    return [browser.get(admin), client_of(user).get(api)]


def test_it_is_a_tagged_pdf_for_patients_and_staff(alice: User) -> None:
    skip_without_pango()
    message = healed_at(session__plan__patient__clinic=alice.works_at[0])

    for answer in (
        Client().get(url(message, "leaflet.pdf")),
        *answers_of(alice, message.session),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert "no-store" in answer["Cache-Control"]
        inside = inflated(answer.content)
        assert all(name in inside for name in (b"/StructTreeRoot", b"/H1", b"/LI"))


def test_staff_get_what_they_may_see(
    alice: User, dana: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a page, because there is no Pango here."""
    without_pango(monkeypatch)
    message = healed_at(session__plan__patient__clinic=alice.works_at[0])
    message.patient.language = "es"
    message.patient.save()
    session, zone = message.session, ZONES["face"][1]["es"]

    for answer in answers_of(alice, session):
        page = answer.content.decode()
        assert answer["Content-Type"].startswith("text/html")
        assert "<body><p>No PDF can be made on this machine" in page
        assert zone in page
    for answer in answers_of(dana, session):
        assert answer.status_code == 200
        assert zone not in answer.content.decode()
        assert "Hyalomega" not in answer.content.decode()
    assert [answer.status_code for answer in answers_of(bob, session)] == [404, 404]
    page = Client().get(url(message, "leaflet.pdf")).content.decode()
    assert "<body><p>Imprima esta página." in page


def test_the_page_of_a_session_leads_to_it_once_it_is_done(alice: User, dana: User) -> None:
    done = healed_at(session__plan__patient__clinic=alice.works_at[0]).session
    ahead = SessionFactory(plan=done.plan, starts_at=this_hour() + 40 * DAY)

    for session, is_there in ((done, True), (ahead, False)):
        browser = Client()
        browser.force_login(dana)
        page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])
        leaflet, _ = staff_addresses(session)
        assert (f'href="{leaflet}"' in browser.get(page).content.decode()) == is_there
    admin, api = answers_of(alice, ahead)
    assert admin.status_code == 404
    assert (api.status_code, api.json()["code"]) == (409, "nothing_done")
