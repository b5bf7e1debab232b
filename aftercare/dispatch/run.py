"""Sending what is due: claim, mark, call. The whole story is in docs/messages.md."""

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, connection, transaction

from aftercare.channels import Channel, Channels, ProviderKind, Refused, Unknown
from aftercare.channels.errors import fault
from aftercare.dispatch import confirmed, guard, outages, recheck
from aftercare.dispatch.chain import accept_and_mark
from aftercare.dispatch.claim import claim, claim_probe, mark, release
from aftercare.dispatch.locked_read import LockedMessageReader
from aftercare.dispatch.outcome import BACK_OFF, LEASE, MAX_ATTEMPTS, AttemptResult, record
from aftercare.dispatch.reaper import expire, reap
from aftercare.dispatch.recovery import memory, recover
from aftercare.models import Message, MessageTemplate, Outcome
from aftercare.texts.render import render, template_for
from clinic.db.prepared import may_chain
from clinic.db.retries import PASSING

__all__ = [
    "BACK_OFF",
    "BATCH",
    "LEASE",
    "MAX_ATTEMPTS",
    "Run",
    "claim",
    "mark",
    "reap",
    "send_due",
]

logger = logging.getLogger(__name__)

# Claimed at once by a run that begins, then as many as it sends in a second: where the provider is
# slow, the rest is for other workers. A run gives back what it did not get to, so that the lease
# covers any batch.
BATCH = 10
LARGEST_BATCH = 200
# And one call more, of 11 at most: a worker that is told to stop has stopped within 25.
MAX_SECONDS = 12.0
TextFor = Callable[[Message], MessageTemplate]


def send_due(
    *, clock: Callable[[], datetime], max_messages: int = 1000, max_seconds: float = MAX_SECONDS
) -> int:
    """Send what is due, bounded so that a worker can be stopped at any time; returns how many
    messages were called for. `clock` tells the time (UTC) whenever it is needed."""
    ends = monotonic() + max_seconds
    recover(at=clock())
    objection = guard.check()
    if objection and not guard.follow_failover(at=clock()):
        logger.error("nothing is sent: %s; see manage.py resume_dispatch", objection)
        return 0
    expire(at=clock())
    with Channels() as channels:
        reap(at=clock(), channels=channels, until=ends)
        run = Run(clock=clock, channels=channels, ends=ends)
        try:
            run.begin()
            run.probe()
            run.send(max_messages)
            if run.resting:
                outages.tell_managers(at=clock())
        except (OperationalError, InterfaceError) as error:
            logger.error("the database was lost while messages were sent: %s", type(error).__name__)
            _reconnect(run)
        except confirmed.NotKept:
            logger.error("nothing is sent: Valkey does not take what is safe")
    return run.called


class Run:
    """One bounded run of one worker."""

    def __init__(
        self, *, clock: Callable[[], datetime], channels: Channels, ends: float, worker: str = ""
    ) -> None:
        self.clock, self.channels, self.ends = clock, channels, ends
        self.worker = worker or uuid4().hex
        self.called = 0
        self.resting: set[str] = set()  # channels, see Note [Outage]
        self._rests = False  # the channel of the last message
        self._probing = ""  # the channel that is tried with this message
        self._reader = LockedMessageReader(self.worker)
        self._texts: dict[tuple[Any, ...], MessageTemplate] = {}
        self._confirmed: confirmed.Confirmed | None = None

    def begin(self) -> None:
        """Before anything is claimed. See Note [Fail-over]."""
        self._confirmed = confirmed.of_this_database()
        if self._confirmed:
            self._confirmed.begin()

    def send(self, max_messages: int) -> None:
        batch = BATCH
        while self.called < max_messages and self._has_time():
            limit, began = min(batch, max_messages - self.called), monotonic()
            ids = claim(worker=self.worker, at=self.clock(), limit=limit, resting=self.resting)
            if not ids:
                return
            try:
                self._send_batch(ids)
            finally:
                release(worker=self.worker)
            batch = max(1, min(LARGEST_BATCH, int(len(ids) / (monotonic() - began))))

    def probe(self) -> None:
        """Try the channels that rest with one message each. See Note [Outage]."""
        for outage in outages.take_probe(at=self.clock()):
            self._probing = outage.channel
            try:
                self._send_batch(claim_probe(outage, worker=self.worker, at=self.clock()))
            finally:
                self._probing = ""
                release(worker=self.worker)
        self.resting = outages.resting()

    def _send_batch(self, ids: list[UUID]) -> None:
        self._reader.prefetch(ids)
        self._rests, waiting = False, deque(ids)
        while waiting and self._has_time() and not self._rests:
            message_id = waiting.popleft()
            if self._mark(message_id):
                self.call(message_id, waiting)

    def _mark(self, message_id: UUID) -> bool:
        # if the commit is lost, it may be marked or not
        memory.uncalled[message_id] = self.worker
        is_marked = mark(message_id, worker=self.worker, at=self.clock())
        if not is_marked:
            memory.discard(message_id)
        return is_marked

    def call(self, message_id: UUID, waiting: deque[UUID]) -> None:
        """Send a marked message while its row is locked, and record what came of it; and then
        those that are `waiting`, until one is not accepted.

        1. Take the locks: address and consent, shared, so that whoever withdraws waits; then the
           row. Another worker or a cancellation may have been faster.
        2. Re-check, with a fresh read behind the locks, whether it still makes sense. Reading in
           the statement that locks would not do: what it joins is as old as the statement.
        3. Call the provider, and write down the outcome in the transaction that holds the locks.
        """
        self._current = message_id
        try:
            with transaction.atomic(durable=True):
                message = self._reader.read_locked(message_id)
                while message:
                    message = self._process(message, waiting)
        except (OperationalError, InterfaceError) as error:
            if getattr(error.__cause__, "sqlstate", None) not in PASSING:
                raise
            logger.warning("a message waits: somebody else holds it or its address")
            recover(at=self.clock())
        except confirmed.NotKept:  # no run begins until it can be kept
            recover(at=self.clock(), pause=timedelta(0))
            raise
        except Exception as error:
            logger.exception("message %s cannot be dealt with", self._current)
            if self._current in memory.results:
                recover(at=self.clock())
            else:
                self._record_fault(self._current, f"error: {fault(error)}")
        else:
            memory.discard(self._current)

    def _process(self, message: Message, waiting: deque[UUID]) -> Message | None:
        """Returns the next message, marked and locked, if all went well with this one."""
        self.called += 1
        at = self.clock()
        if objection := recheck.verdict(message, at):
            _withhold(message, objection, at=at)
            return None
        channel = self.channels[message.channel]
        if self._confirmed:
            self._confirmed.keep()
        result = _send(message, at=at, channel=channel, text_for=self._text_for)
        memory.results[message.pk] = result
        if result.outcome == Outcome.ACCEPTED and waiting and self._has_time() and may_chain():
            return self._advance(message, result, waiting)
        self._rests = record(message, result)
        if self._rests:
            self.resting.add(message.channel)
        elif self._probing:
            outages.end(self._probing, at=at)
        return None

    def _advance(
        self, message: Message, result: AttemptResult, waiting: deque[UUID]
    ) -> Message | None:
        """Mark the following message, commit, and lock and read it."""
        following = waiting.popleft()
        # if the commit is lost, it may be marked or not
        memory.uncalled[following] = self.worker
        row, found = accept_and_mark(
            message, result, following=following, at=self.clock(), reader=self._reader
        )
        memory.discard(message.pk)
        self._current = following
        return self._reader.message(row, found)

    def _record_fault(self, message_id: UUID, detail: str) -> None:
        """A message that cannot even be looked at has used up a try, or it would come for ever."""
        with transaction.atomic(durable=True):
            ours = Message.objects.filter(pk=message_id, worker=self.worker)
            if message := ours.locked().first():
                record(
                    message,
                    AttemptResult(
                        outcome=Outcome.REFUSED,
                        provider="",
                        kind=ProviderKind.NONE,
                        worker=self.worker,
                        number=message.attempts,
                        at=self.clock(),
                        detail=detail,
                    ),
                )
        memory.discard(message_id)

    def _text_for(self, message: Message) -> MessageTemplate:
        """A text that was new when the run began is new enough."""
        key = (message.step_id, message.channel, message.patient.language)
        if key not in self._texts:
            self._texts[key] = template_for(message)
        return self._texts[key]

    def _has_time(self) -> bool:
        return monotonic() < self.ends


def _withhold(message: Message, objection: recheck.Verdict, *, at: datetime) -> None:
    """End or put off what should not go out now."""
    if objection.due_at:
        message.attempts -= 1  # nothing was tried
        message.requeue(due_at=objection.due_at, reason=objection.reason)
    else:
        message.end(objection.status, objection.reason, at=at)


def _send(
    message: Message, *, at: datetime, channel: Channel, text_for: TextFor = template_for
) -> AttemptResult:
    """Call the provider, and tell what came of it."""
    result = partial(
        AttemptResult,
        provider=channel.code,
        kind=channel.kind,
        worker=message.worker,
        number=message.attempts,
        at=at,
    )
    try:
        message.template = text_for(message)
        outgoing = render(message, message.template)
    except (OperationalError, InterfaceError):  # the database is away: that is no try
        raise
    except Exception as error:  # whatever a text does wrong, it is certain that nothing was sent
        logger.exception("message %s cannot be put into words", message.pk)
        return result(Outcome.REFUSED, detail=f"no text: {error}")
    memory.uncalled.pop(message.pk, None)
    began = monotonic()

    def took() -> int:
        return round((monotonic() - began) * 1000)

    try:
        provider_id = channel.send(outgoing)
    except Refused as error:
        return result(Outcome.REFUSED, detail=str(error), blame=error.blame, duration_ms=took())
    except Unknown as error:
        return result(Outcome.UNKNOWN, detail=str(error), duration_ms=took())
    except Exception as error:  # a fault of ours, and nobody knows how far it had come
        logger.error("message %s: %s while it was sent", message.pk, type(error).__name__)
        return result(Outcome.UNKNOWN, detail=f"error: {fault(error)}", duration_ms=took())
    return result(Outcome.ACCEPTED, provider_id=provider_id, duration_ms=took())


def _reconnect(run: Run) -> None:
    """The database was lost: wait for it as long as this run may last, and tell it what it
    missed. What does not succeed now does so in a later run of this process."""
    while True:
        connection.close()
        try:
            recover(at=run.clock())
            release(worker=run.worker)
        except (OperationalError, InterfaceError):
            if monotonic() >= run.ends:
                return
            time.sleep(0.25)
        else:
            return
