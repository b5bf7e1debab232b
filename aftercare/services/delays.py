"""A practitioner is late or away: whoever would wait, or come in vain, is told, or called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext

from aftercare.models import Anchor, CareStep, Message, MessageStatus
from aftercare.planning.announcements import allowed_at
from aftercare.planning.plan import WITHDRAWN
from aftercare.planning.reach import reach_of
from aftercare.planning.reconcile import INSERT, channels_of
from clinic.db.retries import retried_transaction
from clinic.models import Clinic, User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import day_bounds
from patients.models import Channel, Purpose, StaffTask, TaskKind
from patients.services import finish_source, raise_task
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TreatmentSession
from sessions.services.ending.closures import LATE

LEAST = 5  # minutes that somebody is told of
ANSWER_WITHIN = timedelta(hours=4)  # to an offer by link; then somebody calls
WAITS = (*UPCOMING, Status.CHECKED_IN)


@dataclass(frozen=True)
class Later:
    """A visit that begins later, by so many minutes."""

    session: TreatmentSession
    minutes: int

    @property
    def begins(self) -> datetime:
        return self.session.starts_at + timedelta(minutes=self.minutes)

    @property
    def is_here(self) -> bool:
        return self.session.status == Status.CHECKED_IN

    @property
    def is_told(self) -> bool:
        return self.session.delayed_minutes == self.minutes


def who_waits(
    *, practitioner: User, clinic: Clinic, minutes: int, at: datetime, locked: bool = False
) -> list[Later]:
    """The visits of today that begin later when the next one begins so many minutes late: a gap
    between two of them is made use of."""
    _, ends = day_bounds(at.astimezone(clinic.zone).date(), clinic.zone)
    rows = TreatmentSession.objects.filter(
        practitioner=practitioner,
        clinic=clinic,
        sitting=None,
        status__in=WAITS,
        starts_at__gt=at - timedelta(minutes=minutes),
        starts_at__lt=ends,
    )
    if locked:  # in the order of Note [Lock order]
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    found: list[Later] = []
    free = None
    for session in rows.select_related("clinic", "patient__clinic", "area", "visit_type").order_by(
        "starts_at", "pk"
    ):
        begins = session.starts_at + timedelta(minutes=minutes)
        if free is not None:
            begins = max(session.starts_at, free)
        late = -(-int((begins - session.starts_at).total_seconds()) // 60 // LEAST) * LEAST
        if late < LEAST:
            break
        found.append(Later(session, late))
        free = begins + (session.ends_at - session.starts_at)
    return found


@retried_transaction
def tell_late(
    *, practitioner: User, clinic: Clinic, minutes: int, at: datetime, by: User
) -> list[Later]:
    """Tell each of them when it begins now, once for each time that is said; who is in the clinic
    already is told there, and whom no message reaches becomes a task. Returns those who are told
    or called now."""
    waiting = who_waits(
        practitioner=practitioner, clinic=clinic, minutes=minutes, at=at, locked=True
    )
    new = [one for one in waiting if not one.is_told]
    for one in new:
        one.session.delayed_minutes = one.minutes
        one.session.save(update_fields=["delayed_minutes"])
    absent = [one.session for one in new if not one.is_here]
    for session in _send(absent, Anchor.LATE, at=at):
        local = session.starts_at_local
        later = local + timedelta(minutes=session.delayed_minutes or 0)
        source = f"{LATE}{session.pk}"
        finish_source(source=source, at=at, by=by, note=gettext("the time has changed again"))
        raise_task(
            clinic=clinic,
            patient=session.patient,
            kind=TaskKind.OTHER,
            title=gettext("Tell by phone: {local} begins at about {later}: {patient}").format(
                local=date_in_words(local, "H:i"),
                later=date_in_words(later, "H:i"),
                patient=session.patient,
            ),
            detail=gettext(
                "{practitioner} is running late, and no message reaches the patient."
            ).format(practitioner=practitioner),
            source=source,
            at=at,
        )
    return new


@retried_transaction
def offer_by_link(*, session_ids: Iterable[UUID], at: datetime, by: User) -> dict[UUID, str]:
    """Ask these patients to choose another time behind a link; the visit stays until they do, and
    so does its task, which is due when they have not chosen in time.

    Returns why, by session, for those whom nothing was sent.
    """
    ids = sorted(session_ids)
    rows = TreatmentSession.objects.select_related("clinic", "patient__clinic").filter(pk__in=ids)
    sessions = list(rows.order_by("pk").select_for_update(of=("self",)))
    asked = set(
        Message.objects.open()
        .filter(session__in=ids, step__anchor=Anchor.AWAY)
        .values_list("session", flat=True)
    )
    refused = {
        one.pk: gettext("The link was sent already.")
        if one.pk in asked
        else gettext("It was moved or has begun.")
        for one in sessions
        if one.pk in asked or one.status not in UPCOMING
    }
    left = [one for one in sessions if one.pk not in refused]
    silent = {one.pk for one in _send(left, Anchor.AWAY, at=at)}
    for session in left:
        if session.pk in silent:
            refused[session.pk] = gettext("No message reaches this patient: call.")
            continue
        tasks = StaffTask.objects.open().filter(source__endswith=f":{session.pk}")
        until = max(at, min(at + ANSWER_WITHIN, session.starts_at - timedelta(hours=1)))
        tasks.filter(patient=session.patient_id, source__startswith="span:").update(due_at=until)
    return refused


def _send(
    sessions: list[TreatmentSession], anchor: Anchor, *, at: datetime
) -> list[TreatmentSession]:
    """Put a message of this step into the outbox for each; returns whom none can reach. What waits
    of an earlier one of the same step is withdrawn."""
    step = CareStep.objects.filter(anchor=anchor, protocol=None, is_active=True).first()
    if step is None or not sessions:
        return sessions
    earlier = Message.objects.filter(session__in=[one.pk for one in sessions], step=step)
    waiting = list(earlier.filter(status=MessageStatus.PENDING).locked())
    Message.end_together(
        waiting,
        MessageStatus.CANCELLED,
        f"{WITHDRAWN}it was said anew",
        at=at,
    )
    last = {
        (row["session"], row["channel"]): row["last"]
        for row in earlier.values("session", "channel").annotate(last=Max("occurrence")).order_by()
    }
    reach = reach_of([one.patient_id for one in sessions])
    messages, silent = [], []
    for session in sessions:
        usable = reach.get((session.patient_id, Purpose.CARE), set())
        found = [one for one in channels_of(step, session, at, usable) if one in usable]
        messages += [_message(session, step, channel, last, at=at) for channel in found]
        if not found:
            silent.append(session)
    INSERT.all(messages)
    return silent


def _message(
    session: TreatmentSession,
    step: CareStep,
    channel: Channel,
    last: dict[tuple[UUID, str], int],
    *,
    at: datetime,
) -> Message:
    message = Message(
        clinic=session.clinic,
        patient=session.patient,
        session=session,
        step=step,
        channel=channel,
        occurrence=last.get((session.pk, str(channel)), 0) + 1,
        status=MessageStatus.PENDING,
        expires_at=min(at + step.useful_for, max(session.starts_at, at) + timedelta(hours=1)),
        due_at=at,
    )
    message.due_at = allowed_at(message, at)
    if message.due_at >= message.expires_at:
        message.due_at = at
    return message
