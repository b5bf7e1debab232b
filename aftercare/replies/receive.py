"""What comes back from patients: understood, acted on, answered and kept."""

from datetime import datetime
from functools import partial
from hashlib import sha256

from aftercare.models import InboundMessage, Keyword, Message
from aftercare.replies.address import normalize_address
from aftercare.replies.contexts import heals, read_words
from aftercare.replies.handler import WANTS, ReplyHandler, confirm
from aftercare.replies.keywords import read_reply
from aftercare.replies.reply import MASKED, URGENT, Incoming, report
from aftercare.replies.sender import as_number
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from patients.models import Audience, Channel, StaffTask, TaskKind, TaskSeverity
from patients.services import raise_task
from sessions.lifecycle import UPCOMING
from sessions.models import CheckIn
from sessions.triage import Level, gravest

__all__ = [
    "Incoming",
    "confirm",
    "is_known",
    "receive_from_check_in",
    "receive_from_page",
    "receive_sms",
]

ON_PAGE: dict[str, str] = {Level.RED: "urgent", Level.EMERGENCY: "emergency"}


@retried_transaction
def receive_sms(incoming: Incoming, *, at: datetime) -> InboundMessage:
    """Understand one SMS, act on it, and keep it with what was answered.

    A repeated one changes nothing and has the same answer. Locks: its own name first, its sender
    (two at once are answered once), then what the action needs. The lock of the address is taken by
    opt-outs only, never before a message's row: see Note [Opt-out and calls in flight].
    """
    lock(f"inbound:{incoming.provider}:{incoming.provider_id}")
    known = InboundMessage.objects.filter(
        provider=incoming.provider, provider_id=incoming.provider_id
    ).first()
    if known:
        return known
    lock(f"inbound-of:{normalize_address(Channel.SMS, as_number(incoming.sender))}")
    return ReplyHandler(incoming, at).take_in()


@retried_transaction
def receive_from_page(
    message: Message, *, text: str, kind: TaskKind, provider: str, provider_id: str, at: datetime
) -> InboundMessage:
    """Keep what a patient wrote on the page of a message, and put it on the list of the staff.

    What is about a visit is for the desk, whatever else is for clinicians while the skin heals; red
    words are theirs, wherever they stand. The same form sent twice is one.
    """
    lock(f"inbound:{provider}:{provider_id}")
    known = InboundMessage.objects.filter(provider=provider, provider_id=provider_id).first()
    if known:
        return known
    patient, source = message.patient, f"inbound:{provider}:{provider_id}"
    words = read_words(text, [patient], at)
    wants_change = kind == TaskKind.CHANGE_WANTED
    is_clinical = words.level in URGENT or (
        not wants_change and (words.names_a_sign or heals([patient], at))
    )
    audience = Audience.CLINICAL if is_clinical else Audience.FRONT_DESK
    level, task = words.level, None
    if is_clinical:
        level, task = report(patient, text, words=words, source=source, at=at)
    wish = "Wants another time" if message.session.status in UPCOMING else "Wants to book"
    title = f"{wish if wants_change else 'Has written'}: {patient}"
    topic = None if wants_change else read_reply(text).topic
    of_desk, kind_of_desk = title, kind
    if topic:
        wanted, kind_of_desk, _ = WANTS[topic]
        of_desk = f"{wanted}: {patient}"
    raising = partial(raise_task, clinic=message.clinic, patient=patient, at=at)
    if task is None:
        grave = f"{level.name}: " if level in URGENT else ""
        task = raising(
            kind=kind if is_clinical else kind_of_desk,
            title=grave + title if is_clinical else of_desk,
            detail=text,
            source=source,
            audience=audience,
            severity=level.value if grave else TaskSeverity.ROUTINE,
        )
    if is_clinical and (wants_change or topic):
        raising(kind=kind_of_desk, title=of_desk, detail=MASKED, source=f"{source}:desk")
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
        reply_kind=ON_PAGE.get(level, "change" if wants_change else "written"),
    )


@retried_transaction
def receive_from_check_in(
    message: Message, *, check_in: CheckIn, provider: str, at: datetime
) -> InboundMessage:
    """Put the words of a report into the inbox, so that staff can answer them. Triage has raised
    what task there is, which they share with the report. The same words are kept once."""
    report = check_in.report_id or check_in.pk
    words = sha256(check_in.words.encode()).hexdigest()[:32]
    name = f"check-in:{report}:{words}"
    lock(f"inbound:{provider}:{name}")
    known = InboundMessage.objects.filter(provider=provider, provider_id=name).first()
    if known:
        return known
    acted = gravest(check_in.level, Level.AMBER if check_in.is_draft else Level.GREEN)
    source = f"check-in:{check_in.session_id}:{acted.value}"
    return InboundMessage.objects.create(
        channel=message.channel,
        sender=normalize_address(message.channel, message.address),
        body=check_in.words,
        provider=provider,
        provider_id=name,
        received_at=at,
        audience=Audience.CLINICAL,
        clinic=message.clinic,
        patient=message.patient,
        message=message,
        task=StaffTask.objects.open().filter(source=source).first(),
        reply_kind="written",
    )


def is_known(provider: str, provider_id: str) -> bool:
    """Whether it has come in before: the same form, or the same SMS."""
    known = InboundMessage.objects.filter(provider=provider, provider_id=provider_id)
    return known.exists()
