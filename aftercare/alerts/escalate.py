"""From a grave task to rows that say who is to be told, and when the next person is."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q

from aftercare.alerts.recipients import recipients
from aftercare.models import AlertStep, StaffAlert
from clinic.db.retries import retried_step, retried_transaction
from patients.models import Channel, StaffTask

ACKNOWLEDGE_WITHIN = timedelta(minutes=30)


@retried_step
def tell(*, task: StaffTask, step: int, at: datetime) -> None:
    """Write down who is to be told of a task at this step; a second time it changes nothing."""
    rows = [
        StaffAlert(task=task, person=person, step=step, channel=channel, raised_at=at, due_at=at)
        for person in recipients(task, step, at=at)
        for channel, address in ((Channel.SMS, person.mobile), (Channel.EMAIL, person.email))
        if address
    ]
    StaffAlert.objects.bulk_create(rows, ignore_conflicts=True)


@retried_step
def tell_at_once(*, task: StaffTask, at: datetime) -> None:
    """Whoever is on call learns of a task when it is raised; not again while it is open."""
    if task.taken_at is None and _last_step(task) == 0:
        tell(task=task, step=AlertStep.ON_CALL, at=at)


def escalate(*, at: datetime) -> None:
    """Tell the next person of what nobody is on. Ticks that were missed are made up for by one
    step at once, not by all: whoever is told has the whole time to answer."""
    late = Q(step=None, due_at__lte=at) | Q(
        step__lt=AlertStep.MANAGER, told_at__lte=at - ACKNOWLEDGE_WITHIN
    )
    waiting = (
        StaffTask.objects.grave()
        .filter(taken_at=None)
        .annotate(step=Max("alerts__step"), told_at=Max("alerts__raised_at"))
        .filter(late)
    )
    for task_id, step in list(waiting.order_by("pk").values_list("pk", "step")):
        _tell_next(task_id=task_id, step=step or 0, at=at)


@retried_transaction
def _tell_next(*, task_id: UUID, step: int, at: datetime) -> None:
    """Behind the task's lock: somebody may have taken it, or another worker been faster."""
    untaken = StaffTask.objects.grave().filter(pk=task_id, taken_at=None)
    task = untaken.select_for_update(of=("self",), skip_locked=True).first()
    if task and _last_step(task) == step:
        tell(task=task, step=step + 1, at=at)


def _last_step(task: StaffTask) -> int:
    return StaffAlert.objects.filter(task=task).aggregate(last=Max("step"))["last"] or 0
