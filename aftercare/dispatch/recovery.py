"""What this process knows and the database does not, because it was lost before it could be told.

A provider has answered, and then the database is gone: without this memory, the message would be
in doubt, though there is somebody who knows. It is written down as soon as the database is back, by
the same run or a later one of this process. If the process dies too, the message is in doubt.
"""

import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from aftercare.dispatch.outcome import AttemptResult, record, record_attempt
from aftercare.lifecycle import ACCEPTED
from aftercare.models import Message, MessageStatus, Outcome

PAUSE = timedelta(minutes=1)  # of what could not be sent because somebody else held it


class Memory(threading.local):
    """Of one thread: what another one is about to do is not for this one to record."""

    def __init__(self) -> None:
        self.results: dict[UUID, AttemptResult] = {}
        self.uncalled: dict[UUID, str] = {}  # marked by this worker, but certainly not sent

    def discard(self, message_id: UUID) -> None:
        self.results.pop(message_id, None)
        self.uncalled.pop(message_id, None)


memory = Memory()


def recover(*, at: datetime, pause: timedelta = PAUSE) -> None:
    """Record what the database has missed; what could not be sent waits for the `pause`.

    What a provider accepted counts even if a reaper or a person has decided otherwise meanwhile;
    anything else counts only while the message is still ours.
    """
    for message_id, result in list(memory.results.items()):
        with transaction.atomic(durable=True):
            if message := Message.objects.locked().filter(pk=message_id).first():
                _record_late(message, result)
        memory.discard(message_id)
    for message_id, worker in list(memory.uncalled.items()):
        with transaction.atomic(durable=True):
            ours = Message.objects.filter(status=MessageStatus.SENDING, worker=worker)
            if unsent := ours.locked().filter(pk=message_id).first():
                unsent.attempts -= 1
                unsent.requeue(due_at=at + pause, reason=unsent.reason)
        memory.discard(message_id)


def _record_late(message: Message, result: AttemptResult) -> None:
    if message.status == MessageStatus.SENDING and message.worker == result.worker:
        record(message, result)
    elif result.outcome == Outcome.ACCEPTED and message.status not in ACCEPTED:
        record_attempt(message, result)
        message.record_acceptance(at=result.at, provider_id=result.provider_id)
