"""“Who has seen this record”: for whom, what it says, and the file that a patient may have."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.records.accesses.seen import HEAD
from clinic.models import Clinic, Role, User
from clinic.values.tables import safe_cell
from tests.admin.pages import client_of, url
from tests.factories import DAY, PatientFactory, UserFactory
from tests.support.accesses import Watch, access_to
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def patient(clinic: Clinic) -> Any:
    return PatientFactory(clinic=clinic, given_name="Grace", family_name="Murray")


def page_of(patient: Any) -> str:
    return f"/admin/clinic/accessrecord/of/{patient.pk}/"


@pytest.mark.parametrize(
    ("role", "opens", "named"),
    [
        (Role.MANAGER, 200, True),
        (Role.AUDITOR, 200, False),
        (Role.PRACTITIONER, 403, False),
        (Role.RECEPTIONIST, 403, False),
        (Role.ADMIN, 403, False),
    ],
)
def test_managers_and_auditors_open_it_and_it_is_written_down(
    clinic: Clinic, alice: User, patient: Any, role: Role, opens: int, named: bool
) -> None:
    access_to(patient, by=alice)
    reader: Any = UserFactory(role=role, clinic=clinic)
    watch = Watch()
    for address in (page_of(patient), f"{page_of(patient)}csv/"):
        answer = client_of(reader).get(address)
        (row,) = watch.rows()

        assert answer.status_code == row.status == opens
        assert row.patient_ids == [patient.pk]
        assert ("Murray" in answer.content.decode()) == (named and "csv" not in address)
        assert (str(alice) in answer.content.decode()) == (opens == 200)
    assert (page_of(patient) in client_of(reader).get(url(patient)).content.decode()) == named


def test_another_clinics_patient_is_not_there(other_clinic: Clinic, patient: Any) -> None:
    stranger: Any = UserFactory(role=Role.MANAGER, clinic=other_clinic)

    assert client_of(stranger).get(page_of(patient)).status_code == 404


def test_the_file_says_in_plain_words_what_was_done(
    alice: User, dana: User, manager: User, clinic: Clinic, patient: Any
) -> None:
    """Once for each person, day and deed; also with the record that was merged into it."""
    merged = PatientFactory(clinic=clinic, merged_into=patient, archived_at=timezone.now())
    now = timezone.now().replace(hour=12)
    for hours in (0, 1, 2):
        access_to(patient, by=alice, at=now - 3 * DAY + hours * DAY / 24)
    access_to(merged, by=alice, action="PHOTO", at=now - 4 * DAY)
    access_to(patient, by=dana, action="WRITE", at=now - 5 * DAY)
    access_to(patient, by=dana, outcome="REFUSED", at=now - 6 * DAY)
    link = {"actor_kind": "PATIENT", "actor_id": patient.pk, "role": "", "door": "PAGE"}
    access_to(patient, by=alice, at=now - 7 * DAY, **link)

    answer = client_of(manager).get(f"{page_of(patient)}csv/")
    head, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig")))

    assert head == list(map(str, HEAD))
    assert [row[3:] for row in rows] == [
        [str(alice), "Practitioner", "looked at it", "patient", "3"],
        [str(alice), "Practitioner", "looked at a photograph", "patient", "1"],
        [str(dana), "Receptionist", "wrote in it", "patient", "1"],
        ["the patient, by a link", "", "looked at it", "patient", "1"],
    ]
    internals = (str(patient.pk), "192.0.2.7", "admin:", "given_name", "OPERATIONS")
    assert not [word for word in internals if word in answer.content.decode()]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", " ="])
def test_no_cell_is_a_formula(begin: str, clinic: Clinic, manager: User, patient: Any) -> None:
    assert safe_cell(f"{begin}1+1").startswith("'")
    assert safe_cell("Ada") == "Ada"
    if begin == "=":
        by: Any = UserFactory(clinic=clinic, first_name="=cmd()", last_name="x")
        access_to(patient, by=by)
        answer = client_of(manager).get(f"{page_of(patient)}csv/").content.decode()
        assert ",'=cmd() x," in answer


def test_it_takes_as_many_statements_however_many_have_seen_it(
    clinic: Clinic, alice: User, manager: User, patient: Any
) -> None:
    client = client_of(manager)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(page_of(patient))
        return len(asked)

    access_to(patient, by=alice)
    few = statements()
    for _ in range(5):
        access_to(patient, PatientFactory(clinic=clinic), by=UserFactory(clinic=clinic))

    assert statements() == few
