"""Wherever the admin shows or chooses a patient: found however typed, and told from a namesake."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import ForeignKey, Model

from clinic.db.folding import A_THIRD, LONGEST_MISTYPED
from clinic.models import User
from patients.models import Patient
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import BreakGlassFactory, UserFactory

pytestmark = pytest.mark.django_db

NO_PERSONS = {"AddressConsent"}  # an address, of whoever has it
TYPED = ["Grossmueller, juergen", "GROSSMÜLLRE", "0151 1990 1231", "17 May 1990"]


def ways_to_a_patient(model: type[Model], depth: int = 3) -> list[str]:
    """The chains of foreign keys that lead from a row to the patient it is about."""
    if model is Patient:
        return ["pk"]
    ways = []
    for field in model._meta.fields if depth else ():
        if isinstance(field, ForeignKey) and field.related_model is not model:
            for way in ways_to_a_patient(field.related_model, depth - 1):
                ways.append(field.name if way == "pk" else f"{field.name}__{way}")
    return ways


def test_a_patient_is_found_on_every_page_however_typed(
    rows: list[Any],
    manager: User,
) -> None:
    Patient.objects.update(
        given_name="Jürgen", family_name="Großmüller", email="", mobile="+4915119901231"
    )
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=manager)
    client, missed, tried = client_of(manager), [], 0

    for row in rows:
        if not ways_to_a_patient(type(row)) or type(row).__name__ in NO_PERSONS:
            continue
        for text in [*TYPED, "Quixote"]:
            tried += 1
            shown = client.get(url(row, "changelist"), {"q": text}).context["cl"].queryset
            if (row in shown) != (text in TYPED):
                missed.append((admin.site._registry[type(row)], text))

    assert not missed
    assert tried >= 80


def test_whatever_else_is_found_however_its_name_is_typed(
    rows: list[Any],
    manager: User,
) -> None:
    """Every other page: by the first field that it searches."""
    client, missed, tried = client_of(manager), [], 0

    for row in rows:
        page = admin.site._registry[type(row)]
        if ways_to_a_patient(type(row)) or not page.search_fields:
            continue
        name = row
        for part in page.search_fields[0].split("__"):
            name = getattr(name, part)
        first = max(str(name).split(), key=len)
        for text in (
            str(name).upper(),
            f" {first}, ",
            f"{first[:2]}\u0301{first[2:]}",
            f"’{first}",
        ):
            tried += 1
            shown = client.get(url(row, "changelist"), {"q": text}).context["cl"].queryset
            if row not in shown:
                missed.append((page, text))
        if client.get(url(row, "changelist"), {"q": "Quixote"}).context["cl"].queryset.exists():
            missed.append((page, "finds everything"))

    assert not missed
    assert tried > 60


def test_a_colleague_is_found_with_accents_left_out_and_one_error(
    manager: User, booking: Booking
) -> None:
    User.objects.filter(pk=booking.practitioner.pk).update(
        username="x", first_name="Zoë", last_name="Großmüller"
    )
    client = client_of(manager)

    for text in ("zoe", "Grossmueller, Zoë", "GROSSMULLER", "grosmüller"):
        answer = client.get(url(booking.practitioner, "changelist"), {"q": text})
        assert "Großmüller" in answer.content.decode(), text


def test_errors_are_looked_for_in_what_is_no_longer_than_a_name() -> None:
    """There are fifteen thousand of three hundred letters, and PostgreSQL took a fifth of a second
    to write them down for each column that is looked in."""
    for letters, is_found in ((LONGEST_MISTYPED, True), (LONGEST_MISTYPED + 1, False)):
        UserFactory(last_name="a" * (letters - 1))
        found = User.objects.filter(last_name__folded="a" * letters)
        assert found.exists() is is_found, letters
        assert User.objects.filter(last_name__folded="a" * (letters - 1)).exists()


MISTAKEN = ("Großmüller", "O'Brien", "Sørensen")


def test_whoever_is_found_with_one_error_has_a_third_of_what_was_typed() -> None:
    """Only such words are compared: with every error there is, of words and of shortened ones."""
    asked = f"""
        SELECT count(*), array_agg(stored || ' ' || typed) FILTER (WHERE NOT third)
        FROM unnest(%s::text[]) AS known (stored)
        CROSS JOIN LATERAL unnest(name_words(stored)) AS word
        CROSS JOIN LATERAL unnest(one_error_from(word)) AS typed
        CROSS JOIN LATERAL (SELECT {A_THIRD.format("stored", "typed")} AS third) AS looked
        WHERE name_words(stored) && one_error_from(plain_letters(typed))
    """  # noqa: S608  names of functions
    with connection.cursor() as cursor:
        cursor.execute(asked, [list(MISTAKEN)])
        found, missed = cursor.fetchone()

    assert found > 2_000
    assert not missed


def test_two_of_one_name_are_told_apart_wherever_one_is_chosen(
    rows: list[Any],
    manager: User,
) -> None:
    """Every field of a form that chooses a patient, a plan or a session, and every title."""
    patient = Patient.objects.get()
    Patient.objects.update(family_name="Gross", given_name="Jürgen", mobile="+4915119901784")
    client, missed, tried = client_of(manager), [], 0
    shown = "Gross, Jürgen · 17 May 1990 · …784"

    for row in rows:
        page = admin.site._registry[type(row)]
        for name in page.autocomplete_fields:
            chosen = type(row)._meta.get_field(name).related_model
            if not (chosen is Patient or chosen.__name__ in ("TreatmentPlan", "TreatmentSession")):
                continue
            tried += 1
            asked = {
                "term": "gross",
                "app_label": row._meta.app_label,
                "model_name": row._meta.model_name,
                "field_name": name,
            }
            found = client.get("/admin/autocomplete/", asked).json()["results"]
            if not found or shown not in found[0]["text"]:
                missed.append((page, name, found))
        if type(row).__name__ in ("Patient", "TreatmentPlan", "TreatmentSession", "Hold"):
            tried += 1
            if shown not in client.get(url(row)).content.decode():
                missed.append((page, "title", patient))

    assert not missed
    assert tried >= 12
