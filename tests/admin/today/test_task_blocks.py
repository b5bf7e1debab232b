"""Which open tasks stand on the first page, under what heading, and how pressing they look."""

from datetime import timedelta

import pytest

from aftercare.admin.today.blocks import Block, open_tasks, overdue_tasks, red_flags
from clinic.models import Clinic, Role, User
from patients.models import TaskSeverity
from tests.factories import StaffTaskFactory, UserFactory, this_hour

pytestmark = pytest.mark.django_db


def task(title: str, severity: str, minutes: int, user: User, audience: str) -> None:
    StaffTaskFactory(
        clinic=user.clinics.get(),
        audience=audience,
        title=title,
        severity=severity,
        due_at=this_hour() + timedelta(minutes=minutes),
    )


def user_with_tasks(role: str, audience: str, clinic: Clinic) -> User:
    user: User = UserFactory(role=role, clinic=clinic)
    task("grave, later", TaskSeverity.RED, 60, user, audience)
    task("overdue", TaskSeverity.AMBER, -1, user, audience)
    task("due now", TaskSeverity.AMBER, 0, user, audience)
    return user


def told(block: Block | None) -> tuple[set[str], int | None, str]:
    assert block is not None
    return {line.words for line in block.lines}, block.total, block.tone


def test_who_treats_reads_red_flags_apart_from_other_tasks(clinic: Clinic) -> None:
    user = user_with_tasks(Role.PRACTITIONER, "CLINICAL", clinic)

    assert told(red_flags(user, this_hour())) == ({"grave, later"}, 1, "danger")
    assert told(open_tasks(user, this_hour())) == ({"overdue", "due now"}, 2, "")


def test_the_manager_reads_what_is_grave_or_overdue(clinic: Clinic) -> None:
    user = user_with_tasks(Role.MANAGER, "MANAGER", clinic)

    assert told(overdue_tasks(user, this_hour())) == ({"grave, later", "overdue"}, 2, "danger")


def test_without_a_task_nothing_is_pressing(alice: User) -> None:
    for block in (red_flags, open_tasks, overdue_tasks):
        assert told(block(alice, this_hour())) == (set(), 0, "")
