"""The record of accesses in the admin: who may read it, whom it names, and what it costs."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import AccessRecord, Clinic, Role, User
from tests.admin.pages import client_of, url
from tests.factories import DAY, PatientFactory, UserFactory
from tests.support.accesses import Watch, access_to
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
LIST = "/admin/clinic/accessrecord/"


def page(user: User, address: str = LIST, **asked: str) -> str:
    text: str = client_of(user).get(address, asked).content.decode()
    return text


@kept
def patient(clinic: Clinic) -> Any:
    return PatientFactory(clinic=clinic, given_name="Grace", family_name="Murray")


@pytest.mark.parametrize(
    ("role", "opens", "named"),
    [
        (Role.MANAGER, 200, True),
        (Role.AUDITOR, 200, False),
        (Role.RECEPTIONIST, 403, False),
        (Role.ADMIN, 403, False),
    ],
)
def test_a_role_reads_what_it_may_and_no_name_that_it_may_not(
    clinic: Clinic, alice: User, patient: Any, role: Role, opens: int, named: bool
) -> None:
    row = access_to(patient, by=alice)
    reader: Any = UserFactory(role=role, clinic=clinic)
    for address in (LIST, url(row)):
        answer = client_of(reader).get(address)
        text = answer.content.decode()

        assert answer.status_code == opens
        assert ("Murray" in text) == named, address
        if opens == 200:
            assert f"{alice}, practitioner" in text
            assert ("Patient " + patient.pk.hex[-8:-4].upper() in text) != named


def test_a_practitioner_reads_what_they_did_themselves(
    clinic: Clinic, alice: User, dana: User, patient: Any
) -> None:
    own, other = access_to(patient, by=alice), access_to(patient, by=dana)

    text = page(alice)

    assert (str(own.pk) in text, str(other.pk) in text, str(dana) in text) == (True, False, False)
    assert client_of(alice).get(url(other)).status_code == 302


def test_another_clinics_accesses_and_patients_are_not_there(
    clinic: Clinic, other_clinic: Clinic, alice: User, patient: Any
) -> None:
    """Somebody who works at both is seen by both, but neither reads whom the other treats."""
    both: Any = UserFactory(clinic=clinic)
    both.clinics.add(other_clinic)
    theirs = PatientFactory(clinic=other_clinic, family_name="Hamilton")
    shared = access_to(patient, theirs, by=both)
    own = access_to(patient, by=alice)
    stranger: Any = UserFactory(role=Role.MANAGER, clinic=other_clinic)

    text = page(stranger)

    assert (str(shared.pk) in text, str(own.pk) in text) == (True, False)
    assert ("Hamilton" in text, "Murray" in text) == (True, False)
    assert "a patient of another clinic" in text


def test_the_last_week_is_shown_and_any_day_can_be_asked_for(
    clinic: Clinic, alice: User, manager: User, patient: Any
) -> None:
    now = timezone.now()
    new, old = access_to(patient, by=alice), access_to(patient, by=alice, at=now - 9 * DAY)
    day = f"{(now - 9 * DAY).astimezone(clinic.zone):%Y-%m-%d}"

    usual, asked = page(manager), page(manager, day_from=day, day_to=day)

    assert (str(new.pk) in usual, str(old.pk) in usual) == (True, False)
    assert (str(new.pk) in asked, str(old.pk) in asked) == (False, True)
    assert "no such day" not in page(manager, day_from="no such day").split("<form")[0]


def test_it_is_filtered_by_person_action_outcome_and_door(
    clinic: Clinic, alice: User, dana: User, manager: User, patient: Any
) -> None:
    rows = {
        "person": (access_to(patient, by=dana), str(dana.pk)),
        "action__exact": (access_to(patient, by=alice, action="PRINT"), "PRINT"),
        "outcome__exact": (access_to(patient, by=alice, outcome="REFUSED"), "REFUSED"),
        "door__exact": (access_to(patient, by=alice, door="API"), "API"),
    }
    for name, (_, value) in rows.items():
        text = page(manager, **{name: value})

        assert [one for one, (other, _) in rows.items() if str(other.pk) in text] == [name]
    assert str(rows["person"][0].pk) not in page(manager, person="x")


def test_reading_it_is_written_down_with_whom_it_named(
    alice: User, manager: User, patient: Any
) -> None:
    row = access_to(patient, by=alice)
    watch = Watch()

    page(manager)
    page(manager, url(row))
    page(manager, door__exact="WORKER")
    seen = [(one.action, one.object_model, one.patient_ids) for one in watch.rows()]

    told = "clinic.AccessRecord"
    assert seen == [
        ("LIST", told, [patient.pk]),
        ("READ", told, [patient.pk]),
        ("LIST", told, []),
    ]


def test_a_list_takes_as_many_statements_however_long_it_is(
    clinic: Clinic, alice: User, dana: User, manager: User, patient: Any
) -> None:
    client = client_of(manager)

    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            client.get(LIST)
        return [one["sql"] for one in asked.captured_queries]

    access_to(patient, by=alice)
    few = statements()
    for by in (alice, dana) * 10:
        access_to(PatientFactory(clinic=clinic), by=by)
    many = statements()

    assert len(many) == len(few), "\n".join(many)
    counted = [sql for sql in many if "clinic_access_record" in sql and "INSERT" not in sql]
    assert not any("count(" in sql.lower() and "LIMIT" not in sql for sql in counted), counted


def test_only_the_partitions_of_the_days_are_read(alice: User, manager: User) -> None:
    now = timezone.now()
    rows = AccessRecord.objects.visible_to(manager).between(now - DAY, now + DAY)

    plan = rows.order_by("-pk")[:50].explain()

    months = {f"{at:%Y_%m}" for at in (now - DAY, now, now + DAY)}
    assert set(re.findall(r"clinic_access_(\d{4}_\d\d)", plan)) == months, plan


def test_the_side_bar_leads_to_it(manager: User, side_bar: None) -> None:
    assert reverse("admin:clinic_accessrecord_changelist") in page(manager, "/admin/")
