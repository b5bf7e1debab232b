"""The numbers beside the side bar: what waits for whoever looks, and nothing of anybody else's."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.admin.frame import HEALING, MOST, waiting
from clinic.admin.navigation import Badge
from clinic.models import Clinic, Role, User
from patients.models import TaskSeverity
from tests.admin.pages import client_of
from tests.factories import DAY, InboundFactory, MessageFactory, StaffTaskFactory, UserFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def work(clinic: Clinic, other_clinic: Clinic) -> None:
    now = timezone.now()
    for where in (clinic, clinic, other_clinic):
        StaffTaskFactory(clinic=where, due_at=now + DAY)
        InboundFactory(clinic=where, received_at=now)
    StaffTaskFactory(clinic=clinic, due_at=now + DAY, audience="CLINICAL", severity="RED")
    StaffTaskFactory(clinic=clinic, status="DONE", done_at=now)
    InboundFactory(clinic=clinic, received_at=now, handled_at=now)
    InboundFactory(clinic=clinic, received_at=now - 40 * DAY)
    for status, days in (("IN_DOUBT", 20), ("FAILED", 1), ("FAILED", 20)):
        ended = {"status": status, "reason": "Nobody answered", "ended_at": now - days * DAY}
        MessageFactory(session__plan__patient__clinic=clinic, **ended)


def badges(user: User) -> dict[str, Badge]:
    return waiting(user)[0]


def of(role: str, clinic: Clinic) -> dict[str, Badge]:
    return badges(UserFactory(role=role, clinic=clinic))


def test_each_role_reads_what_waits_for_it(clinic: Clinic, work: None) -> None:
    desk = of(Role.RECEPTIONIST, clinic)
    assert desk["patients.stafftask"] == Badge("2", is_urgent=False)
    assert desk["aftercare.inboundmessage"] == Badge("2", is_urgent=False)
    assert desk["aftercare.message"] == Badge("2", is_urgent=True)
    treats = of(Role.PRACTITIONER, clinic)
    assert treats["patients.stafftask"] == treats[HEALING] == Badge("1", is_urgent=True)


@pytest.mark.parametrize("role", Role)
def test_nobody_reads_of_what_they_may_not_open(clinic: Clinic, work: None, role: str) -> None:
    user = UserFactory(role=role, clinic=clinic)

    opens = {HEALING: "treatment_sessions.view_checkin"}
    needs = [opens.get(model, model.replace(".", ".view_")) for model in badges(user)]
    closed = [permission for permission in needs if not user.has_perm(permission)]
    assert closed == []


def test_an_overdue_task_is_urgent_and_nothing_is_no_number(clinic: Clinic, dana: User) -> None:
    assert badges(dana) == {}
    StaffTaskFactory(clinic=clinic, due_at=timezone.now() - DAY, severity=TaskSeverity.AMBER)
    assert badges(dana) == {"patients.stafftask": Badge("1", is_urgent=True)}


def test_it_is_one_statement_and_counts_no_further_than_it_shows(
    clinic: Clinic, dana: User
) -> None:
    StaffTaskFactory.create_batch(MOST + 2, clinic=clinic, due_at=timezone.now() + DAY)

    assert dana.clinic_ids  # which is read with whoever asks
    with CaptureQueriesContext(connection) as asked:
        assert badges(dana)["patients.stafftask"].number == f"{MOST}+"
    assert len(asked) == 1


def test_the_side_bar_shows_it_where_it_may_be_opened(
    clinic: Clinic, work: None, dana: User, side_bar: Any
) -> None:
    page = client_of(dana).get("/admin/").content.decode()
    tasks = page.split('href="/admin/patients/stafftask/"')[1].split("</a>")[0]
    assert tasks.split("<")[-2].split(">")[1].strip() == "2" or ">2<" in "".join(tasks.split())

    admin = UserFactory(role=Role.ADMIN, clinic=clinic)
    assert "/admin/patients/stafftask/" not in client_of(admin).get("/admin/").content.decode()
