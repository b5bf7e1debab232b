"""What a number may be answering: the visits it was told of, the newest question, skin that heals.

Note [The newest question]
    A reply answers what we asked last. “Yes” to “any blisters?” is a finding for clinicians, though
    an appointment may be open too; only a word that can mean nothing else, such as C, confirms.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property

from aftercare.lifecycle import ACCEPTED
from aftercare.models import TREATED, Anchor, Message, MessageStatus
from aftercare.models.message import MessageQuerySet
from patients.models import Channel, Patient
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TOUCHES_SKIN, SideEffect, TreatmentSession, TriageVersion
from sessions.services.record.healing.side_effects import HAS_COME
from sessions.triage import Level, Report, Sign, assess, signs_in

# Watch steps run for eight weeks and pigment shows late: so long, words may be about the skin.
HEALS_FOR = timedelta(days=90)
# Only a person can read what is answered to these.
OPEN_QUESTIONS = (*TREATED, Anchor.ANSWERED)


@dataclass(frozen=True)
class ReplyContext:
    """What is open at one number at one moment."""

    people: list[Patient]
    at: datetime

    @cached_property
    def visits(self) -> list[Message]:
        """The newest announcement of each visit that is still to come, the first visit first."""
        told = (
            self._sent()
            .filter(
                step__anchor=Anchor.STARTS,
                session__status__in=UPCOMING,
                session__starts_at__gt=self.at,
            )
            .select_related("session", "patient__clinic")
            .order_by("session", "-id")
            .distinct("session")
        )
        return sorted(told, key=lambda message: (message.session.starts_at, message.session_id))

    @property
    def unconfirmed(self) -> list[Message]:
        return [one for one in self.visits if one.session.status == Status.BOOKED]

    @property
    def only_visit(self) -> Message | None:
        return self.visits[0] if len(self.visits) == 1 else None

    @cached_property
    def newest(self) -> Message | None:
        """What this number was told or asked last, by a text or by staff. See Note [The newest
        question]."""
        return (
            self._sent()
            .filter(Q(step__anchor__in=OPEN_QUESTIONS) | Q(pk__in=[one.pk for one in self.visits]))
            .annotate(told_at=Coalesce("sent_at", "ended_at", "due_at"))
            .filter(told_at__gt=self.at - HEALS_FOR)
            .select_related("step")
            .order_by("-told_at", "-id")
            .first()
        )

    @property
    def is_for_a_person(self) -> bool:
        """Whether the newest question was about skin, or one that staff have asked."""
        return self.newest is not None and self.newest.step.anchor in OPEN_QUESTIONS

    @cached_property
    def heals(self) -> bool:
        return heals(self.people, self.at)

    def _sent(self) -> MessageQuerySet:
        return Message.objects.filter(
            patient__in=self.people,
            channel=Channel.SMS,
            status__in=[*ACCEPTED, MessageStatus.IN_DOUBT],
        )


def heals(people: list[Patient], at: datetime) -> bool:
    """Whether skin of one of them was touched within 90 days, or a side effect is open."""
    since = at - HEALS_FOR
    sessions = TreatmentSession.objects.filter(patient__in=people, kind__in=TOUCHES_SKIN)
    if sessions.filter(Q(completed_at__gt=since) | Q(aborted_at__gt=since)).exists():
        return True
    return SideEffect.objects.unresolved().filter(session__patient__in=people).exists()


def healing_session(patient: Patient, at: datetime) -> TreatmentSession | None:
    """The newest session that words may be about: its skin was touched within 90 days. It may have
    begun before its time."""
    sessions = TreatmentSession.objects.filter(patient=patient, kind__in=TOUCHES_SKIN)
    sessions = sessions.filter(patient__archived_at__isnull=True)
    come = sessions.filter(status__in=HAS_COME, starts_at__gt=at - HEALS_FOR)
    return come.order_by("-starts_at", "-id").first()


@dataclass(frozen=True)
class Words:
    """What the triage rules find in a text."""

    level: Level = Level.GREEN
    names_a_sign: bool = False


def read_words(text: str, people: list[Patient], at: datetime) -> Words:
    """How grave the words are by the triage rules: only what they name, whoever has written them.

    Without any rules nothing is read: then a person does.
    """
    try:
        version = TriageVersion.objects.to_use(at)
    except TriageVersion.DoesNotExist:
        return Words()
    signs = signs_in(text, version.vocabulary)
    level = assess(Report(day=_day(people, at), signs=signs), version.rule_set).level
    return Words(level, names_a_sign=bool(signs - {Sign.FREE_TEXT}))


def _day(people: list[Patient], at: datetime) -> int:
    """Since the newest treatment; far away if there was none."""
    sessions = TreatmentSession.objects.filter(patient__in=people, kind__in=TOUCHES_SKIN)
    done = sessions.filter(Q(completed_at__lte=at) | Q(aborted_at__lte=at))
    newest = done.order_by("-starts_at").values_list("starts_at", flat=True).first()
    return max((at - newest).days, 0) if newest else HEALS_FOR.days
