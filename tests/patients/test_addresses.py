"""Which e-mail addresses a record takes."""

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from clinic.models import Clinic
from clinic.values.email_addresses import validate_address
from patients.models import Patient
from tests.factories import PatientFactory


@pytest.mark.parametrize(
    "address",
    ["grace@example.org", "grâce@example.org", "grace.müller@köln.example", "用户@例子.example"],
)
def test_letters_of_any_script_may_stand_before_the_at(address: str) -> None:
    validate_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("é", "é@", "@é.example", "é e@example.org", "é..e@example.org", "é\u200be@example.org"),
        *("é,e@example.org", "é@e@example.org", "é\n@example.org", "é<@example.org"),
    ],
)
def test_what_is_no_address_is_none_with_other_letters_either(address: str) -> None:
    with pytest.raises(ValidationError):
        validate_address(address)


@pytest.mark.django_db
def test_it_is_taken_by_forms_and_over_http(as_dana: APIClient, clinic: Clinic) -> None:
    patient = PatientFactory(clinic=clinic)
    body = {"email": "grâce@example.org"}
    seen = as_dana.get(f"/api/v1/patients/{patient.pk}/")["ETag"]

    answer = as_dana.patch(f"/api/v1/patients/{patient.pk}/", body, HTTP_IF_MATCH=seen)
    field = Patient._meta.get_field("email").formfield()

    assert answer.json()["email"] == "grâce@example.org"
    assert field is not None
    assert field.clean("grâce@example.org") == "grâce@example.org"
