"""The record of accesses over HTTP."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Clinic, Role, User
from tests.factories import DAY, PatientFactory, UserFactory
from tests.support.accesses import Watch, access_to

pytestmark = pytest.mark.django_db
LIST = "/api/v1/accesses/"


def as_(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def ids(client: APIClient, query: str = "") -> set[str]:
    return {row["id"] for row in client.get(f"{LIST}{query}").json()["results"]}


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.MANAGER, 200), (Role.AUDITOR, 200), (Role.RECEPTIONIST, 403), (Role.ADMIN, 403)],
)
def test_a_role_reads_all_of_its_clinic_or_nothing(
    clinic: Clinic, alice: User, role: Role, status: int
) -> None:
    row = access_to(PatientFactory(clinic=clinic), by=alice)
    client = as_(UserFactory(role=role, clinic=clinic))

    assert client.get(LIST).status_code == client.get(f"{LIST}{row.pk}/").status_code == status
    if status == 200:
        assert str(row.pk) in ids(client)


def test_a_practitioner_reads_what_they_did_themselves(alice: User, dana: User) -> None:
    own, other = access_to(by=alice), access_to(by=dana)

    found = ids(as_(alice))

    assert (str(own.pk) in found, str(other.pk) in found) == (True, False)
    assert as_(alice).get(f"{LIST}{other.pk}/").status_code == 404


def test_another_clinics_rows_and_patients_are_not_there(
    clinic: Clinic, other_clinic: Clinic, alice: User, manager: User
) -> None:
    both: Any = UserFactory(clinic=clinic)
    both.clinics.add(other_clinic)
    own, theirs = PatientFactory(clinic=clinic), PatientFactory(clinic=other_clinic)
    shared = access_to(own, theirs, by=both)
    foreign = access_to(theirs, by=UserFactory(clinic=other_clinic))
    client = as_(manager)

    for told in (
        client.get(f"{LIST}{shared.pk}/").json(),
        next(one for one in client.get(LIST).json()["results"] if one["id"] == str(shared.pk)),
    ):
        assert (told["patients"], told["patient_count"]) == ([str(own.pk)], 2)
    assert client.get(f"{LIST}{foreign.pk}/").status_code == 404
    assert str(foreign.pk) not in ids(client)
    assert ids(client, f"?patient={theirs.pk}") == set()


def test_every_filter_finds_its_row(clinic: Clinic, alice: User, manager: User) -> None:
    now, patient = timezone.now(), PatientFactory(clinic=clinic)
    access_to(by=alice)
    day = f"{(now - 20 * DAY).astimezone(clinic.zone):%Y-%m-%d}"
    other: Any = UserFactory(clinic=clinic)
    for query, row in {
        f"?patient={patient.pk}": access_to(patient, by=alice),
        f"?actor={other.pk}": access_to(by=other),
        "?action=EXPORT": access_to(by=alice, action="EXPORT"),
        "?outcome=FAILED": access_to(by=alice, outcome="FAILED"),
        "?door=WORKER": access_to(by=alice, door="WORKER"),
        f"?from={day}&to={day}": access_to(by=alice, at=now - 20 * DAY),
    }.items():
        assert ids(as_(manager), query) == {str(row.pk)}, query
    assert as_(manager).get(f"{LIST}?from=2026-02-02&to=2026-02-01").status_code == 400


def test_reading_it_leaves_a_row_with_the_patients_in_it(
    clinic: Clinic, alice: User, manager: User
) -> None:
    patient = PatientFactory(clinic=clinic)
    access_to(patient, by=alice)
    watch = Watch()

    as_(manager).get(f"{LIST}?patient={patient.pk}")
    as_(manager).get(f"{LIST}?door=WORKER")
    seen = [(one.action, one.object_model, one.patient_ids) for one in watch.rows()]

    told = "clinic.AccessRecord"
    assert seen == [("LIST", told, [patient.pk]), ("LIST", told, [])]
