"""What patients have written, so that the inbox shows what it is for."""

from datetime import datetime

from aftercare.models import Message, MessageStatus
from aftercare.pages.base import PROVIDER
from aftercare.replies.receive import receive_from_page
from clinic.demo.records.intake import HOUR
from clinic.models import Clinic
from patients.models import TaskKind
from sessions.lifecycle import Status

# Of whose visit, what for, and in which words.
WRITTEN = [
    (Status.BOOKED, TaskKind.CHANGE_WANTED, "Could I come an hour later? My train is late."),
    (Status.COMPLETED, TaskKind.REPLY, "The skin flakes since this morning. Is that normal?"),
]


def write_in(clinic: Clinic, now: datetime) -> None:
    """On the page of the last message that somebody has got, an hour and two hours ago."""
    for number, (status, kind, text) in enumerate(WRITTEN, start=1):
        got = Message.objects.filter(
            clinic=clinic, status=MessageStatus.SENT, session__status=status, patient__language="en"
        )
        receive_from_page(
            got.latest("session__starts_at"),
            text=text,
            kind=kind,
            provider=PROVIDER,
            provider_id=f"demo {number}",
            at=now - number * HOUR,
        )
