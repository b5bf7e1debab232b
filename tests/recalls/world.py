"""A lot that was used on some patients."""

from datetime import datetime
from typing import Any

from aftercare.models import CareStep, RecallNotice
from clinic.models import CartridgeLot, Clinic, User
from clinic.services import recall_lot
from patients.models import Channel, Patient
from tests.factories import (
    DAY,
    NINE,
    CareStepFactory,
    CartridgeLotFactory,
    CartridgeUseFactory,
    ContactConsentFactory,
    SessionFactory,
    TemplateFactory,
)

RECALLED = NINE + 30 * DAY
BOTH = (Channel.EMAIL, Channel.SMS)


def step_of_recalls(**changes: Any) -> CareStep:
    """As it ships."""
    values = {"useful_for": 2 * DAY, "channel_policy": "BOTH", "is_safety": True, **changes}
    step: CareStep = CareStepFactory(code="lot-recalled", anchor="LOT_RECALLED", **values)
    for channel in BOTH:
        TemplateFactory(step=step, channel=channel)
    return step


def used_on(
    lot: CartridgeLot, *channels: Channel, at: datetime = NINE, patient: Patient | None = None
) -> Patient:
    """A patient whose skin was needled with it, who agrees to these channels."""
    whose = {"plan__patient": patient} if patient else {"plan__patient__clinic": lot.clinic}
    session = SessionFactory(starts_at=at, **whose)
    CartridgeUseFactory(session=session, lot=lot)
    for channel in channels:
        ContactConsentFactory(patient=session.patient, channel=channel)
    found: Patient = session.patient
    return found


def stored_lot(clinic: Clinic) -> CartridgeLot:
    lot: CartridgeLot = CartridgeLotFactory(clinic=clinic)
    return lot


def recall(lot: CartridgeLot, by: User, *, at: datetime = RECALLED) -> None:
    recall_lot(lot_id=lot.pk, reason="needles bent", at=at, by=by)


def notice_of(patient: Patient) -> RecallNotice:
    return RecallNotice.objects.get(patient=patient)
