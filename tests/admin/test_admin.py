"""The admin: every page opens, stays inside the clinic, and obeys the services."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Message, MessageTemplate
from clinic.models import Role, User
from patients.models import ContactConsent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession, WaitlistEntry
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    CartridgeLotFactory,
    MessageFactory,
    PatientFactory,
    ProtocolFactory,
    SessionFactory,
    SideEffectFactory,
    TemplateFactory,
)
from tests.support.forms import send

pytestmark = pytest.mark.django_db


SHARED = {  # catalogues, the same for every clinic
    *("concern", "area", "zone", "protocol", "protocolversion", "zonelimit", "carestep"),
    *("messagetemplate", "devicemodel", "devicespec", "deviceclearance", "clinicalrule"),
    *("screeningrule", "consenttext", "product", "outcomescale", "sideeffectexpectation"),
    *("triageversion", "triagesignature", "reportingrule"),
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


def test_the_desk_sees_no_medical_history_in_the_admin(dana: User, alice: User) -> None:
    patient = PatientFactory(clinic=dana.clinics.get(), allergies="Nickel allergy")

    assert "Nickel allergy" not in client_of(dana).get(url(patient)).content.decode()
    assert "Nickel allergy" in client_of(alice).get(url(patient)).content.decode()


def test_a_plan_in_the_admin_obeys_the_service(alice: User, booking: Booking) -> None:
    client = client_of(alice)
    form = {
        "patient": str(booking.plan.patient.pk),
        "kind": "COURSE",
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
