"""What patients are told and when."""

from aftercare.models.message import Message, MessageStatus
from aftercare.models.sequence import Anchor, CareStep, MessageTemplate

__all__ = [
    "Anchor",
    "CareStep",
    "Message",
    "MessageStatus",
    "MessageTemplate",
]
