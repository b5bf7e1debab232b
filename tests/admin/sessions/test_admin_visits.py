"""Visits that treat nothing, and the kinds of visit, in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.factories import VisitFactory, visit_type_of

pytestmark = pytest.mark.django_db
CODES = [
    "consultation",
    "video-consultation",
    "check",
    "check-by-phone",
    "test-spot",
    "outcome-90d",
]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("status", [Status.BOOKED, Status.IN_PROGRESS])
def test_every_kind_has_a_page_and_is_listed(alice: User, status: Status) -> None:
    clinic = alice.works_at[0]
    client = browser(alice)
    for number, code in enumerate(CODES):
        visit = VisitFactory(patient__clinic=clinic, code=code, status=status)
        page = client.get(
            reverse("admin:treatment_sessions_treatmentsession_change", args=[visit.pk])
        )
        assert page.status_code == 200, (number, code)
        assert "safety rules" not in page.content.decode().lower()

    listed = client.get(reverse("admin:treatment_sessions_treatmentsession_changelist"))
    assert listed.status_code == 200
    assert TreatmentSession.objects.count() == len(CODES)
    only = client.get(
        reverse("admin:treatment_sessions_treatmentsession_changelist"), {"kind__exact": "CHECK"}
    )
    assert only.context["cl"].result_count == 2


def test_a_manager_changes_how_long_a_consultation_lasts(alice: User, manager: User) -> None:
    kind = visit_type_of(alice.works_at[0], "consultation")
    url = reverse("admin:treatment_sessions_visittype_change", args=[kind.pk])

    assert browser(manager).get(url).status_code == 200
    assert "_save" not in browser(alice).get(url).content.decode()
