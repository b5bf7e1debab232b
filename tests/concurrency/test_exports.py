"""Two people who have a patient's file made at once, and several workers on it: one file, each part
made once, and the proof that the race is real."""

from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

from django.db.models import QuerySet

from aftercare.records.export import go_on_with_exports, run, start_export
from clinic.models import Clinic, User
from patients.models import PatientExport
from tests.concurrency.conftest import race
from tests.factories import NINE, PatientFactory

WORKERS = 3


def test_presses_at_the_same_moment_make_one(clinic: Clinic, manager: User) -> None:
    patient = PatientFactory(clinic=clinic)

    def press() -> str:
        start_export(patient_id=patient.pk, after=None, at=NINE, by=manager)
        return "pressed"

    assert race(*[press] * WORKERS) == {"pressed": WORKERS}
    assert PatientExport.objects.count() == 1


def test_control_without_the_lock_of_the_record_somebody_is_refused(
    clinic: Clinic, manager: User
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    patient = PatientFactory(clinic=clinic)
    both_have_looked = Barrier(2)

    def press() -> str:
        start_export(patient_id=patient.pk, after=None, at=NINE, by=manager)
        return "pressed"

    real = PatientExport.objects.create

    def look_and_wait(**row: Any) -> PatientExport:
        _wait(both_have_looked)
        return real(**row)

    with (
        patch.object(run, "lock_patient", lambda _: patient),
        patch.object(PatientExport.objects, "create", look_and_wait),
    ):
        assert race(press, press) == {"pressed": 1, "IntegrityError": 1}


def work() -> str:
    go_on_with_exports(at=NINE)
    return "worked"


def test_workers_make_each_part_once(clinic: Clinic, manager: User) -> None:
    assert kept(clinic, manager) == 1


def test_control_without_their_lock_a_part_is_made_twice(clinic: Clinic, manager: User) -> None:
    with patch.object(QuerySet, "select_for_update", lambda self, **_: self):
        assert kept(clinic, manager) > 1


def kept(clinic: Clinic, manager: User) -> int:
    """How often the first part of a file is made by workers who begin at once."""
    export = PatientExport.objects.create(
        patient=PatientFactory(clinic=clinic), asked_at=NINE, asked_by=manager
    )
    times, both_are_on_it = [], Barrier(2)

    def count(*_: Any, **__: Any) -> None:
        times.append(1)
        _wait(both_are_on_it)

    with (
        patch.object(run, "_keep_rows", count),
        patch.object(run, "_keep"),
        patch.object(run, "_pack", return_value=1),
    ):
        assert race(*[work] * 2) == {"worked": 2}
    export.refresh_from_db()
    assert export.ready_at
    return len(times)


def _wait(barrier: Barrier) -> None:
    try:
        barrier.wait(timeout=1)
    except BrokenBarrierError:
        pass
