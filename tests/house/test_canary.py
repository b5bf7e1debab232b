"""What leaves the product beside pages and messages tells nothing of a patient: what brokers and
monitors are told, and the headers of mails. Of logs: tests/house/test_logs.py."""

import inspect
from typing import Any

import pytest
from django.test import Client

from clinic.celery import app
from patients.models import Patient
from tests.factories import PatientFactory
from tests.support.logs import TELLS, look_at_headers, mailed


def test_no_task_is_told_anything() -> None:
    """So the broker carries names of tasks, and nothing of what they are about."""
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    told = {name: list(inspect.signature(task.run).parameters) for name, task in ours.items()}

    assert len(told) > 15
    assert {name: words for name, words in told.items() if words} == {}
    assert [name for name, task in ours.items() if not task.ignore_result] == []
    assert not app.conf.result_backend


@pytest.mark.django_db
def test_a_monitor_is_told_numbers(rows: list[Any], client: Client, settings: Any) -> None:
    """With a row of everything there is."""
    settings.METRICS_TOKEN = "t0ken"
    figures = client.get("/metrics", headers={"Authorization": "Bearer t0ken"}).content.decode()
    names = {patient.family_name for patient in Patient.objects.all()}

    assert "clinic_messages_open" in figures
    assert not TELLS.search(figures)
    assert [name for name in names if name in figures] == []


@pytest.mark.django_db
def test_the_canary_reads_headers() -> None:
    """Else quiet mails would prove nothing."""
    patient = PatientFactory()
    words = (
        f"To: {patient.email}\nSubject: For {patient.given_name} {patient.family_name}\n\nHopper 1"
    )

    look_at_headers(words)

    assert [line.split(":")[0] for line in mailed] == ["Subject"]
    mailed.clear()
