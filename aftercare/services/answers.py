"""Staff answer what a patient has written: by SMS or e-mail, as a message like any other."""

from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext, gettext_noop

from aftercare.models import Anchor, CareStep, InboundMessage, Message, StaffAnswer
from aftercare.planning.reach import reach_of
from aftercare.replies.inbox import candidates, handle
from aftercare.replies.opt_out import refusal
from aftercare.texts import gsm7
from aftercare.texts.answers import check_answer, fits_sms
from aftercare.texts.render import NoTemplate, render, template_for
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User
from clinic.values.moments import date_in_words
from patients.models import Channel, Patient, Purpose
from patients.services.records import require_open
from sessions.models import TreatmentSession

CODE = "answer"  # of the step in the catalogue


class Answered(Conflict):
    code = "answered"
    title = gettext_noop("Somebody has answered already")


class PatientUnclear(DomainError):
    code = "patient_unclear"
    title = gettext_noop("It is not clear who is answered")


class NotReachable(DomainError):
    code = "not_reachable"
    title = gettext_noop("The answer cannot reach the patient")


@retried_transaction
def answer_reply(
    *,
    inbound_id: UUID,
    text: str,
    at: datetime,
    by: User,
    channel: str = "",
    patient: UUID | None = None,
    anyway: bool = False,
    finish: bool = False,
    note: str = "",
) -> StaffAnswer:
    """Send the patient an answer, on the channel that they wrote on unless another is named, and
    with `finish` tick the reply off: `note` says what came of it where that must be said.

    The same words of the same person are sent once. Where somebody else has answered, it takes
    `anyway`. Raises ValidationError for words that must not be sent; Answered, PatientUnclear,
    NotReachable, PatientArchived, and with `finish` AlreadyHandled, OutcomeMissing.
    """
    check_answer(text)
    # Behind its lock a button that is pressed twice finds its own words.
    inbound = InboundMessage.objects.select_for_update(of=("self",)).get(pk=inbound_id)
    for same in inbound.answers.filter(answered_by=by):
        if same.text == text:
            return same
    whom = _whom(inbound, patient, by=by)
    _require_unanswered(inbound, whom, by=by, anyway=anyway)
    require_open(whom)
    channel = _usable_channel(inbound, whom, channel)
    answer = _send(inbound, whom, channel, text, at=at, by=by)
    if finish:
        handle(inbound_id=inbound.pk, at=at, by=by, note=note)
    return answer


def _require_unanswered(
    inbound: InboundMessage, patient: Patient, *, by: User, anyway: bool
) -> None:
    last = inbound.answers.select_related("answered_by").order_by("-id").first()
    if last and last.answered_by_id != by.pk and not anyway:
        answered_at = last.answered_at.astimezone(patient.clinic.zone)
        raise Answered(
            gettext(
                "{who} answered on {day} at {time}: “{text}” To send yours too, answer anyway."
            ).format(
                who=last.answered_by,
                day=date_in_words(answered_at, "j M"),
                time=f"{answered_at:%H:%M}",
                text=last.text,
            ),
            field="anyway",
        )


def _whom(inbound: InboundMessage, patient: UUID | None, *, by: User) -> Patient:
    """Who has written; of several at one number the one that is named."""
    candidates([inbound], user=by)
    found = [one for one in inbound.candidates if patient in (None, one.pk)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(str(one) for one in inbound.candidates)
    raise PatientUnclear(
        gettext("Name one of: {known}.").format(known=known)
        if known
        else gettext("Nobody with this number is known: call it."),
        field="patient",
    )


def _usable_channel(inbound: InboundMessage, patient: Patient, wanted: str) -> Channel:
    """The channel that is wanted, or else the one of the reply. Raises NotReachable, with what
    would work."""
    channel = Channel(wanted or inbound.channel)
    usable = reach_of([patient.pk]).get((patient.pk, Purpose.CARE), set())
    if channel in usable:
        return channel
    others = [Channel(one).label for one in sorted(usable)]
    instead = (
        gettext("Answer by {others}, or call").format(others=others[0])
        if others
        else gettext("Call")
    )
    number = f" {patient.mobile}" if patient.mobile else ""
    raise NotReachable(f"{why_unreachable(patient, channel)} {instead}{number}.", field="channel")


def why_unreachable(patient: Patient, channel: Channel) -> str:
    address = patient.email if channel == Channel.EMAIL else str(patient.mobile or "")
    if not address:
        return gettext("No address for {label} is known.").format(label=channel.label)
    if no := refusal(channel=channel, address=address, purpose=Purpose.CARE):
        return gettext("No {label} goes to {address}: {why}.").format(
            label=channel.label, address=address, why=no.why
        )
    return gettext("The patient has not agreed to {label}.").format(label=channel.label)


def _send(
    inbound: InboundMessage,
    patient: Patient,
    channel: Channel,
    text: str,
    *,
    at: datetime,
    by: User,
) -> StaffAnswer:
    step = CareStep.objects.filter(anchor=Anchor.ANSWERED, code=CODE, protocol=None).first()
    if step is None or not step.is_active:
        raise NotReachable(
            gettext("The step “answer” is switched off, or not in the catalogue. Call.")
        )
    session = _session_of(inbound, patient)
    earlier = Message.objects.filter(session=session, step=step)
    number = 1 + (earlier.aggregate(last=Max("occurrence"))["last"] or 0)
    answer = StaffAnswer(
        inbound=inbound, text=text, channel=channel, answered_at=at, answered_by=by
    )
    message = Message.objects.create(
        clinic=patient.clinic,
        patient=patient,
        session=session,
        step=step,
        channel=channel,
        occurrence=number,
        due_at=at,
        expires_at=at + step.useful_for,
    )
    message.answer = answer
    try:
        outgoing = render(message, template_for(message))
    except NoTemplate as error:
        raise NotReachable(
            gettext("{error}. Write one, or call.").format(error=error).capitalize()
        ) from error
    if channel == Channel.SMS:
        answer.sms_parts, answer.as_link = gsm7.parts(outgoing.text), not fits_sms(text, patient)
    answer.save(force_insert=True)
    message.answer = answer
    message.save(update_fields=["answer"])
    return answer


def _session_of(inbound: InboundMessage, patient: Patient) -> TreatmentSession:
    """The visit that the answer belongs to: of the message whose page was written on, or else the
    newest. Locked, so that its messages are counted one at a time."""
    sessions = TreatmentSession.objects.filter(patient=patient, sitting=None)
    about = inbound.message.session if inbound.message else None
    if about is None or about.patient_id != patient.pk or about.sitting_id:
        about = sessions.order_by("-starts_at", "-id").first()
    if about is None:
        raise NotReachable(
            gettext("The patient has no visit that a message could belong to. Call.")
        )
    return TreatmentSession.objects.locked().get(pk=about.pk)
