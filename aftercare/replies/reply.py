"""One SMS with all that is known of its sender, and what is done with any: tasks and answers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.functional import cached_property

from aftercare.models import AddressSource, InboundMessage, Message
from aftercare.replies import opt_out
from aftercare.replies.address import normalize_address
from aftercare.replies.auto_replies import GRAVITY, answer
from aftercare.replies.contexts import ReplyContext, Words, healing_session, read_words
from aftercare.replies.keywords import read_reply
from aftercare.replies.promise import read_by
from aftercare.replies.sender import as_number, only_clinic, people_at
from patients.models import Audience, Channel, Patient, Purpose, StaffTask, TaskKind, TaskSeverity
from patients.services import raise_task
from sessions.services import NoTriageRules, record_check_in
from sessions.triage import Level, gravest

ONCE_IN = timedelta(minutes=30)
MASKED = "Clinicians read the words: the skin may still heal. Call about the visit."
URGENT = (Level.RED, Level.EMERGENCY)


@dataclass(frozen=True)
class Incoming:
    """A message as a provider hands it over; repeated, it has the same `provider_id`."""

    sender: str
    to: str
    body: str
    provider: str
    provider_id: str
    has_media: bool = False  # a picture came with it, which is not stored


@dataclass
class Outcome:
    """What was made of a message: `reply` goes back, a `task` waits for a person."""

    reply: str = ""
    reply_kind: str = ""
    task: StaffTask | None = None
    message: Message | None = None
    handled: bool = True
    audience: Audience = Audience.FRONT_DESK
    offered: list[UUID] = field(default_factory=list)


class Reply:
    """One SMS on its way in, with all that is known of its sender."""

    def __init__(self, incoming: Incoming, at: datetime) -> None:
        self.incoming, self.at = incoming, at
        self.sender = normalize_address(Channel.SMS, as_number(incoming.sender))
        self.people = people_at(self.sender)
        self.clinic = only_clinic(self.people)
        self.reading = read_reply(incoming.body)
        self.context = ReplyContext(self.people, at)
        languages = {patient.language for patient in self.people}
        self.language = languages.pop() if len(languages) == 1 else "en"

    @property
    def patient(self) -> Patient | None:
        return self.people[0] if len(self.people) == 1 else None

    @property
    def source(self) -> str:
        return f"inbound:{self.incoming.provider}:{self.incoming.provider_id}"[:105]

    @cached_property
    def words(self) -> Words:
        """What triage finds in them, whoever has written them."""
        return read_words(self.incoming.body, self.people, self.at)

    def report(self) -> tuple[Level, StaffTask | None]:
        """Keep the words as a report of the session that they can be about, so that triage decides
        with all that is known of it; its task, if it has raised one."""
        return report(
            self.patient, self.incoming.body, words=self.words, source=self.source, at=self.at
        )

    def record(self, *, granted: bool) -> bool:
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

    def has_opted_out(self) -> bool:
        word = opt_out.refusal(channel=Channel.SMS, address=self.sender, purpose=Purpose.CARE)
        return word is not None

    def raise_task(
        self,
        kind: TaskKind,
        title: str,
        *,
        audience: Audience = Audience.FRONT_DESK,
        detail: str = "",
        source: str = "",
        severity: str = TaskSeverity.ROUTINE,
    ) -> StaffTask | None:
        if self.clinic is None:  # a task belongs to a clinic; the inbox shows it to all
            return None
        return raise_task(
            clinic=self.clinic,
            patient=self.patient,
            kind=kind,
            title=f"{title}: {self.patient or self.sender}",
            detail=detail or self.incoming.body,
            source=self.source + source,
            audience=audience,
            severity=severity,
            at=self.at,
        )

    def raise_everywhere(self, title: str, severity: str) -> StaffTask | None:
        """What is urgent, in each clinic that knows the number: the first of the tasks."""
        clinics = {patient.clinic_id: patient.clinic for patient in self.people}
        tasks = [
            raise_task(
                clinic=clinic,
                kind=TaskKind.REPLY,
                title=f"{title}: {self.sender}",
                detail=self.incoming.body,
                source=f"{self.source}:{number}",
                audience=Audience.CLINICAL,
                severity=severity,
                at=self.at,
            )
            for number, clinic in enumerate(clinics.values())
        ]
        return tasks[0] if tasks else None

    def answer_once(self, kind: str, link: str = "") -> str:
        """The answer, unless one that is as grave went out just now."""
        recent = InboundMessage.objects.filter(
            sender=self.sender, received_at__gt=self.at - ONCE_IN
        ).exclude(reply="")
        said = recent.values_list("reply_kind", flat=True)
        if any(GRAVITY.get(one, 0) >= GRAVITY[kind] for one in said):
            return ""
        return self.answer(kind, link)

    def answer(self, kind: str, link: str = "") -> str:
        return answer(kind, clinic=self.clinic, language=self.language, at=self.at, link=link)


def report(
    patient: Patient | None, text: str, *, words: Words, source: str, at: datetime
) -> tuple[Level, StaffTask | None]:
    """Keep what a patient has written as a report of the newest session, if there is one that it
    can be about. The level is the graver of what the words say and what triage says of the report.
    """
    session = healing_session(patient, at) if patient else None
    if patient is None or session is None:
        return words.level, None
    due = at if words.level in URGENT else read_by(patient.clinic, at)
    try:
        kept = record_check_in(
            session_id=session.pk, at=at, by=None, words=text, source=source, promised_at=due
        )
    except NoTriageRules:
        return words.level, None
    task = StaffTask.objects.open().filter(source=source).first()
    return gravest(words.level, kept.level), task
