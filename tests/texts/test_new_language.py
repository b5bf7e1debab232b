"""A language that somebody has begun to add, without any words yet: all of it is English.

Whoever reads it gets no error, and no mixture: Django alone would put its own French names of days
into English sentences.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from aftercare.models import InboundMessage, Message, MessageTemplate
from aftercare.replies.auto_replies import TEXTS, WITHOUT_CLINIC, answer, confirmed
from aftercare.replies.receive import Incoming, receive_sms
from aftercare.texts import checks
from aftercare.texts.preview import preview
from aftercare.texts.render import render, template_for
from clinic.models import User
from clinic.values.zones import clock_of
from patients.models import Channel, StaffTask
from sessions.ical import appointment, withdrawal
from sessions.lifecycle import Status
from tests.factories import (
    DAY,
    NINE,
    ContactConsentFactory,
    MessageFactory,
    TemplateFactory,
    this_hour,
)
from tests.replies.pages import make, url
from tests.replies.test_patient_pages import PARTS
from tests.support.pdf import without_pango
from tests.support.words import visible

pytestmark = pytest.mark.django_db
CLOCK = "America/New_York"  # of the patient, so that a time names the clinic's


@pytest.fixture
def french(settings: Any) -> None:
    """In the settings, and let into the table as a migration would."""
    settings.LANGUAGES = [*settings.LANGUAGES, ("fr", "Français")]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patient DROP CONSTRAINT patient_language_known")
    with translation.override("fr"):
        assert date_format(NINE, "l") == "lundi"  # Django does know it


def say(message: Message, language: str) -> None:
    message.patient.language = language
    message.patient.save()


@pytest.mark.parametrize("status", Status.values)
def test_pages_are_english(french: None, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pango(monkeypatch)  # words instead of a PDF
    message = make(
        this_hour() + 2 * DAY if status == Status.BOOKED else this_hour() - DAY,
        status,
        session__plan__patient__time_zone=CLOCK,
    )
    ContactConsentFactory(patient=message.patient)
    for part in (*PARTS, "?done=change", "?done=written", "nothing/"):
        assert opened(message, part, "fr") == opened(message, part, "en")


def opened(message: Message, part: str, language: str) -> list[tuple[int, str]]:
    """The page in a language, asked for and sent, and whatever that changed taken back."""
    with transaction.atomic():
        say(message, language)
        client = Client(raise_request_exception=False)
        answers = [client.get(url(message, part)), client.post(url(message, part), {})]
        transaction.set_rollback(True)
    return [(each.status_code, words(each)) for each in answers]


def words(page: Any) -> str:
    return re.sub(r'(href|action|value)="[^"]*"', "", page.content.decode())


def test_a_link_that_is_no_link_is_explained_in_what_there_is(french: None) -> None:
    shown = visible(Client().get(f"/p/{'A' * 32}/"))

    assert shown.count("This link does not work") == 2  # title and heading
    assert shown.count("Este enlace no funciona") == 1


def test_answers_by_sms_are_english(french: None) -> None:
    message = make(this_hour() + 2 * DAY, Status.BOOKED, session__plan__patient__time_zone=CLOCK)
    for clinic, kinds in ((message.clinic, set(TEXTS) - {"confirm"}), (None, set(WITHOUT_CLINIC))):
        for kind in kinds:
            english = answer(kind, clinic=clinic, language="en", at=NINE)
            assert answer(kind, clinic=clinic, language="fr", at=NINE) == english
    say(message, "fr")

    assert "Monday 7 January at 10:00 (Berlin time)" in confirmed(
        patient=message.patient, starts_at=NINE
    )
    incoming = Incoming(str(message.patient.mobile), "+49", "STOP", "test", "1")
    assert "no more texts" in receive_sms(incoming, at=this_hour()).reply
    assert InboundMessage.objects.get().patient == message.patient


def test_mails_sms_and_calendar_files_are_english(french: None, catalogue: None) -> None:
    message, tried = MessageFactory(session__plan__patient__time_zone=CLOCK), 0
    for template in MessageTemplate.objects.filter(language="en").select_related("step"):
        message.step, message.channel = template.step, Channel(template.channel)
        outgoing = []
        for language in ("en", "fr"):
            message.patient.language = language
            assert template_for(message) == template
            outgoing.append(render(message, template))
        assert outgoing[0] == outgoing[1]
        tried += 1
    files = []
    for language in ("en", "fr"):
        message.session.patient.language = language
        files.append((appointment(message.session), withdrawal(message.session, at=this_hour())))

    assert tried > 20
    assert files[0] == files[1]
    assert b"(Berlin time)" in files[0][0]


@pytest.mark.parametrize("channel", Channel.values)
def test_a_first_text_in_it_has_english_around_it(french: None, channel: str) -> None:
    body = "{{ clinic_short }}: bonjour, {{ date }}, {{ time }}. STOP"
    template = TemplateFactory(channel=channel, language="fr", body=body)
    message = MessageFactory(step=template.step, channel=channel)
    say(message, "fr")

    checks.check(template)
    sent, example = render(message, template_for(message)), preview(template, message.clinic)

    assert template_for(message) == template
    assert "7 January, 10:00" in sent.text
    assert "25 September, 10:30" in example.text
    assert ("Choose which messages you get" in sent.text) == (channel == Channel.EMAIL)


# staff


@pytest.mark.parametrize("language", ["es", "fr"])
def test_staff_read_what_they_chose_whatever_their_browser_asks_for(
    french: None, manager: User, side_bar: None, language: str
) -> None:
    pages = ["/admin/login/", "/admin/", "/admin/patients/patient/", "/admin/patients/patient/add/"]
    readers = [manager] if language == "es" else [AnonymousUser(), manager]  # it has a log-in
    for user in readers:
        for address in pages:
            seen = []
            for asked in ("en", language):
                client = Client(headers={"accept-language": asked})
                client.cookies["django_language"] = asked
                if isinstance(user, User):
                    client.force_login(user)
                seen.append(visible(client.get(address, follow=True)))
            assert seen[0] == seen[1]
            assert seen[0]


def test_what_a_page_in_spanish_leaves_for_staff_is_english() -> None:
    told = []
    for language in ("en", "es"):
        message = make(this_hour() + 2 * DAY, Status.BOOKED)
        say(message, language)
        form = {"form": re.search(r'name="form" value="([^"]*)"', page_of(message))[1]}  # type: ignore[index]
        for part in ("change/", "write/", "confirm/"):
            assert Client().post(url(message, part), {**form, "text": "x"}).status_code == 303
        tasks = StaffTask.objects.filter(patient=message.patient).order_by("pk")
        told.append([task.title.partition(":")[0] for task in tasks])

    assert told[0] == told[1] == ["Wants another time", "Has written"]
    assert translation.get_language() == "en"
    assert clock_of("Europe/Berlin") == "Berlin time"


def page_of(message: Message) -> str:
    return Client().get(url(message)).content.decode()
