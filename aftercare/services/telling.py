"""A lot was recalled: each patient it was used on gets a notice and its messages, or is called.

Note [Telling many]
    Up to a hundred uses are looked at in the transaction of the recall. Of more, one row of the lot
    says how far they are, and a worker goes on from there as it does with visits that are planned
    anew: Note [Planning anew beside bookings]. It walks by serial numbers, in which a lot is
    indexed. Who was told stands in notices and messages, not in that row: to look at a use twice
    tells nobody twice. What is scanned later is told by its own scan.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, Max, OuterRef
from django.utils.translation import gettext, gettext_noop

from aftercare.models import (
    Anchor,
    CallReason,
    CareStep,
    Message,
    MessageStatus,
    RecallNotice,
    RecallTelling,
)
from aftercare.planning import gradual
from aftercare.planning.reach import choose_channels, reach_of
from aftercare.planning.reconcile import INSERT
from aftercare.services.recall import MAY_ARRIVE, ask_for_calls
from clinic.db.locks import lock
from clinic.db.retries import retried_step, retried_transaction
from clinic.errors import Conflict
from clinic.models import CartridgeLot, User
from patients.models import Purpose
from sessions.models import CartridgeUse

STRETCH = 100  # uses in one transaction; up to so many while somebody waits


class NotRecalled(Conflict):
    code = "not_recalled"
    title = gettext_noop("This lot is not recalled")


@retried_transaction
def tell_patients(*, lot_id: UUID, at: datetime, by: User | None = None) -> int:
    """A notice and its messages for each patient of a recalled lot, once; whom no message reached
    may have an address by now, and is told again. Who can be reached by none is called.

    Returns how many are told now; none if they are left to a worker. Raises NotRecalled.
    """
    lots = CartridgeLot.objects.select_for_update(of=("self",), no_key=True)
    lot = lots.select_related("clinic").get(pk=lot_id)
    if lot.recalled_at is None:
        raise NotRecalled(gettext("Recall it first, with the reason."))
    uses = CartridgeUse.objects.filter(lot=lot)
    if (many := uses.count()) > STRETCH:
        anew = {"begun_at": at, "total": many, "looked_at": 0, "position": "", "ended_at": None}
        RecallTelling.objects.update_or_create(lot=lot, defaults=anew)
        return 0
    return _tell(lot, set(uses.values_list("session__patient", flat=True)), at=at)


@retried_step
def tell_patient_of_use(*, use: CartridgeUse, at: datetime) -> None:
    """It was in use when its lot was recalled, and is scanned afterwards."""
    _tell(use.lot, {use.session.patient_id}, at=at)


def go_on_with_tellings(*, at: datetime) -> bool:
    """The next stretches of each recall of many; whether there are more."""
    return gradual.go_on(RecallTelling, _next_stretch, at=at)


@retried_transaction
def _next_stretch(*, job_id: UUID, at: datetime) -> bool:
    """False if nothing is left, or another worker is on it."""
    rows = RecallTelling.objects.select_for_update(of=("self",), skip_locked=True)
    telling = rows.select_related("lot__clinic").filter(pk=job_id, ended_at=None).first()
    if telling is None:
        return False
    at = max(at, telling.begun_at)
    uses = CartridgeUse.objects.filter(lot=job_id, serial__gt=telling.position)
    some = list(uses.order_by("serial").values_list("serial", "session__patient")[:STRETCH])
    whose = RecallTelling.objects.filter(pk=job_id)
    if not some:
        whose.update(ended_at=at)
        return False
    _tell(telling.lot, {patient for _, patient in some}, at=at)
    whose.update(position=some[-1][0], looked_at=F("looked_at") + len(some))
    return True


def _tell(lot: CartridgeLot, patients: Collection[UUID], *, at: datetime) -> int:
    lock(f"recall:{lot.clinic_id}")  # one at a time, or two would number their messages alike
    RecallNotice.objects.bulk_create(_missing(lot, patients, at=at))
    return _send(_untold(lot, patients), at=at)


def _missing(lot: CartridgeLot, patients: Collection[UUID], *, at: datetime) -> list[RecallNotice]:
    """Also of an archived record: its patient is called."""
    known = RecallNotice.objects.filter(lot=lot, patient=OuterRef("session__patient"))
    uses = CartridgeUse.objects.filter(~Exists(known), lot=lot, session__patient__in=patients)
    latest = uses.order_by("session__patient", "-session__starts_at", "-session")
    last = latest.distinct("session__patient").values_list("session__patient", "session")
    return [
        RecallNotice(lot=lot, patient_id=patient, session_id=session, issued_at=at)
        for patient, session in last
    ]


def _untold(lot: CartridgeLot, patients: Collection[UUID]) -> list[RecallNotice]:
    on_its_way = Message.objects.filter(recall_notice=OuterRef("pk"), status__in=MAY_ARRIVE)
    notices = RecallNotice.objects.unsettled().filter(~Exists(on_its_way), lot=lot)
    theirs = notices.filter(patient__in=patients)
    return list(theirs.select_related("patient", "lot__clinic", "session").locked())


def _send(notices: list[RecallNotice], *, at: datetime) -> int:
    """By all channels that the step names and the patient allows. The re-check knows the rest."""
    step = CareStep.objects.filter(
        anchor=Anchor.LOT_RECALLED, protocol=None, is_active=True
    ).first()
    reach = reach_of([notice.patient_id for notice in notices]) if step else {}
    numbers = _numbers(step, notices)
    messages = []
    for notice in notices:
        usable = reach.get((notice.patient_id, Purpose.CARE), set())
        channels = [c for c in choose_channels(step, usable) if c in usable] if step else []
        for channel in channels:
            key = (notice.session_id, str(channel))
            numbers[key] = numbers.get(key, 0) + 1
            messages.append(_message(notice, step, channel, numbers[key], at=at))
    INSERT.all(messages)
    told = {message.recall_notice_id for message in messages}
    unreachable = [notice for notice in notices if notice.pk not in told]
    ask_for_calls(unreachable, CallReason.UNREACHABLE, at=at)
    return len(told)


def _numbers(step: CareStep | None, notices: list[RecallNotice]) -> dict[tuple[UUID, str], int]:
    """The last occurrence at each session by each channel: another of its lots may be recalled."""
    sent = Message.objects.filter(session__in=[notice.session_id for notice in notices], step=step)
    last = sent.values("session", "channel").annotate(last=Max("occurrence")).order_by()
    return {(row["session"], row["channel"]): row["last"] for row in last}


def _message(
    notice: RecallNotice, step: CareStep | None, channel: str, number: int, *, at: datetime
) -> Message:
    assert step is not None  # or there would be no channel
    return Message(
        clinic_id=notice.lot.clinic_id,
        patient_id=notice.patient_id,
        session_id=notice.session_id,
        step=step,
        channel=channel,
        occurrence=number,
        recall_notice=notice,
        status=MessageStatus.PENDING,
        due_at=at,
        expires_at=at + step.useful_for,
    )
