"""The admin: every page opens, stays inside the clinic, and obeys the services."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from aftercare.models import Message, MessageTemplate
from clinic.models import Clinic, Role, User
from patients.models import ContactConsent
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    MessageFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    SessionFactory,
    SideEffectFactory,
    TemplateFactory,
    UserFactory,
    ZoneTreatmentFactory,
)

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="clinic.permissions.RoleBackend")
    return client


def url(row: Any, page: str = "change") -> str:
    model = row._meta
    name = f"admin:{model.app_label}_{model.model_name}_{page}"
    return reverse(name, args=[row.pk]) if page == "change" else reverse(name)


@pytest.fixture
def rows(booking: Booking) -> list[Any]:
    """One row of every model that the admin shows, at Alice's clinic."""
    session = booking.completed()
    template = TemplateFactory()
    return [
        booking.plan.clinic,
        booking.practitioner,
        booking.room,
        booking.device,
        booking.plan.concern,
        booking.plan.patient,
        ContactConsentFactory(patient=booking.plan.patient),
        booking.plan.area,
        booking.zone,
        booking.plan.protocol,
        booking.plan,
        session,
        template.step,
        template,
        MessageFactory(session=session, step=template.step),
        SideEffectFactory(session=session),
    ]


def test_every_registered_model_is_tried(rows: list[Any]) -> None:
    ours = {m for m in admin.site._registry if m.__module__.split(".")[0] != "django"}

    assert ours == {type(row) for row in rows}


@pytest.mark.parametrize("role", Role.values)
def test_every_page_opens_for_those_who_may_see_it(rows: list[Any], role: str) -> None:
    client = client_of(UserFactory(role=role, clinic=rows[0]))
    assert client.get("/admin/").status_code == 200

    for row in rows:
        admin_page = admin.site._registry[type(row)]
        may_see = row._meta.app_label + ".view_" + row._meta.model_name
        expected = 200 if User(role=role, pk=row.pk).has_perm(may_see) else 403
        assert client.get(url(row, "changelist")).status_code == expected, (role, row)
        assert client.get(url(row)).status_code == expected, (role, row)
        if admin_page.search_fields:
            search = client.get(url(row, "changelist"), {"q": "hopper 1990-05-17"})
            assert search.status_code == expected, (role, row)


def test_another_clinics_rows_are_not_there(rows: list[Any], bob: User) -> None:
    bob.role = Role.MANAGER
    bob.save()
    client = client_of(bob)
    shared = {"concern", "area", "zone", "protocol", "carestep", "messagetemplate"}

    for row in rows:
        if row._meta.model_name in shared:
            continue
        listed = client.get(url(row, "changelist")).content.decode()
        assert str(row.pk) not in listed, row
        assert client.get(url(row)).status_code == 302, row  # "does not exist", to the start


def test_choices_hold_only_the_own_clinic(alice: User, booking: Booking) -> None:
    foreign = RoomFactory(name="Foreign room")
    client = client_of(alice)

    form = client.get(reverse("admin:treatment_sessions_treatmentsession_add")).content.decode()
    answer = client.post(
        reverse("admin:treatment_sessions_treatmentsession_add"),
        {**booking_form(booking), "room": str(foreign.pk)},
    )

    assert foreign.name not in form
    assert booking.room.name in form
    assert "Select a valid choice" in answer.content.decode()


def booking_form(booking: Booking, start: datetime = NINE) -> dict[str, str]:
    local = start.astimezone(booking.plan.clinic.zone)
    return {
        "plan": str(booking.plan.pk),
        "starts_at_0": f"{local:%Y-%m-%d}",
        "starts_at_1": f"{local:%H:%M}",
        "practitioner": str(booking.practitioner.pk),
        "room": str(booking.room.pk),
        "device": str(booking.device.pk),
    }


def book(client: Client, booking: Booking, start: datetime = NINE) -> Any:
    return client.post(
        reverse("admin:treatment_sessions_treatmentsession_add"), booking_form(booking, start)
    )


def test_a_booking_in_the_admin_is_a_booking(dana: User, booking: Booking) -> None:
    """Typed on the clinic's wall clock, with all times, history and messages."""
    CareStepFactory(anchor="BOOKED")

    answer = book(client_of(dana), booking)

    assert answer.status_code == 302
    session = TreatmentSession.objects.get()
    assert (session.starts_at, session.recovers_at) == (NINE, NINE + 28 * DAY)
    assert session.events.get().by == dana
    assert Message.objects.count() == 1


def test_the_admin_explains_a_refusal_at_the_field(
    dana: User, booking: Booking, another_booking: Booking
) -> None:
    session = booking.book()
    another_booking.room = booking.room
    client = client_of(dana)

    taken = book(client, another_booking).content.decode()
    soon = book(client, booking, NINE + 7 * DAY).content.decode()

    assert f"{booking.room} is already booked on 07 Jan 2030 at 10:00." in taken
    assert "must be 28 days apart" in soon
    assert "04 Feb 2030 at 10:00" in soon
    assert TreatmentSession.objects.get() == session


def press(client: Client, session: TreatmentSession, button: str, **form: str) -> Any:
    management = {
        f"{inline}-{name}": value
        for inline in ("zone_treatments", "events")
        for name, value in {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}.items()
    }
    return client.post(
        url(session),
        {**management, **form, f"treatment_sessions_treatmentsession_{button}": "1"},
        follow=True,
    )


def test_a_session_is_led_through_its_day_with_buttons(
    dana: User, alice: User, booking: Booking
) -> None:
    from django.utils import timezone

    session = booking.book(timezone.now())
    desk, clinician = client_of(dana), client_of(alice)

    press(desk, session, "confirm")
    press(desk, session, "check_in")
    assert 'name="treatment_sessions_treatmentsession_start_treatment"' not in (
        desk.get(url(session)).content.decode()
    )
    press(desk, session, "start_treatment")  # pressed all the same: nothing happens
    press(clinician, session, "start_treatment")
    empty = press(clinician, session, "complete").content.decode()
    assert "Record at least one treated zone" in empty
    zone = {
        "zone_treatments-TOTAL_FORMS": "1",
        "zone_treatments-0-zone": str(booking.zone.pk),
        "zone_treatments-0-depth_mm": "1.50",
        "zone_treatments-0-passes": "6",
        "zone_treatments-0-endpoint": "ERYTHEMA",
    }
    too_deep = press(clinician, session, "complete", **{**zone, "zone_treatments-0-depth_mm": "3"})
    assert "less than or equal to 2.50" in too_deep.content.decode()
    press(clinician, session, "complete", **zone)

    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    events = session.events.order_by("id").values_list("new_status", "by__username")
    assert list(events) == [
        ("BOOKED", "alice"),
        ("CONFIRMED", "dana"),
        ("CHECKED_IN", "dana"),
        ("IN_PROGRESS", "alice"),
        ("COMPLETED", "alice"),
    ]


def test_a_completed_chart_cannot_be_edited(alice: User) -> None:
    treated = ZoneTreatmentFactory(
        session=SessionFactory(status=Status.COMPLETED, plan__patient__clinic=alice.clinics.get())
    )
    form = {
        "zone_treatments-TOTAL_FORMS": "1",
        "zone_treatments-INITIAL_FORMS": "1",
        "zone_treatments-0-id": str(treated.pk),
        "zone_treatments-0-session": str(treated.session.pk),
        "zone_treatments-0-zone": str(treated.zone.pk),
        "zone_treatments-0-depth_mm": "2.50",
        "zone_treatments-0-passes": "1",
        "zone_treatments-0-endpoint": "NONE",
    }

    press(client_of(alice), treated.session, "complete", **form)

    treated.refresh_from_db()
    assert (str(treated.depth_mm), treated.passes) == ("1.50", 6)


def test_a_plan_in_the_admin_obeys_the_service(alice: User, booking: Booking) -> None:
    client = client_of(alice)
    form = {
        "patient": str(booking.plan.patient.pk),
        "concern": str(booking.plan.concern.pk),
        "area": str(booking.plan.area.pk),
        "protocol": str(booking.plan.protocol.pk),
    }
    add = reverse("admin:treatment_sessions_treatmentplan_add")

    wrong = client.post(add, {**form, "protocol": str(ProtocolFactory().pk)})
    right = client.post(add, form)

    assert "The protocol" in wrong.content.decode()
    assert right.status_code == 302
    assert TreatmentPlan.objects.order_by("id").last().created_by == alice  # type: ignore[union-attr]


def test_a_text_in_the_admin_becomes_the_next_version(manager: User) -> None:
    template = TemplateFactory()
    client = client_of(manager)
    add = reverse("admin:aftercare_messagetemplate_add")
    form = {"step": str(template.step.pk), "channel": "EMAIL", "language": "en", "subject": "Hi"}

    wrong = client.post(add, {**form, "body": "{{ diagnosis }}"})
    right = client.post(add, {**form, "body": "Hello {{ given_name }}"})

    assert "{{ diagnosis }} is unknown" in wrong.content.decode()
    assert right.status_code == 302
    assert MessageTemplate.objects.get(version=2).body == "Hello {{ given_name }}"
    assert client.post(url(template), form).status_code == 403


def test_a_consent_in_the_admin_is_recorded_by_whoever_typed_it(dana: User) -> None:
    patient = PatientFactory(clinic=dana.clinics.get(), mobile="")
    add = reverse("admin:patients_contactconsent_add")
    form = {"patient": str(patient.pk), "purpose": "CARE", "granted": "on", "wording": "May we?"}

    wrong = client_of(dana).post(add, {**form, "channel": "SMS"})
    right = client_of(dana).post(add, {**form, "channel": "EMAIL"})

    assert "has no mobile number" in wrong.content.decode()
    assert right.status_code == 302
    assert ContactConsent.objects.get().recorded_by == dana


def test_messages_are_cancelled_and_resent_from_the_list(manager: User) -> None:
    waiting = MessageFactory(session__plan__patient__clinic=manager.clinics.get())
    client = client_of(manager)

    def do(action: str) -> str:
        form = {"action": action, "_selected_action": [str(waiting.pk)]}
        return client.post(url(waiting, "changelist"), form, follow=True).content.decode()

    assert "1 done." in do("cancel")
    assert "only a waiting message can be cancelled" in do("cancel")
    assert "1 done." in do("resend")
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("by", "role", "expected"),
    [
        (Role.MANAGER, Role.PRACTITIONER, 302),
        (Role.MANAGER, Role.ADMIN, 200),
        (Role.ADMIN, Role.ADMIN, 302),
        (Role.ADMIN, Role.PRACTITIONER, 200),
        (Role.ADMIN, Role.MANAGER, 200),
        (Role.RECEPTIONIST, Role.RECEPTIONIST, 403),
    ],
)
def test_nobody_hands_out_more_than_they_may(
    clinic: Clinic, by: Role, role: Role, expected: int
) -> None:
    form = {
        "username": "newcomer",
        "password1": "long-enough-1",
        "password2": "long-enough-1",
        "role": role,
        "clinics": [str(clinic.pk)],
    }

    answer = client_of(UserFactory(role=by, clinic=clinic)).post(
        reverse("admin:clinic_user_add"), form
    )

    assert answer.status_code == expected
    assert User.objects.filter(username="newcomer").exists() is (expected == 302)


def test_nobody_changes_themselves_or_an_account_above_theirs(manager: User, alice: User) -> None:
    client = client_of(manager)
    clinic = manager.clinics.get()
    technical = UserFactory(role=Role.ADMIN, clinic=clinic)
    elsewhere = UserFactory(clinic=clinic)
    elsewhere.clinics.add(RoomFactory().clinic)

    def may_change(user: User) -> bool:
        return "_save" in client.get(url(user)).content.decode()

    assert may_change(alice)
    assert not may_change(manager)
    assert not may_change(technical)
    assert not may_change(elsewhere)
    password = reverse("admin:auth_user_password_change", args=[technical.pk])
    assert client.get(password).status_code == 403


def test_a_locked_out_name_sees_a_page_that_says_so(alice: User) -> None:
    for _ in range(5):
        answer = Client().post("/admin/login/", {"username": "alice", "password": "wrong-one-1"})

    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.content.decode()


@pytest.mark.parametrize("count", [1, 6])
def test_lists_take_a_fixed_number_of_queries(
    alice: User, count: int, django_assert_max_num_queries: Any
) -> None:
    clinic = alice.clinics.get()
    for number in range(count):
        session = SessionFactory(
            status=Status.COMPLETED, plan__patient__clinic=clinic, starts_at=NINE + number * DAY
        )
        MessageFactory(session=session)
        SideEffectFactory(session=session)
    client = client_of(alice)
    for model in (TreatmentSession, TreatmentPlan, Message):
        with django_assert_max_num_queries(14):
            client.get(url(model(), "changelist"))
