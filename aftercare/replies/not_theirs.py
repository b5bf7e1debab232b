"""Somebody who is not the patient gets what is meant for the patient."""

from datetime import datetime

from aftercare.models import AddressSource, Message
from aftercare.replies import opt_out
from aftercare.texts import links
from clinic.db.retries import retried_transaction
from patients.models import TaskKind
from patients.services import raise_task


@retried_transaction
def record_not_theirs(*, message: Message, at: datetime) -> None:
    """Nothing more to where this message went, and a task for the desk to ask for the right
    address. Pressed twice it is recorded once."""
    address = links.sent_to(message)
    if not address:
        return
    opt_out.record(
        channel=message.channel,
        address=address,
        granted=False,
        source=AddressSource.NOT_THEIRS,
        wording="the button “This is not for me”",
        at=at,
        message=message,
    )
    patient, channel = message.patient, message.get_channel_display()
    raise_task(
        clinic=message.clinic,
        patient=patient,
        kind=TaskKind.BAD_ADDRESS,
        title=f"Somebody else has this address: {patient}, {channel}",
        detail=f"{address}\nWhoever got our message says that it is not for them. Nothing more is "
        "sent there. Ask the patient for the right one; if it is right after all, allow it again.",
        source=f"not-theirs:{message.channel}:{patient.pk}",
        at=at,
    )
