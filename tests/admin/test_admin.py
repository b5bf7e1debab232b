"""The admin: every page opens, stays inside the clinic, and obeys the services."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from aftercare.models import Message, MessageTemplate
from clinic.models import Clinic, Role, User
from patients.models import ContactConsent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Hold, TreatmentPlan, TreatmentSession, WaitlistEntry
from sessions.services.booking.clash import RoomTaken
from tests.conftest import Booking
from tests.conftest import client_of as api_client_of
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    CartridgeLotFactory,
    HoldFactory,
    MessageFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    SessionFactory,
    SideEffectFactory,
    TemplateFactory,
    UserFactory,
    ZoneRangeFactory,
)
from tests.support.forms import fields_of, send

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="clinic.permissions.RoleBackend")
    return client


def url(row: Any, page: str = "change") -> str:
    model = row._meta
    name = f"admin:{model.app_label}_{model.model_name}_{page}"
    return reverse(name, args=[row.pk]) if page == "change" else reverse(name)


SHARED = {  # catalogues, the same for every clinic
    *("concern", "area", "zone", "protocol", "protocolversion", "zonelimit", "carestep"),
    *("messagetemplate", "devicemodel", "devicespec", "deviceclearance", "clinicalrule"),
    *("screeningrule", "consenttext", "product", "outcomescale", "sideeffectexpectation"),
}


def test_every_registered_model_is_tried(rows: list[Any]) -> None:
    ours = {m for m in admin.site._registry if m.__module__.split(".")[0] != "django"}

    assert ours == {type(row) for row in rows}


def test_another_clinics_rows_are_not_there(rows: list[Any], bob: User) -> None:
    bob.role = Role.MANAGER
    bob.save()
    client = client_of(bob)

    for row in rows:
        if row._meta.model_name in SHARED:
            continue
        listed = client.get(url(row, "changelist")).content.decode()
        assert str(row.pk) not in listed, row
        assert rows[1].last_name not in listed, row  # not in a filter either
        assert client.get(url(row)).status_code == 302, row  # "does not exist", to the start


def test_what_is_taken_in_the_meantime_is_told_where_it_was_typed(
    dana: User, booking: Booking
) -> None:
    taken = RoomTaken("Room 1 is already booked.", field="room")
    client = client_of(dana)

    with patch("sessions.services.book_session", side_effect=[taken]):
        answer = book(client, booking)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"room": ["Room 1 is already booked."]}
    assert str(booking.plan.pk) in answer.content.decode()
    assert not TreatmentSession.objects.exists()


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


def test_the_admin_obeys_every_rule_of_booking_and_says_it_in_the_same_words(
    dana: User, booking: Booking, another_booking: Booking
) -> None:
    """What the API refuses with a code, the form refuses with the same sentence."""
    form = client_of(dana)
    api = api_client_of(dana)
    closed_on = NINE + 2 * DAY
    booking.plan.clinic.opening_hours.filter(weekday=closed_on.weekday()).delete()
    HoldFactory(
        plan=another_booking.plan,
        room=booking.room,
        starts_at=NINE + DAY,
        expires_at=timezone.now() + DAY,
    )
    refusals = {
        "in_the_past": NINE.replace(year=2020),
        "closed": closed_on,
        "held": NINE + DAY,
    }

    for code, start in refusals.items():
        problem = api.post("/api/v1/sessions/", booking.body(start), format="json").json()
        page = book(form, booking, start).content.decode()
        assert problem["code"] == code
        assert escape(problem["detail"]) in page, code

    assert not TreatmentSession.objects.exists()


def test_a_booking_in_the_admin_uses_its_hold_up(dana: User, booking: Booking) -> None:
    HoldFactory(plan=booking.plan, room=booking.room)

    assert book(client_of(dana), booking).status_code == 302

    assert TreatmentSession.objects.count() == 1
    assert not Hold.objects.exists()


def test_the_desk_leads_the_waitlist_with_buttons(
    dana: User, booking: Booking, another_booking: Booking
) -> None:
    client = client_of(dana)
    wish: dict[str, Any] = {
        "plan": str(booking.plan.pk),
        "from_on": "2030-01-01",
        "until_on": "2030-01-31",
        "weekdays": ["0", "2"],
        "note": "rings back",
    }

    def push(entry: WaitlistEntry, button: str) -> str:
        send(client, url(entry), f"treatment_sessions_waitlistentry_{button}")
        entry.refresh_from_db()
        return entry.status

    add = reverse("admin:treatment_sessions_waitlistentry_add")
    assert client.post(add, wish).status_code == 302
    twice = send(client, add, **wish).content.decode()
    entry = WaitlistEntry.objects.get()
    another_booking.move(another_booking.book(), Status.CANCELLED, at=NINE - DAY)
    services.offer_freed_slots(at=timezone.now())
    assert push(entry, "decline") == "WAITING"
    another_booking.move(another_booking.book(), Status.CANCELLED, at=NINE - DAY)
    services.offer_freed_slots(at=timezone.now())
    assert push(entry, "accept") == "BOOKED"
    assert push(entry, "withdraw") == "BOOKED"  # the button is not there any more

    assert (entry.weekdays, entry.note, entry.created_by) == ([0, 2], "rings back", dana)
    assert "This plan is on the waitlist already" in twice
    assert entry.session == TreatmentSession.objects.get(plan=booking.plan)


def press(client: Client, session: TreatmentSession, button: str, **form: str) -> Any:
    return send(client, url(session), f"treatment_sessions_treatmentsession_{button}", **form)


def test_a_session_is_led_through_its_day_with_buttons(
    dana: User, alice: User, booking: Booking
) -> None:
    session = booking.book(timezone.now())
    booking.ready(session.starts_at)
    desk, clinician = client_of(dana), client_of(alice)

    press(desk, session, "confirm")
    press(desk, session, "check_in")
    assert 'name="treatment_sessions_treatmentsession_start_treatment"' not in (
        desk.get(url(session)).content.decode()
    )
    gone = press(desk, session, "start_treatment").content.decode()  # pressed all the same
    assert "“Start” cannot be done any more." in gone
    press(clinician, session, "start_treatment")
    empty = press(clinician, session, "complete").content.decode()
    assert "Record at least one treated zone" in empty
    zone = {
        "zone_treatments-TOTAL_FORMS": "1",
        "zone_treatments-0-zone": str(booking.zone.pk),
        "zone_treatments-0-side": "BOTH",
        "zone_treatments-0-depth_mm": "1.50",
        "zone_treatments-0-passes": "6",
        "zone_treatments-0-endpoint": "ERYTHEMA",
    }
    too_deep = press(clinician, session, "complete", **{**zone, "zone_treatments-0-depth_mm": "3"})
    assert "less than or equal to 2.50" in too_deep.content.decode()
    unscanned = press(clinician, session, "complete", **zone)
    assert "Scan the cartridge that was used." in unscanned.content.decode()
    assert "success" not in {str(one.level_tag) for one in unscanned.context["messages"]}
    written = {"scanned_code": booking.cartridge(), "notes": "Tolerated well.", "pain_score": "2"}
    kept = {**fields_of(unscanned), **written}
    kept["treatment_sessions_treatmentsession_complete"] = "1"
    done = clinician.post(url(session), kept, follow=True)
    assert "completed." in done.content.decode()
    assert done.redirect_chain == [(url(session), 302)]

    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    assert (session.notes, session.pain_score) == ("Tolerated well.", 2)
    events = session.events.order_by("id").values_list("new_status", "by__username")
    assert list(events) == [
        ("BOOKED", "alice"),
        ("CONFIRMED", "dana"),
        ("CHECKED_IN", "dana"),
        ("IN_PROGRESS", "alice"),
        ("COMPLETED", "alice"),
    ]


def test_a_completed_chart_cannot_be_edited(alice: User, booking: Booking) -> None:
    session = booking.completed()
    treated = session.zone_treatments.get()
    form = {
        "zone_treatments-TOTAL_FORMS": "1",
        "zone_treatments-INITIAL_FORMS": "1",
        "zone_treatments-0-id": str(treated.pk),
        "zone_treatments-0-session": str(session.pk),
        "zone_treatments-0-zone": str(treated.zone.pk),
        "zone_treatments-0-depth_mm": "2.50",
        "zone_treatments-0-passes": "1",
        "zone_treatments-0-endpoint": "NONE",
    }

    press(client_of(alice), session, "complete", notes="x", **form)

    treated.refresh_from_db()
    session.refresh_from_db()
    assert (str(treated.depth_mm), treated.passes, session.notes) == ("1.50", 6, "")


def test_an_open_warning_is_decided_in_the_admin(alice: User, booking: Booking) -> None:
    session = booking.in_progress()
    booking.chart(session, depth_mm="2.30")
    page = client_of(alice).get(url(session)).content.decode()
    assert "2.30 mm is deeper than 2.00 mm" in page

    ticked = {
        f"go_on:depth_above_range:{booking.zone.code}": "on",
        f"because:depth_above_range:{booking.zone.code}": "Thick skin",
    }
    press(client_of(alice), session, "complete", **ticked)

    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    assert session.findings.get(code="depth_above_range").overridden_by == alice


def test_a_changed_number_becomes_a_new_version(manager: User, booking: Booking) -> None:
    """The old version stays, and the session that was checked against it keeps it."""
    session = booking.book()
    old = booking.plan.protocol_version
    ZoneRangeFactory(protocol_version=old, zone=booking.zone, depth_max_mm="1.20")
    client = client_of(manager)

    answer = send(client, url(old), depth_max_mm="1.80", source="A newer study")

    assert answer.status_code == 302, answer.context["errors"]
    new = booking.plan.protocol.versions.get(version=2)
    assert (str(new.depth_max_mm), new.source) == ("1.80", "A newer study")
    assert str(new.zone_ranges.get().depth_max_mm) == "1.20"
    old.refresh_from_db()
    assert str(old.depth_max_mm) == "2.00"
    session.refresh_from_db()
    assert session.protocol_version == old
    assert booking.book(session.recovers_at, at=new.effective_from).protocol_version == new


def test_the_desk_sees_no_medical_history_in_the_admin(dana: User, alice: User) -> None:
    patient = PatientFactory(clinic=dana.clinics.get(), allergies="Nickel allergy")

    assert "Nickel allergy" not in client_of(dana).get(url(patient)).content.decode()
    assert "Nickel allergy" in client_of(alice).get(url(patient)).content.decode()


def test_a_plan_in_the_admin_obeys_the_service(alice: User, booking: Booking) -> None:
    client = client_of(alice)
    form = {
        "patient": str(booking.plan.patient.pk),
        "concern": str(booking.plan.concern.pk),
        "area": str(booking.plan.area.pk),
        "protocol": str(booking.plan.protocol.pk),
        "planned_zones": "1",
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
    form = {
        "step": str(template.step.pk),
        "channel": "EMAIL",
        "language": "en",
        "subject": "Hi",
        "max_parts": "1",
    }

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
    assert "A copy of it" in do("resend")
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


def test_an_archived_record_is_shown_with_the_way_to_the_one_that_was_kept(alice: User) -> None:
    """It can be read, and no form or button of it changes anything."""
    clinic, now = alice.clinics.get(), timezone.now()
    kept = PatientFactory(clinic=clinic)
    merged = PatientFactory(clinic=clinic, given_name="Grace", archived_at=now, merged_into=kept)
    archived = PatientFactory(clinic=clinic, archived_at=now)
    client = client_of(alice)

    page = client.get(url(merged)).content.decode()

    assert url(kept) in page
    assert "read only" in page
    assert "read only" in client.get(url(archived)).content.decode()
    assert 'name="given_name"' not in page
    assert 'name="_save"' not in page
    assert client.post(url(merged), {"given_name": "X", "_save": "1"}).status_code == 403
    merged.refresh_from_db()
    assert merged.given_name == "Grace"


def test_a_concern_and_a_recall_in_the_admin_go_through_their_services(
    alice: User, manager: User, booking: Booking
) -> None:
    patient, concern = booking.plan.patient, booking.plan.concern
    lot = CartridgeLotFactory(clinic=booking.plan.clinic, quantity=5)
    row = {"concerns-TOTAL_FORMS": "1", "concerns-0-concern": str(concern.pk)}

    send(client_of(alice), url(patient), **row)
    once = patient.concerns.count()
    send(client_of(manager), url(lot), quantity="4", recall_reason="Blunt needles")

    lot.refresh_from_db()
    assert once == 1
    assert (lot.quantity, lot.recall_reason) == (4, "Blunt needles")
    assert lot.recalled_at is not None
    assert 'name="recall_reason"' not in client_of(manager).get(url(lot)).content.decode()
