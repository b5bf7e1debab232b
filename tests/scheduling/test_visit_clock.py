"""A visit is told on the clinic's clock, wherever a patient reads of it."""

import zoneinfo
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client

from aftercare.models import CareStep, Message, MessageTemplate
from aftercare.planning.reconcile import window_of
from aftercare.replies.auto_replies import confirmed
from aftercare.texts import links
from aftercare.texts.render import VARIABLE, render
from aftercare.texts.values import values_of
from clinic.values.languages import override_language
from clinic.values.zones import clock_of, place_of, whose_clock
from patients.models import Channel
from sessions.models import Kind, of_treatment
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ClinicFactory,
    MessageFactory,
    SessionFactory,
    VisitFactory,
)

pytestmark = pytest.mark.django_db

# a clinic, a patient who lives elsewhere, and how the clinic's clock is called in both languages
ELSEWHERE = [
    ("Europe/Berlin", "America/New_York", "(Berlin time)", "(hora de Berlín)"),
    ("Africa/Casablanca", "Europe/Madrid", "(Casablanca time)", "(hora de Casablanca)"),
    ("America/Mexico_City", "Asia/Tokyo", "(Mexico City time)", "(hora de Ciudad de México)"),
    ("Asia/Ho_Chi_Minh", "Europe/Berlin", "(Ho Chi Minh time)", "(hora de Ho Chi Minh)"),
]


# a visit of each kind that treats nothing, at one of these clinics
VISITS = ("consultation", "check-by-phone", "test-spot", "outcome-90d")


def message_for(clinic: str, patient: str, language: str, channel: str, step: CareStep) -> Message:
    session = SessionFactory(
        plan__patient__clinic=ClinicFactory(time_zone=clinic, short_name="Riverside"),
        plan__patient__time_zone=patient,
        plan__patient__language=language,
        plan__patient__mobile="+4915123456789",
    )
    return MessageFactory(session=session, step=step, channel=channel)


def test_every_shipped_text_with_a_time_tells_the_clinics_clock(catalogue: None) -> None:
    failures, tried = [], Counter[str]()
    texts = [t for t in MessageTemplate.objects.select_related("step") if "time" in names(t)]
    for (zone, own, english, spanish), visit in zip(ELSEWHERE, VISITS, strict=True):
        messages = {
            (code, channel): message_for(zone, own, code, channel, texts[0].step)
            for code, _ in settings.LANGUAGES
            for channel in Channel.values
        }
        visits = {
            key: VisitFactory(patient=message.patient, code=visit, starts_at=NINE + 3 * HOUR)
            for key, message in messages.items()
        }
        treatments = {key: message.session for key, message in messages.items()}
        told = [
            (text, messages[key], sessions[key])
            for text in texts
            for key in [(text.language, text.channel)]
            for sessions in (treatments, visits)
            if sessions[key].kind in text.step.kinds
        ]
        for template, message, session in told:
            message.session, message.step = session, template.step
            sent = render(message, template)
            local = session.starts_at.astimezone(ZoneInfo(zone))
            theirs = session.starts_at.astimezone(ZoneInfo(own))
            words = english if template.language == "en" else spanish
            if template.channel == Channel.SMS:
                words = words.replace("í", "i")  # which the alphabet of SMS lacks
            whole = sent.subject + sent.text + sent.html
            tried[session.kind] += 1
            if f"{local:%H:%M} {words}" not in whole or f"{theirs:%H:%M}" in whole:
                failures.append((zone, session.kind, template, sent.subject, sent.text))

    assert set(tried) == set(Kind.values)
    assert tried.total() >= 40
    assert failures == []


def names(template: MessageTemplate) -> set[str]:
    return set(VARIABLE.findall(template.subject + template.body))


def test_at_home_no_zone_is_named(catalogue: None) -> None:
    template = MessageTemplate.objects.filter(step__code="before-2h", language="en").first()
    assert template is not None
    for own in ("", "Europe/Berlin"):
        message = message_for("Europe/Berlin", own, "en", template.channel, template.step)

        assert "Berlin" not in render(message, template).text


def test_the_days_are_the_clinics_too() -> None:
    """At half past midnight in Berlin it is the day before in New York."""
    message = message_for("Europe/Berlin", "America/New_York", "en", "EMAIL", MessageFactory().step)
    message.session.starts_at = datetime(2030, 1, 7, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    message.due_at = message.session.starts_at + timedelta(days=3)

    values = values_of(message, language="en", names=["next_date", "days_since"])

    days = of_treatment(message.session.protocol_version).target_min_days
    assert values["date"] == "Monday 7 January"
    assert values["time"] == "00:30 (Berlin time)"
    assert values["days_since"] == 3
    assert str((date(2030, 1, 7) + timedelta(days=days)).day) in values["next_date"]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "10:00 (Berlin time)"), ("es", "10:00 (hora de Berlin)")]
)
def test_the_answer_to_a_confirmation_by_sms_tells_the_clinics_clock(
    language: str, words: str
) -> None:
    message = message_for("Europe/Berlin", "Asia/Tokyo", language, "SMS", MessageFactory().step)

    assert words in confirmed(patient=message.patient, starts_at=NINE)


@pytest.mark.parametrize(("language", "words"), [("en", "(Berlin time)"), ("es", "hora de Berlín")])
def test_the_patients_page_tells_the_clinics_clock(language: str, words: str) -> None:
    message = message_for("Europe/Berlin", "Asia/Tokyo", language, "EMAIL", MessageFactory().step)

    page = Client().get(f"/p/{links.token_for(message)}/").content.decode()

    assert words in page
    assert f"{message.session.starts_at.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}" not in page


def test_steps_are_counted_on_the_clinics_clock_and_wait_for_the_patients_night() -> None:
    """A day before 10:00 in Berlin is 10:00 in Berlin, although New York changes its clock."""
    clinic = ZoneInfo("Europe/Berlin")
    message = message_for("Europe/Berlin", "America/New_York", "en", "EMAIL", MessageFactory().step)
    session, step = message.session, message.step
    session.starts_at = datetime(2030, 3, 11, 22, tzinfo=clinic)
    step.anchor, step.offset, step.useful_for = "STARTS", -2 * DAY, DAY

    found = window_of(step, session, session.starts_at, session.starts_at - 9 * DAY)

    assert found is not None
    assert found.due_at == datetime(2030, 3, 9, 22, tzinfo=clinic)


def test_every_zone_has_words_for_its_clock_in_both_languages() -> None:
    for zone in zoneinfo.available_timezones():
        for language, _ in settings.LANGUAGES:
            with override_language(language):
                words = clock_of(zone)
            assert words
            assert "_" not in words
            assert "/" not in words
    assert clock_of("America/Argentina/Buenos_Aires") == "Buenos Aires time"
    assert place_of("America/Port-au-Prince") == "Port-au-Prince"
    assert clock_of("UTC") == clock_of("Etc/UTC") == "UTC"
    assert clock_of("Etc/GMT-3") == "GMT+3"
    assert whose_clock(ZoneInfo("UTC"), ZoneInfo("UTC")) == ""
    assert whose_clock(ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")) == " (UTC)"
    with override_language("es"):
        assert clock_of("America/New_York") == "hora de Nueva York"
        assert clock_of("Asia/Ho_Chi_Minh") == "hora de Ho Chi Minh"
        assert clock_of("Etc/UTC") == "UTC"
