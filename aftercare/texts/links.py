"""The links of a patient's message: who holds one may see and answer this message, nothing else.

A token is the message's key and a MAC over it, in 32 characters; nothing is stored. The key alone
would not do: providers and mail servers see it as Message-ID and idempotency key.
"""

import base64
import binascii
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from aftercare.models import Anchor, CareStep, Message
from patients.models import Channel, Patient

MAC_BYTES = 8
SALT = "aftercare.texts.links"


def token_for(message: Message) -> str:
    return _token(message.key, settings.SECRET_KEY)


def message_for(token: str) -> Message | None:
    """The message that a token was made for, with all that a page shows of it; else None.

    Tokens made with a former key (SECRET_KEY_FALLBACKS) hold too: they are in sent mail.
    """
    try:
        key = UUID(bytes=base64.urlsafe_b64decode(token.encode("ascii"))[:-MAC_BYTES])
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    # Compared as text, so that no second spelling of a token is accepted.
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(_token(key, secret), token) for secret in secrets):
        return None
    rows = Message.objects.select_related(
        "clinic", "patient__clinic", "session__practitioner", "step"
    )
    return rows.filter(pk=key).first()


def sent_to(message: Message) -> str:
    """The address that the link went to: what the patient's record said then."""
    if message.sent_at is None:
        return message.address
    field = "email" if message.channel == Channel.EMAIL else "mobile"
    history: Any = Patient._meta.get_field("history").related_model
    then = history._default_manager.filter(
        pgh_obj=message.patient_id, pgh_created_at__lte=message.sent_at
    )
    known = then.order_by("-pgh_id").values_list(field, flat=True).first()
    return message.address if known is None else str(known)


def page(message: Message) -> str:
    """Where the patient confirms the appointment, or writes to the clinic."""
    return f"{settings.PUBLIC_URL}/p/{token_for(message)}/"


def main_page(message: Message) -> str:
    """Where a text leads: to the answer or the recall that it tells of; of the days after a
    treatment to the questions about the skin."""
    return page(message) + main_part(message.step)


def main_part(step: CareStep) -> str:
    """What follows on the address of the page."""
    if step.anchor == Anchor.ANSWERED:
        return "answer/"
    if step.anchor == Anchor.LOT_RECALLED:
        return "recall/"
    if step.anchor == Anchor.AWAY:
        return "move/"
    if step.anchor == Anchor.ASKED:
        return "ready/"
    asks = step.anchor in (Anchor.COMPLETED, Anchor.ABORTED) and step.offset > timedelta(0)
    return "check/" if asks and not step.from_next_window else ""


def settings_page(message: Message) -> str:
    """Where the patient says what we may write, how, and in which language."""
    return f"{page(message)}settings/"


def not_me(message: Message) -> str:
    """Where somebody says that a message was not for them."""
    return f"{page(message)}not-me/"


def unsubscribe(message: Message) -> str:
    """Where a mail program ends this kind of message with one POST (RFC 8058)."""
    return f"{page(message)}unsubscribe/"


@lru_cache(maxsize=256)  # a message has several links
def _token(key: UUID, secret: str | bytes) -> str:
    mac = salted_hmac(SALT, key.bytes, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(key.bytes + mac[:MAC_BYTES]).decode("ascii")
