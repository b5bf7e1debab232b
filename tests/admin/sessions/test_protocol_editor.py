"""A new version of a protocol: what it changes and whom it concerns is seen before it is saved."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import User
from patients.models import Zone
from sessions.admin.catalogue.changes import changes
from sessions.models import ProtocolVersion, ZoneRange
from tests.conftest import Booking
from tests.factories import DAY, ZoneRangeFactory
from tests.support.forms import opened
from tests.support.words import visible

pytestmark = pytest.mark.django_db


def page_of(version: ProtocolVersion) -> str:
    return reverse("admin:treatment_sessions_protocolversion_change", args=[version.pk])


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def looked_at(client: Client, page: str, **typed: Any) -> str:
    answer = client.post(page, {**opened(client, page), **typed, "_preview": "1"})
    return " ".join(visible(answer).split())


def test_what_changes_is_said_in_words_with_units_and_nothing_is_saved(
    booking: Booking, client: Client
) -> None:
    old = booking.plan.protocol_version
    ZoneRangeFactory(
        protocol_version=old, zone=booking.zone, depth_min_mm="0.50", depth_max_mm="1.20"
    )
    page = page_of(old)

    shown = looked_at(client, page, **{"zone_ranges-0-depth_max_mm": "1.00", "planned_sessions": 1})

    assert f"Depth, {booking.zone.name} 0.50 to 1.20 mm 0.50 to 1.00 mm" in shown
    assert f"Usual number of sessions {old.planned_sessions} sessions 1 session" in shown
    assert "Passes" not in shown  # as it was
    assert ProtocolVersion.objects.get() == old
    assert ZoneRange.objects.count() == 1
    answer = client.post(page, {**opened(client, page), "planned_sessions": 1}, follow=True)
    assert "changed since you opened it" not in visible(answer)  # the same form is saved then
    assert ProtocolVersion.objects.count() == 2


def test_a_zone_without_a_depth_of_its_own_is_as_everywhere(booking: Booking) -> None:
    now = booking.plan.protocol_version
    then = ProtocolVersion.objects.get(pk=now.pk)
    lip = ZoneRange(zone=Zone(name="Lip"), depth_min_mm=0.5, depth_max_mm=0.75)
    everywhere = f"as everywhere, {now.depth_min_mm:.2f} to {now.depth_max_mm:.2f} mm"

    (added,) = changes(now, then, ranges_then=[lip])
    (left_out,) = changes(now, then, ranges_now=[lip])

    assert (added.what, added.now, added.then) == ("Depth, Lip", everywhere, "0.50 to 0.75 mm")
    assert (left_out.now, left_out.then) == ("0.50 to 0.75 mm", everywhere)
    assert changes(now, then) == []
    assert {one.now for one in changes(None, then)} == {"nothing yet"}


def test_it_lists_whom_a_longer_minimum_concerns(booking: Booking, client: Client) -> None:
    tomorrow = timezone.now().replace(microsecond=0) + DAY
    first = booking.book(tomorrow, at=tomorrow - 2 * DAY)
    second = booking.book(tomorrow + 30 * DAY, at=tomorrow - 2 * DAY)
    page = page_of(booking.plan.protocol_version)
    longer = {"hard_min_days": 35, "soft_min_days": 35, "target_min_days": 35}

    form = opened(client, page)
    with CaptureQueriesContext(connection) as few:
        answer = client.post(page, {**form, **longer, "_preview": "1"})
    words = " ".join(visible(answer).split())

    assert "1 plan follows this protocol" in words
    assert "2 sessions ahead keep the depths and passes" in words
    assert "1 session would be closer than 35 days to the one before. It stays" in words
    assert f"/{second.pk}/" in answer.content.decode()
    first.refresh_from_db()
    assert first.recovers_at
    assert first.recovers_at < tomorrow + 29 * DAY  # nothing was lengthened by looking
    booking.book(tomorrow + 100 * DAY, at=tomorrow - 2 * DAY)
    again = opened(client, page)
    with CaptureQueriesContext(connection) as more:
        client.post(page, {**again, **longer, "_preview": "1"})
    assert len(more) == len(few)


def test_what_cannot_be_saved_is_said_and_what_is_over_is_no_start(
    booking: Booking, client: Client
) -> None:
    page = page_of(booking.plan.protocol_version)
    assert "Some of it cannot be saved like this" in looked_at(client, page, hard_min_days=0)
    yesterday = timezone.localtime() - DAY
    over = {"in_force_from_0": f"{yesterday:%Y-%m-%d}", "in_force_from_1": "10:00"}
    assert "This is over" in looked_at(client, page, **over)


def test_a_version_counts_from_the_day_that_is_typed(booking: Booking, client: Client) -> None:
    old = booking.plan.protocol_version
    page = page_of(old)
    soon = timezone.now().astimezone(booking.plan.clinic.zone) + 10 * DAY
    typed = {"in_force_from_0": f"{soon:%Y-%m-%d}", "in_force_from_1": "00:00"}

    client.post(page, {**opened(client, page), **typed, "passes_max": 2})

    at = timezone.now()
    new = ProtocolVersion.objects.get(version=2)
    assert new.effective_from == soon.replace(hour=0, minute=0, second=0, microsecond=0)
    in_force = ProtocolVersion.objects.filter(protocol=old.protocol_id)
    assert in_force.in_effect(at).get() == old
    assert in_force.in_effect(at + 10 * DAY).get() == new
