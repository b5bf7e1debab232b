"""What this process knows and the database does not, because it was lost before it could be told.

A provider has answered, and then the database is gone: without this memory, the message would be
in doubt, though there is somebody who knows. It is told as soon as the database is back, by the
same run or a later one of this process. If the process dies too, the message is in doubt.
"""

import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from aftercare.dispatch.outcome import Tried, keep, settle
from aftercare.lifecycle import ACCEPTED
from aftercare.models import Message, MessageStatus, Outcome

PAUSE = timedelta(minutes=1)  # of what could not be sent because somebody else held it


class Memory(threading.local):
    """Of one thread: what another one is about to do is not for this one to tell."""

    def __init__(self) -> None:
        self.tries: dict[UUID, Tried] = {}
        self.not_called: dict[UUID, str] = {}  # marked by this worker, but certainly not sent


memory = Memory()


def tell(*, at: datetime) -> None:
    """Write it down.

    What a provider accepted counts even if a reaper or a person has decided otherwise meanwhile;
    anything else counts only while the message is still ours.
    """
    for message_id, tried in list(memory.tries.items()):
        with transaction.atomic(durable=True):
            message = Message.objects.locked().filter(pk=message_id).first()
            if message:
                _tell(message, tried)
        forget(message_id)
    for message_id, worker in list(memory.not_called.items()):
        with transaction.atomic(durable=True):
            ours = Message.objects.filter(status=MessageStatus.SENDING, worker=worker)
            if unsent := ours.locked().filter(pk=message_id).first():
                unsent.attempts -= 1
                unsent.requeue(due_at=at + PAUSE, reason=unsent.reason)
        forget(message_id)


def _tell(message: Message, tried: Tried) -> None:
    if message.status == MessageStatus.SENDING and message.worker == tried.worker:
        settle(message, tried)
    elif tried.outcome == Outcome.ACCEPTED and message.status not in ACCEPTED:
        keep(message, tried)
        message.record_acceptance(at=tried.at, provider_id=tried.provider_id)


def forget(message_id: UUID) -> None:
    memory.tries.pop(message_id, None)
    memory.not_called.pop(message_id, None)
