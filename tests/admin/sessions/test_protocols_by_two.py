"""Where a clinic wants two people for the numbers of a protocol: one proposes, another confirms."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, Role, User
from patients.models import StaffTask
from sessions.models import ProtocolDraft, ProtocolVersion
from sessions.services import confirm_version
from sessions.services.protocol_drafts import ChangeOutdated
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import UserFactory, ZoneRangeFactory
from tests.support.forms import opened
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db


@kept
def old(booking: Booking) -> ProtocolVersion:
    Clinic.objects.update(numbers_by_two=True)
    version = booking.plan.protocol_version
    ZoneRangeFactory(
        protocol_version=version, zone=booking.zone, depth_min_mm="0.50", depth_max_mm="1.20"
    )
    return version


def page_of(draft: ProtocolDraft) -> str:
    return reverse("admin:protocol-draft", args=[draft.pk])


def propose(user: User, old: ProtocolVersion, **typed: Any) -> Any:
    client = client_of(user)
    page = reverse("admin:treatment_sessions_protocolversion_change", args=[old.pk])
    typed = {"planned_sessions": 7, "zone_ranges-0-depth_max_mm": "1.00", **typed}
    return client.post(page, {**opened(client, page), **typed}, follow=True)


def press(user: User, draft: ProtocolDraft, button: str) -> str:
    return visible(client_of(user).post(page_of(draft), {button: "1"}, follow=True))


def test_what_is_proposed_counts_once_somebody_else_has_confirmed_it(
    old: ProtocolVersion, manager: User, alice: User
) -> None:
    shown = visible(propose(manager, old))

    draft = ProtocolDraft.objects.get()
    assert "It counts once somebody else has confirmed it" in shown
    assert "7 sessions" in shown
    assert "0.50 to 1.00 mm" in shown
    assert "Confirm the new numbers" not in shown
    assert ProtocolVersion.objects.get() == old
    assert "You have proposed it." in press(manager, draft, "confirm")
    assert ProtocolVersion.objects.get() == old
    assert StaffTask.objects.open().get().title.startswith("Confirm new numbers")
    version_page = reverse("admin:treatment_sessions_protocolversion_change", args=[old.pk])
    assert "has proposed new numbers" in visible(client_of(manager).get(version_page))

    assert "Confirm the new numbers" in visible(client_of(alice).get(page_of(draft)))
    assert "It is confirmed." in press(alice, draft, "confirm")

    new = ProtocolVersion.objects.get(version=2)
    assert (new.planned_sessions, new.depth_max_mm) == (7, old.depth_max_mm)
    assert [str(one.depth_max_mm) for one in new.zone_ranges.all()] == ["1.00"]
    assert ProtocolVersion.objects.in_effect(timezone.now()).get() == new
    assert not StaffTask.objects.open().exists()
    assert "confirmed or discarded meanwhile" in press(alice, draft, "confirm")


def test_one_change_waits_at_a_time_and_what_is_discarded_never_counts(
    old: ProtocolVersion, manager: User
) -> None:
    propose(manager, old)
    draft = ProtocolDraft.objects.get()

    assert "Somebody has proposed a change of it" in visible(propose(manager, old))
    assert "It is discarded." in press(manager, draft, "discard")

    propose(manager, old)
    assert ProtocolDraft.objects.count() == 2
    assert ProtocolVersion.objects.get() == old


def test_what_was_proposed_before_a_newer_version_is_proposed_anew(
    old: ProtocolVersion, manager: User, alice: User
) -> None:
    propose(manager, old)
    Clinic.objects.update(numbers_by_two=False)
    propose(manager, old)  # saved at once, by one person

    assert ProtocolVersion.objects.count() == 2
    with pytest.raises(ChangeOutdated):
        confirm_version(draft_id=ProtocolDraft.objects.get().pk, at=timezone.now(), by=alice)


def test_who_may_not_confirm_does_not_see_it(old: ProtocolVersion, manager: User) -> None:
    propose(manager, old)
    draft = ProtocolDraft.objects.get()
    for role in (Role.RECEPTIONIST, Role.ADMIN, Role.AUDITOR):
        user = UserFactory(role=role, clinic=Clinic.objects.first())
        assert client_of(user).post(page_of(draft), {"confirm": "1"}).status_code == 403
