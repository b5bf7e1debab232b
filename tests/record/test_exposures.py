"""A needle-stick, a splash, the worry of a used needle: told at once, followed by the clock."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from clinic.models import User
from patients.models import Audience, StaffTask, TaskStatus
from sessions import services
from sessions.models import BloodExposure, ExposureStepKind
from sessions.services.record.exposure import (
    ImplausibleTime,
    OfAnotherClinic,
    StepTaken,
    due_steps,
)
from tests.conftest import Booking
from tests.factories import DAY, HOUR, NINE, ExposureFactory, PatientFactory, UserFactory
from tests.support.forms import send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
URL = "/api/v1/exposures/"


@kept
def exposure(booking: Booking) -> BloodExposure:
    clinic = booking.plan.clinic
    return ExposureFactory(clinic=clinic, staff=booking.practitioner)


def tick(exposure: BloodExposure, step: str = "WASH", **changes: Any) -> Any:
    times = {"done_at": NINE + HOUR, "at": NINE + HOUR}
    return services.take_exposure_step(
        exposure_id=exposure.pk, step=step, by=exposure.by, **{**times, **changes}
    )


def test_each_step_has_its_clock(exposure: BloodExposure) -> None:
    due = {one.step: (one.due_at, one.latest_at) for one in due_steps(exposure)}

    assert due == {
        "WASH": (NINE, None),
        "ASSESS": (NINE + 2 * HOUR, None),
        "PEP": (NINE + 2 * HOUR, NINE + 72 * HOUR),
        "TRACE": (NINE + 72 * HOUR, None),
        "TEST_FIRST": (NINE + 72 * HOUR, None),
        "TEST_WEEK_6": (NINE + 42 * DAY, None),
        "TEST_WEEK_12": (NINE + 84 * DAY, None),
        "TEST_LAST": (NINE + 182 * DAY, None),
    }


def test_the_task_ends_with_the_last_step(booking: Booking, alice: User) -> None:
    exposure = services.report_exposure(
        clinic=booking.plan.clinic,
        kind="USED_NEEDLE",
        what="The seal was broken",
        happened_at=NINE,
        patient=booking.plan.patient,
        at=NINE + HOUR,
        by=alice,
    )
    task = StaffTask.objects.get(source=f"exposure:{exposure.pk}")
    assert (task.kind, task.audience, task.due_at) == ("EXPOSURE", Audience.CLINICAL, NINE + HOUR)
    assert "not after 10 Jan, 10:00" in task.detail

    for step in ExposureStepKind:
        task.refresh_from_db()
        assert task.status == TaskStatus.OPEN
        tick(exposure, step)

    task.refresh_from_db()
    assert task.status == TaskStatus.DONE


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"done_at": NINE - HOUR}, ImplausibleTime),
        ({"done_at": NINE + 2 * HOUR}, ImplausibleTime),
        ({}, StepTaken),
    ],
)
def test_a_step_is_ticked_once_and_in_its_time(
    exposure: BloodExposure, changes: dict[str, Any], error: type[Exception]
) -> None:
    if error is StepTaken:
        tick(exposure)

    with pytest.raises(error):
        tick(exposure, **changes)


@pytest.mark.parametrize("field", ["patient", "source_patient", "staff"])
def test_nobody_of_another_clinic_is_named(
    booking: Booking, alice: User, other_clinic: Any, field: str
) -> None:
    made: Any = UserFactory if field == "staff" else PatientFactory
    people: dict[str, Any] = {"staff": alice} if field == "source_patient" else {}

    with pytest.raises(OfAnotherClinic) as refused:
        services.report_exposure(
            clinic=booking.plan.clinic,
            kind="SPLASH",
            what="x",
            happened_at=NINE,
            at=NINE,
            by=alice,
            **{**people, field: made(clinic=other_clinic)},
        )

    assert refused.value.field == field


def test_it_is_told_and_ticked_through_the_api(as_alice: APIClient, alice: User) -> None:
    happened = {"what": "x", "kind": "SPLASH", "happened_at": "2026-01-05T10:00:00+01:00"}
    body = {"clinic": str(alice.clinics.get().pk), **happened}
    nobody = as_alice.post(URL, body)
    tomorrow = as_alice.post(
        URL, {**body, "staff": str(alice.pk), "happened_at": "2099-01-01T00:00Z"}
    )

    made = as_alice.post(URL, {**body, "staff": str(alice.pk)})

    assert (nobody.status_code, tomorrow.json()["code"]) == (400, "implausible_time")
    assert made.status_code == 201, made.json()
    step = {"step": "WASH", "done_at": "2026-01-05T10:01:00+01:00", "note": "Five minutes"}
    ticked = as_alice.post(f"{URL}{made.json()['id']}/steps/", step)
    assert ticked.status_code == 201, ticked.json()
    first, second, *_ = ticked.json()["steps"]
    assert (first["note"], first["by"]) == ("Five minutes", str(alice.pk))
    assert (second["step"], second["done_at"]) == ("ASSESS", None)
    assert second["due_at"] is None  # without the catalogue's numbers


def test_a_step_is_ticked_on_its_page(exposure: BloodExposure, alice: User) -> None:
    client = Client()
    client.force_login(alice)
    page = reverse("admin:treatment_sessions_bloodexposure_change", args=[exposure.pk])

    half = send(client, page, step_note="Five minutes")
    early = send(client, page, step_taken="WASH")  # it happens in 2030

    assert "Choose the step as well." in half.content.decode()
    assert "That is before it happened." in early.content.decode()
    assert "Risk assessed by a physician" in early.content.decode()


def test_a_list_of_exposures_reads_its_numbers_once(
    exposure: BloodExposure, as_alice: APIClient
) -> None:
    taken: list[int] = []
    for number in (1, 3):
        while BloodExposure.objects.count() < number:
            ExposureFactory(clinic=exposure.clinic, staff=exposure.staff)
        with CaptureQueriesContext(connection) as queries:
            assert len(as_alice.get(URL).json()["results"]) == number
        taken.append(len(queries))

    assert taken[0] == taken[1]
