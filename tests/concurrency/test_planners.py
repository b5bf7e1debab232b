"""Many who plan at once, and beats that wake workers meanwhile: each wanted message once."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.planning.plan import plan_messages
from aftercare.tasks import send_due_messages
from clinic.models import Clinic
from sessions.models import TreatmentSession
from tests.concurrency.conftest import race
from tests.factories import (
    CareStepFactory,
    ContactConsentFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    SessionFactory,
    TemplateFactory,
)
from tests.support.doubles import SmtpServer

PLANNERS = 8
BEATS = 3
SESSIONS = 40
STEPS = 5


@pytest.fixture
def sessions(clinic: Clinic) -> list[TreatmentSession]:
    protocol = ProtocolFactory()
    for _ in range(STEPS):
        TemplateFactory(step=CareStepFactory(anchor=Anchor.BOOKED))
    found: list[TreatmentSession] = []
    for _ in range(SESSIONS):
        patient = PatientFactory(clinic=clinic)
        ContactConsentFactory(patient=patient)
        found.append(SessionFactory(plan=PlanFactory(patient=patient, protocol=protocol)))
    return found


def plan(sessions: list[TreatmentSession]) -> str:
    now = timezone.now()
    for session in sessions:
        with transaction.atomic():
            plan_messages(session=session, anchors=[Anchor.BOOKED], at=now)
    return "planned"


def beating(until: threading.Event) -> Callable[[], str]:
    """What a worker does each time that a beat wakes it."""

    def work() -> str:
        while not until.is_set() or Message.objects.open().exists():
            send_due_messages()
        return "sent"

    return work


def test_eight_planners_and_three_beats_make_every_message_once(
    sessions: list[TreatmentSession], smtp: SmtpServer
) -> None:
    planners = iter(range(PLANNERS))
    planned = threading.Event()

    def work() -> str:
        try:
            return plan(sessions)
        finally:
            if next(planners) == PLANNERS - 1:
                planned.set()

    outcomes = race(*[work] * PLANNERS, *[beating(planned)] * BEATS)

    assert outcomes == {"planned": PLANNERS, "sent": BEATS}
    assert Message.objects.filter(status=MessageStatus.SENT).count() == SESSIONS * STEPS
    assert Message.objects.count() == SESSIONS * STEPS
    keys = [re.search(r"^Message-ID: <(.+?)@", m, re.MULTILINE) for m in smtp.accepted]
    received = Counter(found[1] for found in keys if found)
    assert received == {str(key): 1 for key in Message.objects.values_list("pk", flat=True)}


@contextmanager
def without_the_constraint() -> Iterator[None]:
    name = "message_once_per_session_step_channel"
    constraint = next(c for c in Message._meta.constraints if c.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Message, constraint)
    try:
        yield
    finally:
        Message.objects.all().delete()  # else it could not be put back
        with connection.schema_editor() as editor:
            editor.add_constraint(Message, constraint)


def test_control_without_the_constraint_there_are_too_many(
    sessions: list[TreatmentSession],
) -> None:
    """This shows that the planners above do plan the same messages at the same time."""
    with without_the_constraint():
        race(*[lambda: plan(sessions)] * PLANNERS)

        assert Message.objects.count() > SESSIONS * STEPS
