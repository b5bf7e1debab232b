"""Managers see what is clinical by break-glass alone: with a reason, an hour, of one patient."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.urls import reverse
from django.utils import timezone

from clinic.models import AccessRecord, Clinic, Role, User
from clinic.permissions import may_see, sees_all
from patients import services
from patients.models import BreakGlass, Patient, StaffTask
from patients.services.break_glass import (
    BreakGlassEnded,
    NotYourBreakGlass,
    ReasonTooShort,
    RecordIsOpen,
)
from patients.services.records import PatientArchived
from patients.services.tasks import NoticeOfYourOwn
from tests.admin.pages import client_of as browser_of
from tests.conftest import Booking, client_of
from tests.factories import (
    BreakGlassFactory,
    PatientFactory,
    StaffTaskFactory,
    UserFactory,
)
from tests.support.accesses import Watch
from tests.support.clinical import MARK, mark_everything
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
WHY = "The patient complains about a burn"
LIST = "/api/v1/break-glass/"


@kept
def patient(clinic: Clinic) -> Any:
    return PatientFactory(clinic=clinic, allergies=MARK, notes=MARK)


def opened(patient: Patient, by: User, at: Any = None) -> BreakGlass:
    at = at or timezone.now()
    return services.open_record(patient_id=patient.pk, reason=WHY, at=at, by=by)


def test_it_is_open_for_an_hour_and_told_to_those_who_treat(patient: Any, manager: User) -> None:
    at = timezone.now()
    glass = opened(patient, manager, at)

    assert glass.until - at == timedelta(minutes=60)
    assert may_see(manager, "patients.view_medical", patient.pk)
    assert not sees_all(manager, "patients.view_medical")
    task = StaffTask.objects.get(patient=patient)
    assert (task.audience, task.kind) == ("CLINICAL", "BREAK_GLASS")
    assert WHY in task.detail
    assert str(manager) in task.title
    with pytest.raises(RecordIsOpen):
        opened(patient, manager, at + timedelta(minutes=59))
    assert opened(patient, manager, at + timedelta(minutes=60)).pk != glass.pk


@pytest.mark.parametrize("opened_ago", [timedelta(minutes=59), timedelta(minutes=60)])
def test_the_hour_ends(patient: Any, manager: User, opened_ago: timedelta) -> None:
    BreakGlassFactory(patient=patient, by=manager, opened_at=timezone.now() - opened_ago)

    is_open = opened_ago < timedelta(minutes=60)
    assert may_see(manager, "patients.view_medical", patient.pk) is is_open


def test_who_has_opened_it_ends_it_once(patient: Any, manager: User) -> None:
    at, other = timezone.now(), UserFactory(role=Role.MANAGER, clinic=patient.clinic)
    glass = opened(patient, manager, at)
    ends: dict[str, Any] = {"break_glass_id": glass.pk, "at": at + timedelta(minutes=5)}

    with pytest.raises(NotYourBreakGlass):
        services.end_break_glass(**ends, by=other)
    services.end_break_glass(**ends, by=manager)
    assert not may_see(manager, "patients.view_medical", patient.pk)
    with pytest.raises(BreakGlassEnded):
        services.end_break_glass(**ends, by=manager)


def test_a_reason_is_said_and_a_merged_record_is_not_opened(patient: Any, manager: User) -> None:
    with pytest.raises(ReasonTooShort):
        services.open_record(
            patient_id=patient.pk, reason=" too   few ", at=timezone.now(), by=manager
        )
    Patient.objects.filter(pk=patient.pk).update(
        merged_into=PatientFactory(clinic=patient.clinic), archived_at=timezone.now()
    )
    with pytest.raises(PatientArchived):
        opened(patient, manager)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE break_glass SET reason = 'another one'",
        "UPDATE break_glass SET until = until",
        "DELETE FROM break_glass",
    ],
)
def test_its_row_stays_as_it_is(change: str) -> None:
    glass = BreakGlassFactory()
    BreakGlass.objects.filter(pk=glass.pk).update(ended_at=glass.until)
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute(change)


def test_who_opened_it_does_not_tick_the_notice_off(
    patient: Any, manager: User, alice: User
) -> None:
    opened(patient, manager)
    task: dict[str, Any] = {"task_id": StaffTask.objects.get().pk, "at": timezone.now()}

    with pytest.raises(NoticeOfYourOwn):
        services.finish_task(**task, by=manager)
    services.finish_task(**task, by=alice)


def test_over_http_it_is_opened_read_and_closed(patient: Any, manager: User) -> None:
    client, medical = client_of(manager), f"/api/v1/patients/{patient.pk}/medical/"

    closed = client.get(medical)
    assert (closed.status_code, closed.json()["code"]) == (403, "break_glass_needed")
    made = client.post(LIST, {"patient": str(patient.pk), "reason": WHY})
    assert made.status_code == 201
    watch = Watch()
    assert client.get(medical).json()["allergies"] == MARK
    assert [row.purpose for row in watch.rows()] == ["BREAK_GLASS"]
    other = PatientFactory(clinic=patient.clinic)
    assert client.get(f"/api/v1/patients/{other.pk}/medical/").status_code == 403
    assert client.get(f"/api/v1/patients/{other.pk}/").status_code == 200
    assert [row.purpose for row in watch.rows()] == ["OPERATIONS", "OPERATIONS"]
    assert client.post(f"{LIST}{made.json()['id']}/end/").status_code == 200
    assert client.get(medical).status_code == 403


def test_who_reads_of_it_and_who_opens(patient: Any, clinic: Clinic, manager: User) -> None:
    glass = opened(patient, manager)
    for role in Role.values:
        client = client_of(UserFactory(role=role, clinic=clinic))
        sees = role in (Role.PRACTITIONER, Role.MANAGER, Role.AUDITOR)
        assert client.get(LIST).status_code == (200 if sees else 403), role
        body = {"patient": str(patient.pk), "reason": WHY}
        assert client.post(LIST, body).status_code == (201 if role == Role.MANAGER else 403), role
    stranger = client_of(UserFactory(role=Role.MANAGER, clinic=None))
    assert stranger.get(f"{LIST}{glass.pk}/").status_code == 404


def test_tasks_for_clinicians_are_the_managers_once_the_record_is_open(
    patient: Any, manager: User
) -> None:
    for_clinicians = StaffTaskFactory(clinic=patient.clinic, patient=patient, audience="CLINICAL")
    for_the_desk = StaffTaskFactory(clinic=patient.clinic, patient=patient)

    def seen() -> set[Any]:
        return set(StaffTask.objects.visible_to(manager).exclude(kind="BREAK_GLASS"))

    assert seen() == {for_the_desk}
    opened(patient, manager)
    assert seen() == {for_the_desk, for_clinicians}


def told(answer: Any) -> str:
    text: str = answer.content.decode("utf-8", "replace")
    return text


def test_nothing_clinical_is_on_any_page_of_a_manager_without(
    rows: list[Any], clinic: Clinic
) -> None:
    """The derived walk of the admin: the list and the page of each row. That of the API is
    tests/walks/test_doors.py."""
    manager: User = UserFactory(role=Role.MANAGER, clinic=clinic)
    mark_everything()
    names = [
        (f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", row)
        for row in rows
        if type(row) in admin.site._registry
        for page in ("changelist", "change", "history")
    ]
    browser = browser_of(manager)

    def marked() -> list[str]:
        found = []
        for name, row in names:
            url = reverse(name, args=[] if name.endswith("list") else [row.pk])
            if MARK in told(browser.get(url)):
                found.append(name)
        own = ("admin:index", "healing-board", "week", "admin:figures", "reports")
        return found + [name for name in own if MARK in told(browser.get(reverse(name)))]

    assert marked() == []
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=manager)
    assert len(marked()) > 5


def test_the_page_of_a_patient_asks_opens_and_closes(patient: Any, manager: User) -> None:
    browser = browser_of(manager)
    page = reverse("admin:patients_patient_change", args=[patient.pk])
    press = reverse("admin:patient-break-glass", args=[patient.pk])

    assert press in browser.get(page).content.decode()
    assert browser.post(press, {"open": "1", "reason": "short"}).status_code == 400
    assert browser.post(press, {"open": "1", "reason": WHY}).status_code == 302
    shown = browser.get(page).content.decode()
    assert all(words in shown for words in (MARK, "Close it now", WHY))
    newest = AccessRecord.objects.order_by("-pk")[0]
    assert newest.purpose == "BREAK_GLASS"
    assert browser.post(press, {"end": "1"}).status_code == 302
    assert MARK not in browser.get(page).content.decode()


def test_clinicians_read_on_the_page_who_has_opened_the_record(
    patient: Any, manager: User, alice: User
) -> None:
    opened(patient, manager)
    shown = browser_of(alice).get(reverse("admin:patients_patient_change", args=[patient.pk]))

    assert WHY in shown.content.decode()


def test_an_auditor_reads_the_list_without_names(patient: Any, manager: User) -> None:
    opened(patient, manager)
    auditor = UserFactory(role=Role.AUDITOR, clinic=patient.clinic)
    shown = browser_of(auditor).get(reverse("admin:patients_breakglass_changelist"))

    assert WHY in told(shown)
    assert patient.family_name not in told(shown)


def test_a_session_shows_a_manager_no_record(booking: Booking, manager: User) -> None:
    session = booking.charted()
    url = f"/api/v1/sessions/{session.pk}/"
    client = client_of(manager)

    assert client.get(url).status_code == 200
    assert client.get(f"{url}chart/").status_code == 403
    BreakGlassFactory(patient=session.patient, by=manager)
    assert client.get(f"{url}chart/").status_code == 200
