"""What patients are told and when, and how their skin heals."""

from aftercare.models.healing import SideEffect, SideEffectKind
from aftercare.models.message import Message, MessageStatus
from aftercare.models.sequence import Anchor, CareStep, MessageTemplate

__all__ = [
    "Anchor",
    "CareStep",
    "Message",
    "MessageStatus",
    "MessageTemplate",
    "SideEffect",
    "SideEffectKind",
]
