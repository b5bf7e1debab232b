"""The first run: each step is done when the database says so, leads to its form, and a test message
shows whether a provider takes what is handed to it."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.admin.setup.steps import read_steps
from clinic.models import Clinic, Heartbeat, Role, User
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    DeviceFactory,
    OnCallShiftFactory,
    OpeningHoursFactory,
    RoomFactory,
    UserFactory,
)
from tests.support.doubles import HttpGateway, SmtpServer
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
PAGE = reverse("setup")


@kept
def admin_of(clinic: Clinic) -> User:
    technical: User = UserFactory(role=Role.ADMIN, clinic=clinic, email="admin@clinic.example")
    return technical


def done(user: User) -> dict[str, bool]:
    fresh = User.objects.get(pk=user.pk)
    return {step.title: step.is_done for step in read_steps(fresh, timezone.now())}


def test_each_step_is_done_by_what_is_there(admin_of: User, clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(address="")
    before = done(admin_of)

    Clinic.objects.filter(pk=clinic.pk).update(address="1 Main Street")
    OpeningHoursFactory(clinic=clinic)
    RoomFactory(clinic=clinic)
    DeviceFactory(clinic=clinic)
    for role in (Role.MANAGER, Role.RECEPTIONIST):
        UserFactory(role=role, clinic=clinic)
    treats = UserFactory(clinic=clinic)
    at = timezone.now()
    OnCallShiftFactory(clinic=clinic, practitioner=treats, starts_at=at, ends_at=at + DAY)
    after = done(admin_of)

    mended = {"The clinic", "A room", "A device", "Staff", "Somebody on call"}
    assert {title for title in mended if before[title]} == set()
    assert {title for title in mended if not after[title]} == set()
    assert not after["SMS"]
    assert after["Opening hours"]


def test_a_room_out_of_use_or_of_another_clinic_does_not_count(
    admin_of: User, clinic: Clinic, other_clinic: Clinic
) -> None:
    RoomFactory(clinic=other_clinic)
    RoomFactory(clinic=clinic, is_active=False)

    assert done(admin_of)["A room"] is False


def test_a_fresh_database_begins_with_the_clinic_on_the_first_page(
    django_assert_max_num_queries: Any,
) -> None:
    first = UserFactory(role=Role.ADMIN, is_superuser=True, clinic=None)
    first.clinics.clear()
    Clinic.objects.all().delete()
    client = client_of(first)

    index = client.get(reverse("admin:index")).content.decode()

    assert "0 of 1 steps are done" in index
    assert f'href="{reverse("admin:clinic_clinic_add")}"' in index
    assert "Add the clinic: all else belongs to it" in client.get(PAGE).content.decode()


def test_steps_lead_to_their_forms_or_say_who_does_them(
    admin_of: User, manager: User, dana: User, django_assert_max_num_queries: Any
) -> None:
    client = client_of(admin_of)
    client.get(PAGE)
    with django_assert_max_num_queries(30):
        page = client.get(PAGE).content.decode()
    of_manager = client_of(manager).get(PAGE).content.decode()

    assert f'href="{reverse("admin:clinic_room_add")}"' in page
    RoomFactory(clinic=admin_of.clinics.get())
    assert reverse("admin:clinic_room_changelist") in client.get(PAGE).content.decode()
    assert "A manager plans it." in visible(client.get(PAGE))
    on_call = reverse("admin:clinic_oncallshift_add")
    assert (on_call in page, on_call in of_manager) == (False, True)
    assert client_of(dana).get(PAGE).status_code == 403
    assert reverse("setup") in client.get(reverse("admin:index")).content.decode()


def test_a_test_message_that_the_provider_takes_makes_the_step_true(
    admin_of: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    client = client_of(admin_of)
    before = done(admin_of)

    client.post(PAGE, {"channel": "EMAIL"})
    sent = client.post(PAGE, {"channel": "SMS", "to": "+49 151 23456789"}, follow=True)

    assert "has taken it" in sent.content.decode()
    assert smtp.recipients == ["admin@clinic.example"]
    assert "This is a test" in smtp.accepted[0]
    assert [one["to"] for one in gateway.json()] == ["+4915123456789"]
    after = done(admin_of)
    assert (before["E-mail"], after["E-mail"]) == (False, True)
    assert (before["SMS"], after["SMS"]) == (False, True)


def test_what_the_provider_refuses_is_said_and_nothing_is_done(
    admin_of: User, smtp: SmtpServer, gateway: HttpGateway
) -> None:
    smtp.script["RCPT"] = "550 no"
    client = client_of(admin_of)

    refused = client.post(PAGE, {"channel": "EMAIL"}, follow=True).content.decode()
    no_number = client.post(PAGE, {"channel": "SMS"}).content.decode()
    hostile = client.post(PAGE, {"channel": "\0", "to": "9" * 400}).status_code
    for _ in range(6):
        often = client.post(PAGE, {"channel": "EMAIL"}, follow=True).content.decode()

    assert "has not taken it" in refused
    assert "Type the number of your own mobile" in no_number
    assert hostile == 200
    assert "That was often" in often
    assert not Heartbeat.objects.filter(name__startswith="try-").exists()
    assert gateway.requests == []
