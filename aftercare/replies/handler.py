"""One SMS on its way in: what is done, what is answered, and who gets a task.

Note [Yes]
    YES is both a START word and a confirmation. If the number has opted out, it is START: nothing
    is open that we could have asked. Otherwise it answers the newest question (see Note [The newest
    question] in contexts): it confirms the only visit that was announced to this number and is
    still to come, or which of several is asked. In every other case a person reads it.

Note [Never silent]
    Who writes while the skin heals, or about a body, is answered at once, also after a STOP: it is
    an answer, not one of our messages. Once in 30 minutes is enough, unless words are graver.
"""

from collections.abc import Sequence
from datetime import datetime

from aftercare.models import InboundMessage, Keyword, Message
from aftercare.replies.auto_replies import confirmed, which
from aftercare.replies.reply import MASKED, URGENT, Outcome, Reply
from aftercare.replies.vocabulary import ALL, Topic
from aftercare.texts import links
from clinic.db.retries import retried_transaction
from patients.models import Audience, Channel, StaffTask, TaskKind, TaskSeverity
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.services import move_session
from sessions.triage import Level

MOST_VISITS = 4  # that one SMS can number
HELP_WORDS = ("HELP", "AYUDA")
WANTS: dict[Topic | None, tuple[str, TaskKind, str]] = {
    Topic.CANCEL: ("Wants to cancel the visit", TaskKind.CHANGE_WANTED, "cancel_wanted"),
    Topic.CHANGE: ("Wants another time", TaskKind.CHANGE_WANTED, "change"),
    Topic.LATE: ("Will be late", TaskKind.REPLY, "late"),
    None: ("May be about a visit", TaskKind.REPLY, "received"),
}


class ReplyHandler(Reply):
    """Understands one SMS and acts on it."""

    def take_in(self) -> InboundMessage:
        outcome = self._act()
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
            reply_kind=outcome.reply_kind if outcome.reply else "",
            offered=outcome.offered,
            handled_at=self.at if outcome.handled else None,
        )

    def _act(self) -> Outcome:
        match self.reading.keyword:
            case Keyword.STOP | Keyword.CANCEL as keyword:
                return self._stop(keyword)
            case Keyword.START:
                return self._start()
            case Keyword.YES if self.has_opted_out():
                return self._start()  # see Note [Yes]
            case Keyword.YES | Keyword.CONFIRM:
                return self._confirm()
            case Keyword.CHANGE:
                return self._change()
            case Keyword.HELP:
                return self._help()
        if self.reading.numbers and (chosen := self._chosen()):
            return self._confirm_all(chosen)
        return self._read()

    # keywords

    def _stop(self, keyword: Keyword) -> Outcome:
        """No more SMS to this number, for everybody who shares it. Only the first is confirmed."""
        written = self.record(granted=False)
        kind = f"{keyword.lower()}_healing" if self.context.heals else keyword.lower()
        outcome = Outcome(reply=self.answer(kind) if written else "", reply_kind=kind)
        if keyword == Keyword.CANCEL:
            outcome.message = self.context.only_visit
            outcome.task = self.raise_task(
                TaskKind.CHANGE_WANTED, "Wrote CANCEL: gets no more SMS, may mean the appointment"
            )
            outcome.handled = outcome.task is not None
        return outcome

    def _start(self) -> Outcome:
        self.record(granted=True)
        return Outcome(reply=self.answer("start"), reply_kind="start")

    def _help(self) -> Outcome:
        """The clinic's number. Whose skin heals may mean it."""
        outcome = Outcome(reply=self.answer("help"), reply_kind="help")
        if self.context.heals and any(w in self.incoming.body.upper() for w in HELP_WORDS):
            outcome.audience = Audience.CLINICAL
            outcome.task = self.raise_task(
                TaskKind.REPLY, "Asks for help", audience=Audience.CLINICAL
            )
            outcome.handled = False
        return outcome

    def _change(self) -> Outcome:
        """The desk looks for another time. The appointment stays until then."""
        task = self.raise_task(TaskKind.CHANGE_WANTED, "Wants another time")
        kind = "healing_visit" if self.context.heals else "change"
        is_answered = self.context.heals or not self.has_opted_out()
        return Outcome(
            reply=self.answer(kind) if is_answered else "",
            reply_kind=kind,
            task=task,
            message=self.context.only_visit,
            handled=task is not None,
        )

    def _confirm(self) -> Outcome:
        """See Note [Yes]."""
        context, reading = self.context, self.reading
        if self.has_opted_out():
            return self._read()
        if context.is_for_a_person and not reading.only_confirms:
            return self._read() if reading.says_yes else self._be_friendly()
        open_ = context.unconfirmed
        if len(open_) > 1:
            return self._ask_which(open_)
        if open_ or context.visits:
            return self._confirm_all((open_ or context.visits)[-1:])
        return self._read() if reading.says_yes or reading.only_confirms else self._be_friendly()

    def _ask_which(self, visits: Sequence[Message]) -> Outcome:
        if self.clinic is None or len(visits) > MOST_VISITS:
            return self._read()
        return Outcome(
            reply=which(visits, clinic=self.clinic, language=self.language),
            reply_kind="which",
            offered=[one.session_id for one in visits],
        )

    def _chosen(self) -> list[Message]:
        """The visits that a number means: of those that we listed last."""
        asked = InboundMessage.objects.filter(sender=self.sender).exclude(offered=[])
        last = asked.order_by("-id").first()
        if last is None:
            return []
        known = {one.session_id: one for one in self.context.visits}
        wanted = self.reading.numbers
        return [
            known[session]
            for number, session in enumerate(last.offered, 1)
            if session in known and (ALL in wanted or number in wanted)
        ]

    def _confirm_all(self, visits: Sequence[Message]) -> Outcome:
        done = [one for one in visits if confirm(one.session, at=self.at)]
        if not done:
            return self._read()
        reply = " ".join(
            confirmed(patient=one.patient, starts_at=one.session.starts_at) for one in done[-2:]
        )
        return Outcome(reply=reply, reply_kind="confirm", message=done[-1])

    # words

    def _read(self) -> Outcome:
        """What people read: to clinicians while the skin heals or if it is about a body, and else
        to the desk. See Note [Never silent]."""
        if self.words.level in URGENT:
            return self._to_clinicians()
        if self.reading.is_empty or self.incoming.has_media:
            return self._without_words()
        if self.reading.is_friendly and self.people and not self.has_opted_out():
            return self._be_friendly()
        return self._to_clinicians() if self._is_about_a_body() else self._to_the_desk()

    def _is_about_a_body(self) -> bool:
        return self.context.heals or self.reading.is_about_the_body or self.words.names_a_sign

    def _to_clinicians(self) -> Outcome:
        """Triage says how grave it is, and raises the task, where it is known whose skin it is."""
        level, task = self.report()
        is_urgent = level in URGENT
        title = "Reply, maybe an opt-out" if self.reading.maybe_opt_out else "Reply to read"
        severity = TaskSeverity(level.value) if is_urgent else TaskSeverity.ROUTINE
        if is_urgent:
            title = f"{level.name}: reply"
        if task is None:
            task = self.raise_task(
                TaskKind.REPLY, title, audience=Audience.CLINICAL, severity=severity
            )
        if task is None and is_urgent:
            task = self.raise_everywhere(title, severity)
        desk = self._tell_the_desk()
        kind = "healing_visit" if desk and self.reading.topic else "healing"
        if is_urgent:
            kind = "emergency" if level == Level.EMERGENCY else "urgent"
        return Outcome(
            reply=self.answer_once(kind),
            reply_kind=kind,
            task=task,
            handled=False,
            message=self.context.only_visit if self.reading.topic else self.context.newest,
            audience=Audience.CLINICAL,
        )

    def _tell_the_desk(self) -> StaffTask | None:
        """Of words that clinicians read: only what it may be about."""
        if not self.reading.may_be_about_a_visit or not self.people:
            return None
        title, kind, _ = WANTS[self.reading.topic]
        return self.raise_task(kind, title, detail=MASKED, source=":desk")

    def _to_the_desk(self) -> Outcome:
        title, task_kind, kind = WANTS[self.reading.topic]
        if self.reading.topic is None:
            title = "Reply, maybe an opt-out" if self.reading.maybe_opt_out else "Reply to read"
        task = self.raise_task(task_kind, title)
        is_answered = self.people and self.clinic and not self.reading.maybe_opt_out
        silent = not is_answered or self.has_opted_out()
        return Outcome(
            reply="" if silent else self.answer_once(kind),
            reply_kind="" if silent else kind,
            task=task,
            message=self.context.only_visit if self.reading.topic else None,
            handled=False,
        )

    def _be_friendly(self) -> Outcome:
        """Thanks, or “fine”: nobody has to do anything."""
        kind = "healing_thanks" if self.context.heals else ""
        return Outcome(reply=self.answer_once(kind) if kind else "", reply_kind=kind)

    def _without_words(self) -> Outcome:
        """Nothing, or a picture, which is not stored: the link leads to where one can write."""
        outcome = Outcome(handled=False)
        newest = Message.objects.filter(patient__in=self.people).order_by("-due_at", "-id").first()
        if self.people and not self.has_opted_out():
            kind = "link" if newest else "no_link"
            outcome.reply = self.answer_once(kind, link=links.page(newest) if newest else "")
            outcome.reply_kind = kind
        what = "Sent a picture, which is not kept" if self.incoming.has_media else "Sent no words"
        if self.context.heals:
            outcome.audience = Audience.CLINICAL
        elif outcome.reply and not self.incoming.body.strip():
            outcome.handled = True
            return outcome
        outcome.task = self.raise_task(TaskKind.REPLY, what, audience=outcome.audience)
        return outcome


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
