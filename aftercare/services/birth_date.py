"""The second level of the patients' pages: whoever holds a link and knows the birth date."""

import hashlib
import secrets
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from typing import NamedTuple
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext

from aftercare.models import (
    TRIES_OF_LINK,
    Anchor,
    BirthDateTry,
    CareStep,
    LinkAccess,
    Message,
)
from aftercare.planning.reach import reach_of
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from patients.models import Patient, Purpose, TaskKind
from patients.services import raise_task
from sessions.models import TreatmentSession

ACCESS_LASTS = timedelta(minutes=30)
# Over all links of one patient: who reads the mailbox must not have five tries for each mail in it.
TRIES_OF_PATIENT, COUNTED_FOR = 10, timedelta(days=30)


class Door(StrEnum):
    OPEN = auto()
    WRONG = auto()  # and it may be tried again
    CLOSED = auto()  # for good, as far as this link goes


class Tried(NamedTuple):
    door: Door
    secret: str = ""  # for the browser, of a door that is open
    left: int = 0  # tries


@retried_transaction
def try_birth_date(*, message_id: UUID, born: date, at: datetime) -> Tried:
    """Open what lies behind the birth date, or count a wrong one. The last one closes the link,
    tells the desk, and sends a new link to the address that the record knows.

    One at a time for each patient, or tries that are sent together would not be counted.
    """
    message = Message.objects.select_related("patient__clinic", "clinic").get(pk=message_id)
    patient = message.patient
    lock(f"birth-date:{patient.pk}")
    left = tries_left(message, at=at)
    if left == 0 or patient.date_of_birth is None:
        return Tried(Door.CLOSED)
    if born == patient.date_of_birth:
        return Tried(Door.OPEN, secret=_opened(message, at=at))
    number = message.birth_date_tries.count() + 1
    BirthDateTry.objects.create(message=message, number=number, tried_at=at)
    if left > 1:
        return Tried(Door.WRONG, left=left - 1)
    _close(message, at=at)
    return Tried(Door.CLOSED)


def tries_left(message: Message, *, at: datetime) -> int:
    """Of the link, or of its patient if those are fewer."""
    of_link = TRIES_OF_LINK - message.birth_date_tries.count()
    return max(0, min(of_link, _left_of(message.patient, at=at)))


def _left_of(patient: Patient, *, at: datetime) -> int:
    recent = BirthDateTry.objects.of_patient(patient).filter(tried_at__gt=at - COUNTED_FOR)
    return TRIES_OF_PATIENT - recent.count()


def is_open(message: Message, secret: str, *, at: datetime) -> bool:
    """Whether a browser that has this secret has given the birth date at this link lately."""
    accesses = message.accesses.filter(secret_sha256=_hash(secret))
    return bool(secret) and accesses.filter(opened_at__gt=at - ACCESS_LASTS).exists()


def _opened(message: Message, *, at: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    LinkAccess.objects.create(message=message, secret_sha256=_hash(secret), opened_at=at)
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _close(message: Message, *, at: datetime) -> None:
    """The record may be wrong as well as whoever types: the desk looks at it."""
    patient = message.patient
    is_sent = _left_of(patient, at=at) > 0 and _send_new_link(message, at=at)
    new = (
        gettext("A new link has gone to the address in the record.")
        if is_sent
        else gettext("No new link was sent.")
    )
    raise_task(
        clinic=message.clinic,
        patient=patient,
        kind=TaskKind.OTHER,
        title=gettext("Wrong birth dates at a link: {patient}").format(patient=patient),
        detail=gettext(
            "The birth date at a link was wrong too often, and the link opens nothing "
            "personal any more. {new} Call the patient, and compare the birth date and the "
            "address with the record."
        ).format(new=new),
        source=f"birth-date:{patient.pk}",
        at=at,
    )


def _send_new_link(message: Message, *, at: datetime) -> bool:
    """On the channel of the old one, or else the other. False where neither is open to us."""
    step = CareStep.objects.filter(anchor=Anchor.LINK_CLOSED, protocol=None, is_active=True).first()
    usable = reach_of([message.patient_id]).get((message.patient_id, Purpose.CARE), set())
    if step is None or not usable:
        return False
    channel = message.channel if message.channel in usable else min(usable)
    session = TreatmentSession.objects.locked().get(pk=message.session_id)
    earlier = Message.objects.filter(session=session, step=step, channel=channel)
    Message.objects.create(
        clinic=message.clinic,
        patient=message.patient,
        session=session,
        step=step,
        channel=channel,
        occurrence=1 + (earlier.aggregate(last=Max("occurrence"))["last"] or 0),
        due_at=at,
        expires_at=at + step.useful_for,
    )
    return True
