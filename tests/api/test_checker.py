"""The checker of the races finds what it looks for: each kind of violation is written into the
tables behind the back of constraints and services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from clinic.models import Clinic
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.scheduling.spacing import recovery_end
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    ClosureFactory,
    HoldFactory,
    PatientFactory,
    PlanFactory,
    SessionFactory,
    TimeOffFactory,
)
from tests.support.checker import CHECKS, broken_promises

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Until the test's transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with connection.schema_editor(collect_sql=False, atomic=False) as editor:
        for constraint in TreatmentSession._meta.constraints:
            if constraint.name in names:
                editor.remove_constraint(TreatmentSession, constraint)
    yield


def written(history: bool = True, **details: Any) -> TreatmentSession:
    """A session past the services, with the event that they would have written."""
    session = SessionFactory(**details)
    if history:
        session.events.create(old_status="", new_status=session.status, at=NINE - 3 * DAY)
    return session


def another_plan(clinic: Clinic) -> Any:
    return PlanFactory(patient=PatientFactory(clinic=clinic))


def overlap(clinic: Clinic, shared: str) -> None:
    with without(f"session_{shared}_free"):
        first = written(plan=another_plan(clinic))
        if shared == "patient":
            written(plan=PlanFactory(patient=first.patient), starts_at=NINE + 59 * MINUTE)
        else:
            # Only the cleaning of the first one is in the way of the second.
            after = 59 if shared == "practitioner" else 74
            start = NINE + after * MINUTE
            shared_thing = {shared: getattr(first, shared)}
            written(plan=another_plan(clinic), starts_at=start, **shared_thing)


def crowd(clinic: Clinic) -> None:
    with without("session_area_recovered"):
        plan = another_plan(clinic)
        written(plan=plan)
        written(plan=plan, starts_at=NINE + 28 * DAY - MINUTE)


def crowd_before(clinic: Clinic) -> None:
    """The approval of the one that was there first does not count for the second."""
    with without("session_area_recovered"):
        plan = another_plan(clinic)
        author = plan.created_by
        written(plan=plan, spacing_override_reason="why not", spacing_override_by=author)
        written(plan=plan, starts_at=NINE - 5 * DAY)


def over_the_change_of_the_clock(clinic: Clinic) -> None:
    """28 days on the clock are 671 hours when it is put forward; an hour less is too soon."""
    with without("session_area_recovered"):
        plan = another_plan(clinic)
        start = NINE + 60 * DAY
        assert recovery_end(start, plan.protocol_version, clinic.zone) == start + 28 * DAY - HOUR
        written(plan=plan, starts_at=start)
        written(plan=plan, starts_at=start + 28 * DAY - HOUR - MINUTE)


def closed(clinic: Clinic) -> None:
    ClosureFactory(clinic=clinic)
    written(plan=another_plan(clinic), starts_at=NINE + 59 * MINUTE)


def off(clinic: Clinic) -> None:
    time_off = TimeOffFactory(practitioner=SessionFactory(plan=another_plan(clinic)).practitioner)
    TreatmentSession.objects.update(status=Status.CANCELLED)
    written(plan=another_plan(clinic), practitioner=time_off.practitioner)


def hold(clinic: Clinic, **details: Any) -> Any:
    return HoldFactory(plan=another_plan(clinic), **details)


def held(clinic: Clinic, shared: str) -> None:
    kept = hold(clinic)
    if shared == "patient":
        written(plan=PlanFactory(patient=kept.plan.patient))
    else:
        written(plan=another_plan(clinic), **{shared: getattr(kept, shared)})


def held_too_late(clinic: Clinic) -> None:
    session = written(plan=another_plan(clinic))
    hold(clinic, room=session.room, starts_at=NINE + 74 * MINUTE)


def made_twice(clinic: Clinic) -> None:
    session = written(plan=another_plan(clinic))
    session.events.create(old_status="", new_status=session.status)


def moved(clinic: Clinic, *, is_given_up: bool = True, times: int = 1) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'u'"
            " AND conrelid = 'treatment_session'::regclass AND conname LIKE '%%rescheduled_from%%'"
        )
        (name,) = cursor.fetchone()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE treatment_session DROP CONSTRAINT {name}")
    plan = another_plan(clinic)
    old = written(plan=plan, status=Status.CANCELLED if is_given_up else Status.BOOKED)
    for number in range(1, times + 1):
        written(plan=plan, starts_at=NINE + number * 30 * DAY, rescheduled_from=old)


def cancelled_silently(clinic: Clinic) -> None:
    written(plan=another_plan(clinic))
    TreatmentSession.objects.update(status=Status.CANCELLED)


VIOLATIONS: dict[str, tuple[str, Callable[[Clinic], Any]]] = {
    "practitioner": ("practitioner twice", lambda clinic: overlap(clinic, "practitioner")),
    "patient": ("patient twice", lambda clinic: overlap(clinic, "patient")),
    "room": ("room twice", lambda clinic: overlap(clinic, "room")),
    "device": ("device twice", lambda clinic: overlap(clinic, "device")),
    "crowd": ("too soon", crowd),
    "crowd before": ("too soon", crowd_before),
    "clock": ("too soon", over_the_change_of_the_clock),
    "closed": ("booked while closed", closed),
    "off": ("booked while off", off),
    "held practitioner": ("booked though held", lambda clinic: held(clinic, "practitioner")),
    "held patient": ("booked though held", lambda clinic: held(clinic, "patient")),
    "held room": ("booked though held", lambda clinic: held(clinic, "room")),
    "held device": ("booked though held", lambda clinic: held(clinic, "device")),
    "held too late": ("held though booked", held_too_late),
    "made never": ("not made once", lambda c: written(plan=another_plan(c), history=False)),
    "made twice": ("not made once", made_twice),
    "another history": (
        "not as its history says",
        cancelled_silently,
    ),
    "two children": ("moved to two times", lambda clinic: moved(clinic, times=2)),
    "not given up": ("moved but not given up", lambda clinic: moved(clinic, is_given_up=False)),
}


@pytest.mark.parametrize("kind", VIOLATIONS)
def test_every_kind_of_violation_is_found(clinic: Clinic, other_clinic: Clinic, kind: str) -> None:
    promise, break_it = VIOLATIONS[kind]

    break_it(clinic)

    assert promise in broken_promises(clinic.pk)
    assert broken_promises(other_clinic.pk) == {}


def test_no_check_is_without_a_violation_that_it_finds() -> None:
    assert {promise for promise, _ in VIOLATIONS.values()} == set(CHECKS)


def test_nothing_is_found_in_what_the_services_wrote(
    booking: Booking, another_booking: Booking
) -> None:
    """Back to back, approved too soon, moved, cancelled, and closed after it was booked."""
    another_booking.room = booking.room
    first = booking.book()
    another_booking.book(NINE + 75 * MINUTE)
    booking.book(NINE + 5 * DAY, spacing_override_reason="She is leaving the country.")
    booking.move(booking.book(NINE + 60 * DAY), Status.CANCELLED)
    ClosureFactory(clinic=booking.plan.clinic)
    HoldFactory(plan=booking.plan, starts_at=NINE + 80 * DAY)

    assert broken_promises(first.clinic_id) == {}
    assert TreatmentSession.objects.occupying().count() == 3
