"""The bar with “Undo”: on Today, on the week and on the page of the visit, for a minute."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentSession
from tests.admin.pages import client_of
from tests.conftest import AS_IT_IS, Booking
from tests.factories import HOUR, ContactConsentFactory
from tests.support.words import visible

pytestmark = pytest.mark.django_db
INDEX, WEEK = reverse("admin:index"), reverse("week")


def read(page: Any) -> str:
    return " ".join(visible(page).split())


def noon() -> datetime:
    day = timezone.now() + timedelta(days=30)
    return day.replace(hour=11, minute=0, second=0, microsecond=0)


def page_of(session: TreatmentSession) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])


def test_it_says_what_was_done_and_told_and_takes_it_back(
    booking: Booking, dana: User, catalogue: None
) -> None:
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    session = booking.book(noon())
    client = client_of(dana)
    here = {"day": f"{noon().date()}"}
    with CaptureQueriesContext(connection) as without:
        client.get(INDEX, here)

    sent = {"reason": "has a cold", "back": f"{INDEX}?day={noon().date()}"}
    page = read(client.post(reverse("today-cancel", args=[session.pk]), sent, follow=True))

    name = session.patient.listed_name
    assert f"{name}: cancelled. The patient is told by E-mail, at " in page
    assert "Undo" in page
    for other in (WEEK, page_of(session)):
        assert f"{name}: cancelled." in read(client.get(other))
    assert "Undo" not in read(client_of(booking.practitioner).get(INDEX))
    with CaptureQueriesContext(connection) as shown:
        client.get(INDEX, here)
    assert len(shown) <= len(without) + 2

    press = reverse("today-undo", args=[session.pk])
    back = read(client.post(press, {"back": page_of(session)}, follow=True))
    assert "taken back. The visit is booked, as before." in back
    assert "Undo" not in back
    again = read(client.post(press, {"back": WEEK}, follow=True))
    assert "Only a cancellation, a no-show or a move can be taken back." in again


def test_of_a_move_and_of_a_no_show_and_only_for_a_minute(booking: Booking, dana: User) -> None:
    session = booking.book(noon())
    client = client_of(dana)
    data = {
        "starts_at_0": f"{noon().date()}",
        "starts_at_1": "13:00",
        "practitioner": str(booking.practitioner.pk),
        "back": page_of(session),
    }
    page = client.post(reverse("today-move", args=[session.pk]), data, follow=True)
    new = TreatmentSession.objects.get(rescheduled_from=session)
    assert page.redirect_chain[-1][0] == page_of(new)
    assert f'name="back" value="{page_of(session)}"' in page.content.decode()
    assert f"moved to {noon():%a %-d %b %Y}, 13:00. The patient is sent nothing" in read(page)

    page = client.post(
        reverse("today-undo", args=[session.pk]), {"back": page_of(session)}, follow=True
    )
    assert page.redirect_chain[-1][0] == page_of(session)

    missed = booking.book(timezone.now() - HOUR, at=timezone.now() - 2 * HOUR)
    address = reverse("today-press", args=[missed.pk])
    assert "noted as a no-show." in read(client.post(address, {"to": "NO_SHOW"}, follow=True))
    events = SessionEvent.objects.filter(session=missed, new_status=Status.NO_SHOW)
    assert events.get().undo_until == events.get().at + timedelta(seconds=60)


def test_a_program_takes_it_back_too(as_dana: APIClient, booking: Booking) -> None:
    session = booking.book(noon())
    at = f"/api/v1/sessions/{session.pk}/"
    assert as_dana.post(f"{at}cancel/", headers=AS_IT_IS).data["status"] == "CANCELLED"
    until = as_dana.get(f"{at}events/").data["results"][-1]["undo_until"]
    assert until

    assert as_dana.post(f"{at}undo/", headers=AS_IT_IS).data["status"] == "BOOKED"
    refused = as_dana.post(f"{at}undo/", headers=AS_IT_IS)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_undo")
