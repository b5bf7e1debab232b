"""Which messages there are to be: at a move of a session, and when the sequence is changed.

Note [What planning may change]
    Only what is PENDING and was never tried. A message that a worker holds, or that has ended, is
    left alone, with one exception: what planning itself has withdrawn (its reason begins with
    WITHDRAWN) may be planned again, as the next occurrence of its step. So a recall that was
    withdrawn for a booking comes back when that booking is cancelled, and one that somebody
    cancelled by hand does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from aftercare.models import TREATED, Anchor, CareStep, Message, MessageStatus
from aftercare.models.course import asks_about_the_course
from aftercare.planning.announcements import allowed_at
from aftercare.planning.conditions import FITS, gather, unmet
from aftercare.planning.reach import REACHED, Reach, reach_of
from aftercare.planning.reconcile import (
    INSERT,
    MISSED,
    WITHDRAWN,
    Moments,
    Replan,
    Variants,
    channels_of,
    message_of,
    protocol_of,
    reconcile,
    window_of,
)
from aftercare.planning.timing import DAY
from aftercare.planning.undone import once_more, stopped_because
from aftercare.signals import message_ended
from clinic.db.prepared import Prepared
from clinic.db.rows import columns, pop_row
from sessions.lifecycle import UNDONE, UPCOMING, Status
from sessions.models import TreatmentSession, TreatmentSessionQuerySet

__all__ = [
    "MISSED",
    "WITHDRAWN",
    "Replan",
    "collect_replans",
    "fall_back",
    "follow_course",
    "look_up",
    "plan_messages",
    "replan",
    "replan_patient",
    "replan_waiting",
    "stop_messages",
]

CHUNK = 500
_heard: ContextVar[list[Replan] | None] = ContextVar("heard", default=None)
# The general steps, and those of a protocol, which take their place: only those that are counted
# from the anchors at hand, or ask about the course (`asks_about_the_course`), and what stands
# beside them under the same code. With each of them the rest of `Known`.
KNOWN = Prepared(
    "known_to_planning",
    f"""
    WITH reach AS ({REACHED})
    SELECT {columns("step", CareStep)},
        (SELECT array_agg(purpose) FROM reach),
        (SELECT array_agg(channel) FROM reach),
        (SELECT array_agg(DISTINCT coalesce(sitting_id, id)) FROM treatment_session
         WHERE plan_id = %(plan)s AND id <> %(session)s AND status <> 'CANCELLED')
    FROM aftercare_step AS step
    WHERE (protocol_id IS NULL OR protocol_id = %(protocol)s) AND code IN (
        SELECT code FROM aftercare_step WHERE anchor = ANY (%(anchors)s)
        OR anchor = 'LAST_SESSION' OR next_session_booked IS NOT NULL OR asks_for <> ''
    )
    """,  # noqa: S608  names of columns
    types={
        "patients": "uuid[]",
        "plan": "uuid",
        "session": "uuid",
        "protocol": "uuid",
        "anchors": "text[]",
    },
)


@dataclass(frozen=True)
class Known:
    """What planning has to know when a session moves."""

    steps: list[CareStep] = field(default_factory=list)  # those of KNOWN
    reach: Reach = field(default_factory=dict)  # the channels that the patient allows
    others: list[UUID] = field(default_factory=list)  # the plan's other sessions: what leads them


def look_up(session: TreatmentSession, anchors: list[Anchor]) -> Known:
    """In one query."""
    values = {
        "patients": [session.patient_id],
        "plan": session.plan_id,
        "session": session.pk,
        "protocol": session.plan.protocol_id if session.plan else None,
        "anchors": list(anchors),
    }
    with connection.cursor() as cursor:
        KNOWN.execute(cursor, values)
        rows = [list(row) for row in cursor.fetchall()]
    if not rows:
        return Known()
    steps = [step for row in rows if (step := pop_row(CareStep, row))]
    purposes, channels, others = rows[0]
    reach: Reach = {}
    for purpose, channel in zip(purposes or (), channels or (), strict=True):
        reach.setdefault((session.patient_id, purpose), set()).add(channel)
    return Known(steps, reach, others or [])


def plan_messages(
    *,
    session: TreatmentSession,
    anchors: list[Anchor],
    at: datetime,
    known: Known | None = None,
) -> None:
    """Put the messages of all steps with these anchors into the outbox, in the caller's
    transaction. Idempotent: a message that is planned already stays as it is. `known` is what the
    caller has looked up for these anchors.

    What would come too late to be useful is left out; if it is only the quiet hours that make it
    so, it is written down as expired, and staff hear of it. What the patient has no address or
    consent for is planned all the same, and suppressed with its reason when it is due: either may
    still be given.
    """
    known = known or look_up(session, anchors)
    variants = Variants({step.code for step in known.steps}, known.steps)
    own = variants.of(protocol_of(session))
    steps = [step for step in own if step.is_active and step.anchor in anchors]
    moments, facts = _moments(session, at), gather([session], steps)
    messages: list[Message] = []
    for step in steps:
        areas = facts.courses.get(session.pk, ())
        found = window_of(
            step, session, moments[step.anchor], at, areas, booked_at=moments[Anchor.BOOKED]
        )
        if found is None or unmet(step, session, facts):
            continue
        usable = known.reach.get((session.patient_id, step.purpose), set())
        channels = channels_of(step, session, moments[step.anchor], usable)
        messages += [message_of(session, step, channel, found) for channel in channels]
    new = INSERT.all(messages)
    if len(new) < len(messages) and session.status in UNDONE:
        new += INSERT.all(once_more(messages, new=new))
    if any(message.reason for message in messages):
        _tell_missed(new, at)


def _tell_missed(new: list[UUID], at: datetime) -> None:
    for message in Message.objects.filter(pk__in=new).exclude(reason=""):
        message_ended.send(
            Message, message=message, status=message.status, reason=message.reason, at=at
        )


def stop_messages(*, session: TreatmentSession, at: datetime) -> None:
    """Cancel what no longer fits the session's status, in the transaction of the move.

    Rows that are being sent are locked too: this waits for a call in flight, and nothing can
    follow after it. What a worker has marked as SENDING is left to it; it will re-check.
    """
    reason = stopped_because(session.status)
    waiting = Message.objects.open().filter(session=session).select_related("step").locked()
    stopped = [
        message
        for message in waiting
        if session.status not in FITS[message.step.anchor]
        and message.status != MessageStatus.SENDING
    ]
    Message.end_together(stopped, MessageStatus.CANCELLED, reason, at=at)


def follow_course(
    *,
    session: TreatmentSession,
    at: datetime,
    known: Known,
    not_before: datetime | None = None,
) -> None:
    """Keep the messages of the plan's other sessions in step, in the transaction of the move:
    a booking withdraws “book your next session” and the recall, its cancellation brings them back,
    to go out `not_before` an instant if one is given.
    """
    codes = {step.code for step in known.steps if asks_about_the_course(step)}
    if codes and known.others:
        reconcile(
            known.others,
            Variants(codes, known.steps),
            at=at,
            dry_run=False,
            not_before=not_before,
            reach=known.reach,
        )


def replan(step: CareStep, *, at: datetime, dry_run: bool = False) -> Replan:
    """Bring what is waiting in line with `step` as it is now; returns what changes.

    With `dry_run` nothing is written, and the step need not be saved. It looks only at sessions
    that can still get a message of this step, or that have one waiting, so many at a time.
    """
    variants = Variants.read({step.code}, instead=step)
    total = Replan()
    for ids in _chunks(_concerned(variants, at)):
        total += reconcile(ids, variants, at=at, dry_run=dry_run)
    return total


def replan_patient(patient_id: UUID, *, at: datetime) -> Replan:
    """Bring what is waiting for a patient in line with the record as it is now: address, clock,
    words on being written to, skin type."""
    variants = Variants.read(set(CareStep.objects.values_list("code", flat=True)))
    ids = _concerned(variants, at, TreatmentSession.objects.filter(patient=patient_id))
    return reconcile(ids, variants, at=at, dry_run=False) if ids else Replan()


def replan_waiting(at: datetime, **whose: Any) -> Replan:
    """Bring what is waiting in line with what has changed for a patient, or for a clinic: address,
    clock, quiet hours, words on being written to. Looks only where something waits."""
    waiting = Message.objects.filter(status=MessageStatus.PENDING, **whose)
    ids = sorted(set(waiting.order_by().values_list("session", flat=True)))
    total = Replan()
    if ids:
        variants = Variants.read(set(CareStep.objects.values_list("code", flat=True)))
        for some in _chunks(ids):
            total += reconcile(some, variants, at=at, dry_run=False)
    if (heard := _heard.get()) is not None:
        heard.append(total)
    return total


@contextmanager
def collect_replans() -> Iterator[list[Replan]]:
    """What `replan_waiting` does inside of the block, for the page that tells of it: the change is
    saved by a service, which knows nothing of messages and so cannot answer with it."""
    heard: list[Replan] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def fall_back(message: Message, *, at: datetime) -> Message | None:
    """Plan a message that could not be sent on its channel for the other one, if its step says
    so, the patient can be reached there, and it would still help. Returns the new one."""
    step, patient = message.step, message.patient
    if not step.has_fallback:
        return None
    usable = reach_of([patient.pk]).get((patient.pk, step.purpose), set())
    due = allowed_at(message, at)
    other = next(channel for channel in step.channels if channel != message.channel)
    if other not in usable or due >= message.expires_at:
        return None
    instead, is_new = Message.objects.get_or_create(
        session_id=message.session_id,
        step_id=message.step_id,
        channel=other,
        occurrence=message.occurrence,
        defaults={
            "clinic_id": message.clinic_id,
            "patient_id": message.patient_id,
            "answer_id": message.answer_id,
            "recall_notice_id": message.recall_notice_id,
            "due_at": due,
            "expires_at": message.expires_at,
        },
    )
    return instead if is_new else None


def concerned_ids(
    variants: Variants, at: datetime, among: TreatmentSessionQuerySet | None = None
) -> Any:
    """Of the sessions that may get a message of one of these steps from `at` on, or have one."""
    sessions = TreatmentSession.objects.all() if among is None else among
    have = sessions.filter(pk__in=waiting_for(variants).values("session"))
    return have.values_list("pk").union(sessions.filter(may_get(variants, at)).values_list("pk"))


def waiting_for(variants: Variants) -> Any:
    return Message.objects.filter(status=MessageStatus.PENDING, step__code__in=variants.codes)


def may_get(variants: Variants, at: datetime) -> Q:
    """The sessions that may still get a message of one of these steps."""
    wanted = Q(pk__in=[])
    for step in variants:
        # Two days more than enough: wall clocks and quiet hours move a message by less. The longest
        # interval, of maintenance, is two years.
        reach = step.offset + step.useful_for + 2 * DAY + (731 * DAY) * step.from_next_window
        if step.anchor in TREATED:
            wanted |= Q(completed_at__gte=at - reach) | Q(aborted_at__gte=at - reach)
        elif step.anchor == Anchor.MISSED:
            wanted |= Q(status=Status.NO_SHOW, starts_at__gte=at - reach - 30 * DAY)
        elif step.anchor == Anchor.CANCELLED:
            wanted |= Q(status=Status.CANCELLED, starts_at__gt=at)
        else:
            wanted |= Q(status__in=UPCOMING, starts_at__gt=at)
    return wanted


def _concerned(
    variants: Variants, at: datetime, among: TreatmentSessionQuerySet | None = None
) -> list[UUID]:
    return sorted(pk for (pk,) in concerned_ids(variants, at, among))


def _chunks(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _moments(session: TreatmentSession, at: datetime) -> Moments:
    """The moments that steps count from, in the transaction of the move at `at`."""
    return {
        Anchor.BOOKED: at,
        Anchor.STARTS: session.starts_at,
        Anchor.COMPLETED: session.signed_at,
        Anchor.ABORTED: session.aborted_at,
        Anchor.LAST_SESSION: session.completed_at,
        Anchor.MISSED: at,
        Anchor.CANCELLED: at,
        Anchor.MOVED: at,
    }
