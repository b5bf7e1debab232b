"""A change of a step that concerns many visits is carried out by workers, whatever happens."""

from typing import Any
from uuid import UUID

import pytest

from aftercare.models import CareStep, Message, StepReplan
from aftercare.planning import gradual
from aftercare.planning.plan import Replan, replan
from aftercare.planning.reconcile import reconcile
from tests.factories import DAY, HOUR, NINE, CareStepFactory, MessageFactory
from tests.planning.steps import done

pytestmark = pytest.mark.django_db


@pytest.fixture
def step(monkeypatch: Any) -> CareStep:
    """With five visits that have a message of it, and two without."""
    monkeypatch.setattr(gradual, "STRETCH", 2)
    step: CareStep = CareStepFactory(offset=3 * DAY, useful_for=2 * DAY)
    for number in range(7):
        session = done(starts_at=NINE - DAY - number * HOUR)
        due = (session.completed_at or NINE) + 3 * DAY
        if number < 5:
            MessageFactory(session=session, step=step, due_at=due, expires_at=due + 2 * DAY)
    return step


def begin(step: CareStep) -> None:
    step.offset = 4 * DAY
    step.save()
    total = gradual.how_many(step, at=NINE)
    gradual.begin_replan(step=step, total=total, at=NINE, by=None)


def test_a_worker_makes_of_it_what_one_replan_would(step: CareStep) -> None:
    step.offset = 4 * DAY
    wanted = replan(step, at=NINE, dry_run=True)
    begin(step)

    more = gradual.go_on_with_replans(at=NINE + HOUR)

    assert wanted == Replan(moved=5, new=2)
    assert not more
    assert not replan(step, at=NINE)
    found = StepReplan.objects.values_list("total", "looked_at", "moved", "cancelled", "new")
    assert found.get() == (7, 7, 5, 0, 2)
    assert StepReplan.objects.get().ended_at == NINE + HOUR


def test_who_is_stopped_is_followed_by_another_who_goes_on(
    step: CareStep, monkeypatch: Any
) -> None:
    looked_at: list[UUID] = []

    def dies_in_the_third(ids: list[UUID], *args: Any, **kwargs: Any) -> Replan:
        result = reconcile(ids, *args, **kwargs)
        if len(looked_at) == 4:
            looked_at.append(ids[0])
            raise RuntimeError("killed")
        looked_at.extend(ids)
        return result

    begin(step)
    monkeypatch.setattr(gradual, "reconcile", dies_in_the_third)
    with pytest.raises(RuntimeError):
        gradual.go_on_with_replans(at=NINE)
    assert StepReplan.objects.get().looked_at == 4

    gradual.go_on_with_replans(at=NINE)

    assert len(looked_at) == 8
    assert sorted(set(looked_at)) == sorted(looked_at[:4] + looked_at[5:])
    assert StepReplan.objects.get().looked_at == 7
    assert not replan(step, at=NINE)


def test_another_change_begins_anew(step: CareStep) -> None:
    begin(step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradual, "STRETCHES", 1)
        gradual.go_on_with_replans(at=NINE)
    step.is_active = False
    begin(step)

    gradual.go_on_with_replans(at=NINE)

    assert StepReplan.objects.get().looked_at == 7
    assert not Message.objects.filter(status="PENDING").exists()
    assert not replan(step, at=NINE)
