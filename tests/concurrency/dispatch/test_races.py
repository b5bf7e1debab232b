"""A thousand sends, and somebody who says no: after the answer nothing is accepted any more."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from unittest.mock import patch

import pytest
from django.db.models import QuerySet

from aftercare.dispatch import locked_read
from aftercare.dispatch import run as dispatch
from aftercare.models import AddressSource, Message, MessageStatus
from aftercare.replies import opt_out
from clinic.models import Clinic, User
from patients.models import Channel, Purpose
from patients.services import record_contact_consent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.concurrency.booking.unlocked import UNLOCKED
from tests.concurrency.conftest import race
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    SessionFactory,
    TemplateFactory,
    clinical_rules,
)
from tests.support.doubles import HttpGateway

SENDERS = 3
SESSIONS = 50
EACH = 20  # messages of a session, next to each other in the queue: many are on their way at once
TODAY = NINE - 3 * DAY
STOPPED = (MessageStatus.SUPPRESSED, MessageStatus.CANCELLED)


@dataclass
class Desk:
    """Says no to one session after the other, as soon as its first messages are out."""

    gateway: HttpGateway
    no: Callable[[TreatmentSession], Any]
    answered: dict[str, float] = field(default_factory=dict)  # by session
    _seen: int = 0
    _accepted: "Counter[str]" = field(default_factory=Counter)

    def work(self, sessions: list[TreatmentSession]) -> str:
        for session in sessions:
            while self.accepted(str(session.pk)) < 3:
                sleep(0.001)
            self.no(session)
            self.answered[str(session.pk)] = monotonic()
        return "answered"

    def accepted(self, session: str) -> int:
        new = self.gateway.requests[self._seen :]
        self._seen += len(new)
        self._accepted.update(self.session_of[key_of(request)] for request in new)
        return self._accepted[session]

    def remember(self) -> None:
        pairs = Message.objects.values_list("pk", "session")
        self.session_of = {str(key): str(session) for key, session in pairs}

    def late(self) -> list[float]:
        """By how many seconds the provider accepted something after the answer."""
        return [
            request["at"] - self.answered[session]
            for request in self.gateway.requests
            if (session := self.session_of.get(key_of(request))) in self.answered
            and request["at"] > self.answered[session]
        ]


def key_of(request: dict[str, Any]) -> str:
    return str(json.loads(request["body"])["key"])


def upcoming(clinic: Clinic, count: int) -> list[TreatmentSession]:
    """Sessions of as many patients, each with due messages."""
    clinical_rules()
    protocol, step = ProtocolFactory(), CareStepFactory(anchor="BOOKED", is_safety=True)
    TemplateFactory(step=step, channel=Channel.SMS)
    made: list[TreatmentSession] = []
    for _ in range(count):
        patient = PatientFactory(clinic=clinic)
        made.append(SessionFactory(plan=PlanFactory(patient=patient, protocol=protocol)))
        ContactConsentFactory(patient=patient, channel=Channel.SMS, recorded_at=TODAY - DAY)
    Message.objects.bulk_create(
        Message(
            clinic=clinic,
            patient=session.patient,
            session=session,
            step=step,
            channel=Channel.SMS,
            occurrence=number,
            due_at=TODAY,
            expires_at=TODAY + DAY,
        )
        for session in made
        for number in range(2, EACH + 2)
    )
    return made


def cancel(session: TreatmentSession, by: User) -> None:
    services.move_session(session_id=session.pk, to=Status.CANCELLED, at=TODAY, by=by)


def reschedule(session: TreatmentSession, by: User) -> None:
    services.reschedule_session(
        session_id=session.pk, starts_at=session.starts_at + DAY, at=TODAY, by=by
    )


def withdraw(session: TreatmentSession, by: User) -> None:
    record_contact_consent(
        patient_id=session.patient_id,
        channel=Channel.SMS,
        purpose=Purpose.CARE,
        granted=False,
        wording="Please stop.",
        at=TODAY,
        by=by,
    )


def stop(session: TreatmentSession, by: User) -> None:
    """What the webhook does for a STOP from the patient's phone."""
    opt_out.record(
        channel=Channel.SMS,
        address=session.patient.mobile,
        granted=False,
        source=AddressSource.REPLY,
        wording="STOP",
        at=TODAY,
    )


def let_race(desk: Desk, sessions: list[TreatmentSession], hesitation: float = 0.03) -> None:
    """The provider hesitates: in that time a no can come, unless it has to wait."""
    desk.remember()
    desk.gateway.hesitation = hesitation
    ended = threading.Event()

    def answer() -> str:
        try:
            return desk.work(sessions)
        finally:
            ended.set()

    def send() -> str:
        while dispatch.send_due(clock=lambda: TODAY) or not ended.is_set():
            pass
        return "sent"

    assert race(answer, *[send] * SENDERS) == {"answered": 1, "sent": SENDERS}


@pytest.mark.parametrize("no", [cancel, reschedule, withdraw, stop])
def test_nothing_is_accepted_after_the_answer(
    no: Callable[[TreatmentSession, User], None],
    clinic: Clinic,
    gateway: HttpGateway,
    dana: User,
) -> None:
    sessions = upcoming(clinic, SESSIONS)
    desk = Desk(gateway, lambda session: no(session, dana))

    let_race(desk, sessions)

    assert len(desk.answered) == SESSIONS
    assert desk.late() == []
    old = Message.objects.filter(session__in=sessions, channel=Channel.SMS)
    statuses = Counter(old.values_list("status", flat=True))
    is_opt_out = no in (withdraw, stop)
    stopped = MessageStatus.SUPPRESSED if is_opt_out else MessageStatus.CANCELLED
    # Planning follows what was said, too: what it meets waiting, it cancels before any re-check.
    assert {MessageStatus.SENT, stopped} <= set(statuses) <= {*STOPPED, MessageStatus.SENT}
    assert statuses[MessageStatus.SENT] == len(set(map(key_of, gateway.requests)))


@contextmanager
def without_locks() -> Iterator[None]:
    """Neither rows nor names are locked by anybody."""
    with (
        patch.object(QuerySet, "select_for_update", lambda rows, *_, **__: rows),
        patch.object(locked_read, "ROW", UNLOCKED),
        patch.object(locked_read, "statement", lambda **_: ("SELECT", [])),
    ):
        yield


@pytest.mark.parametrize("no", [cancel, withdraw, stop])
def test_control_without_the_locks_messages_follow_the_answer(
    no: Callable[[TreatmentSession, User], None],
    clinic: Clinic,
    gateway: HttpGateway,
    dana: User,
) -> None:
    """This shows that the answers above come while messages are on their way; slowly, or on a busy
    machine all of a session's would be out before the answer."""
    sessions = upcoming(clinic, SESSIONS // 4)
    desk = Desk(gateway, lambda session: no(session, dana))

    with without_locks():
        let_race(desk, sessions, hesitation=0.1)

    assert desk.late() != []
