"""What was due in the past of the demo has reached its patients."""

from datetime import datetime

from django.db.models import F, OuterRef

from aftercare.models import Message, MessageStatus, MessageTemplate
from patients.models import Patient


def deliver(patient: Patient, at: datetime) -> None:
    """The messages that were due by then reached the patient; nothing is sent today for it."""
    current = MessageTemplate.objects.current(
        step_id=OuterRef("step"), channel=OuterRef("channel"), language=patient.language
    )
    Message.objects.filter(patient=patient).open().filter(due_at__lte=at).update(
        status=MessageStatus.SENT,
        sent_at=F("due_at"),
        ended_at=F("due_at"),
        attempts=1,
        template=current.values("pk")[:1],
    )
