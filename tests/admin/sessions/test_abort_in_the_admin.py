"""Aborting a session from its page."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User
from tests.conftest import Booking
from tests.support.forms import send

pytestmark = pytest.mark.django_db
ABORT = "treatment_sessions_treatmentsession_abort"
COMPLETE = "treatment_sessions_treatmentsession_complete"


def test_a_session_is_aborted_with_its_reason_or_says_what_is_missing(
    booking: Booking, alice: User
) -> None:
    session = booking.charted()
    client = Client()
    client.force_login(alice)
    page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])

    without = send(client, page, ABORT)
    otherwise = send(client, page, ABORT, abort_why="OTHER")
    completed = send(client, page, COMPLETE, abort_why="FAINTING")

    assert "Choose one of: FAINTING" in without.content.decode()
    assert "Say in words what it was." in otherwise.content.decode()
    assert "Press Abort as well" in completed.content.decode()
    send(client, page, ABORT, abort_why="OTHER", abort_words="Fire alarm", notes="Left cheek only")
    session.refresh_from_db()
    assert (session.status, session.abort_note) == ("ABORTED", "Fire alarm")
    assert session.notes == "Left cheek only"
