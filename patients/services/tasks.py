"""Raising and finishing the tasks of the staff."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_step, retried_transaction
from clinic.errors import Conflict, DomainError, NotAllowed
from clinic.models import Clinic, User
from clinic.values.moments import date_in_words
from patients.models import (
    Audience,
    BreakGlass,
    Patient,
    StaffTask,
    TaskKind,
    TaskSeverity,
    TaskStatus,
)
from patients.models.task import GRAVE, MOST_NOTED
from patients.signals import grave_task_raised


class TaskDone(Conflict):
    code = "task_done"
    title = gettext_noop("This task is done already")


class TaskTaken(Conflict):
    code = "task_taken"
    title = gettext_noop("Somebody else is on this task")


class NoteTooLong(DomainError):
    code = "note_too_long"
    title = gettext_noop("The notes of this task are full")


class NoticeOfYourOwn(NotAllowed):
    code = "notice_of_your_own"
    title = gettext_noop("This is told to those who treat")


class OutcomeMissing(DomainError):
    code = "outcome_missing"
    title = gettext_noop("Say what came of it")


@retried_step
def raise_task(
    *,
    clinic: Clinic,
    kind: str,
    title: str,
    source: str,
    at: datetime,
    due_at: datetime | None = None,
    patient: Patient | None = None,
    detail: str = "",
    audience: str = Audience.FRONT_DESK,
    severity: str = TaskSeverity.ROUTINE,
) -> StaffTask:
    """Put something on the list of the staff, unless the task of this `source` is still open;
    returns it. It is due at once where `due_at` does not say until when there is time; of what is
    grave somebody learns at once in any case. Never fails on a long text: a task must not undo what
    raised it."""
    task = StaffTask(
        clinic=clinic,
        patient=patient,
        kind=kind,
        audience=audience,
        severity=severity,
        title=title[:160],
        detail=detail[:4_000],
        due_at=due_at or at,
        source=source[:120],
    )
    # ON CONFLICT DO NOTHING waits for another transaction that raises the same one.
    StaffTask.objects.bulk_create([task], ignore_conflicts=True)
    found = StaffTask.objects.filter(source=task.source).order_by("-id")[0]
    if found.severity in GRAVE:
        grave_task_raised.send(StaffTask, task=found, at=at)
    return found


@retried_step
def raise_tasks(tasks: Sequence[StaffTask]) -> None:
    """`raise_task` of many routine ones, which nobody has to learn of at once, in one statement."""
    for task in tasks:
        task.title = task.title[:160]
    StaffTask.objects.bulk_create(tasks, ignore_conflicts=True)


@retried_transaction
def note_task(
    *, task_id: UUID, note: str, at: datetime, by: User, after: bool = False
) -> StaffTask:
    """Keep a note on a task that goes on, such as “called twice”; below what stands there with
    `after`. Raises TaskDone, NoteTooLong."""
    task = _open_task(task_id)
    task.done_note = _noted(task, note, after=after)
    task.save(update_fields=["done_note"])
    return task


@retried_transaction
def take_task(*, task_id: UUID, at: datetime, by: User, take_over: bool = False) -> StaffTask:
    """Say that one is on it, so that nobody else begins too; from somebody else with `take_over`.

    Raises TaskDone, TaskTaken.
    """
    task = _open_task(task_id)
    if task.taken_by_id == by.pk:
        return task
    if task.taken_by and task.taken_at and not take_over:
        raise TaskTaken(
            gettext("{taken_by} is on it since {taken_at} UTC.").format(
                taken_by=task.taken_by, taken_at=date_in_words(task.taken_at, "H:i")
            )
        )
    task.taken_at, task.taken_by = at, by
    task.save(update_fields=["taken_at", "taken_by"])
    return task


@retried_transaction
def finish_task(
    *, task_id: UUID, at: datetime, by: User | None, note: str = "", after: bool = False
) -> StaffTask:
    """Tick a task off; one that is grave, about what a patient has reported, or about a recalled
    lot, with its outcome, below what was noted before with `after`.

    Raises TaskDone, OutcomeMissing, NoteTooLong, NoticeOfYourOwn.
    """
    task = _open_task(task_id)
    if task.kind == TaskKind.BREAK_GLASS and by and _is_own_notice(task, by):
        raise NoticeOfYourOwn(gettext("Whoever treats this patient ticks it off."))
    if task.needs_outcome and not note.strip():
        raise OutcomeMissing(
            gettext("Say what the patient said.")
            if task.kind == TaskKind.LOT_RECALL
            else gettext("Say what was found and done; the patient's next session waits for it."),
            field="note",
        )
    task.done_note = _noted(task, note, after=after)
    task.status, task.done_at, task.done_by = TaskStatus.DONE, at, by
    task.save()
    return task


def _is_own_notice(task: StaffTask, by: User) -> bool:
    """Who opens records by role alone is told nothing; who treats too, of what they opened."""
    if not by.has_perm("patients.add_breakglass"):
        return False
    glass = task.source.rpartition(":")[2]
    return not by.keeps_to_teams or BreakGlass.objects.filter(pk=glass, by=by).exists()


def _noted(task: StaffTask, note: str, *, after: bool) -> str:
    if not after or not task.done_note:
        return note
    both = f"{task.done_note}\n{note}".strip()
    if len(both) > MOST_NOTED:
        left = max(0, MOST_NOTED - len(task.done_note) - 1)
        raise NoteTooLong(
            gettext("There is room for {left} characters more.").format(left=left), field="note"
        )
    return both


def _open_task(task_id: UUID) -> StaffTask:
    task = StaffTask.objects.select_for_update(of=("self",)).get(pk=task_id)
    if task.status == TaskStatus.DONE and task.done_at:
        raise TaskDone(
            gettext("It was done on {day} at {time} UTC.").format(
                day=date_in_words(task.done_at, "j M Y"), time=date_in_words(task.done_at, "H:i")
            )
        )
    return task


@retried_step
def finish_source(*, source: str, at: datetime, by: User | None, note: str = "") -> None:
    """Tick off the open task of a cause that has been settled, if there is one. The note goes below
    what was noted before, as far as there is room."""
    for task in StaffTask.objects.open().filter(source=source).select_for_update(of=("self",)):
        noted = "\n".join(filter(None, (task.done_note, note)))[:MOST_NOTED]
        StaffTask.objects.filter(pk=task.pk).update(
            status=TaskStatus.DONE, done_at=at, done_by=by, done_note=noted
        )
