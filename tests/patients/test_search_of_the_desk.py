"""The desk finds whom it talks to, and does not leaf through a clinic by searching."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from tests.admin.pages import client_of
from tests.factories import PatientFactory
from tests.support.kept import kept

PATIENTS, LIST = "/api/v1/patients/", "/admin/patients/patient/"
CHOICES = (
    "/admin/autocomplete/?app_label=treatment_sessions&model_name=waitlistentry&field_name=patient"
)
SHORT = "Type 3 characters at the least to find a patient."
pytestmark = pytest.mark.django_db


@kept
def namesakes(clinic: Clinic) -> None:
    for number in range(25):
        PatientFactory(clinic=clinic, family_name="Weber", given_name=f"Ada{number:02}")


def ids_in(answer: Any) -> list[Any]:
    return [row["id"] for row in answer.json()["results"]]


def test_the_api_finds_twenty_for_the_desk_and_all_for_who_treats(
    namesakes: None, as_dana: APIClient, as_alice: APIClient
) -> None:
    asked = f"{PATIENTS}?q=weber&page_size=100"

    assert len(ids_in(as_dana.get(asked))) == 20
    assert len(ids_in(as_alice.get(asked))) == 25


@pytest.mark.parametrize("typed", ["we", "w e", " we "])
def test_the_api_asks_the_desk_for_three_characters(
    typed: str, namesakes: None, as_dana: APIClient, as_alice: APIClient
) -> None:
    refused = as_dana.get(PATIENTS, {"q": typed})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["detail"] == SHORT
    assert refused.json()["errors"][0]["pointer"] == "/q"
    assert as_alice.get(PATIENTS, {"q": typed}).status_code == 200


def test_the_pages_of_staff_do_the_same_in_words(namesakes: None, dana: User, alice: User) -> None:
    desk, treats = client_of(dana), client_of(alice)

    many, short = desk.get(f"{LIST}?q=weber"), desk.get(f"{LIST}?q=we")
    assert len(many.context["cl"].result_list) == 20
    assert "No more than 20 patients are looked up" in many.content.decode()
    assert len(short.context["cl"].result_list) == 0
    assert SHORT in short.content.decode()
    assert len(treats.get(f"{LIST}?q=we").context["cl"].result_list) == 25
    assert SHORT in desk.get("/admin/search/?s=we").content.decode()
    assert SHORT not in treats.get("/admin/search/?s=we").content.decode()
    assert desk.get(f"{CHOICES}&term=we").json()["results"] == []
    assert len(desk.get(f"{CHOICES}&term=web").json()["results"]) == 20
    assert SHORT not in desk.get(LIST).content.decode()  # nothing is left over
