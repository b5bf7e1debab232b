"""A patient's timeline and the history of every change."""

from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from aftercare.records.history import TRACKED
from patients.models import Patient
from sessions import services
from sessions.models import of_treatment
from tests.conftest import AS_IT_IS, Booking
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    ConsentTextFactory,
    ContactConsentFactory,
    MessageFactory,
    OtherTreatmentFactory,
    OutcomeMeasureFactory,
    PatientConcernFactory,
    PatientFactory,
    PhotoConsentFactory,
    PhotoFactory,
    SideEffectFactory,
    SkinTypeAssessmentFactory,
    TreatmentConsentFactory,
)
from tests.support.accesses import RECORDED

pytestmark = pytest.mark.django_db


def story(booking: Booking) -> Patient:
    """A patient to whom everything has happened once."""
    session = booking.completed()
    patient = session.patient
    services.add_addendum(
        session_id=session.pk, text="Rang: all well", at=session.ends_at, by=booking.practitioner
    )
    services.record_deviation(
        session_id=session.pk,
        kind="ZONE",
        reason="The lid slipped",
        action_taken="Rinsed",
        at=session.ends_at,
        by=booking.practitioner,
    )
    SkinTypeAssessmentFactory(patient=patient)
    PatientConcernFactory(patient=patient)
    OtherTreatmentFactory(patient=patient)
    SideEffectFactory(session=session)
    OutcomeMeasureFactory(plan=booking.plan)
    PhotoFactory(patient=patient)
    MessageFactory(session=session, step=CareStepFactory(), status="SENT", sent_at=session.ends_at)
    return patient


def test_the_timeline_tells_everything_newest_first(booking: Booking, as_alice: APIClient) -> None:
    patient = story(booking)

    told = as_alice.get(f"/api/v1/patients/{patient.pk}/timeline/").json()["results"]

    assert {entry["kind"] for entry in told} >= {
        *("registered", "skin_type", "concern", "screening", "consent", "plan", "session"),
        *("addendum", "deviation", "side_effect", "outcome", "photo", "message"),
    } - {"plan"}
    assert [entry["at"] for entry in told] == sorted((e["at"] for e in told), reverse=True)


def test_timeline_and_history_take_a_fixed_number_of_queries(
    booking: Booking, as_alice: APIClient, django_assert_num_queries: Any
) -> None:
    patient = story(booking)
    counts = []
    for _ in range(2):
        for page in ("timeline", "history"):
            with CountQueries() as queries:
                assert as_alice.get(f"/api/v1/patients/{patient.pk}/{page}/").status_code == 200
            counts.append(queries.count)
        booking.completed(of_treatment(patient.sessions.latest("starts_at").recovers_at))

    assert counts[:2] == counts[2:]
    assert max(counts) <= 22 + RECORDED


class CountQueries:
    """How many queries ran inside."""

    def __enter__(self) -> "CountQueries":
        self.count = 0
        self._wrapper = connection.execute_wrapper(self._one)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._wrapper.__exit__(*exception)

    def _one(self, execute: Any, *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def test_the_desk_reads_neither(booking: Booking, as_dana: APIClient, as_bob: APIClient) -> None:
    patient = booking.plan.patient

    for page in ("timeline", "history"):
        assert as_dana.get(f"/api/v1/patients/{patient.pk}/{page}/").status_code == 403
        assert as_bob.get(f"/api/v1/patients/{patient.pk}/{page}/").status_code == 404


def changes_of(client: APIClient, patient: Patient, table: str) -> list[dict[str, Any]]:
    told = client.get(f"/api/v1/patients/{patient.pk}/history/?page_size=200").json()["results"]
    return [change for change in told if change["table"] == table]


def test_a_change_is_kept_with_who_made_it(as_alice: APIClient, clinic: Any) -> None:
    patient = PatientFactory(clinic=clinic, allergies="none")
    url = f"/api/v1/patients/{patient.pk}/medical/"

    as_alice.patch(url, {"allergies": "Nickel"}, headers=AS_IT_IS)

    newest, oldest = changes_of(as_alice, patient, "patient")
    assert (newest["change"], newest["by"]) == ("update", "alice")
    assert newest["values"] == {"allergies": ["none", "Nickel"]}
    assert oldest["change"] == "insert"


@pytest.mark.django_db(transaction=True)  # in one transaction the last caller would be named
def test_sql_cannot_get_past_the_history(as_alice: APIClient, booking: Booking) -> None:
    session = booking.charted()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE treatment_zone_treatment SET depth_mm = 0.75")
        cursor.execute("UPDATE patient SET family_name = 'Changed'")
        cursor.execute("DELETE FROM treatment_zone_treatment")

    zone = changes_of(as_alice, session.patient, "treatment_zone_treatment")
    assert [change["change"] for change in zone] == ["delete", "update", "insert"]
    assert zone[1]["values"]["depth_mm"] == ["1.50", "0.75"]
    name = changes_of(as_alice, session.patient, "patient")[0]
    assert (name["by"], name["values"]["family_name"][1]) == ("system", "Changed")


@pytest.mark.parametrize("model", TRACKED, ids=lambda model: model.__name__)
def test_no_history_table_can_be_rewritten(booking: Booking, model: Any) -> None:
    """Each tracked table has one, with at least what was inserted here."""
    patient = story(booking)
    PatientFactory(clinic=patient.clinic)
    events = model._meta.get_field("history").related_model
    if not events.objects.exists():
        pytest.fail(f"{model.__name__} left no history") if model in _made(booking) else None
        return

    for verb in ("UPDATE {} SET pgh_label = 'x'", "DELETE FROM {}"):
        with (
            pytest.raises(DatabaseError, match="Cannot"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(verb.format(events._meta.db_table))


def _made(booking: Booking) -> list[Any]:
    return [model for model in TRACKED if model._default_manager.exists()]


def test_every_clinical_table_is_tracked_or_append_only() -> None:
    frozen: set[Any] = {
        model for model, trigger in pgtrigger.registered() if trigger.name == "append_only"
    }
    clinical: list[Any] = [
        model
        for label in ("patients", "treatment_sessions")
        for model in apps.get_app_config(label).get_models()
        if not model.__name__.endswith("History")
    ]
    catalogues = {"Area", "Zone", "Concern", "ConcernSubtype", "Protocol"}
    catalogues |= {"VisitType", "VisitTypeName"}
    # The desk's own, nothing clinical: two come and go, and the third has WaitlistEvent.
    of_the_desk = {"Hold", "FreedSlot", "WaitlistEntry"}
    of_the_desk |= {"PatientImport", "ImportedRow"}  # whoever they register is tracked
    of_the_desk |= {"PatientExport", "PatientErasure"}  # each press is an access, and stays
    of_the_desk.add("BreakGlass")  # changes but once, when it ends early
    catalogues.add("ProtocolDraft")  # settled but once; what comes of it is append-only
    catalogues.add("ChartDraft")  # nothing was done yet: what is written of it is tracked

    unguarded = {m.__name__ for m in clinical if m not in frozen and m not in TRACKED}
    unguarded -= catalogues | of_the_desk

    assert unguarded <= {"TreatmentPlan_patient_concerns"}


@pytest.mark.parametrize(
    "page",
    [
        *("", "medical/", "skin-types/", "concerns/", "screenings/", "consents/"),
        *("photo-consents/", "contact-consents/"),
    ],
)
def test_a_record_takes_a_fixed_number_of_queries(
    booking: Booking, as_alice: APIClient, page: str
) -> None:
    patient = story(booking)
    text, photo_text = patient.treatment_consents.get().text, ConsentTextFactory(kind="PHOTO")
    counts = []
    for _ in range(2):
        with CountQueries() as queries:
            assert as_alice.get(f"/api/v1/patients/{patient.pk}/{page}").status_code == 200
        counts.append(queries.count)
        for day in range(3):
            SkinTypeAssessmentFactory(patient=patient)
            PatientConcernFactory(patient=patient)
            booking.ready(NINE + day * DAY)
            TreatmentConsentFactory(patient=patient, text=text)
            PhotoConsentFactory(patient=patient, text=photo_text)
            ContactConsentFactory(patient=patient)

    assert counts[0] == counts[1] <= 4
