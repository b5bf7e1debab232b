"""What a patient should do on a day after a treatment, and what must wait."""

import pytest
from django.conf import settings
from django.test import Client

from aftercare.texts import course
from sessions.lifecycle import Status
from tests.factories import DAY, HOUR, ClinicalRuleFactory, this_hour
from tests.factories.clinic import clinical_rules
from tests.replies.pages import get, make, url
from tests.support.words import faults_in, visible

pytestmark = pytest.mark.django_db


def test_the_third_day_says_what_is_now_what_is_tomorrow_and_what_must_wait() -> None:
    clinical_rules()
    text = get(make(this_hour() - 2 * DAY, Status.COMPLETED), "today/")

    assert "Day 2 of 28" in text
    now, rest = text.split("From tomorrow")
    tomorrow, waits = rest.split("Not yet")
    assert "Do not pick or scrub" in now
    assert "Sport and swimming" in tomorrow
    assert "Sauna and hot baths: from day 5" in waits
    assert "Injections, such as fillers: from day 14" in waits
    assert "Peels, lasers and light treatments: from day 28" in waits
    assert "hard to breathe" in waits
    assert "check/" in waits


def test_what_a_clinic_has_changed_is_what_its_patients_read() -> None:
    message = make(this_hour() - 2 * DAY, Status.COMPLETED)
    ClinicalRuleFactory(
        code="skin-treated-after", version=2, value=42, effective_from=this_hour() - DAY
    )

    assert "Peels, lasers and light treatments: from day 42" in get(message, "today/")


def test_no_day_is_without_advice_and_nothing_begins_twice() -> None:
    clinical_rules()
    known = course.waits(this_hour())
    for day in range(91):
        later = {wait.words for wait in course.waits_after(day, known)}

        assert 1 <= len(course.care_on(day)) <= course.SHOWN
        assert not later & set(course.begins_tomorrow(day, known))


def test_the_page_is_words_in_every_language_and_names_nothing_that_was_done() -> None:
    lines: dict[str, set[str]] = {}
    message = make(this_hour() - 1 * DAY, Status.COMPLETED)
    make(this_hour() + 9 * DAY, Status.BOOKED, session__plan__patient=message.patient)
    for language, _ in settings.LANGUAGES:
        message.patient.language = language
        message.patient.save()
        page = Client().get(url(message, "today/"))
        assert not faults_in(visible(page))
        lines[language] = set(visible(page).splitlines()) - {message.clinic.name}
        assert message.session.area is not None
        assert message.session.area.name.lower() not in visible(page).lower()

    assert {line for line in lines["en"] if line.startswith("Your next visit")}
    assert not {line for line in lines["en"] & lines["es"] if any(map(str.isalpha, line))}


@pytest.mark.parametrize("part", ["today/", "check/1/"])
def test_who_was_treated_before_the_time_of_the_visit_is_answered_at_once(part: str) -> None:
    early = make(this_hour() + HOUR, Status.COMPLETED)

    assert Client().get(url(early, part)).status_code == 200


def test_where_no_skin_heals_the_page_says_whom_to_call() -> None:
    answer = Client().get(url(make(this_hour() + DAY, Status.BOOKED), "today/"))

    assert answer.status_code == 410
    assert "Please call us" in answer.content.decode()
