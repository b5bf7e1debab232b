"""Several workers on one file: each patient is registered once, and the proof that the race is
real."""

from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

from django.db.models import QuerySet

from clinic.models import Clinic, User
from patients.models import Patient
from patients.services.imports import go_on_with_imports, run, start_import, upload_patients
from patients.services.registration import register_patient
from tests.concurrency.conftest import race
from tests.factories import NINE

WORKERS = 4


def started(clinic: Clinic, by: User) -> None:
    rows = "".join(f"Anna{n};19{70 + n}-05-17\n" for n in range(12))
    batch = upload_patients(
        clinic=clinic, name="a.csv", content=f"Name;Born\n{rows}".encode(), at=NINE, by=by
    )
    go_on_with_imports(at=NINE)
    start_import(import_id=batch.pk, at=NINE, by=by)


def work() -> str:
    go_on_with_imports(at=NINE)
    return "worked"


def test_workers_register_each_patient_once(clinic: Clinic, manager: User) -> None:
    started(clinic, manager)

    assert race(*[work] * WORKERS) == {"worked": WORKERS}
    work()

    names = list(Patient.objects.values_list("family_name", flat=True))
    assert sorted(names) == sorted({f"Anna{n}" for n in range(12)})


def test_control_without_the_lock_somebody_is_registered_twice(
    clinic: Clinic, manager: User
) -> None:
    """This shows that the set-up above can fail. If it does not, the test above proves nothing."""
    started(clinic, manager)
    both_have_looked = Barrier(2)

    def look_and_wait(**details: Any) -> Patient:
        try:
            both_have_looked.wait(timeout=5)
        except BrokenBarrierError:
            pass
        return register_patient(**details)

    with (
        patch.object(QuerySet, "select_for_update", lambda self, **_: self),
        patch.object(run, "register_patient", look_and_wait),
    ):
        race(work, work)

    names = list(Patient.objects.values_list("family_name", flat=True))
    assert len(names) > len(set(names))
