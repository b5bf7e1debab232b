"""Who has not said how the skin is: asked once more by SMS at noon, and called on the third day.

Both look at what is written down: a tick that was missed is made up for on the same day, and
nothing is done twice.
"""

from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q

from aftercare.lifecycle import ACCEPTED
from aftercare.models import Anchor, InboundMessage, Message
from aftercare.planning.plan import fall_back
from aftercare.planning.timing import DAY, HOUR
from clinic.db.retries import retried_transaction
from clinic.models import User
from clinic.values.wallclock import instant_of
from patients.models import Audience, Channel, StaffTask, TaskKind
from patients.services import raise_task
from sessions.lifecycle import SIGNED
from sessions.models import CheckIn, Kind, TreatmentSession
from sessions.services.record.healing.at_risk import reasons_to_call

NOON = time(12)  # of the patient
EVENING = time(18)  # of the clinic
TIME_TO_ANSWER = 2 * HOUR  # a mail of the late morning is asked about at the next noon
MADE_UP_WITHIN = 6 * HOUR
FIRST_TEXTS = 9 * DAY  # since the treatment: of the first week
CALLED_AFTER = 3 * DAY


@retried_transaction
def ask_again(*, at: datetime, by: User | None = None) -> int:
    """An SMS to each patient who has not answered the day's e-mail by noon; how many."""
    mails = (
        Message.objects.filter(
            channel=Channel.EMAIL,
            status__in=ACCEPTED,
            sent_at__gt=at - 2 * DAY,
            session__starts_at__gt=at - FIRST_TEXTS,
            step__anchor__in=(Anchor.COMPLETED, Anchor.ABORTED),
            step__offset__gt=timedelta(),
            step__from_next_window=False,
            patient__archived_at=None,
        )
        .exclude(_has_said_something("patient", since="sent_at"))
        .select_related("clinic", "patient", "step")
        .order_by("pk")
    )
    due = [mail for mail in mails if timedelta() <= at - _noon_after(mail) < MADE_UP_WITHIN]
    return sum(fall_back(mail, at=at) is not None for mail in due)


def _noon_after(mail: Message) -> datetime:
    """The first one that leaves time to answer."""
    assert mail.sent_at is not None
    zone, answered = mail.patient.zone, mail.sent_at + TIME_TO_ANSWER
    day = answered.astimezone(zone).date()
    noon = instant_of(day, NOON, zone)
    return noon if noon >= answered else instant_of(day + DAY, NOON, zone)


@retried_transaction
def call_the_silent(*, at: datetime, by: User | None = None) -> int:
    """A task to call on the evening of the third day for whoever may fare badly and of whom
    nothing was heard; how many were raised."""
    sessions = (
        TreatmentSession.objects.filter(
            status__in=SIGNED,
            kind=Kind.TREATMENT,
            sitting=None,
            starts_at__range=(at - CALLED_AFTER - DAY, at - CALLED_AFTER + DAY),
            patient__archived_at=None,
        )
        .exclude(_has_said_something("patient", since="starts_at"))
        .select_related("clinic", "patient")
        .order_by("pk")
    )
    due = {_source(session): session for session in sessions if _is_time_to_call(session, at)}
    told = set(StaffTask.objects.filter(source__in=due).values_list("source", flat=True))
    raised = 0
    for source, session in due.items():
        if source not in told and (reasons := reasons_to_call(session)):
            raise_task(
                clinic=session.clinic,
                patient=session.patient,
                kind=TaskKind.FOLLOW_UP,
                audience=Audience.CLINICAL,
                title=f"Call: nothing heard since the treatment: {session.patient}",
                detail=f"Why it matters here: {'; '.join(reasons)}.",
                source=source,
                at=at,
            )
            raised += 1
    return raised


def _source(session: TreatmentSession) -> str:
    return f"silent:{session.pk}"


def _is_time_to_call(session: TreatmentSession, at: datetime) -> bool:
    zone = session.clinic.zone
    day = session.starts_at.astimezone(zone).date() + CALLED_AFTER
    return timedelta() <= at - instant_of(day, EVENING, zone) < MADE_UP_WITHIN


def _has_said_something(patient: str, *, since: str) -> Q:
    """By a report of the skin, or in words."""
    reports = CheckIn.objects.filter(
        session__patient=OuterRef(patient), reported_at__gte=OuterRef(since)
    )
    words = InboundMessage.objects.filter(
        patient=OuterRef(patient), received_at__gte=OuterRef(since)
    )
    return Q(Exists(reports)) | Q(Exists(words))
