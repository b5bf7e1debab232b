"""While a clinician has a grave report to act on, routine texts of that patient stand still."""

from datetime import timedelta
from typing import Any

import pytest

from aftercare.dispatch.recheck import STANDS_STILL
from aftercare.models import Anchor, Message
from patients.models import Purpose, StaffTask, TaskSeverity
from patients.services import finish_task
from sessions.lifecycle import Status
from sessions.services import note_side_effect, resolve_side_effect
from tests.dispatch.test_dispatch import ready, seen, send
from tests.factories import DAY, HOUR, NINE, CareStepFactory, SideEffectFactory, StaffTaskFactory
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db


def after(**step: object) -> Message:
    """A message of day three that is due now."""
    past = NINE - 3 * DAY
    return ready(
        session__starts_at=past,
        session__status=Status.COMPLETED,
        session__completed_at=past,
        step=CareStepFactory(**{"anchor": Anchor.COMPLETED, "offset": timedelta(days=3), **step}),
        expires_at=NINE + 2 * DAY,
    )


def report_on(message: Message, severity: TaskSeverity = TaskSeverity.RED) -> StaffTask:
    task: StaffTask = StaffTaskFactory(
        clinic=message.clinic, patient=message.patient, severity=severity
    )
    return task


def resolve(task: StaffTask) -> None:
    finish_task(task_id=task.pk, at=NINE + HOUR / 2, by=None, note="seen")


def test_they_wait_until_the_last_grave_report_is_resolved_and_then_go_on(
    smtp: SmtpServer,
) -> None:
    message = after()
    other = after()
    tasks = [report_on(message), report_on(message, TaskSeverity.EMERGENCY)]

    send()

    assert seen(message) == ("PENDING", STANDS_STILL)
    assert message.attempts == 0
    assert seen(other)[0] == "SENT"
    resolve(tasks[0])
    assert send(NINE + HOUR / 2) == 0
    resolve(tasks[1])
    assert send(NINE + HOUR / 2) == 1  # at once, not at the next look
    assert seen(message) == ("SENT", "")


@pytest.mark.parametrize("becomes", ["resolved", "milder"])
def test_a_severe_side_effect_holds_them_though_nobody_has_reported_it(
    smtp: SmtpServer, becomes: str
) -> None:
    message = after()
    effect = SideEffectFactory(session=message.session, grade=3, is_expected=False)
    report = report_on(message)

    send()
    resolve(report)
    assert send(NINE + HOUR / 2) == 0  # the side effect lasts
    assert seen(message) == ("PENDING", STANDS_STILL)

    about: dict[str, Any] = {
        "side_effect_id": effect.pk,
        "at": NINE + HOUR / 2,
        "by": effect.recorded_by,
    }
    if becomes == "resolved":
        resolve_side_effect(resolution="healed", **about)
    else:
        note_side_effect(grade=2, is_expected=False, note="better", **about)
    assert send(NINE + HOUR / 2) == 1


def test_a_side_effect_that_is_not_severe_holds_nothing(smtp: SmtpServer) -> None:
    message = after()
    SideEffectFactory(session=message.session, grade=2)

    assert send() == 1


def test_they_are_looked_at_again_though_nobody_has_told(smtp: SmtpServer) -> None:
    message = after()
    task = report_on(message)
    send()
    StaffTask.objects.filter(pk=task.pk).update(status="DONE", done_at=NINE, done_note="by SQL")

    assert send(NINE + HOUR - timedelta(seconds=1)) == 0
    assert send(NINE + HOUR) == 1


@pytest.mark.parametrize("severity", [TaskSeverity.AMBER, TaskSeverity.ROUTINE])
def test_what_is_not_grave_holds_nothing(smtp: SmtpServer, severity: TaskSeverity) -> None:
    message = after()
    report_on(message, severity)

    assert send() == 1


def test_warning_signs_and_what_is_said_of_a_visit_go_out_all_the_same(smtp: SmtpServer) -> None:
    signs = after(is_safety=True)
    visit = ready(step=CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY))
    for message in (signs, visit):
        report_on(message)

    assert send() == 2


def test_nobody_is_invited_either(smtp: SmtpServer) -> None:
    missed = ready(
        step=CareStepFactory(anchor=Anchor.MISSED, offset=timedelta(hours=2)),
        session__starts_at=NINE - DAY,
        session__status=Status.NO_SHOW,
    )
    recall = after(purpose=Purpose.RECALL)
    for message in (missed, recall):
        report_on(message)

    send()

    assert seen(missed) == ("PENDING", STANDS_STILL)
    assert recall.step.purpose == Purpose.RECALL


def test_a_text_that_waited_too_long_is_not_sent_and_somebody_calls(smtp: SmtpServer) -> None:
    message = after()
    report_on(message)

    send(NINE + 2 * DAY)

    assert seen(message)[0] == "EXPIRED"
    assert StaffTask.objects.filter(patient=message.patient, kind="MESSAGE_EXPIRED").exists()
