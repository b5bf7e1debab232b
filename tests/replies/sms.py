"""Replies by SMS, and what they leave behind."""

from itertools import count
from typing import Any

from aftercare.models import InboundMessage, Message
from aftercare.replies.receive import Incoming, receive_sms
from sessions.models import TreatmentSession
from tests.factories import NINE

NUMBER = "+4915123456789"

numbers = count()


def text(body: str, *, sender: str = NUMBER, at: Any = NINE, **more: Any) -> InboundMessage:
    incoming = Incoming(
        sender=sender,
        to="+4930",
        body=body,
        provider="http",
        provider_id=f"t-{next(numbers)}",
        **more,
    )
    return receive_sms(incoming, at=at)


def status(message: Message) -> str:
    return TreatmentSession.objects.values_list("status", flat=True).get(pk=message.session_id)
