"""The questionnaire and the consent at home: kept page by page, the patient's own, to confirm."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.models import Message
from aftercare.pages.ready.questions import PAGES
from patients.models import (
    Audience,
    ConsentHandout,
    ConsentText,
    HomeAnswers,
    Screening,
    ScreeningKind,
    StaffTask,
    TreatmentConsent,
)
from patients.services import confirm_screening, questionnaire
from patients.services.screening import NothingToConfirm
from sessions.lifecycle import Status
from sessions.safety.loading.answers import newest_screening, screening_facts
from tests.factories import (
    DAY,
    LONG_AGO,
    ScreeningFactory,
    ScreeningRuleFactory,
    UserFactory,
    clinical_rules,
    this_hour,
)
from tests.replies.pages import make, opened_by, post_by, url

pytestmark = pytest.mark.django_db
SEVERE = "q-1"  # what stops a treatment


@pytest.fixture
def message() -> Message:
    """Of a treatment in two days, and six questions: two are asked before each visit."""
    clinical_rules()
    for number in range(6):
        ScreeningRuleFactory(
            code=f"q-{number}",
            position=number,
            question=f"Question {number}?",
            severity="BLOCK" if number == 1 else "INFO",
            ask_again=number in (1, 4),
            asks_last_exposure=number == 4,
        )
    return make(this_hour() + 2 * DAY, Status.BOOKED)


@pytest.fixture
def browser(message: Message) -> Client:
    return opened_by(message)


def read(browser: Client, message: Message, part: str = "ready/") -> str:
    answer = browser.get(url(message, part))
    assert answer.status_code == 200
    return answer.content.decode()


def answer(browser: Client, message: Message, number: int, how: str = "", **changes: str) -> Any:
    """One page, with no to all that is on it."""
    page = read(browser, message, f"ready/{number}/{how}")
    codes = [code for code in (f"q-{n}" for n in range(6)) if f"answer_{code}" in page]
    form = {f"answer_{code}": "no" for code in codes} | changes
    return post_by(browser, message, f"ready/{number}/{how}", **form)


def answer_all(browser: Client, message: Message, **changes: str) -> Iterator[Any]:
    part = "ready/1/"
    while "end" not in part:
        number = int(part.split("/")[1])
        part = str(answer(browser, message, number, **changes)["Location"]).split("/", 3)[3]
        yield part


def finish(browser: Client, message: Message, **form: str) -> Any:
    return post_by(browser, message, "ready/end/", **{"good_health": "yes", "note": "", **form})


def test_it_takes_the_birth_date(message: Message) -> None:
    for part in ("ready/", "ready/1/", "ready/end/", "ready/consent/"):
        assert "/birth-date/?next=ready%2F" in Client().get(url(message, part))["Location"]
        if part != "ready/":
            sent = post_by(Client(), message, part, **{"answer_q-0": "yes"})
            assert "/birth-date/?next=ready%2F" in sent["Location"]
    assert not HomeAnswers.objects.exists()


def test_a_whole_form_becomes_the_patients_own_screening(browser: Client, message: Message) -> None:
    pages = list(answer_all(browser, message))
    assert len(pages) <= PAGES

    done = finish(browser, message, note="I sleep badly")
    assert finish(browser, message)["Location"] == done["Location"]  # pressed twice

    assert "go through them with you" in Client.get(browser, done["Location"]).content.decode()
    screening = Screening.objects.get()
    assert (screening.kind, screening.taken_by) == (ScreeningKind.FULL, None)
    assert (screening.note, screening.answers.count()) == ("I sleep badly", 6)
    task = StaffTask.objects.get()
    assert (task.audience, task.source) == (
        Audience.CLINICAL,
        f"screening:{message.patient_id}",
    )


def test_half_a_form_is_kept_and_resumed(browser: Client, message: Message) -> None:
    answer(browser, message, 1)

    assert "Go on with the questions" in read(browser, message)
    assert 'value="no" checked' in read(browser, message, "ready/1/")
    assert finish(browser, message)["Location"].endswith("ready/2/?m=all")
    assert not Screening.objects.exists()


def test_a_page_that_is_not_whole_keeps_what_it_has(browser: Client, message: Message) -> None:
    got = post_by(browser, message, "ready/1/", **{"answer_q-0": "no"})

    assert got.status_code == 400
    assert "Please choose yes, no" in got.content.decode()
    assert list(HomeAnswers.objects.get().answers) == ["q-0"]


def test_what_stops_asks_for_a_call_and_makes_one_task(browser: Client, message: Message) -> None:
    for _ in range(2):
        got = answer(browser, message, 1, **{f"answer_{SEVERE}": "yes"})

    page = browser.get(got["Location"]).content.decode()
    assert "Please call us before you come." in page
    assert "refuse" not in page
    task = StaffTask.objects.get()
    assert task.title.startswith("Call before the visit")
    assert task.audience == Audience.CLINICAL


@pytest.mark.parametrize("last", ["", "yesterday", "2999-01-01", "0001-01-01"])
def test_a_yes_with_a_day_takes_a_day_that_has_been(
    browser: Client, message: Message, last: str
) -> None:
    number = next(n for n in range(1, 6) if "q-4" in read(browser, message, f"ready/{n}/"))

    got = answer(browser, message, number, **{"answer_q-4": "yes", "last_q-4": last})

    assert got.status_code == 400
    assert "on which day" in got.content.decode()


def test_unsure_is_not_no(browser: Client, message: Message) -> None:
    list(answer_all(browser, message))
    answer(browser, message, 1, **{"answer_q-0": "unsure"})

    done = finish(browser, message)

    assert "done=unsure" in done["Location"]
    assert not Screening.objects.exists()
    assert "not sure about: Q 0" in StaffTask.objects.get().detail


def test_where_nothing_has_changed_only_some_questions_are_asked(
    browser: Client, message: Message
) -> None:
    screened(message)
    assert "Nothing has changed since last time" in read(browser, message)

    for part in answer_all(browser, message):
        assert "m=all" not in part
    finish(browser, message)

    newest = newest_screening(message.patient)
    assert newest
    assert (newest.kind, newest.taken_by) == (ScreeningKind.RESCREEN, None)
    assert newest.answers.count() == 6


def screened(message: Message) -> Screening:
    """By staff, some weeks ago."""
    full: Screening = ScreeningFactory(
        patient=message.patient,
        taken_at=timezone.now() - 30 * DAY,
        valid_until=(timezone.now() + 300 * DAY).date(),
    )
    for rule in questionnaire(timezone.now()):
        full.answers.create(rule=rule, answer=False)
    return full


def test_it_stops_a_treatment_until_staff_confirm_it(browser: Client, message: Message) -> None:
    list(answer_all(browser, message))
    finish(browser, message)
    own, staff = Screening.objects.get(), UserFactory(clinic=message.clinic)
    found = screening_facts(own)
    assert found
    assert not found.is_confirmed

    confirmed = confirm_screening(screening_id=own.pk, at=timezone.now(), by=staff)

    found = screening_facts(newest_screening(message.patient))
    assert found
    assert found.is_confirmed
    assert (confirmed.answers.count(), confirmed.based_on) == (6, own)
    assert not StaffTask.objects.open().exists()
    with pytest.raises(NothingToConfirm):
        confirm_screening(screening_id=own.pk, at=timezone.now(), by=staff)


@pytest.fixture
def text(message: Message) -> ConsentText:
    text = ConsentText.objects.create(
        kind="TREATMENT", language="en", title="Consent", body="# Risks", effective_from=LONG_AGO
    )
    text.clauses.create(code="risks", wording="I know the risks.", is_required=True)
    return text


def test_the_consent_is_read_or_signed_at_home(
    browser: Client, message: Message, text: ConsentText
) -> None:
    assert "I know the risks." in read(browser, message, "ready/consent/")
    assert not ConsentHandout.objects.exists()

    post_by(browser, message, "ready/consent/")
    assert ConsentHandout.objects.get().handed_by is None
    unticked = post_by(browser, message, "ready/consent/", sign="yes", name="Grace")
    assert (unticked.status_code, TreatmentConsent.objects.count()) == (400, 0)
    for _ in range(2):
        post_by(browser, message, "ready/consent/", sign="yes", name="Grace", clauses=["risks"])

    consent = TreatmentConsent.objects.get()
    assert (consent.recorded_by, consent.signer_name) == (None, "Grace")
    assert consent.device_models == [message.session.device.model.code]  # type: ignore[union-attr]


def test_without_a_text_it_is_read_at_the_clinic(browser: Client, message: Message) -> None:
    post_by(browser, message, "ready/consent/")
    answer = browser.get(url(message, "ready/consent/"), follow=True)

    assert "You read the consent when you are at the clinic." in answer.content.decode()
    assert not ConsentHandout.objects.exists()


def test_a_child_does_not_sign(message: Message, text: ConsentText) -> None:
    message.patient.date_of_birth = (timezone.now() - 15 * 365 * DAY).date()
    message.patient.save()
    browser = opened_by(message)

    assert "Or sign here" not in read(browser, message, "ready/consent/")
    post_by(browser, message, "ready/consent/", sign="yes", name="Grace", clauses=["risks"])
    assert not TreatmentConsent.objects.exists()


def test_the_first_page_leads_there_as_long_as_something_is_missing(message: Message) -> None:
    assert "ready/" in Client().get(url(message)).content.decode()
