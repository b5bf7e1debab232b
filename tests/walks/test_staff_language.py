"""Whoever works in Spanish reads Spanish: every page of staff, opened by somebody who may, in a
language in which each text of the catalogue stands between marks. What stands between none, and is
no data, is English. That each text of a catalogue is translated: tests/texts/test_catalogues.py."""

from typing import Any

import pytest

from clinic.models import Role
from patients.models import Patient
from tests.admin.pages import client_of
from tests.factories import BreakGlassFactory, UserFactory
from tests.support.marked_words import data_of_all_rows, unmarked, words_marked
from tests.support.words import visible
from tests.walks.test_other_doors import everything

pytestmark = pytest.mark.django_db
ROLES = (Role.PRACTITIONER, Role.MANAGER, Role.ADMIN, Role.RECEPTIONIST, Role.AUDITOR)
# A column of a version that nobody may change any more is named by Django, after the field.
KNOWN = {"In force from"}


def test_no_page_of_staff_says_what_is_in_no_catalogue(rows: list[Any], catalogue: None) -> None:
    people = [UserFactory(role=role, clinic=rows[0], language="es") for role in ROLES]
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=people[1])
    left: dict[str, set[str]] = {}
    opened, data = 0, data_of_all_rows()
    with words_marked("es"):
        for name, there in everything(rows):
            for user in people:
                answer = client_of(user).get(there)
                if answer.status_code == 200:
                    if "html" in answer.get("Content-Type", ""):
                        opened += 1
                        for line in unmarked(visible(answer), data) - KNOWN:
                            left.setdefault(line, set()).add(name)
                    break

    assert opened > 250
    assert left == {}


def test_the_first_page_and_its_side_bar(rows: list[Any], side_bar: None) -> None:
    """Which other walks leave out: they are the same on every page."""
    people = [UserFactory(role=role, clinic=rows[0], language="es") for role in Role.values]
    data = data_of_all_rows()
    for user in people:
        with words_marked("es"):
            page = visible(client_of(user).get("/admin/"))

        assert unmarked(page, data) == set()
        assert page.count("⟦") > 20


def test_what_is_in_no_catalogue_is_found() -> None:
    text = "⟦Guardar⟧\nSave it\n⟦La visita de ⟧Ada\n⟦El ⟧Monday"

    assert unmarked(text, {"Ada"}) == {"Save it", "Monday"}
