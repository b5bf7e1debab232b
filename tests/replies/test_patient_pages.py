"""The pages behind a message's link: what they show, what they change, and what they never do."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from aftercare.models import AddressConsent, InboundMessage, Message
from aftercare.pages import base
from aftercare.texts import links
from clinic.errors import Conflict
from patients.models import Audience, ContactConsent, Patient, StaffTask, TaskKind
from sessions.lifecycle import Status
from sessions.models import of_treatment
from tests.factories import DAY, ContactConsentFactory, this_hour
from tests.replies.pages import get, make, parts, post, status, url
from tests.support.accesses import RECORDED, Watch

pytestmark = pytest.mark.django_db


PARTS = parts()


def everything() -> tuple[int, ...]:
    tables = (InboundMessage, StaffTask, AddressConsent, ContactConsent)
    return tuple(table.objects.count() for table in tables)


# what a page says


def test_the_page_tells_of_the_appointment_on_the_clinics_clock(message: Message) -> None:
    message.patient.time_zone = "America/New_York"
    message.patient.save()
    local = message.session.starts_at.astimezone(message.clinic.zone)

    text = get(message)

    assert f"{local:%H:%M} (Berlin time)" in text
    assert str(local.day) in text
    assert message.clinic.name in text
    assert "tel:+493012345678" in text
    assert "Hello Grace" in text


def test_the_page_speaks_the_patients_language(message: Message) -> None:
    message.patient.language = "es"
    message.patient.save()

    text = get(message)

    assert "Su cita" in text
    assert 'lang="es"' in text
    assert "Your appointment" not in text


def test_no_page_says_more_than_it_must(message: Message) -> None:
    protocol = of_treatment(message.session.plan).protocol
    done = make(this_hour() - DAY, Status.COMPLETED)

    for shown in (message, done):
        for part in ("", "settings/", "unsubscribe/", "not-me/"):
            text = get(shown, part).lower()
            assert "secretname" not in text
            assert protocol.name.lower() not in text
            assert not re.search(
                r"needl|aguja|face|acne|scar\b|treatment|tratamiento",
                # nor what is random: “face” is a hexadecimal number
                re.sub(
                    r'swelling face|<style>.*</style>|(href|action|value)="[^"]*"',
                    "",
                    text,
                    flags=re.DOTALL,
                ),
            )
            if shown.patient.email and part:
                assert shown.patient.email not in text


def test_no_page_is_kept_indexed_or_passed_on(message: Message) -> None:
    unknown = Client().get(f"/p/{'A' * 32}/")

    for answer in (Client().get(url(message)), Client().get(url(message, "settings/")), unknown):
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert not answer.cookies
        assert "<script" not in answer.content.decode()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_no_link_shows_a_friendly_nothing(
    message: Message, part: str, method: str
) -> None:
    forged = links.token_for(message)[::-1]
    for token in (forged, "x", "a" * 5_000, "%00", "../admin"):
        answer = getattr(Client(), method)(f"/p/{token}/{part}")
        assert answer.status_code == 404
        assert message.clinic.name not in answer.content.decode()
    shown = Client().get(f"/p/{forged}/{part}").content.decode()
    assert "This link does not work" in shown
    assert "Este enlace no funciona" in shown


# what a GET does not do


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
def test_looking_changes_nothing(message: Message, part: str, method: str) -> None:
    """Mail programs open every link to look for viruses."""
    ContactConsentFactory(patient=message.patient)
    before = everything()

    answer = getattr(Client(), method)(url(message, part))

    assert answer.status_code in (200, 303, 308, 405, 410)
    assert everything() == before
    assert status(message) == Status.BOOKED


@pytest.mark.parametrize(
    "part", ["confirm/", "change/", "write/", "settings/", "cancel/", "language/"]
)
def test_a_post_that_comes_from_no_form_of_ours_changes_nothing(
    message: Message, part: str
) -> None:
    other = make(this_hour() + 3 * DAY, Status.BOOKED)
    before = everything()

    for key in ("", "x", base.form_key(message)[:-1], base.form_key(other)):
        answer = post(message, part, form=key, text="hello")
        assert answer.status_code == 403
        assert "press the button again" in unescape(answer.content.decode()).lower()
    assert everything() == before
    assert status(message) == Status.BOOKED


def test_a_form_that_was_open_for_a_day_is_shown_again_with_its_text(
    message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "FORM_LASTS", timedelta(seconds=-1))

    answer = post(message, "write/", text="My long story")

    assert answer.status_code == 403
    assert "My long story" in answer.content.decode()


# confirm


def test_confirming_confirms_once_however_often_it_is_pressed(message: Message) -> None:
    assert "confirm/" in get(message)

    answers = [post(message, "confirm/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert status(message) == Status.CONFIRMED
    assert message.session.events.filter(new_status=Status.CONFIRMED).count() == 1
    text = get(message)
    assert "Confirmed. Thank you!" in text
    assert "confirm/" not in text


@pytest.mark.parametrize("ended", [Status.CANCELLED, Status.NO_SHOW, Status.COMPLETED])
def test_what_has_ended_cannot_be_confirmed(ended: str) -> None:
    message = make(this_hour() + DAY, ended)

    answer = post(message, "confirm/")

    assert answer.status_code == 409
    assert "change/" not in answer.content.decode()
    assert status(message) == ended


def test_what_has_begun_cannot_be_confirmed() -> None:
    message = make(this_hour() - timedelta(hours=1), Status.BOOKED)

    assert post(message, "confirm/").status_code == 409
    assert status(message) == Status.BOOKED


def test_a_cancelled_appointment_says_so() -> None:
    assert "was cancelled" in get(make(this_hour() + DAY, Status.CANCELLED))


# another time, and writing


def test_another_time_is_a_task_for_the_desk_and_moves_nothing(message: Message) -> None:
    assert post(message, "change/", text="Fridays after four").status_code == 303

    task, kept = StaffTask.objects.get(), InboundMessage.objects.get()
    assert (task.kind, task.audience) == (TaskKind.CHANGE_WANTED, Audience.FRONT_DESK)
    assert (task.detail, task.patient) == ("Fridays after four", message.patient)
    assert (kept.task, kept.message, kept.keyword) == (task, message, "CHANGE")
    assert status(message) == Status.BOOKED
    assert "We will contact you" in get(message, "?done=change")


@pytest.mark.parametrize(
    ("after", "state", "audience"),
    [
        (-DAY, Status.COMPLETED, Audience.CLINICAL),
        (-27 * DAY, Status.COMPLETED, Audience.CLINICAL),
        (-59 * DAY, Status.COMPLETED, Audience.CLINICAL),
        (DAY, Status.BOOKED, Audience.FRONT_DESK),
    ],
)
def test_what_is_written_reaches_those_who_should_read_it(
    after: timedelta, state: str, audience: str
) -> None:
    message = make(this_hour() + after, state)

    assert post(message, "write/", text="It is itching\nall over").status_code == 303

    task = StaffTask.objects.get()
    assert (task.kind, task.audience) == (TaskKind.REPLY, audience)
    assert InboundMessage.objects.get().audience == audience
    assert task.detail == "It is itching\nall over"


def test_after_the_session_the_page_says_when_to_call() -> None:
    message = make(this_hour() - DAY, Status.COMPLETED)

    text = get(message)

    assert "hard to breathe" in text
    assert "tel:112" in text
    assert "hard to breathe" not in get(make(this_hour() + DAY, Status.BOOKED))


def test_a_form_sent_twice_is_one(message: Message) -> None:
    form = base.form_key(message)
    for _ in range(3):
        assert post(message, "write/", text="Hello", form=form).status_code == 303

    assert InboundMessage.objects.count() == StaffTask.objects.count() == 1


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 2_001, "a\x00b"])
def test_a_text_that_cannot_be_taken_is_a_400_and_not_lost(message: Message, text: str) -> None:
    answer = post(message, "write/", text=text)

    assert answer.status_code == 400
    assert text.strip()[:50] in answer.content.decode()
    assert not InboundMessage.objects.exists()


def test_what_is_written_is_never_markup(message: Message) -> None:
    post(message, "write/", text="<script>alert(1)</script>")
    answer = post(message, "write/", text="<script>alert(1)</script>" + "x" * 2_000)

    assert "<script>" not in answer.content.decode()
    assert InboundMessage.objects.get().body == "<script>alert(1)</script>"


def test_twenty_texts_a_day_are_enough(message: Message) -> None:
    answers = [
        post(message, "write/", text=f"Message {number}").status_code for number in range(22)
    ]

    assert answers == [303] * 20 + [429] * 2
    assert StaffTask.objects.count() == 20
    other = make(this_hour() + 3 * DAY, Status.BOOKED)
    assert post(other, "write/", text="Me too").status_code == 303


@pytest.mark.parametrize(("part", "most"), [("", 8), ("settings/", 8), ("unsubscribe/", 5)])
def test_pages_take_few_queries(
    message: Message, part: str, most: int, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(most + RECORDED):
        Client().get(url(message, part))


def test_what_patients_open_is_written_down_as_theirs_or_not_shown(message: Message) -> None:
    watch = Watch()
    opened = [Client().get(url(message, part)).status_code for part in PARTS]
    rows = watch.rows()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON clinic_access_record"
            " FOR EACH ROW EXECUTE FUNCTION clinic_access_kept()"
        )
    with transaction.atomic():
        answer = Client().get(url(message))
        transaction.set_rollback(True)

    assert [row.status for row in rows] == [status for status in opened if status != 405]
    assert {row.object_id for row in rows} == {message.pk}
    assert {(row.actor_kind, row.actor_id) for row in rows} == {("PATIENT", message.patient_id)}
    assert all(row.patient_ids == [message.patient_id] for row in rows)
    assert len({row.place for row in rows}) > 10
    assert answer.status_code == 503
    assert "Grace" not in answer.content.decode()


def test_a_refusal_that_no_page_expects_is_said_kindly(message: Message) -> None:
    """Any service of any page, today's and the next one's."""

    def refuses(_: HttpRequest, __: Message) -> HttpResponse:
        raise Conflict("The visit has begun.")

    view = base.of_patient("POST")(refuses)
    request = RequestFactory().post(url(message, "settings/"))

    for language, words in (("en", "nothing was saved"), ("es", "no se ha guardado nada")):
        Patient.objects.update(language=language)
        answer = view(request, token=links.token_for(message))
        assert answer.status_code == 409
        assert words in answer.content.decode()
        assert "The visit has begun" not in answer.content.decode()
