"""What is the patient's own takes the birth date, and whoever guesses it gets nowhere."""

from datetime import date, timedelta
from http.cookies import Morsel
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.models import BirthDateTry, CareStep, LinkAccess, Message
from aftercare.pages.base import COOKIE
from aftercare.services import birth_date
from aftercare.texts import links
from patients.models import Channel, StaffTask
from sessions.lifecycle import Status
from tests.factories import (
    DAY,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    TemplateFactory,
    this_hour,
)
from tests.replies.pages import get, give_birth_date, make, opened_by, post, url

pytestmark = pytest.mark.django_db
BORN, OTHER = date(1990, 5, 3), date(1990, 5, 4)
OWN = "own/"


@pytest.fixture
def message() -> Message:
    return make(this_hour() + 2 * DAY, Status.BOOKED, session__plan__patient__date_of_birth=BORN)


@pytest.fixture
def new_link(message: Message) -> CareStep:
    """The step of the message that follows on a closed link, to a patient who agrees to e-mail."""
    ContactConsentFactory(patient=message.patient, channel=Channel.EMAIL)
    step: CareStep = CareStepFactory(code="new-link", anchor="LINK_CLOSED", useful_for=3 * DAY)
    TemplateFactory(step=step, body="{{ link }}")
    return step


def another(message: Message) -> Message:
    """One more link of the patient."""
    session, now = message.session, timezone.now()
    other: Message = MessageFactory(session=session, status="SENT", sent_at=now, due_at=now)
    return other


def guess(message: Message, times: int) -> Any:
    for _ in range(times):
        answer = give_birth_date(Client(), message, OTHER)
    return answer


def test_what_is_own_asks_for_the_birth_date_and_leads_on(message: Message) -> None:
    browser = Client(enforce_csrf_checks=True)
    asked = browser.get(url(message, OWN))
    assert asked["Location"] == url(message, "birth-date/?next=own%2F")

    answer = give_birth_date(browser, message, BORN, next=OWN)

    assert answer["Location"] == url(message, OWN)
    page = browser.get(url(message, OWN))
    assert "Grace Secretname" in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert browser.get(url(message, "birth-date/"))["Location"] == url(message, OWN)


def test_the_cookie_is_for_this_host_and_is_kept_as_a_hash(message: Message) -> None:
    cookie: Morsel[str] = opened_by(message).cookies[COOKIE]

    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", 1800)
    assert cookie.value not in str(LinkAccess.objects.values_list())


def test_it_stays_open_for_thirty_minutes(message: Message) -> None:
    access = opened_by(message).cookies[COOKIE].value
    opened_at, half_an_hour = LinkAccess.objects.get().opened_at, timedelta(minutes=30)

    moment = timedelta(seconds=1)
    assert birth_date.is_open(message, access, at=opened_at + half_an_hour - moment)
    assert not birth_date.is_open(message, access, at=opened_at + half_an_hour)


def test_the_cookie_of_one_link_opens_no_other(message: Message) -> None:
    other = another(message)
    browser = opened_by(message)

    assert "birth-date/" in browser.get(url(other, OWN))["Location"]
    browser.cookies[COOKIE] = "guessed"
    assert "birth-date/" in browser.get(url(message, OWN))["Location"]


@pytest.mark.parametrize("wrong", [OTHER, date(1991, 5, 3), date(1990, 6, 3)])
def test_a_wrong_date_does_not_say_what_is_wrong(message: Message, wrong: date) -> None:
    answer = give_birth_date(Client(), message, wrong)

    assert answer.status_code == 403
    assert "not the birth date that we have. Tries left: 4" in answer.content.decode()
    assert COOKIE not in answer.cookies
    assert str(wrong.year) not in answer.content.decode()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"day": "31", "month": "2", "year": "1984"}, 400),
        ({"day": "x", "month": "", "year": "84"}, 400),
        ({"form": "forged", "day": "3", "month": "5", "year": "1990"}, 403),
    ],
)
def test_what_is_no_date_is_not_counted(message: Message, form: dict[str, str], code: int) -> None:
    assert post(message, "birth-date/", **form).status_code == code
    assert not BirthDateTry.objects.exists()


def test_the_fifth_wrong_date_closes_the_link_and_a_new_one_goes_out(
    message: Message, new_link: CareStep
) -> None:
    last = guess(message, 5)

    assert "does not open your own data any more" in last.content.decode()
    assert (
        give_birth_date(Client(), message, BORN).status_code == 200
    )  # too late, and it is not said why
    assert not LinkAccess.objects.exists()
    new = Message.objects.get(step=new_link)
    assert (new.channel, new.patient_id) == (Channel.EMAIL, message.patient_id)
    assert links.token_for(new) != links.token_for(message)
    opened_by(new)
    task = StaffTask.objects.get()
    assert "new link has gone" in task.detail
    assert str(BORN) not in task.detail


def test_a_closed_link_still_takes_what_is_behind_nothing(message: Message) -> None:
    guess(message, 5)

    assert get(message, "visit/")
    assert post(message, "write/", text="My lips swell").status_code == 303


def test_all_links_of_a_patient_count_together(message: Message, new_link: CareStep) -> None:
    others = [another(message) for _ in range(2)]
    for one in (message, others[0]):
        guess(one, 5)

    answer = give_birth_date(Client(), others[1], BORN)

    assert "does not open" in answer.content.decode()
    assert BirthDateTry.objects.count() == 10
    assert Message.objects.filter(step=new_link).count() == 1  # none after the tenth
    long_after = timezone.now() + birth_date.COUNTED_FOR
    assert birth_date.tries_left(others[1], at=long_after) == 5


def test_without_a_birth_date_it_is_a_call(message: Message) -> None:
    message.patient.email, message.patient.date_of_birth = "grace@example.org", None
    message.patient.save()

    assert "do not know your birth date" in get(message, "birth-date/")
    assert "do not know" in give_birth_date(Client(), message, BORN).content.decode()
