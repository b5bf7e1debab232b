"""Where a clinic keeps what is clinical to the care team, who treats somebody else opens the record
by break-glass, as a manager does (decision 0102)."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, Role, User
from clinic.permissions import RecordClosed, may_see
from patients import services
from patients.models import Patient, StaffTask
from patients.services.break_glass import RecordIsOpen
from sessions import services as of_sessions
from sessions.lifecycle import Status
from sessions.models import SideEffect, TreatmentPlan
from tests.admin.pages import client_of as browser_of
from tests.conftest import Booking, client_of
from tests.factories import (
    BreakGlassFactory,
    ClinicFactory,
    OnCallShiftFactory,
    PatientFactory,
    PlanFactory,
    SideEffectFactory,
    StaffTaskFactory,
    UserFactory,
)
from tests.support.accesses import Watch
from tests.support.clinical import MARK, mark_everything

pytestmark = pytest.mark.django_db
WHY = "The colleague is ill, and the skin burns"


def keeps_to_teams(clinic: Clinic) -> Clinic:
    clinic.care_team_only = True
    clinic.save()
    return clinic


@pytest.fixture
def team_clinic(clinic: Clinic) -> Clinic:
    return keeps_to_teams(clinic)


@pytest.fixture
def outsider(team_clinic: Clinic) -> User:
    """Treats at the clinic, and nobody yet."""
    user: User = UserFactory(clinic=team_clinic)
    return user


def again(user: User) -> User:
    """As the next request reads them."""
    found: User = User.objects.get(pk=user.pk)
    return found


def sees(user: User, patient: Patient) -> bool:
    return may_see(again(user), "patients.view_medical", patient.pk)


def test_without_the_switch_who_treats_sees_all(clinic: Clinic) -> None:
    patient = PatientFactory(clinic=clinic)

    assert sees(UserFactory(clinic=clinic), patient)


def test_who_plans_or_holds_a_visit_is_of_the_team(booking: Booking, outsider: User) -> None:
    of_visit = booking.plan.patient
    of_plan, of_nobody = (PatientFactory(clinic=of_visit.clinic) for _ in range(2))
    PlanFactory(patient=of_plan, practitioner=outsider)
    visit = booking.book(practitioner=outsider)

    assert [sees(outsider, one) for one in (of_plan, of_visit, of_nobody)] == [True, True, False]
    booking.move(visit, Status.CANCELLED)
    assert not sees(outsider, of_visit)
    TreatmentPlan.objects.update(practitioner=booking.practitioner)
    assert not sees(outsider, of_plan)


def test_whoever_is_on_call_sees_all_and_only_then(team_clinic: Clinic, outsider: User) -> None:
    patient, now = PatientFactory(clinic=team_clinic), timezone.now()
    hour = timedelta(hours=1)
    shift = OnCallShiftFactory(
        clinic=team_clinic, practitioner=outsider, starts_at=now - hour, ends_at=now + hour
    )
    elsewhere = UserFactory(clinic=team_clinic)
    OnCallShiftFactory(practitioner=elsewhere, starts_at=now - hour, ends_at=now + hour)

    assert sees(outsider, patient)
    assert not sees(elsewhere, patient)
    type(shift).objects.filter(pk=shift.pk).update(ends_at=now)
    assert not sees(outsider, patient)


def test_each_clinic_of_somebody_has_its_own_rule(team_clinic: Clinic) -> None:
    open_clinic = ClinicFactory()
    user = UserFactory(clinic=team_clinic)
    user.clinics.add(open_clinic)
    closed, theirs = PatientFactory(clinic=team_clinic), PatientFactory(clinic=open_clinic)
    for patient in (closed, theirs):
        SideEffectFactory(session__plan__patient=patient)

    assert (sees(user, closed), sees(user, theirs)) == (False, True)
    effects = SideEffect.objects.visible_to(again(user))
    assert {effect.session.patient for effect in effects} == {theirs}


def test_of_others_the_desks_part_is_seen_and_the_rest_opened(
    team_clinic: Clinic, outsider: User
) -> None:
    patient = PatientFactory(clinic=team_clinic, allergies=MARK)
    client, medical = client_of(outsider), f"/api/v1/patients/{patient.pk}/medical/"

    assert client.get(f"/api/v1/patients/{patient.pk}/").status_code == 200
    closed = client.get(medical)
    assert (closed.status_code, closed.json()["code"]) == (403, "break_glass_needed")
    made = client.post("/api/v1/break-glass/", {"patient": str(patient.pk), "reason": WHY})
    assert made.status_code == 201
    watch = Watch()
    assert client.get(medical).json()["allergies"] == MARK
    assert [row.purpose for row in watch.rows()] == ["BREAK_GLASS"]
    assert client.post(f"/api/v1/break-glass/{made.json()['id']}/end/").status_code == 200
    assert client.get(medical).status_code == 403


def test_what_the_team_reads_is_no_break_glass(team_clinic: Clinic, outsider: User) -> None:
    patient = PlanFactory(patient__clinic=team_clinic, practitioner=outsider).patient
    watch = Watch()

    assert client_of(outsider).get(f"/api/v1/patients/{patient.pk}/medical/").status_code == 200
    assert [row.purpose for row in watch.rows()] == ["TREATMENT"]
    with pytest.raises(RecordIsOpen):
        services.open_record(
            patient_id=patient.pk, reason=WHY, at=timezone.now(), by=again(outsider)
        )


def test_who_does_not_see_it_writes_nothing_clinical(booking: Booking, outsider: User) -> None:
    session, patient = booking.in_progress(), booking.plan.patient
    client, by = client_of(outsider), again(outsider)

    chart = f"/api/v1/sessions/{session.pk}/chart/"
    assert client.get(chart).status_code == 403
    assert client.put(chart, {"zones": []}, headers={"If-Match": "*"}).status_code == 403
    body = {"allergies": "latex"}
    medical = f"/api/v1/patients/{patient.pk}/medical/"
    assert client.patch(medical, body, headers={"If-Match": "*"}).status_code == 403
    with pytest.raises(RecordClosed):
        services.update_patient(
            patient_id=patient.pk, changes={"notes": "x"}, by=by, at=timezone.now()
        )
    with pytest.raises(RecordClosed):
        of_sessions.change_plan(
            plan_id=booking.plan.pk, changes={"goals": "x"}, at=timezone.now(), by=by
        )
    patient.refresh_from_db()
    assert (patient.allergies, patient.notes) == ("", "")
    BreakGlassFactory(patient=patient, by=outsider)
    assert client.get(chart).status_code == 200


def test_tasks_of_others_are_the_teams_unless_there_is_none(
    booking: Booking, outsider: User
) -> None:
    clinic, nobodys = booking.plan.clinic, PatientFactory(clinic=booking.plan.clinic)
    TreatmentPlan.objects.update(practitioner=booking.practitioner)
    of_patient, of_nobody, of_none = (
        StaffTaskFactory(clinic=clinic, patient=patient, audience="CLINICAL")
        for patient in (booking.plan.patient, nobodys, None)
    )

    def shown(user: User) -> set[Any]:
        return set(StaffTask.objects.visible_to(again(user)))

    assert shown(outsider) == {of_nobody, of_none}
    assert shown(booking.practitioner) == {of_patient, of_nobody, of_none}


def test_nothing_clinical_is_on_any_page_of_who_treats_others(
    rows: list[Any], team_clinic: Clinic, outsider: User
) -> None:
    """The derived walk of the admin; that of the API is tests/walks/test_doors.py."""
    mark_everything()
    TreatmentPlan.objects.update(practitioner=UserFactory(clinic=team_clinic))
    names = [
        (f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", row)
        for row in rows
        if type(row) in admin.site._registry
        for page in ("changelist", "change", "history")
    ]
    own = ("admin:index", "healing-board", "week", "admin:figures", "reports")

    def marked() -> list[str]:
        found, browser = [], browser_of(again(outsider))
        for name, row in names:
            url = reverse(name, args=[] if name.endswith("list") else [row.pk])
            answer = browser.get(url)
            assert answer.status_code < 500, url
            if MARK in answer.content.decode("utf-8", "replace"):
                found.append(name)
        return found + [name for name in own if MARK in browser.get(reverse(name)).content.decode()]

    assert marked() == []
    for patient in Patient.objects.filter(clinic=team_clinic):
        BreakGlassFactory(patient=patient, by=outsider)
    opened = marked()
    assert len(opened) > 5
    assert outsider.role == Role.PRACTITIONER


def test_the_page_of_a_patient_asks_for_a_reason(team_clinic: Clinic, outsider: User) -> None:
    patient = PatientFactory(clinic=team_clinic, allergies=MARK)
    browser = browser_of(outsider)
    page = reverse("admin:patients_patient_change", args=[patient.pk])
    press = reverse("admin:patient-break-glass", args=[patient.pk])

    shown = browser.get(page).content.decode()
    assert press in shown
    assert MARK not in shown
    assert browser.post(press, {"open": "1", "reason": WHY}).status_code == 302
    assert MARK in browser.get(page).content.decode()


def test_the_page_of_a_visit_leads_there(booking: Booking, outsider: User, dana: User) -> None:
    session = booking.book()
    page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])
    press = reverse("admin:patient-break-glass", args=[session.patient_id])

    assert press in browser_of(outsider).get(page).content.decode()
    for user in (dana, session.practitioner):
        assert press not in browser_of(user).get(page).content.decode()


def test_a_manager_switches_it_on(clinic: Clinic, manager: User) -> None:
    page = reverse("admin:clinic_clinic_change", args=[clinic.pk])

    assert "care_team_only" in browser_of(manager).get(page).content.decode()
