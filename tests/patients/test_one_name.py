"""A person with one name is entered, found, written to and merged like anybody else."""

import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from aftercare.models import MessageTemplate
from aftercare.texts import links
from aftercare.texts.render import render
from clinic.models import Clinic, User
from patients.merge import ChoicesNeeded, NoNameLeft
from patients.models import Patient
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import MessageFactory, PatientFactory
from tests.patients.merging import merge, twins

pytestmark = pytest.mark.django_db
ONE_NAME = [{"given_name": "Sukarno", "family_name": ""}]
ONE_NAME += [{"given_name": "", "family_name": "Sukarno"}]
BODY = {"date_of_birth": "1990-05-17"}


@pytest.mark.parametrize("names", ONE_NAME)
def test_one_name_is_enough_and_found_and_listed(
    as_dana: APIClient, dana: User, names: dict[str, str]
) -> None:
    answer = as_dana.post("/api/v1/patients/", {**BODY, **names})

    assert answer.status_code == 201, answer.json()
    patient = Patient.objects.get()
    assert str(patient) == "Sukarno · 17 May 1990"
    assert (patient.full_name, patient.listed_name, patient.called) == ("Sukarno",) * 3
    found = as_dana.get("/api/v1/patients/?q=sukarno").json()["results"]
    assert [row["id"] for row in found] == [str(patient.pk)]
    assert ">Sukarno</a>" in client_of(dana).get("/admin/patients/patient/").content.decode()


@pytest.mark.parametrize("blank", ["", "  "])
def test_no_name_is_refused_at_both_fields(as_dana: APIClient, blank: str) -> None:
    answer = as_dana.post("/api/v1/patients/", {**BODY, "given_name": blank, "family_name": blank})

    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert (answer.status_code, pointers) == (400, {"/given_name", "/family_name"})
    assert "at least one name" in answer.json()["detail"]
    assert not Patient.objects.exists()


def test_the_last_name_cannot_be_taken_away(as_dana: APIClient) -> None:
    url = f"/api/v1/patients/{PatientFactory(clinic=Clinic.objects.get(), family_name='').pk}/"

    answer = as_dana.patch(url, {"given_name": ""}, HTTP_IF_MATCH="*")

    assert answer.status_code == 400
    assert as_dana.get(url).json()["given_name"] == "Grace"


def test_runs_of_blanks_in_a_name_become_one() -> None:
    patient = PatientFactory()
    patient.given_name, patient.family_name = " Ana   María ", "de  la\u00a0 Cruz"

    patient.full_clean()

    assert patient.full_name == "Ana María de la Cruz"


@pytest.mark.parametrize("names", ONE_NAME)
def test_every_shipped_text_speaks_to_somebody_with_one_name(
    catalogue: None, names: dict[str, str]
) -> None:
    tried, wrong = 0, []
    for template in MessageTemplate.objects.select_related("step"):
        message = MessageFactory(step=template.step, channel=template.channel)
        Patient.objects.filter(pk=message.patient_id).update(**names)
        message.patient.refresh_from_db()
        sent = render(message, template)
        text = f"{sent.subject}\n{sent.text}"
        if "given_name" in template.body + template.subject:
            tried += 1
            if "Sukarno" not in text:
                wrong.append(f"{template}: no name")
        if re.search(r"\w  \w|, ,|\b(Hello|Hi|Hola|Dear),? *[.,!:]?(\n|$)", text):
            wrong.append(f"{template}: {text[:80]}")

    assert tried > 20
    assert not wrong


@pytest.mark.parametrize("names", ONE_NAME)
def test_their_page_and_the_api_greet_them(
    booking: Booking, as_dana: APIClient, names: dict[str, str]
) -> None:
    message = MessageFactory(session=booking.book())
    Patient.objects.filter(pk=message.patient_id).update(**names)

    page = Client().get(f"/p/{links.token_for(message)}/").content.decode()
    listed = as_dana.get("/api/v1/sessions/").json()["results"][0]

    assert re.search(r"Hello\s+Sukarno", page)
    assert listed["patient_name"] == "Sukarno"


@pytest.mark.parametrize(
    ("kept", "other", "asked"),
    [
        (("Sukarno", ""), ("Jürgen", "Gross"), {"given_name", "family_name"}),
        (("Sukarno", ""), ("", "Sukarno"), {"given_name", "family_name"}),
        (("Ada", ""), ("Ada", "Byron"), set()),
        (("Ada", "Byron"), ("Ada", "King"), {"family_name"}),
        (("Ada", "Byron"), ("Ada", "Byron"), set()),
    ],
)
def test_two_names_are_never_put_together_unasked(
    clinic: Clinic, alice: User, kept: Any, other: Any, asked: set[str]
) -> None:
    pairs = zip(("given_name", "family_name"), zip(kept, other, strict=True), strict=True)
    ours, theirs = twins(clinic, **dict(pairs))

    if asked:
        with pytest.raises(ChoicesNeeded) as refusal:
            merge(ours, theirs, alice)
        assert {one["field"] for one in refusal.value.extra["contradictions"]} == asked
    choices: dict[str, Any] = dict.fromkeys(asked, "duplicate")
    merge(ours, theirs, alice, **choices)

    ours.refresh_from_db()
    assert (ours.given_name, ours.family_name) == other


def test_a_merge_leaves_a_name(clinic: Clinic, alice: User) -> None:
    ours, theirs = twins(clinic, given_name=("Sukarno", ""), family_name=("", "Sukarno"))

    with pytest.raises(NoNameLeft):
        merge(ours, theirs, alice, given_name="duplicate", family_name="kept")
