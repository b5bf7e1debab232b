"""In the admin too, nothing ends silently, and an archived record is only read."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aftercare.admin.records import RecordAdmin
from clinic.models import Clinic, OpeningHours, Role, User, WorkingHours
from patients.models import Patient, PatientMerge, StaffTask
from sessions.admin.booking.retire import AsksFirst
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling.ahead import REACHES
from tests.conftest import Booking
from tests.factories import (
    DAY,
    AreaFactory,
    BreakGlassFactory,
    DeviceFactory,
    PatientFactory,
    RoomFactory,
    UserFactory,
    WorkingHoursFactory,
)
from tests.support.forms import opened
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_manager(manager: User) -> Client:
    return client_of(manager)


@kept
def ahead(booking: Booking) -> TreatmentSession:
    """A session in two days by the clock on the wall, and what else it could have."""
    clinic = booking.plan.clinic
    RoomFactory(clinic=clinic)
    DeviceFactory(clinic=clinic)
    UserFactory(clinic=clinic)
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    return booking.book(noon + 2 * DAY, at=timezone.now())


def page_of(row: Any) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk])


def out_of_use(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "is_active"}


@pytest.mark.parametrize("kind", ["room", "device", "model", "protocol", "concern", "practitioner"])
def test_a_form_that_ends_something_asks_first(
    booking: Booking, ahead: TreatmentSession, as_manager: Client, kind: str
) -> None:
    rows: dict[str, Any] = {
        "room": booking.room,
        "device": booking.device,
        "model": booking.device.model,
        "protocol": booking.plan.protocol,
        "concern": booking.plan.concern,
        "practitioner": booking.practitioner,
    }
    row = rows[kind]
    page = page_of(row)
    data = out_of_use(opened(as_manager, page))

    asked = as_manager.post(page, data)
    row.refresh_from_db()
    assert row.is_active
    assert asked.status_code == 200
    shown = asked.content.decode()
    assert "What lies ahead" in shown
    assert f'name="_ahead_{ahead.pk}"' in shown

    again = {**data, f"_ahead_{ahead.pk}": "CANCEL", "_ahead_reason": "Broken"}
    done = as_manager.post(page, again)
    assert done.status_code == 302, done.content.decode()
    row.refresh_from_db()
    ahead.refresh_from_db()
    assert (row.is_active, ahead.status) == (False, Status.CANCELLED)
    assert "Broken" in StaffTask.objects.get().detail


@pytest.mark.parametrize("change", ["role", "clinics", "is_active"])
def test_a_practitioner_ends_by_role_clinics_or_account(
    booking: Booking, ahead: TreatmentSession, as_manager: Client, manager: User, change: str
) -> None:
    other = Clinic.objects.exclude(pk=booking.plan.clinic.pk).first() or None
    if other is None:
        other = RoomFactory().clinic
    manager.clinics.add(other)
    page = page_of(booking.practitioner)
    data = opened(as_manager, page)
    if change == "is_active":
        data = out_of_use(data)
    else:
        data |= {"role": Role.RECEPTIONIST} if change == "role" else {"clinics": [str(other.pk)]}

    asked = as_manager.post(page, data)
    assert "What lies ahead" in asked.content.decode()
    done = as_manager.post(page, {**data, "_ahead_rest": "MOVE"})

    assert done.status_code == 302, done.content.decode()
    ahead.refresh_from_db()
    moved = ahead.rescheduled_to
    assert moved.starts_at == ahead.starts_at
    assert moved.practitioner != booking.practitioner


def test_a_room_that_serves_other_areas_only_asks_first(
    booking: Booking, ahead: TreatmentSession, as_manager: Client
) -> None:
    other = AreaFactory()
    page = page_of(booking.room)
    data = {**opened(as_manager, page), "areas": [other.code]}

    asked = as_manager.post(page, data)
    assert "What lies ahead" in asked.content.decode()
    done = as_manager.post(page, {**data, "_ahead_rest": "MOVE"})

    assert done.status_code == 302, done.content.decode()
    ahead.refresh_from_db()
    assert ahead.rescheduled_to.room != booking.room


def test_fewer_opening_hours_ask_first(
    booking: Booking, ahead: TreatmentSession, as_manager: Client
) -> None:
    hours = OpeningHours.objects.get(
        clinic=booking.plan.clinic, weekday=ahead.starts_at_local.weekday()
    )
    page = page_of(booking.plan.clinic)
    data = opened(as_manager, page)
    names = [
        name for name, value in data.items() if name.endswith("-id") and value == str(hours.pk)
    ]
    data[names[0].replace("-id", "-DELETE")] = "on"

    asked = as_manager.post(page, data)
    assert "What lies ahead" in asked.content.decode()
    assert OpeningHours.objects.filter(pk=hours.pk).exists()
    done = as_manager.post(page, {**data, "_ahead_rest": "KEEP"})

    assert done.status_code == 302, done.content.decode()
    assert not OpeningHours.objects.filter(pk=hours.pk).exists()
    assert StaffTask.objects.get().patient == ahead.patient


def test_working_hours_that_leave_a_session_out_ask_first(
    booking: Booking, ahead: TreatmentSession, as_manager: Client
) -> None:
    elsewhen = (ahead.starts_at_local + timedelta(days=1)).weekday()
    add = reverse("admin:clinic_workinghours_add")
    data = {
        **opened(as_manager, add),
        "practitioner": str(booking.practitioner.pk),
        "clinic": str(booking.plan.clinic.pk),
        "weekday": elsewhen,
        "opens_at": "08:00",
        "closes_at": "18:00",
    }
    later = {**data, "valid_from": f"{ahead.starts_at_local.date() + DAY:%Y-%m-%d}"}
    now = {**data, "valid_from": f"{timezone.now():%Y-%m-%d}"}

    asked = as_manager.post(add, now)
    assert "What lies ahead" in asked.content.decode()
    assert WorkingHours.objects.count() == 0
    done = as_manager.post(add, later)  # until then the clinic's hours hold

    assert done.status_code == 302, done.content.decode()
    assert WorkingHours.objects.count() == 1


def test_working_hours_that_a_session_needs_are_not_deleted(
    booking: Booking, ahead: TreatmentSession, as_manager: Client
) -> None:
    own = {"practitioner": booking.practitioner, "clinic": booking.plan.clinic}
    weekday = ahead.starts_at_local.weekday()
    needed = WorkingHoursFactory(weekday=weekday, **own)
    other = WorkingHoursFactory(weekday=(weekday + 1) % 7, **own)
    page = reverse("admin:clinic_workinghours_delete", args=[needed.pk])
    version = as_manager.get(page).context["version"]

    refused = as_manager.post(page, {"post": "yes", "_version": version}, follow=True)

    assert any("1 session" in str(message) for message in refused.context["messages"])
    assert WorkingHours.objects.filter(pk__in=[needed.pk, other.pk]).count() == 2


def test_every_kind_that_can_leave_sessions_behind_asks_on_its_page() -> None:
    pages: dict[Any, Any] = {model: admin.site._registry[model] for model in REACHES}
    silent = {m for m, page in pages.items() if not isinstance(page, (AsksFirst, RecordAdmin))}
    assert silent == {TreatmentPlan}  # its status is not changed there


# archiving, restoring, merging


def patient_page(patient: Patient, page: str) -> str:
    return f"/admin/patients/patient/{patient.pk}/{page}/"


def test_a_record_is_archived_with_what_lies_ahead_and_then_only_read(
    booking: Booking, ahead: TreatmentSession, dana: User
) -> None:
    client, patient = client_of(dana), booking.plan.patient
    page = patient_page(patient, "archive")
    assert page in client.get(page_of(patient)).content.decode()

    assert client.get(page).status_code == 200
    asked = client.post(page)
    assert f'name="_ahead_{ahead.pk}"' in asked.content.decode()
    assert "Move it" not in asked.content.decode()
    done = client.post(page, {"_ahead_rest": "CANCEL"}, follow=True)

    ahead.refresh_from_db()
    patient.refresh_from_db()
    assert ahead.status == Status.CANCELLED
    assert patient.archived_at
    assert "archived and read only" in done.content.decode()
    assert 'name="given_name"' not in done.content.decode()
    assert client.post(page_of(patient), {"given_name": "X"}).status_code == 403
    client.post(patient_page(patient, "restore"))
    patient.refresh_from_db()
    assert patient.archived_at is None


def test_both_records_are_shown_side_by_side_and_what_differs_is_chosen(
    booking: Booking, as_manager: Client, manager: User, dana: User
) -> None:
    kept = booking.plan.patient
    duplicate = PatientFactory(
        clinic=kept.clinic, family_name=kept.family_name, mobile="", email="other@x.example"
    )
    page = patient_page(kept, "merge")
    assert client_of(dana).get(page).status_code == 403
    BreakGlassFactory(patient=kept, by=manager)
    shut = as_manager.get(page, {"duplicate": str(duplicate.pk)}).content.decode()
    assert "once you have opened the record" in shut
    assert 'name="choice_email"' not in shut
    BreakGlassFactory(patient=duplicate, by=manager)

    found = as_manager.get(page)
    assert f"?duplicate={duplicate.pk}" in found.content.decode()
    shown = as_manager.get(page, {"duplicate": str(duplicate.pk)}).content.decode()
    assert kept.email in shown
    assert 'name="choice_email"' in shown
    body = {"duplicate": str(duplicate.pk), "reason": "Typed twice"}
    undecided = as_manager.post(page, body)
    assert "Choose what is right" in undecided.content.decode()
    done = as_manager.post(page, {**body, "choice_email": "duplicate"}, follow=True)

    kept.refresh_from_db()
    assert kept.email == "other@x.example"
    assert PatientMerge.objects.get().merged == duplicate
    assert "became part of this one" in done.content.decode()
    way = as_manager.get(page_of(duplicate)).content.decode()
    assert f'href="{page_of(kept)}"' in way
    assert "was merged and is read only" in way


def test_what_cannot_be_merged_is_told_on_the_page(booking: Booking, as_manager: Client) -> None:
    page = patient_page(booking.plan.patient, "merge")

    for wrong in ("nonsense", str(PatientFactory().pk), str(booking.plan.patient.pk)):
        answer = as_manager.get(page, {"duplicate": wrong})
        assert "choose another one" in answer.content.decode(), wrong
    elsewhere = patient_page(PatientFactory(), "merge")
    assert as_manager.get(elsewhere).status_code == 404
