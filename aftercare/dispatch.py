"""Sending what is due: claim, mark, call. The whole story is in docs/messages.md."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, connection, transaction

from aftercare import guard, suppression, untold
from aftercare.accepting import settle_accepted
from aftercare.channels import Channel, Channels, ProviderKind, Refused, Unknown
from aftercare.held import Place, Reader, places
from aftercare.leases import Mark, claim, mark, release
from aftercare.models import Message, MessageTemplate, Outcome
from aftercare.reaper import expire, reap
from aftercare.rendering import render, template_for
from aftercare.tries import BACK_OFF, LEASE, MAX_ATTEMPTS, Tried, settle
from clinic.retries import PASSING

__all__ = [
    "BACK_OFF",
    "BATCH",
    "LEASE",
    "MAX_ATTEMPTS",
    "call",
    "claim",
    "mark",
    "reap",
    "send_due",
]

logger = logging.getLogger(__name__)

# Claimed at once. A run gives back what it did not get to, so the lease covers any batch.
BATCH = 50
# And one call more, of 11 at most: a worker that is told to stop has stopped within 25.
MAX_SECONDS = 12.0
TextFor = Callable[[Message], MessageTemplate]


def send_due(
    *, clock: Callable[[], datetime], max_messages: int = 1000, max_seconds: float = MAX_SECONDS
) -> int:
    """Send what is due, bounded so that a worker can be stopped at any time; returns how many
    messages were called for. `clock` tells the time (UTC) whenever it is needed."""
    ends = monotonic() + max_seconds
    untold.tell(at=clock())
    if objection := guard.check():
        logger.error("nothing is sent: %s; see manage.py resume_dispatch", objection)
        return 0
    expire(at=clock())
    with Channels() as channels:
        reap(at=clock(), channels=channels, until=ends)
        run = Run(clock=clock, channels=channels, ends=ends)
        try:
            run.send(max_messages)
        except (OperationalError, InterfaceError) as error:
            logger.error("the database was lost while messages were sent: %s", type(error).__name__)
            _come_back(run)
    return run.called


class Run:
    """One bounded run of one worker."""

    def __init__(self, *, clock: Callable[[], datetime], channels: Channels, ends: float) -> None:
        self.clock, self.channels, self.ends = clock, channels, ends
        self.worker = uuid4().hex
        self.called = 0
        self._reader = Reader()
        self._texts: dict[tuple[Any, ...], MessageTemplate] = {}

    def send(self, max_messages: int) -> None:
        while self.called < max_messages and self._has_time():
            limit = min(BATCH, max_messages - self.called)
            ids = claim(worker=self.worker, at=self.clock(), limit=limit)
            if not ids:
                return
            try:
                self._send_batch(ids)
            finally:
                release(worker=self.worker)

    def _send_batch(self, ids: list[UUID]) -> None:
        """Call for one after another. Each is marked in the transaction that records the one
        before: one commit a message, and still committed before its own call."""
        known = places(ids)
        is_marked = False
        for message_id, following in pairwise([*ids, None]):
            assert message_id
            if not is_marked and not self._mark(message_id):
                continue
            self.called += 1
            is_marked = call(
                message_id,
                worker=self.worker,
                at=self.clock(),
                channels=self.channels,
                place=known[message_id],
                reader=self._reader,
                text_for=self._text_for,
                following=partial(self._following, following),
            )

    def _mark(self, message_id: UUID) -> bool:
        following = self._following(message_id)
        if following is None:
            return False
        # if the commit is lost, it may be marked or not
        untold.memory.not_called[message_id] = self.worker
        is_marked = mark(following.message_id, worker=following.worker, at=following.at)
        if not is_marked:
            del untold.memory.not_called[message_id]
        return is_marked

    def _following(self, message_id: UUID | None) -> Mark | None:
        """The next to be marked, while there is one and time for it."""
        if message_id is None or not self._has_time():
            return None
        return Mark(message_id, self.worker, self.clock())

    def _text_for(self, message: Message) -> MessageTemplate:
        """A text that was new when the run began is new enough."""
        key = (message.step_id, message.channel, message.patient.language)
        if key not in self._texts:
            self._texts[key] = template_for(message)
        return self._texts[key]

    def _has_time(self) -> bool:
        return monotonic() < self.ends


def call(
    message_id: UUID,
    *,
    worker: str,
    at: datetime,
    channels: Channels,
    place: Place | None = None,
    reader: Reader | None = None,
    text_for: TextFor = template_for,
    following: Callable[[], Mark | None] = lambda: None,
) -> bool:
    """Send one marked message while its row is locked, and record what came of it.

    1. Take the locks: address and consent, shared, so that whoever withdraws waits; then the row.
       Another worker or a cancellation may have been faster.
    2. Re-check, with a fresh read behind the locks, whether it still makes sense. Reading in the
       statement that locks would not do: what it joins is as old as the statement.
    3. Call the provider and write down the outcome, in the transaction that holds the locks, and
       mark the `following` message; returns whether it is marked.
    """
    tried: Tried | None = None
    reader = reader or Reader()
    untold.memory.not_called[message_id] = worker
    try:
        with transaction.atomic(durable=True):
            if message := reader.locked(message_id, worker=worker, place=place):
                objection = suppression.verdict(message, at)
                if objection:
                    _spare(message, objection, at=at)
                else:
                    tried = _send(
                        message, at=at, channel=channels[message.channel], text_for=text_for
                    )
                    untold.memory.tries[message_id] = tried
            is_marked = _settle(message, tried, following())
    except (OperationalError, InterfaceError) as error:
        if getattr(error.__cause__, "sqlstate", None) not in PASSING:
            raise
        logger.warning("message %s waits: somebody else holds it or its address", message_id)
        untold.tell(at=at)
        return False
    except Exception as error:
        logger.exception("message %s cannot be dealt with", message_id)
        if tried is None:
            _count(message_id, f"error: {type(error).__name__}", worker=worker, at=at)
        return False
    untold.forget(message_id)
    return is_marked


def _settle(message: Message | None, tried: Tried | None, following: Mark | None) -> bool:
    """Write down what a try came to, and mark the following message unless somebody holds it: who
    holds another row must not wait for it."""
    if following:  # if the commit is lost, it may be marked or not
        untold.memory.not_called[following.message_id] = following.worker
    if message and tried and tried.outcome == Outcome.ACCEPTED:
        is_marked = settle_accepted(message, tried, following=following)
    else:
        if message and tried:
            settle(message, tried)
        is_marked = following is not None and mark(
            following.message_id, worker=following.worker, at=following.at, waits=False
        )
    if following and not is_marked:
        untold.memory.not_called.pop(following.message_id)
    return is_marked


def _spare(message: Message, objection: suppression.Verdict, *, at: datetime) -> None:
    """End or put off what should not go out now."""
    if objection.due_at:
        message.attempts -= 1  # nothing was tried
        message.put_back(due_at=objection.due_at, reason=objection.reason)
    else:
        message.end(objection.status, objection.reason, at=at)


def _send(
    message: Message, *, at: datetime, channel: Channel, text_for: TextFor = template_for
) -> Tried:
    """Call the provider, and tell what came of it."""
    came_to = partial(
        Tried,
        provider=channel.code,
        kind=channel.kind,
        worker=message.worker,
        number=message.attempts,
        at=at,
    )
    try:
        message.template = text_for(message)
        outgoing = render(message, message.template)
    except Exception as error:  # whatever a text does wrong, it is certain that nothing was sent
        logger.exception("message %s cannot be put into words", message.pk)
        return came_to(Outcome.REFUSED, detail=f"no text: {type(error).__name__}: {error}")
    untold.memory.not_called.pop(message.pk, None)
    began = monotonic()

    def took() -> int:
        return round((monotonic() - began) * 1000)

    try:
        provider_id = channel.send(outgoing)
    except Refused as error:
        return came_to(
            Outcome.REFUSED, detail=str(error), permanent=error.permanent, duration_ms=took()
        )
    except Unknown as error:
        return came_to(Outcome.UNKNOWN, detail=str(error), duration_ms=took())
    except Exception as error:  # a fault of ours, and nobody knows how far it had come
        logger.error("message %s: %s while it was sent", message.pk, type(error).__name__)
        return came_to(Outcome.UNKNOWN, detail=f"error: {type(error).__name__}", duration_ms=took())
    return came_to(Outcome.ACCEPTED, provider_id=provider_id, duration_ms=took())


def _count(message_id: UUID, detail: str, *, worker: str, at: datetime) -> None:
    """A message that cannot even be looked at has used up a try, or it would come for ever."""
    with transaction.atomic(durable=True):
        if message := Message.objects.locked().filter(pk=message_id, worker=worker).first():
            settle(
                message,
                Tried(
                    outcome=Outcome.REFUSED,
                    provider="",
                    kind=ProviderKind.NONE,
                    worker=worker,
                    number=message.attempts,
                    at=at,
                    detail=detail,
                ),
            )
    untold.forget(message_id)


def _come_back(run: Run) -> None:
    """The database was lost: wait for it as long as this run may last, and tell it what it
    missed. What does not succeed now does so in a later run of this process."""
    while True:
        connection.close()
        try:
            untold.tell(at=run.clock())
            release(worker=run.worker)
        except (OperationalError, InterfaceError):
            if monotonic() >= run.ends:
                return
            time.sleep(0.25)
        else:
            return
