"""People are found however they are typed."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from clinic.models import Clinic
from patients.models import Patient
from tests.factories import PatientFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db

# A patient, and what somebody may type who means this one and nobody else of them.
PEOPLE: dict[tuple[str, str], list[str]] = {
    ("Jürgen", "Großmüller"): [
        *("jurgen", "Juergen", "JÜRGEN", "Ju\u0308rgen", "jür", "grossm", "Großmüller", "großmu"),
        *("Grossmueller", "grossmuller", "GROSSMÜLLER", "GROSSMUELLER", "GROẞMÜLLER"),
        *("Großmüller, Jürgen", "Jürgen Großmüller", "grossmuller,jurgen", "  jurgen  GROSSM "),
        *("Grosmüller", "Grossmülller", "Grossmüllre", "Grassmüller", "Jurgan", "Jrgen", "Jurgne"),
        *("Grossmuler Jurgem", "Jueregn"),
    ],
    ("Łukasz", "Dąbrowski"): ["lukasz", "ŁUKASZ", "Lukasz Dabrowski", "dąbrow", "Lukaszz"],
    ("Renée", "Lefèvre"): [
        "lefevre",
        "LEFÈVRE",
        "Renee",
        "rene\u0301e",
        "lefevre renee",
        "lefevrre",
    ],
    ("Işıl", "Yıldırım"): ["isil", "IŞIL", "İşıl", "yildirim", "YILDIRIM", "Yıldırım"],
    ("Søren", "Kjærgård"): ["soren", "Soeren", "kjaergaard", "Kjærgaard", "kjargard", "KJÆRGÅRD"],
    ("Þórður", "Đurić"): ["thordur", "duric", "þórður", "Đurić"],
    ("Sinéad", "O’Brien"): [
        *("O'Brien", "O’Brien", "OʼBrien", "O`Brien", "O´Brien", "OBrien", "O Brien", "o-brien"),
        *("brien", "obrein", "sinead o brien", "Obrien, Sinéad"),
    ],
    ("Cœline", "Meyer-Schmidt"): [
        *("Meyer Schmidt", "meyerschmidt", "Meyer–Schmidt", "Meyer‑Schmidt", "schmidt meyer"),
        *("coeline", "cœl", "meyershmidt"),
    ],
    ("Anneke", "van den Berg"): ["vandenberg", "van den berg", "Van Denberg", "berg anneke"],
    ("Michael", "Bauer"): ["michael", "MICHAEL", "micheal", "bauer", "Baier", "Michale"],
    ("민수", "김"): ["김민수", "김 민수", "민수"],
    ("Елена", "Воробьёва"): ["елена", "воробьева", "ВОРОБЬЁВА", "Воробева"],
    ("Sukarno", "Tour-3045066"): ["tour-3045066", "3045066", "tour 3045"],
}


@kept
def people(clinic: Clinic) -> dict[tuple[str, str], Patient]:
    return {
        (given, family): PatientFactory(
            clinic=clinic,
            given_name=given,
            family_name=family,
            email="",
            mobile="",
            date_of_birth=date(1970, 1, 1),
        )
        for given, family in PEOPLE
    }


def found(text: str, clinic: Clinic) -> list[Patient]:
    return list(Patient.objects.search(text, clinics=[clinic.pk]))


def test_a_name_is_found_however_it_is_typed(people: dict[Any, Patient], clinic: Clinic) -> None:
    wrong = {
        text: [patient.full_name for patient in hits]
        for person, texts in PEOPLE.items()
        for text in texts
        if (hits := found(text, clinic)) != [people[person]]
    }

    assert not wrong
    assert sum(map(len, PEOPLE.values())) > 90


@pytest.mark.parametrize(
    "text", ["%%%", "", " ", ",", "_", "ßß", "xq", "'", "ma'; --", "\\", "@", "😀"]
)
def test_what_means_nobody_finds_nobody(people: Any, clinic: Clinic, text: str) -> None:
    assert found(text, clinic) == []


@pytest.mark.parametrize(
    "text",
    [
        *("0151 1990 1231", "+49 (0)151-19901231", "004915119901231", "+4915119901231", "0151"),
        *(
            "19901231",
            "1990 1231",
            "1231",
            "231",
            "(0151) 1990-1231",
            "0049 151 1990",
            "4915119901231",
        ),
        *("+49 151", "15119", "0151/1990", "0151.1990.1231", "ada 0151 1990", "1231 byron", "٠١٥١"),
    ],
)
def test_a_telephone_number_is_found_by_its_beginning_or_its_end(clinic: Clinic, text: str) -> None:
    ada = PatientFactory(
        clinic=clinic, given_name="Ada", family_name="Byron", mobile="+4915119901231"
    )
    PatientFactory(
        clinic=clinic,
        given_name="Eve",
        family_name="Lovelace",  # numbered ones are found by their numbers
        email="eve@patients.example",
        mobile="+4917698765432",
        date_of_birth=date(1950, 6, 7),
    )

    assert found(text, clinic) == [ada]


@pytest.mark.parametrize(
    "text",
    [
        *("1990-12-31", "31.12.1990", "31. Dec 1990", "31 December 1990", "1990", "19901231"),
        *("31121990", "byron 31.12.1990", "1990 byron", "ada 1990", "31 Dec 1990 Byron"),
        *("1990-12-31 ada", "ada@patients.example 1990"),
    ],
)
def test_a_birth_date_or_its_year_finds(clinic: Clinic, text: str) -> None:
    ada = PatientFactory(
        clinic=clinic,
        given_name="Ada",
        family_name="Byron",
        email="ada@patients.example",
        mobile="+4915123456789",
        date_of_birth=date(1990, 12, 31),
    )
    PatientFactory(
        clinic=clinic, given_name="Eve", mobile="+4917698765432", date_of_birth=date(1950, 6, 7)
    )

    assert found(text, clinic) == [ada]


def test_digits_that_may_be_a_birth_date_or_a_number_are_both(clinic: Clinic) -> None:
    born = PatientFactory(clinic=clinic, mobile="", date_of_birth=date(1990, 12, 31))
    called = PatientFactory(clinic=clinic, mobile="+4915119901231", date_of_birth=date(1950, 1, 1))

    assert set(found("19901231", clinic)) == {born, called}


@pytest.mark.parametrize(
    "text", ["ada@pat", "ADA@patients.example", "ada@", "a%a@", "ada.lovelace7@", "lovelace"]
)
def test_a_mailbox_is_found_by_its_beginning(clinic: Clinic, text: str) -> None:
    ada = PatientFactory(
        clinic=clinic, given_name="A", family_name="B", email="ada@patients.example"
    )
    maiden = PatientFactory(
        clinic=clinic, given_name="C", family_name="D", email="Ada.Lovelace7@x.example"
    )

    hits = found(text, clinic)

    assert hits == ([] if "%" in text else [maiden] if "lovelace" in text else [ada])


def test_the_best_hit_comes_first(clinic: Clinic) -> None:
    couples = ["Mia Mayer", "Mara Ma", "Michal Nowak", "Michael Nowak", "Anna Groß"]
    for given, family in map(str.split, [*couples, "Anna Grossmann", "Hanna Grass"]):
        PatientFactory(clinic=clinic, given_name=given, family_name=family, email="", mobile="")
    gone = PatientFactory(
        clinic=clinic, given_name="Mara", family_name="Ma", archived_at="2030-01-01T00:00Z"
    )

    def families(text: str) -> list[str]:
        return [patient.family_name for patient in found(text, clinic)]

    assert families("ma") == ["Ma", "Ma", "Mayer"]
    assert found("ma", clinic)[1] == gone
    assert [patient.given_name for patient in found("Michael", clinic)] == ["Michael", "Michal"]
    assert families("gross") == ["Groß", "Grossmann", "Grass"]


def test_only_the_clinics_that_were_asked_for_are_searched(
    clinic: Clinic, other_clinic: Clinic
) -> None:
    here, there = (PatientFactory(clinic=at, family_name="Byron") for at in (clinic, other_clinic))

    assert found("byron", clinic) == [here]
    assert set(Patient.objects.search("byron", clinics=[clinic.pk, other_clinic.pk])) == {
        here,
        there,
    }
    assert list(Patient.objects.search("byron", clinics=[])) == []


def test_the_index_follows_whoever_writes(clinic: Clinic) -> None:
    patient = PatientFactory(clinic=clinic, family_name="Byron", email="")
    rows = Patient.objects.filter(pk=patient.pk)

    rows.update(family_name="Lovelace")
    assert (found("byron", clinic), found("lovelace", clinic)) == ([], [patient])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM patient WHERE id = %s", [patient.pk])
        cursor.execute("SELECT count(*) FROM patient_word")
        assert cursor.fetchone() == (0,)


def test_a_search_takes_a_fixed_number_of_statements(
    people: Any, clinic: Clinic, django_assert_num_queries: Any
) -> None:
    for text in ("jürgen", "jurgen grossmuller", "sukarno 3045066 tour"):
        with django_assert_num_queries(4):
            found(text, clinic)


def test_a_national_number_begins_where_the_countrys_code_ends() -> None:
    """Our pattern of country codes against those that the telephone library knows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM unnest(%s::text[]) AS code"
            " WHERE national_digits('+' || code || '123456') <> '123456'"
            " OR national_digits('+' || code || '0123456') <> '123456'",
            [[str(code) for code in COUNTRY_CODE_TO_REGION_CODE]],
        )
        assert cursor.fetchall() == []
