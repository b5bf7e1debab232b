"""Who must not be written to, by address: recorded so that nothing follows on the answer.

Note [Opt-out and calls in flight]
    A call holds the lock of its address shared, and reads the ledger behind it. Whoever records
    a word takes the lock alone: it waits until the calls in flight have ended, and every later
    call reads the new word. So once an opt-out is answered, nothing more is accepted.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from aftercare.models import AddressConsent, AddressSource, Message
from aftercare.replies.address import lock_name, normalize_address
from aftercare.texts import links
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User
from patients.models import Purpose, TaskKind
from patients.services import raise_task

# A word is overruled only by one of at least its weight: a STOP ends with the START of the same
# phone, what came back or reaches somebody else when staff have cleared it up, the rest where it
# was chosen.
WEIGHT: dict[str, int] = {
    AddressSource.UNSUBSCRIBE_LINK: 0,
    AddressSource.PREFERENCES: 0,
    AddressSource.COMPLAINT: 1,
    AddressSource.HARD_BOUNCE: 1,
    AddressSource.NOT_THEIRS: 1,
    AddressSource.STAFF: 1,
    AddressSource.REPLY: 2,
}


class StoppedByReply(Conflict):
    code = "stopped_by_reply"
    title = gettext_noop("This number has sent STOP")


def refusal(*, channel: str, address: object, purpose: str) -> AddressConsent | None:
    """The last word on an address, if it is a no."""
    word = (
        AddressConsent.objects.filter(
            channel=channel, address=normalize_address(channel, address), purpose=purpose
        )
        .order_by("-id")
        .first()
    )
    return None if word is None or word.granted else word


def is_not_theirs(*, channel: str, address: object) -> bool:
    """Whether somebody else has this address, as far as anybody has said."""
    word = refusal(channel=channel, address=address, purpose=Purpose.CARE)
    return word is not None and word.source == AddressSource.NOT_THEIRS


@retried_transaction
def record(
    *,
    channel: str,
    address: object,
    granted: bool,
    source: str,
    wording: str,
    at: datetime,
    purposes: Iterable[str] = Purpose.values,
    message: Message | None = None,
    by: User | None = None,
) -> list[AddressConsent]:
    """Write down what was said of an address, as far as it changes anything; returns the rows.

    A yes to what nobody has refused changes nothing, nor does a no to what is refused already, nor
    a word that has less weight than the last one. See Note [Opt-out and calls in flight].
    """
    address = normalize_address(channel, address)
    lock(lock_name(channel, address))
    last = AddressConsent.objects.last_words(channel=channel, address=address)
    return [
        AddressConsent.objects.create(
            channel=channel,
            address=address,
            purpose=purpose,
            granted=granted,
            source=source,
            wording=wording[:500],
            recorded_at=at,
            recorded_by=by,
            message=message,
        )
        for purpose in purposes
        if _says_something_new(last.get(purpose), granted=granted, source=source)
    ]


def _says_something_new(last: AddressConsent | None, *, granted: bool, source: str) -> bool:
    if last is None or last.granted:
        return not granted
    outweighs = WEIGHT[source] - WEIGHT[last.source]
    return outweighs >= 0 if granted else outweighs > 0


@retried_transaction
def record_by_staff(
    *,
    channel: str,
    address: object,
    purpose: str,
    granted: bool,
    wording: str,
    at: datetime,
    by: User,
) -> list[AddressConsent]:
    """What the patient told the desk about an address. Raises StoppedByReply: the law wants the
    START from the phone itself."""
    lock(lock_name(channel, address))
    last = refusal(channel=channel, address=address, purpose=purpose)
    if granted and last and last.source == AddressSource.REPLY:
        raise StoppedByReply(gettext("Only a START sent from this phone allows messages again."))
    return record(
        channel=channel,
        address=address,
        purposes=[purpose],
        granted=granted,
        source=AddressSource.STAFF,
        wording=wording,
        at=at,
        by=by,
    )


@retried_transaction
def record_not_theirs(*, message: Message, at: datetime) -> None:
    """Nothing more to where this message went, and a task for the desk to ask for the right
    address. Pressed twice it is recorded once."""
    address = links.sent_to(message)
    if not address:
        return
    record(
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
