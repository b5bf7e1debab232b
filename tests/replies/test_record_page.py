"""The whole record as a file, for the patient who asks for it by a link."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.utils import timezone

from aftercare.models import Message
from aftercare.records.export import ask_for_export, remove_files, run
from aftercare.tasks import make_exports
from clinic.models import User
from patients.models import PatientExport
from sessions.lifecycle import Status
from tests.admin.pages import client_of as admin_of
from tests.factories import DAY, PatientExportFactory, UserFactory, this_hour
from tests.replies.pages import make, opened_by, post, post_by, url
from tests.support.accesses import Watch
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
PAGE = "record/"


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@kept
def message(db: None) -> Message:
    return make(this_hour() - 3 * DAY, Status.COMPLETED)


def test_without_the_birth_date_nothing_is_asked_for_or_fetched(message: Message) -> None:
    PatientExportFactory(patient=message.patient, **_ready())
    asked = Client().get(url(message, PAGE))
    assert asked.status_code == 303
    assert "birth-date/?next=record" in asked["Location"]
    for form in ({"ask": "1"}, {"save": "1"}):
        refused = post(message, PAGE, **form)
        assert refused.status_code == 303
        assert "birth-date/" in refused["Location"]
    assert PatientExport.objects.count() == 1


def _ready() -> dict[str, Any]:
    now = timezone.now()
    return {"ready_at": now, "expires_at": now + DAY, "size": 1}


def test_it_is_asked_for_made_saved_and_gone_and_the_clinic_sees_it(
    message: Message, smtp: Any
) -> None:
    browser, patient, watch = opened_by(message), message.patient, Watch()
    staff = UserFactory(clinic=patient.clinic)

    assert post_by(browser, message, PAGE, ask="1").status_code == 303
    going_on = browser.get(url(message, PAGE))
    assert "It is being made" in visible(going_on)
    assert post_by(browser, message, PAGE, ask="1").status_code == 303  # pressed twice
    assert PatientExport.objects.count() == 1
    make_exports()

    ready = browser.get(url(message, PAGE))
    assert "Save the file" in ready.content.decode()
    saved = post_by(browser, message, PAGE, save="1")
    content = b"".join(saved.streaming_content)
    names = ZipFile(BytesIO(content)).namelist()
    assert {"record.json", "accesses.csv", "READ-ME.txt"} <= set(names)
    assert saved["Content-Disposition"] == 'attachment; filename="record.zip"'
    for answer in (going_on, ready, saved):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"

    rows = [row for row in watch.rows() if row.place == "patient-record"]
    assert [(row.action, row.outcome, row.actor_kind) for row in rows] == [
        *(("WRITE", "DONE", "PATIENT"), ("READ", "DONE", "PATIENT"), ("WRITE", "DONE", "PATIENT")),
        *(("READ", "DONE", "PATIENT"), ("EXPORT", "DONE", "PATIENT")),
    ]
    assert all(row.patient_ids == [patient.pk] for row in rows)
    page = visible(admin_of(staff).get(f"/admin/patients/patient/{patient.pk}/export/"))
    assert "The patient has asked for this file by a link" in page
    assert "The patient has saved it on" in page

    PatientExport.objects.update(expires_at=timezone.now())
    assert "Save the file" not in browser.get(url(message, PAGE)).content.decode()
    assert post_by(browser, message, PAGE, save="1")["Content-Type"].startswith("text/html")
    remove_files(at=timezone.now())


def test_what_staff_had_made_is_there_for_the_patient_too(message: Message, alice: User) -> None:
    kept = PatientExportFactory(patient=message.patient, asked_by=alice, **_ready())

    assert ask_for_export(patient_id=message.patient_id, at=timezone.now()) == kept


def test_three_in_thirty_days_are_enough(message: Message) -> None:
    browser, now = opened_by(message), timezone.now()
    for days in (40, 20, 10, 1):
        PatientExportFactory(
            patient=message.patient,
            asked_by=None,
            asked_at=now - timedelta(days=days),
            failed_at=now,
        )

    refused = post_by(browser, message, PAGE, ask="1")
    assert refused.status_code == 429
    assert "Please call us" in refused.content.decode()
    PatientExport.objects.order_by("pk")[1].delete()
    assert post_by(browser, message, PAGE, ask="1").status_code == 303


def test_another_patients_link_opens_nothing(message: Message) -> None:
    other = make(this_hour() - 3 * DAY, Status.COMPLETED)
    PatientExportFactory(patient=message.patient, asked_by=None, **_ready())
    browser = opened_by(other)

    assert "Save the file" not in browser.get(url(other, PAGE)).content.decode()
    assert browser.get(url(message, PAGE)).status_code == 303


def test_a_form_of_another_page_asks_for_nothing(message: Message) -> None:
    answer = opened_by(message).post(url(message, PAGE), {"ask": "1", "form": "x"})

    assert answer.status_code == 403
    assert not PatientExport.objects.exists()


def test_the_part_that_failed_five_times_says_so(
    message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = opened_by(message)
    post_by(browser, message, PAGE, ask="1")
    monkeypatch.setattr(run, "_keep_rows", lambda *_, **__: 1 / 0)
    for _ in range(6):
        make_exports()

    assert "could not be made" in browser.get(url(message, PAGE)).content.decode()


def test_in_spanish(message: Message) -> None:
    message.patient.language = "es"
    message.patient.save()

    assert (
        "Su historial en un archivo" in opened_by(message).get(url(message, PAGE)).content.decode()
    )
