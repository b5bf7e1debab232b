"""An erasure against a restored record that is booked, and against a second confirmation: nobody is
erased who has a visit ahead, and the proof that the race is real."""

from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

from aftercare.records.erasure import ask_for_erasure, confirm_erasure, run
from clinic.models import User
from patients.models import Patient, PatientErasure
from sessions import services
from tests.concurrency.conftest import race, waiting_for_each_other
from tests.conftest import Booking
from tests.factories import NINE, UserFactory

LATER = NINE + timedelta(days=7)


def asked(patient: Patient, by: User) -> PatientErasure:
    Patient.objects.filter(pk=patient.pk).update(archived_at=NINE)
    return ask_for_erasure(patient_id=patient.pk, reason="MISTAKE", at=NINE, by=by)


def state(patient: Patient) -> tuple[bool, bool]:
    """Whether the patient is erased, and whether a visit is booked."""
    patient.refresh_from_db()
    return patient.family_name == "(erased)", patient.sessions.exists()


def take_back_and_book(booking: Booking, by: User) -> str:
    services.restore_patient(patient_id=booking.plan.patient_id, at=NINE, by=by)
    booking.book(LATER)
    return "booked"


def confirm(erasure: PatientErasure, by: User) -> str:
    confirm_erasure(erasure_id=erasure.pk, at=NINE, by=by)
    return "erased"


def test_nobody_is_erased_who_has_a_visit_ahead(
    booking: Booking, manager: User, alice: User
) -> None:
    erasure = asked(booking.plan.patient, manager)

    outcomes = race(lambda: confirm(erasure, alice), lambda: take_back_and_book(booking, manager))

    assert state(booking.plan.patient) in {(True, False), (False, True)}
    assert outcomes in (
        {"erased": 1, "NotArchived": 1},
        {"booked": 1, "RecordInUse": 1},
    )


def test_control_without_the_lock_of_the_record_both_happen(
    booking: Booking, manager: User, alice: User
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    patient = booking.plan.patient
    erasure = asked(patient, manager)
    is_looked_at, is_booked = Barrier(2), Barrier(2)

    def look_and_wait(patient_id: Any) -> Patient:
        found = Patient.objects.select_related("clinic").get(pk=patient_id)
        _wait(is_looked_at)
        _wait(is_booked)
        return found

    def book() -> str:
        _wait(is_looked_at)
        done = take_back_and_book(booking, manager)
        _wait(is_booked)
        return done

    with patch.object(run, "lock"), patch.object(run, "lock_patient", look_and_wait):
        assert race(lambda: confirm(erasure, alice), book) == {"erased": 1, "booked": 1}
    assert state(patient) == (True, True)


def test_two_confirmations_erase_once(booking: Booking, manager: User, alice: User) -> None:
    erasure = asked(booking.plan.patient, manager)
    other: Any = UserFactory(role="PRACTITIONER", clinic=booking.plan.patient.clinic)

    outcomes = race(*[lambda by=by: confirm(erasure, by) for by in (alice, other)])

    assert outcomes == {"erased": 1, "ErasureSettled": 1}


def test_control_without_the_locks_both_erase(booking: Booking, manager: User, alice: User) -> None:
    """As above."""
    erasure = asked(booking.plan.patient, manager)
    other: Any = UserFactory(role="PRACTITIONER", clinic=booking.plan.patient.clinic)

    def read(erasure_id: Any) -> PatientErasure:
        return PatientErasure.objects.get(pk=erasure_id)

    def read_patient(patient_id: Any) -> Patient:
        return Patient.objects.select_related("clinic").get(pk=patient_id)

    with (
        patch.object(run, "lock"),
        patch.object(run, "lock_patient", read_patient),
        patch.object(run, "_open", waiting_for_each_other()(read)),
    ):
        assert race(*[lambda by=by: confirm(erasure, by) for by in (alice, other)]) == {"erased": 2}


def _wait(barrier: Barrier) -> None:
    try:
        barrier.wait(timeout=5)
    except BrokenBarrierError:
        pass
