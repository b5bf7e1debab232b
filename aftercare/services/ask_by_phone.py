"""The questionnaire goes to the patient's phone instead: one link, to the questions before the next
treatment."""

from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext, gettext_noop

from aftercare.lifecycle import ACCEPTED, OPEN, MessageStatus
from aftercare.models import Anchor, CareStep, Message
from aftercare.planning.announcements import allowed_at
from aftercare.planning.reach import choose_channels, reach_of
from aftercare.services.answers import NotReachable, why_unreachable
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import User
from patients.models import Patient, Purpose
from patients.services.records import lock_open_record, require_open
from sessions.lifecycle import UPCOMING, Status
from sessions.models import TreatmentSession

MAY_ARRIVE = (*OPEN, *ACCEPTED, MessageStatus.IN_DOUBT)


class NoTreatmentAhead(DomainError):
    code = "no_treatment_ahead"
    title = gettext_noop("The link belongs to a treatment that is booked")


class TooLateToAsk(DomainError):
    code = "too_late_to_ask"
    title = gettext_noop("The link would come after the visit")


def way_to_ask(patient: Patient, *, at: datetime) -> Message:
    """The message as it would go out now, not saved: by which channel, and when.

    Raises PatientArchived, NoTreatmentAhead, NotReachable, TooLateToAsk.
    """
    require_open(patient)
    step = CareStep.objects.filter(anchor=Anchor.ASKED, protocol=None, is_active=True).first()
    if step is None:
        raise NotReachable(
            gettext("The step “questions” is switched off, or not in the catalogue.")
        )
    ahead = TreatmentSession.objects.filter(
        patient=patient, status__in=(*UPCOMING, Status.CHECKED_IN), ends_at__gt=at
    )
    treatments = ahead.filter(kind__in=step.kinds, sitting=None).select_related("clinic")
    session = treatments.order_by("starts_at", "pk").first()
    if session is None:
        raise NoTreatmentAhead(gettext("No treatment is booked that the link could belong to."))
    usable = reach_of([patient.pk]).get((patient.pk, Purpose.CARE), set())
    channel = choose_channels(step, usable)[0]
    if channel not in usable:
        raise NotReachable(" ".join(why_unreachable(patient, one) for one in step.channels))
    message = Message(
        clinic=session.clinic,
        patient=patient,
        session=session,
        step=step,
        channel=channel,
        due_at=at,
        expires_at=min(at + step.useful_for, session.ends_at),
    )
    message.due_at = allowed_at(message, at)
    if message.due_at >= message.expires_at:
        raise TooLateToAsk(gettext("Quiet hours hold it until the visit is over."))
    return message


@retried_transaction
def ask_by_phone(*, patient_id: UUID, at: datetime, by: User) -> Message:
    """Send the link, unless one is under way or waits for its answers; returns that one then.

    Raises what `way_to_ask` does. The lock on the record lets one press follow on another.
    """
    patient = lock_open_record(patient_id)
    earlier = asked_by_phone(patient)
    if earlier and is_waiting(earlier, at=at):
        return earlier
    message = way_to_ask(patient, at=at)
    TreatmentSession.objects.locked().get(pk=message.session_id)
    same = Message.objects.filter(session=message.session_id, step=message.step)
    last = same.filter(channel=message.channel).aggregate(last=Max("occurrence"))["last"]
    message.occurrence = (last or 0) + 1
    message.save(force_insert=True)
    return message


def asked_by_phone(patient: Patient) -> Message | None:
    """The newest message that has asked this patient, as staff have pressed."""
    asked = Message.objects.filter(patient=patient, step__anchor=Anchor.ASKED)
    return asked.select_related("clinic", "patient", "session", "step").order_by("-pk").first()


def is_waiting(message: Message, *, at: datetime) -> bool:
    """Whether answers may still come by it: nobody has screened since."""
    if message.status not in MAY_ARRIVE or at >= message.expires_at:
        return False
    return not message.patient.screenings.filter(taken_at__gte=message.created_at).exists()
