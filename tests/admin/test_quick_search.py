"""Ctrl-K: what somebody finds, what they do not, and that it is written down."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.admin.quick_search import SHOWN
from clinic.models import AccessRecord, Action, Clinic, Role
from tests.admin.pages import client_of, url
from tests.factories import CartridgeLotFactory, PatientFactory, UserFactory
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
ADDRESS = reverse("admin:search")


def answer(clinic: Clinic, role: str, text: str) -> Any:
    client = client_of(UserFactory(role=role, clinic=clinic))
    found = client.get(ADDRESS, {"s": text, "extended": "1"})
    assert found.status_code == 200
    return found


def search(clinic: Clinic, role: str, text: str) -> str:
    return str(answer(clinic, role, text).content.decode())


@kept
def grace(clinic: Clinic) -> Any:
    return PatientFactory(
        clinic=clinic, given_name="Grace", family_name="Großmüller", mobile="+4915119901231"
    )


@pytest.mark.parametrize("text", ["grossmueller", "Großmüller, Grace", "0151 199 012 31"])
def test_a_patient_is_found_however_they_are_typed(clinic: Clinic, grace: Any, text: str) -> None:
    assert url(grace) in search(clinic, Role.RECEPTIONIST, text)


def test_of_another_clinic_nobody_is_found_and_by_who_sees_no_patients_neither(
    clinic: Clinic, other_clinic: Clinic, grace: Any
) -> None:
    for where, role in [(other_clinic, Role.RECEPTIONIST), (clinic, Role.ADMIN)]:
        assert str(grace.pk) not in search(where, role, "Großmüller")


def test_each_search_is_written_down_with_whom_it_showed_and_none_is_kept(
    clinic: Clinic, grace: Any
) -> None:
    client = client_of(UserFactory(role=Role.RECEPTIONIST, clinic=clinic))
    cache.clear()
    for text in ("Großmüller", "Großmüller", "nobody at all"):
        client.get(ADDRESS, {"s": text, "extended": "1"})

    rows = AccessRecord.objects.filter(place="quick-search").order_by("id")
    assert [(row.action, row.patient_ids, row.count) for row in rows] == [
        (Action.SEARCH, [grace.pk], 1),
        (Action.SEARCH, [grace.pk], 1),
        (Action.SEARCH, [], 0),
    ]
    search(clinic, Role.ADMIN, "Großmüller")
    assert rows.count() == 3


@pytest.mark.parametrize(
    ("role", "text", "found", "not_found"),
    [
        (Role.RECEPTIONIST, "wait", ["Waitlist Page"], ["Staff"]),
        (Role.RECEPTIONIST, "new pat", ["New patient"], ["Zone"]),
        (Role.MANAGER, "zone limits", ["Zone limits Page"], []),
        (Role.ADMIN, "staff", ["Staff Page"], ["New patient"]),
        (Role.ADMIN, "patient", [], ["Patients Page", "New patient"]),
    ],
)
def test_pages_and_forms_are_found_by_who_may_open_them(
    clinic: Clinic, role: str, text: str, found: list[str], not_found: list[str]
) -> None:
    words = " ".join(visible(answer(clinic, role, text)).replace("•", " ").split())
    assert [one for one in found if one not in words] == []
    assert [one for one in not_found if one in words] == []


def test_a_lot_is_found_by_its_number(clinic: Clinic) -> None:
    lot = CartridgeLotFactory(clinic=clinic, lot="KX-4711")

    assert url(lot) in search(clinic, Role.MANAGER, "kx-4711")


def test_more_hits_are_in_the_list_and_cost_no_statement_more(clinic: Clinic) -> None:
    client = client_of(UserFactory(role=Role.RECEPTIONIST, clinic=clinic))
    asked = {"s": "Murray", "extended": "1"}
    PatientFactory(clinic=clinic, family_name="Murray")
    client.get(ADDRESS, asked)
    with CaptureQueriesContext(connection) as few:
        assert "More that fit" not in client.get(ADDRESS, asked).content.decode()
    PatientFactory.create_batch(SHOWN, clinic=clinic, family_name="Murray")
    with CaptureQueriesContext(connection) as many:
        text = client.get(ADDRESS, asked).content.decode()

    assert "/admin/patients/patient/?q=Murray" in text
    assert len(many) == len(few)


def test_nothing_typed_is_nothing_asked(clinic: Clinic) -> None:
    for text in ("", "  ", "\0"):
        assert search(clinic, Role.RECEPTIONIST, text) == ""
