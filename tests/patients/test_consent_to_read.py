"""A consent is given to read, and a clinic may want days between that and the first session."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic.models import Clinic, User
from patients import services as services_of_patients
from patients.models import ConsentHandout
from sessions import services
from sessions.lifecycle import Status
from sessions.models import of_treatment
from sessions.services.booking.moves import UnresolvedFindings
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    ConsentHandoutFactory,
    ConsentTextFactory,
    PatientFactory,
    TreatmentConsentFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def cautious(clinic: Clinic) -> Clinic:
    """A clinic that wants two days."""
    clinic.consent_cooling_off_days = 2
    clinic.save()
    return clinic


def url(patient: Any) -> str:
    return f"/api/v1/patients/{patient.pk}/consent-handouts/"


def test_the_desk_gives_the_text_of_the_patients_language_to_read(
    as_dana: APIClient, as_bob: APIClient, clinic: Clinic
) -> None:
    english, spanish = ConsentTextFactory(), ConsentTextFactory(language="es")
    patient = PatientFactory(clinic=clinic, language="es")

    given = as_dana.post(url(patient), {})
    named = as_dana.post(url(patient), {"text": str(english.pk)})

    assert (given.status_code, named.status_code) == (201, 201)
    listed = as_dana.get(url(patient)).json()["results"]
    assert [row["text"] for row in listed] == [str(english.pk), str(spanish.pk)]
    assert as_bob.post(url(patient), {}).status_code == 404


def test_without_a_text_of_the_language_it_is_english_and_without_any_it_says_so(
    as_dana: APIClient, clinic: Clinic
) -> None:
    patient = PatientFactory(clinic=clinic, language="es")

    none = as_dana.post(url(patient), {})
    english = ConsentTextFactory()
    given = as_dana.post(url(patient), {})

    assert (none.status_code, none.json()["code"]) == (422, "no_consent_text")
    assert given.json()["text"] == str(english.pk)


def test_only_the_current_text_is_given(as_dana: APIClient, clinic: Clinic) -> None:
    old = ConsentTextFactory()
    ConsentTextFactory(version=2)

    answer = as_dana.post(url(PatientFactory(clinic=clinic)), {"text": str(old.pk)})

    assert (answer.status_code, answer.json()["code"]) == (409, "text_outdated")
    assert not ConsentHandout.objects.exists()


@pytest.mark.parametrize(
    ("read_days_before", "may"), [(None, False), (1, False), (2, True), (9, True)]
)
def test_the_first_session_waits_from_the_day_on_which_it_was_read(
    booking: Booking, cautious: Clinic, read_days_before: int | None, may: bool
) -> None:
    session = booking.book()
    booking.ready()  # signed an hour before
    consent = booking.plan.patient.treatment_consents.get()
    if read_days_before is not None:
        at = NINE - read_days_before * DAY
        ConsentHandoutFactory(patient=consent.patient, text=consent.text, handed_at=at)
        ConsentHandoutFactory(patient=consent.patient, text=consent.text, handed_at=NINE)
    other = ConsentTextFactory(language="es")
    ConsentHandoutFactory(patient=consent.patient, text=other, handed_at=NINE - 90 * DAY)
    booking.move(session, Status.CHECKED_IN)

    if not may:
        with pytest.raises(UnresolvedFindings, match="waits 2 days"):
            booking.move(session, Status.IN_PROGRESS)
        services.override_finding(
            session_id=session.pk,
            code="consent_too_recent",
            subject="",
            reason="Read at home",
            at=NINE,
            by=booking.practitioner,
        )
    assert booking.move(session, Status.IN_PROGRESS).status == Status.IN_PROGRESS


def test_the_same_day_is_possible_where_the_clinic_has_set_nothing(booking: Booking) -> None:
    session = booking.in_progress()  # signed an hour before

    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS


def test_a_consent_renewed_during_the_plan_needs_no_days(
    booking: Booking, clinic: Clinic, alice: User
) -> None:
    first = booking.completed()
    Clinic.objects.update(consent_cooling_off_days=2)
    signed = first.patient.treatment_consents.get()
    services_of_patients.revoke_consent(consent=signed, reason="A new text", at=NINE, by=alice)
    TreatmentConsentFactory(
        patient=first.patient,
        text=signed.text,
        zones=signed.zones,
        signed_at=first.recovers_at,
        recorded_by=alice,
    )

    session = booking.in_progress(of_treatment(first.recovers_at))

    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS


@pytest.mark.parametrize(
    ("jurisdiction", "own", "age", "days"),
    [
        ("UK", None, 30, 1),
        ("UK", 0, 30, 0),
        ("UK", 5, 30, 5),
        ("AU", None, 17, 7),
        ("AU", None, 18, 0),
        ("AU", None, None, 7),
        ("EU", None, 30, 0),
        ("US", None, 17, 0),
        ("CA", None, 30, 0),
        ("OTHER", None, None, 0),
    ],
)
def test_who_sets_no_days_has_those_of_the_jurisdiction(
    jurisdiction: str, own: int | None, age: int | None, days: int
) -> None:
    here = Clinic(jurisdiction=jurisdiction, consent_cooling_off_days=own)

    assert here.cooling_off_days(age) == days


def test_the_days_of_the_jurisdiction_are_waited_for(booking: Booking) -> None:
    Clinic.objects.update(jurisdiction="UK")

    with pytest.raises(UnresolvedFindings, match="waits 1 day, until 8 Jan 2030"):
        booking.in_progress()  # signed an hour before
