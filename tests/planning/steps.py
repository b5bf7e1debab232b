"""Sessions that are done, and what is planned after them."""

from datetime import datetime
from typing import Any

from aftercare.models import Anchor, Message
from aftercare.planning import plan as planning
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.factories import NINE, ContactConsentFactory, SessionFactory


def outbox(**wanted: Any) -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(**wanted).order_by("step__code", "channel", "occurrence")
    return list(rows.values_list("step__code", "channel", "status"))


def agrees(patient: Patient, *channels: str, purpose: str = "CARE") -> None:
    for channel in channels:
        ContactConsentFactory(patient=patient, channel=channel, purpose=purpose)


def done(**details: Any) -> TreatmentSession:
    """A completed session, straight into the table."""
    return SessionFactory(status=Status.COMPLETED, **details)


def plan_after(session: TreatmentSession, at: datetime = NINE) -> None:
    planning.plan_messages(
        session=session,
        anchors=[Anchor.COMPLETED, Anchor.LAST_SESSION],
        at=session.completed_at or at,
    )
