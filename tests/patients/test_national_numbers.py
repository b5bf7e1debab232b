"""A number without a country's code is of the clinic's country, wherever it is typed."""

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from patients.models import Patient
from tests.admin.pages import client_of
from tests.conftest import client_of as api_client_of
from tests.factories import PatientFactory
from tests.support.forms import send

pytestmark = pytest.mark.django_db
ADA = {"given_name": "Ada", "family_name": "Byron", "date_of_birth": "1990-12-10"}
COUNTRIES = [  # the clinic's phone, what is typed, what is stored
    ("+493012345678", "0151 23456789", "+4915123456789"),
    ("+493012345678", "(0151) 2345-6789", "+4915123456789"),
    ("+493012345678", "+1 212 555 0123", "+12125550123"),
    ("+493012345678", "0043 664 1234567", "+436641234567"),
    ("+442079460000", "07400 123456", "+447400123456"),
    ("+12125550100", "(212) 555-0123", "+12125550123"),
    ("+34911234567", "612 34 56 78", "+34612345678"),
]


@pytest.mark.parametrize(("phone", "typed", "stored"), COUNTRIES)
def test_the_api_reads_it(dana: User, clinic: Clinic, phone: str, typed: str, stored: str) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(phone=phone)
    desk = api_client_of(User.objects.get(pk=dana.pk))

    new = desk.post("/api/v1/patients/", {**ADA, "mobile": typed})
    other = PatientFactory(clinic=clinic)
    url = f"/api/v1/patients/{other.pk}/"
    changed = desk.patch(url, {"mobile": typed}, HTTP_IF_MATCH="*")

    assert (new.status_code, new.json()["mobile"]) == (201, stored)
    assert (changed.status_code, changed.json()["mobile"]) == (200, stored)


@pytest.mark.parametrize(
    "typed", ["0151 234", "++49", "mobile", "12", "+49", "0151 23456789 ext. 4"]
)
def test_what_is_no_number_there_is_refused_with_an_example(as_dana: APIClient, typed: str) -> None:
    answer = as_dana.post("/api/v1/patients/", {**ADA, "mobile": typed})

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (400, "/mobile")
    assert (
        "01512 3456789 or +49 1512 3456789" in error["detail"] or "extension 4" in error["detail"]
    )
    assert not Patient.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(as_dana: APIClient) -> None:
    answer = as_dana.post("/api/v1/patients/", {**ADA, "mobile": "12", "given_name": "x" * 80})
    worse = as_dana.post("/api/v1/patients/", {**ADA, "mobile": "12", "time_zone": "Mars"})

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/mobile"]
    assert "/time_zone" in {error["pointer"] for error in worse.json()["errors"]}


def test_the_admin_reads_it_and_says_what_is_wrong(dana: User, clinic: Clinic) -> None:
    desk, add = client_of(dana), "/admin/patients/patient/add/"
    typed = {**ADA, "date_of_birth": "10 Dec 1990"}

    refused = send(desk, add, **typed, mobile="0151 234")
    assert "01512 3456789 or +49 1512 3456789" in refused.content.decode()
    assert not Patient.objects.exists()

    send(desk, add, **typed, mobile="0151 23456789")
    patient = Patient.objects.get()
    assert str(patient.mobile) == "+4915123456789"

    send(desk, f"/admin/patients/patient/{patient.pk}/change/", mobile="0170 1234567")
    patient.refresh_from_db()
    assert str(patient.mobile) == "+491701234567"
