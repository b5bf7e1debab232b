"""A treatment begins while somebody empties the patient's birth date."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from patients.services import update_patient
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.services.booking import moves
from tests.concurrency.conftest import race
from tests.conftest import Booking
from tests.factories import NINE

TRIGGERS = {"treatment_session": "birth_date_known", "patient": "birth_date_stays"}


def checked_in(booking: Booking) -> TreatmentSession:
    session = booking.book()
    booking.ready()
    return booking.move(session, Status.CHECKED_IN)


def empty(booking: Booking) -> None:
    with suppress(ValidationError):
        update_patient(
            patient_id=booking.plan.patient_id,
            changes={"date_of_birth": None},
            at=NINE,
            by=booking.practitioner,
        )


def needled_without(session: TreatmentSession) -> bool:
    session.refresh_from_db()
    session.patient.refresh_from_db()
    return session.status == Status.IN_PROGRESS and session.patient.date_of_birth is None


@contextmanager
def emptied_in_between(booking: Booking) -> Iterator[None]:
    """Somebody else empties it after the rules have looked, and before the session has begun."""
    look = moves._decided

    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        found = look(*args, **kwargs)
        race(lambda: empty(booking))
        return found

    with patch.object(moves, "_decided", look_and_wait):
        yield


@pytest.mark.parametrize("attempt", range(3))
def test_one_of_the_two_comes_too_late(booking: Booking, attempt: int) -> None:
    session = checked_in(booking)

    race(lambda: booking.move(session, Status.IN_PROGRESS), lambda: empty(booking))

    assert not needled_without(session)


def test_what_the_rules_have_not_seen_the_database_sees(booking: Booking) -> None:
    session = checked_in(booking)

    with emptied_in_between(booking), pytest.raises(IntegrityError, match="not known"):
        booking.move(session, Status.IN_PROGRESS)

    assert not needled_without(session)


def test_without_the_trigger_somebody_is_needled_without(booking: Booking) -> None:
    """The control arm."""
    session = checked_in(booking)

    with triggers_off(), emptied_in_between(booking):
        booking.move(session, Status.IN_PROGRESS)

    assert needled_without(session)


@contextmanager
def triggers_off() -> Iterator[None]:
    """Both triggers off, and on again."""
    with connection.cursor() as cursor:
        names = {}
        for table, name in TRIGGERS.items():
            like = f"pgtrigger_{name}_%"
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE %s", [like])
            names[table] = cursor.fetchone()[0]
        for table, name in names.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        try:
            yield
        finally:
            for table, name in names.items():
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")
