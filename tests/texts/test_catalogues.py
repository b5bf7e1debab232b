"""Every language that is read is whole: its words, its dates, its texts, its rules."""

import re
from datetime import date, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from django.conf import settings
from django.test import Client
from django.utils.formats import date_format
from django.utils.translation import to_locale

from aftercare.texts import checks, gsm7
from aftercare.texts.variables import ZONES
from clinic.values import discretion, zones
from clinic.values.languages import override_language
from patients.models import ConsentText, Zone
from patients.models.consent import ConsentKind
from sessions.lifecycle import Status
from tests.factories import DAY, ClinicFactory, ContactConsentFactory, this_hour
from tests.replies.pages import make, url
from tests.support.translations import APPS, path_of, read, updated
from tests.support.words import visible

LANGUAGES = [code for code, _ in settings.LANGUAGES]
TRANSLATED = [code for code in LANGUAGES if code != settings.LANGUAGE_CODE]
WHOLE = pytest.mark.parametrize(
    ("app", "language"), [(app, language) for language in TRANSLATED for app in APPS]
)
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%[sd]|<[^>]*>")  # and the tags of a page


def faults_of(catalog: Catalog) -> list[str]:
    """What is not translated, or loses a value or a link on the way."""
    found = []
    for message in catalog:
        if not message.id:  # the header
            continue
        texts, words = forms(message.id), forms(message.string)
        many = 1 if isinstance(message.id, str) else catalog.num_plurals
        if not all(words) or len(words) != many:
            found.append(f"not translated: {texts[0]}")
        elif message.fuzzy:
            found.append(f"a guess: {texts[0]}")
        elif any(marks(each) != marks(texts[-1]) for each in words):
            found.append(f"other values: {texts[0]}")
    return found


def forms(text: Any) -> list[str]:
    """The singular and the plural, where there is one."""
    return list(text) if isinstance(text, tuple | list) else [text]


def marks(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@WHOLE
def test_each_text_of_the_sources_is_translated_with_its_values(app: str, language: str) -> None:
    catalog = updated(app, language)

    assert len(catalog) > 30
    assert faults_of(catalog) == []


def test_what_is_wrong_with_a_translation_is_found() -> None:
    catalog = Catalog(locale="es")
    catalog.add("{place} time", "hora de {place}")
    catalog.add("Save", "")
    catalog.add("Back", "Volver", flags=["fuzzy"])
    catalog.add("{place} clock", "reloj")
    catalog.add("Call <b>%(phone)s</b>", "Llame al %(phone)s")
    catalog.add(("%(n)s day", "%(n)s days"), ("%(n)s día", ""))
    catalog.add(("%(n)s week", "%(n)s weeks"), ("%(n)s semana", "%(n)s semanas"))  # of millions

    assert faults_of(catalog) == [
        "not translated: Save",
        "a guess: Back",
        "other values: {place} clock",
        "other values: Call <b>%(phone)s</b>",
        "not translated: %(n)s day",
        "not translated: %(n)s week",
    ]


@WHOLE
def test_the_catalogue_is_what_translations_makes_of_the_sources(app: str, language: str) -> None:
    """`./run translations` was run: nothing is missing, nothing left over, all compiled."""
    written = words_of(read(app, language))
    with path_of(app, language).with_suffix(".mo").open("rb") as file:
        compiled = words_of(read_mo(file))

    assert set(written) == set(words_of(updated(app, language)))
    assert compiled == written


def words_of(catalog: Catalog) -> dict[Any, Any]:
    return {
        (message.context, *forms(message.id)): forms(message.string)
        for message in catalog
        if message.id
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_language_has_the_formats_of_dates_that_english_has(language: str) -> None:
    english, own = (
        {
            name
            for name in vars(import_module(f"clinic.formats.{to_locale(code)}.formats"))
            if name.isupper()
        }
        for code in (settings.LANGUAGE_CODE, language)
    )

    assert own == english


@pytest.mark.parametrize(
    ("language", "day", "by_sms", "moment"),
    [
        ("en", "Monday 7 January", "Mon 7 January", "7 Jan 2030, 00:00"),
        ("es", "lunes 7 de enero", "7 de enero", "7 Ene 2030, 00:00"),
    ],
)
def test_dates_are_written_so(language: str, day: str, by_sms: str, moment: str) -> None:
    with override_language(language):
        assert date_format(date(2030, 1, 7), "VISIT_DATE_FORMAT") == day
        assert date_format(date(2030, 1, 7), "VISIT_DATE_SMS_FORMAT") == by_sms
        assert date_format(this_hour().replace(2030, 1, 7, 0), "DATETIME_FORMAT") == moment


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_day_of_a_year_costs_an_sms_its_alphabet(language: str) -> None:
    with override_language(language):
        days = [
            date_format(date(2030, 1, 1) + timedelta(n), "VISIT_DATE_SMS_FORMAT")
            for n in range(365)
        ]

    assert [day for day in days if gsm7.foreign_characters(day)] == []
    assert len(checks.longest_date(language)) == max(map(len, days))


@pytest.mark.django_db
def test_each_zone_and_each_consent_has_words_in_each_language(catalogue: None) -> None:
    """For the texts of messages see test_templates."""
    assert set(ZONES) == set(Zone.objects.values_list("code", flat=True))
    assert set(ConsentText.objects.values_list("kind", "language")) == {
        (kind, language) for kind in ConsentKind.values for language in LANGUAGES
    }


def test_each_city_that_is_translated_is_a_zones() -> None:
    places = {zone.rpartition("/")[2].replace("_", " ") for zone in available_timezones()}

    assert {str(city) for city in zones.CITIES} <= places


def test_what_tells_of_a_treatment_is_known_in_each_language() -> None:
    for words in (discretion.STEMS, discretion.WORDS):
        assert set(words) >= set(LANGUAGES)
        assert all(len(words[language]) > 5 for language in LANGUAGES)


@pytest.mark.django_db
@pytest.mark.parametrize("language", TRANSLATED)
def test_no_page_has_a_line_that_is_english_in_every_language(language: str) -> None:
    """That every text of a page goes through the catalogue, which no catalogue can show."""
    failures, lines, clinic = set(), 0, ClinicFactory()
    for status in Status.values:
        message = make(
            this_hour() + 2 * DAY if status == Status.BOOKED else this_hour() - DAY,
            status,
            session__plan__patient__clinic=clinic,
        )
        ContactConsentFactory(patient=message.patient)
        for part in ("", "?done=change", "?done=written", "settings/", "unsubscribe/"):
            english, own = (shown(message, part, code) for code in ("en", language))
            lines += len(own)
            failures |= english & own

    assert lines > 100
    assert {line for line in failures if re.search(r"[A-Za-z]{3}", line)} == {clinic.name, "SMS"}


def shown(message: Any, part: str, language: str) -> set[str]:
    message.patient.language = language
    message.patient.save()
    return set(visible(Client().get(url(message, part))).splitlines())
