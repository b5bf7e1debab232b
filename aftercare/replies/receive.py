"""What comes back from patients: understood, acted on, answered and kept.

Note [Yes]
    YES is both a START word and a confirmation. If the number has opted out, it is START: nothing
    is open that we could have asked. Otherwise, and if exactly one appointment was announced to
    this number and is still to come, it confirms that one. In every other case a person reads it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from aftercare.lifecycle import ACCEPTED
from aftercare.models import AddressSource, Anchor, InboundMessage, Keyword, Message, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.address import normalize_address
from aftercare.replies.auto_replies import answer, confirmed
from aftercare.replies.keywords import read_reply
from aftercare.replies.sender import as_number, only_clinic, people_at
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from patients.models import Audience, Channel, Patient, Purpose, StaffTask, TaskKind
from patients.services import raise_task
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TreatmentSession
from sessions.services import move_session

# What a patient writes this long after a treatment may be about how the skin heals.
CLINICAL_FOR = timedelta(days=28)


@dataclass(frozen=True)
class Incoming:
    """A message as a provider hands it over; repeated, it has the same `provider_id`."""

    sender: str
    to: str
    body: str
    provider: str
    provider_id: str


@dataclass
class _Outcome:
    """What was made of a message: `reply` goes back, a `task` waits for a person."""

    reply: str = ""
    task: StaffTask | None = None
    message: Message | None = None
    handled: bool = True
    audience: Audience = Audience.FRONT_DESK


@retried_transaction
def receive_sms(incoming: Incoming, *, at: datetime) -> InboundMessage:
    """Understand one SMS, act on it, and keep it with what was answered.

    A repeated one changes nothing and has the same answer. Locks: its own name first, then what
    the action needs. The lock of the address is taken by opt-outs only, never before a message's
    row: see Note [Opt-out and calls in flight].
    """
    lock(f"inbound:{incoming.provider}:{incoming.provider_id}")
    known = InboundMessage.objects.filter(
        provider=incoming.provider, provider_id=incoming.provider_id
    ).first()
    return known or _ReplyHandler(incoming, at).take_in()


@retried_transaction
def receive_from_page(
    message: Message, *, text: str, kind: TaskKind, provider: str, provider_id: str, at: datetime
) -> InboundMessage:
    """Keep what a patient wrote on the page of a message, and put it on the list of the staff.

    A wish for another time is for the desk, whatever else is for clinicians while the skin heals.
    The same form sent twice is one.
    """
    lock(f"inbound:{provider}:{provider_id}")
    known = InboundMessage.objects.filter(provider=provider, provider_id=provider_id).first()
    if known:
        return known
    session, patient = message.session, message.patient
    audience = Audience.FRONT_DESK
    if kind == TaskKind.REPLY and _is_healing(session, at):
        audience = Audience.CLINICAL
    title = "Wants another time" if kind == TaskKind.CHANGE_WANTED else "Has written"
    task = raise_task(
        clinic=message.clinic,
        patient=patient,
        kind=kind,
        title=f"{title}: {patient}",
        detail=text,
        source=f"inbound:{provider}:{provider_id}",
        audience=audience,
        at=at,
    )
    return InboundMessage.objects.create(
        channel=message.channel,
        sender=normalize_address(message.channel, message.address),
        body=text,
        provider=provider,
        provider_id=provider_id,
        received_at=at,
        keyword=Keyword.CHANGE if kind == TaskKind.CHANGE_WANTED else "",
        audience=audience,
        clinic=message.clinic,
        patient=patient,
        message=message,
        task=task,
    )


def is_known(provider: str, provider_id: str) -> bool:
    """Whether it has come in before: the same form, or the same SMS."""
    known = InboundMessage.objects.filter(provider=provider, provider_id=provider_id)
    return known.exists()


class _ReplyHandler:
    """One SMS on its way in, with all that is known of its sender."""

    def __init__(self, incoming: Incoming, at: datetime) -> None:
        self.incoming, self.at = incoming, at
        self.sender = normalize_address(Channel.SMS, as_number(incoming.sender))
        self.people = people_at(self.sender)
        self.clinic = only_clinic(self.people)
        self.reading = read_reply(incoming.body)
        languages = {patient.language for patient in self.people}
        self.language = languages.pop() if len(languages) == 1 else "en"

    @property
    def patient(self) -> Patient | None:
        return self.people[0] if len(self.people) == 1 else None

    def take_in(self) -> InboundMessage:
        outcome = self._act(self.reading.keyword)
        return InboundMessage.objects.create(
            channel=Channel.SMS,
            sender=self.sender,
            to=self.incoming.to,
            body=self.incoming.body,
            provider=self.incoming.provider,
            provider_id=self.incoming.provider_id,
            received_at=self.at,
            keyword=self.reading.keyword or "",
            maybe_opt_out=self.reading.maybe_opt_out,
            audience=outcome.audience,
            clinic=self.clinic,
            patient=self.patient or (outcome.message.patient if outcome.message else None),
            message=outcome.message,
            task=outcome.task,
            reply=outcome.reply,
            handled_at=self.at if outcome.handled else None,
        )

    def _act(self, keyword: Keyword | None) -> _Outcome:
        match keyword:
            case Keyword.STOP | Keyword.CANCEL:
                return self._stop(keyword)
            case Keyword.START:
                return self._start()
            case Keyword.YES if self._has_opted_out():
                return self._start()  # see Note [Yes]
            case Keyword.YES | Keyword.CONFIRM:
                return self._confirm()
            case Keyword.CHANGE:
                return self._change()
            case Keyword.HELP:
                return _Outcome(reply=self._answer("help"))
            case _:
                return self._pass_on()

    def _stop(self, keyword: Keyword) -> _Outcome:
        """No more SMS to this number, for everybody who shares it. Only the first is confirmed."""
        written = self._record(granted=False)
        outcome = _Outcome(reply=self._answer(keyword.lower()) if written else "")
        if keyword == Keyword.CANCEL:
            outcome.message = self._only_question()
            outcome.task = self._raise(
                TaskKind.CHANGE_WANTED, "Wrote CANCEL: gets no more SMS, may mean the appointment"
            )
            outcome.handled = outcome.task is not None
        return outcome

    def _start(self) -> _Outcome:
        self._record(granted=True)
        return _Outcome(reply=self._answer("start"))

    def _confirm(self) -> _Outcome:
        question = self._only_question()
        if question is None or self._has_opted_out() or not confirm(question.session, at=self.at):
            return self._pass_on()
        reply = confirmed(patient=question.patient, starts_at=question.session.starts_at)
        return _Outcome(reply=reply, message=question)

    def _change(self) -> _Outcome:
        """The desk looks for another time. The appointment stays until then."""
        task = self._raise(TaskKind.CHANGE_WANTED, "Wants another time")
        reply = "" if self._has_opted_out() else self._answer("change")
        return _Outcome(
            reply=reply, task=task, message=self._only_question(), handled=task is not None
        )

    def _pass_on(self) -> _Outcome:
        """To the staff inbox, without an answer: a person will give it."""
        audience = Audience.CLINICAL if _heals(self.people, self.at) else Audience.FRONT_DESK
        title = "Reply, maybe an opt-out" if self.reading.maybe_opt_out else "Reply to read"
        task = self._raise(TaskKind.REPLY, title, audience=audience)
        return _Outcome(task=task, handled=False, audience=audience)

    def _record(self, *, granted: bool) -> bool:
        return bool(
            opt_out.record(
                channel=Channel.SMS,
                address=self.sender,
                granted=granted,
                source=AddressSource.REPLY,
                wording=self.incoming.body.strip()[:500] or "(empty)",
                at=self.at,
            )
        )

    def _has_opted_out(self) -> bool:
        word = opt_out.refusal(channel=Channel.SMS, address=self.sender, purpose=Purpose.CARE)
        return word is not None

    def _only_question(self) -> Message | None:
        """The announcement of the only appointment that this number was told of and that is still
        to come; None if there is none, or more than one."""
        told = (
            Message.objects.filter(
                patient__in=self.people,
                channel=Channel.SMS,
                status__in=[*ACCEPTED, MessageStatus.IN_DOUBT],
                step__anchor=Anchor.STARTS,
                session__status__in=UPCOMING,
                session__starts_at__gt=self.at,
            )
            .select_related("session", "patient__clinic")
            .order_by("session", "-id")
            .distinct("session")[:2]
        )
        return told[0] if len(told) == 1 else None

    def _raise(
        self, kind: TaskKind, title: str, *, audience: Audience = Audience.FRONT_DESK
    ) -> StaffTask | None:
        if self.clinic is None:  # a task belongs to a clinic; the inbox shows it to all
            return None
        return raise_task(
            clinic=self.clinic,
            patient=self.patient,
            kind=kind,
            title=f"{title}: {self.patient or self.sender}",
            detail=self.incoming.body,
            source=f"inbound:{self.incoming.provider}:{self.incoming.provider_id}",
            audience=audience,
            at=self.at,
        )

    def _answer(self, kind: str) -> str:
        return answer(kind, clinic=self.clinic, language=self.language)


@retried_transaction
def confirm(session: TreatmentSession, *, at: datetime) -> bool:
    """Confirm an appointment for its patient; False if it cannot be confirmed (any more).

    Locks the row first: a second answer finds it confirmed, and that is as good.
    """
    found = TreatmentSession.objects.select_related("patient").locked().get(pk=session.pk)
    status = found.status
    if found.patient.archived_at:
        return False
    if status == Status.BOOKED and at < session.starts_at:
        move_session(session_id=session.pk, to=Status.CONFIRMED, at=at, by=None)
        status = Status.CONFIRMED
    return status == Status.CONFIRMED


def _is_healing(session: TreatmentSession, at: datetime) -> bool:
    done = session.signed_at
    return done is not None and done > at - CLINICAL_FOR


def _heals(people: list[Patient], at: datetime) -> bool:
    since = at - CLINICAL_FOR
    sessions = TreatmentSession.objects.filter(patient__in=people)
    return sessions.filter(Q(completed_at__gt=since) | Q(aborted_at__gt=since)).exists()
