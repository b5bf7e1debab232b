"""Each open warning is decided by itself: a tick and a reason of its own, and nothing else is."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.support.forms import fields_of, opened, send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
COMPLETE = "treatment_sessions_treatmentsession_complete"


@kept
def session(booking: Booking) -> TreatmentSession:
    """With two open warnings: too deep, and too many passes."""
    session = booking.in_progress()
    booking.chart(session, depth_mm="2.30", passes=9)
    return session


@pytest.fixture
def client(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def url(session: TreatmentSession) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])


def decision(booking: Booking, code: str, reason: str = "Thick skin") -> dict[str, str]:
    key = f"{code}:{booking.zone.code}"
    return {f"go_on:{key}": "on", f"because:{key}": reason}


def overridden(session: TreatmentSession) -> dict[str, str]:
    return dict(session.findings.values_list("code", "override_reason"))


def test_what_is_ticked_is_decided_and_nothing_else(
    client: Client, session: TreatmentSession, booking: Booking
) -> None:
    send(client, url(session), **decision(booking, "depth_above_range"))

    assert overridden(session) == {"depth_above_range": "Thick skin"}
    page = client.get(url(session)).content.decode()
    assert "goes on because: Thick skin" in page
    assert "go_on:depth_above_range" not in page
    assert "go_on:passes" in page


def test_the_session_waits_for_the_others(
    client: Client, session: TreatmentSession, booking: Booking
) -> None:
    answer = send(client, url(session), COMPLETE, **decision(booking, "depth_above_range"))

    assert "Decide these first" in answer.content.decode()
    session.refresh_from_db()
    assert (session.status, overridden(session)) == (Status.IN_PROGRESS, {})


def test_each_gets_its_own_reason(
    client: Client, session: TreatmentSession, booking: Booking
) -> None:
    (other,) = [
        name.split(":")[1]
        for name in opened(client, url(session))
        if name.startswith("shown:passes")
    ]
    both = decision(booking, "depth_above_range") | decision(booking, other, "Ice-pick scars")

    send(client, url(session), COMPLETE, **both)

    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    found = overridden(session)
    assert (found["depth_above_range"], found[other]) == ("Thick skin", "Ice-pick scars")


@pytest.mark.parametrize(
    ("part", "words"),
    [("go_on", "Say why; it is recorded"), ("because", "Tick it as well")],
)
def test_half_a_decision_is_none(
    client: Client, session: TreatmentSession, booking: Booking, part: str, words: str
) -> None:
    whole = decision(booking, "depth_above_range")
    half = {name: value for name, value in whole.items() if name.startswith(part)}

    answer = send(client, url(session), **half)

    assert words in answer.content.decode()
    assert overridden(session) == {}


def test_a_warning_that_the_same_form_changes_is_not_decided(
    client: Client, session: TreatmentSession, booking: Booking
) -> None:
    deeper: dict[str, Any] = {"zone_treatments-0-depth_mm": "2.50"}

    answer = send(client, url(session), **deeper, **decision(booking, "depth_above_range"))

    assert "This says something else now" in answer.content.decode()
    assert "2.50 mm is deeper" in answer.content.decode()
    assert overridden(session) == {}
    again = fields_of(answer)
    client.post(url(session), {**again, "_save": "1"})
    assert overridden(session) == {"depth_above_range": "Thick skin"}
    assert str(session.zone_treatments.get().depth_mm) == "2.50"


def test_what_only_the_typed_chart_raises_can_be_decided_on_the_page_that_refuses(
    client: Client, booking: Booking
) -> None:
    session = booking.charted()
    deeper = {"zone_treatments-0-depth_mm": "2.30"}
    refused = send(client, url(session), COMPLETE, **deeper)
    assert "go_on:depth_above_range" in refused.content.decode()

    form = {**fields_of(refused), **decision(booking, "depth_above_range"), COMPLETE: "1"}
    client.post(url(session), form)

    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    assert overridden(session)["depth_above_range"] == "Thick skin"
