"""What encrypted columns cost: python -m bench.guarded.encryption [ROUNDS]

Reads 100 patients and writes one, by turns with the field as it is and with its conversions
switched off, in one process with commits on; then rotates the keys of all that is there.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from bench.servers import databases

PATIENTS, ROTATED = 100, 5_000
WORDS = "Came out in a rash after the last cream, firm for two days, then soft. " * 3


def main(rounds: int) -> None:
    with databases(None):
        os.environ["FIELD_KEYS"] = "the first of this benchmark, and the second one"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        measure(rounds)


def measure(rounds: int) -> None:
    from clinic.models import Clinic
    from patients.models import Patient

    clinic = Clinic.objects.create(name="Bench", time_zone="UTC", emergency_phone="112")
    Patient.objects.bulk_create(
        Patient(clinic=clinic, family_name=f"F{n}", email=f"{n}@mail.example", allergies=WORDS[:70])
        for n in range(PATIENTS)
    )
    for patient in Patient.objects.all():
        patient.notes = WORDS
        patient.save()
    one = Patient.objects.earliest("pk")

    def read() -> None:
        assert len(list(Patient.objects.order_by("pk")[:PATIENTS])) == PATIENTS

    def write() -> None:
        one.notes = f"{WORDS} {time.perf_counter()}"
        one.save(update_fields=["notes"])

    for name, act, repeats in (("read of 100", read, rounds), ("write of one", write, rounds)):
        plain, encrypted = by_turns(act, repeats)
        for what, times in (("plain", plain), ("encrypted", encrypted)):
            wall, cpu = (1000 * median(part) for part in zip(*times, strict=True))
            print(f"{name:14} {what:10} {wall:7.2f} ms  {cpu:7.2f} ms of the processor")
    rotate_all(clinic)


def by_turns(act: Callable[[], None], rounds: int) -> tuple[list[Any], list[Any]]:
    plain: list[Any] = []
    encrypted: list[Any] = []
    for _ in range(rounds):
        with switched_off():
            plain.append(timed(act))
        encrypted.append(timed(act))
    return plain, encrypted


def timed(act: Callable[[], None]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - used


@contextmanager
def switched_off() -> Iterator[None]:
    """As a plain column: what stands there is taken for the words, and the other way round."""
    from clinic.db.encryption import EncryptedTextField

    kept = EncryptedTextField.from_db_value, EncryptedTextField.get_prep_value
    EncryptedTextField.from_db_value = lambda self, value, *_: value  # type: ignore[method-assign]
    EncryptedTextField.get_prep_value = lambda self, value: value  # type: ignore[method-assign]
    try:
        yield
    finally:
        EncryptedTextField.from_db_value, EncryptedTextField.get_prep_value = kept  # type: ignore[method-assign]


def rotate_all(clinic: Any) -> None:
    from django.conf import settings

    from clinic.db.rotation import Used, keys_used, rotate
    from patients.models import Patient

    Patient.objects.all().update(notes=WORDS)
    Patient.objects.bulk_create(
        Patient(clinic=clinic, family_name=f"R{n}", email=f"r{n}@mail.example", notes=WORDS)
        for n in range(ROTATED)
    )
    settings.FIELD_KEYS = ["a new one", *settings.FIELD_KEYS]
    began = time.perf_counter()
    changed = rotate(Patient, Used(), lambda said: None)
    elapsed = time.perf_counter() - began
    print(f"rotation: {changed} values in {elapsed:.1f} s, {changed / elapsed:.0f} a second")
    began = time.perf_counter()
    count = keys_used().values.total()
    print(f"reading all again: {count / (time.perf_counter() - began):.0f} a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
