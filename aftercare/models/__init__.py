"""What patients are told and when."""

from aftercare.lifecycle import MessageStatus
from aftercare.models.access import TRIES_OF_LINK, BirthDateTry, LinkAccess
from aftercare.models.address import AddressConsent, AddressSource
from aftercare.models.alert import AlertStep, StaffAlert
from aftercare.models.answer import LONGEST_ANSWER, StaffAnswer
from aftercare.models.attempt import MessageAttempt, Outcome
from aftercare.models.guard import DispatchGuard
from aftercare.models.inbound import InboundMessage, Keyword
from aftercare.models.message import IllegalMessageMove, Message
from aftercare.models.outage import Outage
from aftercare.models.recall import CallReason, RecallNotice, RecallState
from aftercare.models.receipt import DeliveryReceipt, ReceiptKind
from aftercare.models.replan import Gradual, RecallTelling, StepReplan
from aftercare.models.sequence import (
    ANNOUNCES,
    AT_ONCE,
    CHANNELS,
    NOT_PLANNED,
    TREATED,
    Anchor,
    CareStep,
    ChannelPolicy,
    MessageTemplate,
)

__all__ = [
    "ANNOUNCES",
    "AT_ONCE",
    "CHANNELS",
    "LONGEST_ANSWER",
    "NOT_PLANNED",
    "TREATED",
    "TRIES_OF_LINK",
    "AddressConsent",
    "AddressSource",
    "AlertStep",
    "Anchor",
    "BirthDateTry",
    "CallReason",
    "CareStep",
    "ChannelPolicy",
    "DeliveryReceipt",
    "DispatchGuard",
    "Gradual",
    "IllegalMessageMove",
    "InboundMessage",
    "Keyword",
    "LinkAccess",
    "Message",
    "MessageAttempt",
    "MessageStatus",
    "MessageTemplate",
    "Outage",
    "Outcome",
    "RecallNotice",
    "RecallState",
    "RecallTelling",
    "ReceiptKind",
    "StaffAlert",
    "StaffAnswer",
    "StepReplan",
]
