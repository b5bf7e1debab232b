"""What is waiting, compared with what should be: the core of planning."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from aftercare.models import NOT_PLANNED, Anchor, CareStep, Message, MessageStatus
from aftercare.models.course import days_until_next
from aftercare.planning.announcements import (
    loud_from,
    needs_both_channels,
    told_just_before,
    would_come_at,
)
from aftercare.planning.conditions import gather, unmet
from aftercare.planning.reach import Reach, choose_channels, reach_of
from aftercare.planning.timing import ON_THE_WAY, Window, due_at, due_on_day, pace, window
from clinic.db.rows import Insert
from patients.models import Channel
from sessions.lifecycle import UNDONE, Status
from sessions.models import SessionEvent, TreatmentSession
from sessions.scheduling.courses import Course

WITHDRAWN = "no longer fits: "
ARCHIVED = "the patient's record is archived"
MISSED = "no allowed hour is left in which it would help"
Moments = dict[str, datetime | None]
INSERT = Insert(Message)


@dataclass
class Replan:
    """How many waiting messages a change of the sequence moves, withdraws and adds."""

    moved: int = 0
    cancelled: int = 0
    new: int = 0

    def __bool__(self) -> bool:
        return bool(self.moved or self.cancelled or self.new)

    def __add__(self, other: "Replan") -> "Replan":
        return Replan(
            self.moved + other.moved, self.cancelled + other.cancelled, self.new + other.new
        )


class Variants:
    """All steps of some codes, by code and protocol. What is sent on the spot, such as an answer of
    the staff, is not planned."""

    def __init__(self, codes: set[str], rows: Iterable[CareStep]) -> None:
        self.codes = codes
        self._rows = {
            (step.code, step.protocol_id): step
            for step in rows
            if step.code in codes and step.anchor not in NOT_PLANNED
        }

    @classmethod
    def read(cls, codes: set[str], *, instead: CareStep | None = None) -> Self:
        """`instead` counts as its row will."""
        rows = list(CareStep.objects.filter(code__in=codes))
        if instead is not None:
            rows = [step for step in rows if step.pk != instead.pk] + [instead]
        return cls(codes, rows)

    def __iter__(self) -> Iterator[CareStep]:
        return iter(self._rows.values())

    def of(self, protocol_id: UUID | None) -> list[CareStep]:
        """Of a protocol; None for a visit without one, which has the general steps."""
        found = (
            self._rows.get((code, protocol_id)) or self._rows.get((code, None))
            for code in self.codes
        )
        return [step for step in found if step is not None]


@dataclass
class _Changes:
    moved: list[Message] = field(default_factory=list)
    withdrawn: dict[str, list[Message]] = field(default_factory=dict)  # by what is said of it
    new: list[Message] = field(default_factory=list)


def reconcile(
    ids: list[UUID],
    variants: Variants,
    *,
    at: datetime,
    dry_run: bool,
    not_before: datetime | None = None,
    reach: Reach | None = None,
) -> Replan:
    """Compare what is waiting for these sessions with what should be, and make it so. What is sent
    at once goes out `not_before` an instant, if one is given. `reach` is what the caller knows of
    their patients."""
    told_from = max(at, not_before or at)
    sessions = _sessions(ids)
    rows = Message.objects.filter(session__in=ids, step__code__in=variants.codes)
    if not dry_run:  # see Note [Lock order] in sessions.services: messages come last
        list(rows.filter(status=MessageStatus.PENDING).locked().values_list("pk"))
    planned: dict[tuple[UUID, str], list[Message]] = {}
    for message in rows.select_related("step").order_by("occurrence"):
        planned.setdefault((message.session_id, message.step.code), []).append(message)
    facts = gather(sessions, variants)
    if reach is None:
        reach = reach_of([session.patient_id for session in sessions])
    changes = _Changes()
    for session in sessions:
        moments: Moments = {
            Anchor.BOOKED: session.booked_from,
            Anchor.STARTS: session.starts_at,
            Anchor.COMPLETED: session.signed_at,
            Anchor.ABORTED: session.aborted_at,
            Anchor.LAST_SESSION: session.completed_at,
            Anchor.MISSED: session.missed_from,
            Anchor.CANCELLED: session.cancelled_from,
            Anchor.MOVED: session.moved_from or session.booked_from,
        }
        for step in variants.of(protocol_of(session)):
            usable = reach.get((session.patient_id, step.purpose), set())
            areas = facts.courses.get(session.pk, ())
            found = window_of(
                *(step, session, moments[step.anchor], told_from, areas),
                booked_at=moments[Anchor.BOOKED],
            )
            why = ARCHIVED if session.patient.archived_at else unmet(step, session, facts)
            _compare(
                changes,
                session,
                step,
                planned.get((session.pk, step.code), []),
                found=None if why or (found and found.is_missed) else found,
                why=why or "it would come too late",
                channels=channels_of(step, session, moments[step.anchor], usable),
                at=at,
            )
    if not dry_run:
        _write(changes, at)
    withdrawn = sum(len(messages) for messages in changes.withdrawn.values())
    return Replan(len(changes.moved), withdrawn, len(changes.new))


def protocol_of(session: TreatmentSession) -> UUID | None:
    return session.protocol_version.protocol_id if session.protocol_version else None


def _sessions(ids: list[UUID]) -> list[Any]:
    """With what planning looks at. Telephone numbers are left out: each costs a parser's run."""
    rows = (
        TreatmentSession.objects.filter(pk__in=ids)
        .order_by("pk")
        .select_related("patient", "protocol_version", "clinic", "rescheduled_from")
    )
    sessions = rows.defer("patient__mobile", "notes", "clinic__phone", "rescheduled_from__notes")
    found = list(
        sessions.annotate(
            booked_from=_told_from(Status.BOOKED),
            missed_from=_told_from(Status.NO_SHOW),
            cancelled_from=_told_from(Status.CANCELLED),
            moved_from=_told_from(Status.CANCELLED, whose="rescheduled_from"),
        )
    )
    for session in found:
        session.patient.clinic = session.clinic
    return found


def _told_from(status: Status, *, whose: str = "pk") -> Subquery:
    """When the session got this status, which only its history knows: that counts from when it
    could no longer be taken back."""
    events = SessionEvent.objects.filter(session=OuterRef(whose), new_status=status)
    moves = events.exclude(old_status__in=UNDONE).order_by("-id")
    return Subquery(moves.values(told_from=Coalesce("undo_until", "at"))[:1])


def _compare(
    changes: _Changes,
    session: TreatmentSession,
    step: CareStep,
    planned: list[Message],
    *,
    found: Window | None,
    why: str,
    channels: list[Channel],
    at: datetime,
) -> None:
    """What has to change for one session and step. `planned` are its rows, oldest first."""
    latest = {message.channel: message for message in planned}
    waiting = [m for m in latest.values() if m.status == MessageStatus.PENDING]
    settled = {m.channel for m in latest.values() if m not in waiting and not _is_withdrawn(m)}
    if step.has_fallback and settled:  # one of the two is sent, tried or given up
        channels = [m.channel for m in waiting]  # type: ignore[misc]
    for message in waiting:
        if found is None or message.channel not in channels or message.step_id != step.pk:
            if message.attempts == 0:
                reason = why if found is None else "the step has other channels"
                changes.withdrawn.setdefault(WITHDRAWN + reason, []).append(message)
        elif message.attempts == 0 and _differs(message, found, at):
            message.due_at, message.expires_at = found.due_at, found.expires_at
            changes.moved.append(message)
    if found is None:
        return
    kept = {m.channel for m in waiting if m.step_id == step.pk or m.attempts}
    for channel in channels:
        if channel not in settled | kept:
            number = 1 + max((m.occurrence for m in planned if m.channel == channel), default=0)
            changes.new.append(message_of(session, step, channel, found, occurrence=number))


def _is_withdrawn(message: Message) -> bool:
    return message.status == MessageStatus.CANCELLED and message.reason.startswith(WITHDRAWN)


def _differs(message: Message, found: Window, at: datetime) -> bool:
    """Of two that help until the same moment, what is due already is not put off."""
    is_overdue = message.due_at <= at
    same_end = message.expires_at == found.expires_at
    return not same_end or (message.due_at != found.due_at and not is_overdue)


def _write(changes: _Changes, at: datetime) -> None:
    Message.objects.bulk_update(changes.moved, ["due_at", "expires_at"])
    for reason, messages in changes.withdrawn.items():
        Message.end_together(messages, MessageStatus.CANCELLED, reason, at=at)
    INSERT.all(changes.new)


def window_of(
    step: CareStep,
    session: TreatmentSession,
    moment: datetime | None,
    at: datetime,
    areas: Sequence[Course] = (),
    *,
    booked_at: datetime | None = None,
) -> Window | None:
    if moment is None:
        return None
    if step.anchor == Anchor.STARTS and booked_at and told_just_before(session, booked_at):
        return None
    offset = step.offset
    if step.from_next_window:
        if not session.protocol_version:  # what treats nothing has no next window
            return None
        offset += timedelta(days=days_until_next(step, session, areas))
    ahead: dict[str, datetime] = {
        Anchor.STARTS: session.starts_at,
        # Who is on the way already wants to know as well.
        Anchor.CANCELLED: session.starts_at + ON_THE_WAY * pace(),
    }
    if step.anchor == Anchor.MOVED:
        ahead[Anchor.MOVED] = would_come_at(step, session, at) + ON_THE_WAY * pace()
    zone = session.patient.zone
    due = (
        due_on_day(moment, offset, step.at_time, zone)
        if step.at_time
        else due_at(moment, offset, session.clinic.zone)
    )
    return window(
        due,
        step.useful_for,
        clinic=session.clinic,
        zone=zone,
        at=at,
        starts_at=ahead.get(step.anchor),
        loud_from=loud_from(step, session, at),
    )


def channels_of(
    step: CareStep, session: TreatmentSession, moment: datetime | None, usable: set[str]
) -> list[Channel]:
    """Those of its policy, and all that can be used where a visit is cancelled or moved soon
    before it."""
    if moment and usable and needs_both_channels(step, session, moment):
        return [channel for channel in Channel if channel in usable]
    return choose_channels(step, usable)


def message_of(
    session: TreatmentSession,
    step: CareStep,
    channel: str,
    found: Window,
    *,
    occurrence: int = 1,
) -> Message:
    return Message(
        clinic_id=session.clinic_id,
        patient_id=session.patient_id,
        session=session,
        step=step,
        channel=channel,
        occurrence=occurrence,
        due_at=found.due_at,
        expires_at=found.expires_at,
        status=MessageStatus.EXPIRED if found.is_missed else MessageStatus.PENDING,
        reason=MISSED if found.is_missed else "",
    )
