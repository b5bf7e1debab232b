"""Booking, leading and charting sessions in the admin."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from aftercare.models import Message
from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import Hold, TreatmentSession, of_treatment
from sessions.services.booking.checks.clash import RoomTaken
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.conftest import client_of as api_client_of
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    HoldFactory,
    RoomFactory,
    SideEffectFactory,
    ZoneRangeFactory,
)
from tests.support.forms import fields_of, send

pytestmark = pytest.mark.django_db


def test_what_is_taken_in_the_meantime_is_told_where_it_was_typed(
    dana: User, booking: Booking
) -> None:
    taken = RoomTaken("Room 1 is already booked.", field="room")
    client = client_of(dana)

    with patch("sessions.admin.sessions.TreatmentSessionAdmin.adds", side_effect=[taken]):
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


def test_a_practitioner_books_in_spite_of_a_side_effect_with_a_reason(
    alice: User, dana: User, booking: Booking
) -> None:
    session = booking.completed()
    SideEffectFactory(session=session, kind="SCARRING", grade=2)
    page, later = (
        reverse("admin:treatment_sessions_treatmentsession_add"),
        of_treatment(session.recovers_at),
    )
    form = booking_form(booking, later)
    reason = {"side_effect_override_reason": "Faded, other cheek"}

    refused = client_of(alice).post(page, form)
    desk = client_of(dana).post(page, {**form, **reason})
    booked = client_of(alice).post(page, {**form, **reason})

    assert "Only a practitioner may book in spite of it" in refused.content.decode()
    assert (desk.status_code, booked.status_code) == (200, 302)
    latest = TreatmentSession.objects.latest("starts_at")
    assert latest.findings.get().override_reason == "Faded, other cheek"


def test_the_admin_explains_a_refusal_at_the_field(
    dana: User, booking: Booking, another_booking: Booking
) -> None:
    session = booking.book()
    another_booking.room = booking.room
    client = client_of(dana)

    taken = book(client, another_booking).content.decode()
    soon = book(client, booking, NINE + 7 * DAY).content.decode()

    assert f"{booking.room} is already booked on 7 Jan 2030 at 10:00." in taken
    assert "must be 28 days apart" in soon
    assert "4 Feb 2030 at 10:00" in soon
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
    assert (
        booking.book(of_treatment(session.recovers_at), at=new.effective_from).protocol_version
        == new
    )
