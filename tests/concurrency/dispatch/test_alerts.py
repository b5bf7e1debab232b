"""Somebody takes a grave task, or another worker escalates it, while a worker escalates it."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest

from aftercare.alerts import escalate
from aftercare.alerts.escalate import ACKNOWLEDGE_WITHIN, tell
from aftercare.models import StaffAlert
from clinic.models import Clinic, User
from patients.models import StaffTask
from patients.services import take_task
from tests.concurrency.conftest import race
from tests.dispatch.test_alerts import AT_NIGHT, grave, on_call, told

__all__ = ["on_call"]
LATE = AT_NIGHT + ACKNOWLEDGE_WITHIN


def test_two_workers_tell_one_next_person(clinic: Clinic, on_call: User) -> None:
    grave(clinic)

    race(*[lambda: escalate.escalate(at=LATE)] * 4)

    assert told() == [(1, "first"), (2, "second")]


@pytest.mark.parametrize("is_protected", [True, False])
def test_who_takes_it_while_a_worker_looks_is_in_time(
    clinic: Clinic, on_call: User, is_protected: bool
) -> None:
    """Without the second look behind the lock, the control arm, somebody is told in vain."""
    task = grave(clinic)
    tell_next = escalate._tell_next

    def take_first(*, task_id: Any, step: int, at: datetime) -> None:
        race(lambda: take_task(task_id=task_id, at=at, by=on_call))
        if is_protected:
            tell_next(task_id=task_id, step=step, at=at)
        else:
            tell(task=StaffTask.objects.get(pk=task_id), step=step + 1, at=at)

    with patch.object(escalate, "_tell_next", take_first):
        escalate.escalate(at=LATE)

    assert StaffAlert.objects.filter(task=task, step=2).exists() is not is_protected
