"""Accounts in the admin: who hands out what."""

import pytest
from django.urls import reverse

from clinic.models import Clinic, Role, User
from tests.admin.pages import client_of, url
from tests.factories import RoomFactory, UserFactory

pytestmark = pytest.mark.django_db


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
        "email": "newcomer@clinic.example",
        "role": role,
        "language": "en",
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
