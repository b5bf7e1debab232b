"""What looks unusual among accesses, why, and that somebody has looked at it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.records.accesses.reviews import OwnAccess, ReviewRefused, note_review
from aftercare.records.accesses.unusual import MANY_IN_AN_HOUR, SINCE_A_VISIT, unusual
from clinic.models import AccessReview, Clinic, Role, User
from patients.models import Patient
from tests.admin.pages import client_of
from tests.factories import HOUR, PatientFactory, SessionFactory, UserFactory
from tests.support.accesses import access_to
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
SURNAME, NO_VISIT = "The same surname as the patient", "No appointment in the 90 days before"


@pytest.fixture
def noon() -> datetime:
    """Of a day that the table has a month for."""
    return (timezone.now() + timedelta(days=40)).replace(hour=10, minute=0, second=0, microsecond=0)


@pytest.fixture
def patient(clinic: Clinic, noon: datetime) -> Any:
    """Somebody who is treated here: there is nothing unusual in being looked at."""
    session = SessionFactory(
        plan__patient=PatientFactory(clinic=clinic, family_name="Großmüller"), starts_at=noon
    )
    Patient.objects.update(created_at=noon - timedelta(days=400))
    return session.patient


@kept
def auditor(clinic: Clinic) -> User:
    user: User = UserFactory(role=Role.AUDITOR, clinic=clinic)
    return user


def reasons(reader: User) -> list[str]:
    return [reason for one in unusual(reader).findings for reason in one.reasons]


def test_looking_at_who_is_treated_is_nothing_unusual(
    patient: Any, alice: User, auditor: User, noon: datetime
) -> None:
    access_to(patient, by=alice, at=noon)
    access_to(patient, by=alice, at=noon, action="LIST")

    assert unusual(auditor).accesses == 1
    assert reasons(auditor) == []


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"last_name": "Grossmann"}, []),
        ({"last_name": "GROSSMÜLLER"}, [SURNAME]),
        ({"email": "GRACE@patients.example"}, ["The same e-mail address as the patient"]),
        ({"mobile": "+4915112345678"}, ["The same telephone number as the patient"]),
    ],
)
def test_what_somebody_has_in_common_with_the_patient(
    patient: Any, clinic: Clinic, auditor: User, who: dict[str, str], why: list[str], noon: datetime
) -> None:
    Patient.objects.update(email="grace@patients.example", mobile="+4915112345678")
    access_to(patient, by=UserFactory(clinic=clinic, **who), at=noon)

    assert reasons(auditor) == why


@pytest.mark.parametrize(
    ("after", "is_unusual"),
    [(SINCE_A_VISIT, False), (SINCE_A_VISIT + HOUR, True), (-timedelta(days=20), False)],
)
def test_nobodys_appointment(
    patient: Any, alice: User, auditor: User, after: timedelta, is_unusual: bool, noon: datetime
) -> None:
    """One that is ahead is one too."""
    access_to(patient, by=alice, at=noon + after)

    assert any(NO_VISIT in why for why in reasons(auditor)) is is_unusual


@pytest.mark.parametrize(("hour", "is_night"), [(6, False), (21, False), (22, True), (5, True)])
def test_at_night_on_the_clock_of_the_clinic(
    patient: Any, alice: User, auditor: User, hour: int, is_night: bool, noon: datetime
) -> None:
    local = noon.astimezone(patient.clinic.zone).replace(hour=hour, minute=0)
    access_to(patient, by=alice, at=local)

    assert (f"At night, {hour:02}:00" in reasons(auditor)) is is_night


@pytest.mark.parametrize("more", [0, 1])
def test_many_patients_in_an_hour(
    patient: Any, clinic: Clinic, alice: User, auditor: User, more: int, noon: datetime
) -> None:
    for _ in range(MANY_IN_AN_HOUR - 1 + more):
        other = SessionFactory(plan__patient__clinic=clinic, starts_at=noon).patient
        access_to(other, by=alice, at=noon)
    access_to(patient, by=alice, at=noon)
    access_to(patient, by=alice, at=noon)

    many = [why for why in reasons(auditor) if "patients in the hour" in why]
    local = noon.astimezone(clinic.zone)
    assert many == [f"{MANY_IN_AN_HOUR + 1} patients in the hour from {local:%H:00}"] * more


def test_of_another_clinic_nothing_is_read(
    patient: Any, other_clinic: Clinic, auditor: User, noon: datetime
) -> None:
    stranger: Any = UserFactory(clinic=other_clinic, last_name=patient.family_name)
    access_to(patient, by=stranger, at=noon)

    assert reasons(auditor) == []


def test_it_takes_as_many_statements_for_many_as_for_one(
    patient: Any, clinic: Clinic, auditor: User, noon: datetime
) -> None:
    client, counts = client_of(auditor), []
    client.get(reverse("unusual-accesses"))
    for number in (1, 5):
        for _ in range(number):
            access_to(patient, by=UserFactory(clinic=clinic, last_name="Großmüller"), at=noon)
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("unusual-accesses"))
        counts.append(len(caught))

    assert counts[0] == counts[1]


def noted(**changes: Any) -> AccessReview:
    now = timezone.now()
    return note_review(**{"day": now.date(), "note": "Her own sister", "at": now, **changes})


def test_what_was_looked_at_is_noted_and_moves_below(
    patient: Any, clinic: Clinic, auditor: User, noon: datetime
) -> None:
    kim = UserFactory(clinic=clinic, last_name=patient.family_name)
    access_to(patient, by=kim, at=noon)
    client, page = client_of(auditor), reverse("unusual-accesses")
    shown = visible(client.get(page))
    assert SURNAME in shown
    assert "Großmüller" not in shown.replace(str(kim), "")  # an auditor reads no names of patients
    assert "Nobody has looked at these 1" in " ".join(shown.split())

    body = {"person": kim.pk, "patient": patient.pk, "day": f"{noon:%Y-%m-%d}"}
    body["note"] = "Asked: fine"
    assert "It is noted" in visible(client.post(page, body, follow=True))

    shown = " ".join(visible(client.get(page)).split())
    waiting, _, below = shown.partition("Looked at 1")  # at night, their own visit waits above
    assert SURNAME not in waiting
    assert SURNAME in below
    assert "Asked: fine" in below
    assert "Say why" in visible(client.post(page, {**body, "note": " "}, follow=True))


def test_who_notes_and_of_whom(patient: Any, clinic: Clinic, auditor: User, bob: User) -> None:
    kim = UserFactory(clinic=clinic)
    fits: dict[str, Any] = {"actor_id": kim.pk, "patient_id": patient.pk, "by": auditor}
    with pytest.raises(OwnAccess):
        noted(**{**fits, "actor_id": auditor.pk})
    for wrong in ({"actor_id": bob.pk}, {"patient_id": bob.pk}, {"day": None}, {"note": "ok"}):
        with pytest.raises(ReviewRefused):
            noted(**{**fits, **wrong})
    assert noted(**fits).note == "Her own sister"
    with pytest.raises(ProgrammingError):
        AccessReview.objects.update(note="another")


def test_each_sees_their_own_page_and_who_watches_that_of_all(
    patient: Any, clinic: Clinic, alice: User, bob: User
) -> None:
    access_to(patient, by=alice)
    page = reverse("accesses-by", args=[alice.pk])
    for role in Role.values:
        user = UserFactory(role=role, clinic=clinic)
        may = role in (Role.MANAGER, Role.AUDITOR)
        assert (client_of(user).get(page).status_code == 200) == may, role
        assert client_of(user).get(reverse("accesses-by", args=[user.pk])).status_code == 200
    assert "Großmüller" in visible(client_of(alice).get(page))
    bobs = reverse("accesses-by", args=[bob.pk])
    manager = UserFactory(role=Role.MANAGER, clinic=clinic)
    assert client_of(manager).get(bobs).status_code in (302, 404)


def test_the_page_of_a_person_is_a_week_and_a_line_a_day_and_patient(
    patient: Any, alice: User, auditor: User
) -> None:
    noon = (timezone.now() - timedelta(days=1)).replace(hour=10)
    for at in (noon, noon + HOUR, noon - timedelta(days=7)):
        access_to(patient, by=alice, at=at)
    client, page = client_of(auditor), reverse("accesses-by", args=[alice.pk])
    shown = client.get(page, {"until": f"{noon:%Y-%m-%d}"}).content.decode()

    assert shown.count("looked at it") == 1
    assert 'data-label="How often">2<' in shown
    for wrong in ("x", "0001-01-01", "2999-01-01"):
        assert client.get(page, {"until": wrong}).status_code == 200


def test_the_page_to_log_in_opens_for_who_is_nobody_yet(client: Client) -> None:
    """The menu behind one's own name is asked for there too."""
    assert client.get("/admin/login/").status_code == 200
    assert client.get("/admin/password/").status_code == 200
