"""The life of a message, as data: statuses and moves between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageStatus(models.TextChoices):
    PENDING = "PENDING", _("Pending")
    CLAIMED = "CLAIMED", _("Claimed by a worker")
    SENDING = "SENDING", _("Being sent")
    SENT = "SENT", _("Sent")
    DELIVERED = "DELIVERED", _("Delivered")
    IN_DOUBT = "IN_DOUBT", _("In doubt")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")
    SUPPRESSED = "SUPPRESSED", _("Suppressed")
    EXPIRED = "EXPIRED", _("Expired")


S = MessageStatus  # in the tables below
REPORTED = {S.SENT, S.DELIVERED, S.FAILED}  # what a provider may say, however late
MESSAGE_NEXT: dict[str, frozenset[str]] = {
    S.PENDING: frozenset({S.CLAIMED, S.CANCELLED, S.EXPIRED, S.IN_DOUBT, *REPORTED}),
    S.CLAIMED: frozenset({S.PENDING, S.SENDING, S.CANCELLED, S.IN_DOUBT, *REPORTED}),
    S.SENDING: frozenset({S.PENDING, S.CANCELLED, S.SUPPRESSED, S.EXPIRED, S.IN_DOUBT, *REPORTED}),
    S.SENT: frozenset({S.DELIVERED, S.FAILED}),
    S.DELIVERED: frozenset(),
    S.IN_DOUBT: frozenset(REPORTED),
    # A worker that was cut off from the database learns late that it had been accepted after all.
    S.FAILED: frozenset({S.SENT}),
    S.CANCELLED: frozenset({S.SENT}),
    S.SUPPRESSED: frozenset({S.SENT}),
    S.EXPIRED: frozenset({S.SENT}),
}
# What a person may decide, in the admin and through the API.
BY_STAFF: dict[str, frozenset[str]] = {
    **dict.fromkeys(MessageStatus.values, frozenset()),
    S.PENDING: frozenset({S.CANCELLED}),
    S.CLAIMED: frozenset({S.CANCELLED}),
    S.IN_DOUBT: frozenset({S.SENT, S.FAILED}),
}
# What nearly every message goes through: its row and its attempts say all about it.
ROUTINE = [
    (S.PENDING, S.CLAIMED),
    (S.CLAIMED, S.PENDING),
    (S.CLAIMED, S.SENDING),
    (S.SENDING, S.SENT),
]

HELD_BY_A_WORKER = (S.CLAIMED, S.SENDING)
OPEN = (S.PENDING, *HELD_BY_A_WORKER)
ACCEPTED = (S.SENT, S.DELIVERED)
UNDECIDED = (*OPEN, S.IN_DOUBT)  # on its way, or nobody knows whether it has arrived
NEEDS_A_REASON = (S.IN_DOUBT, S.FAILED, S.CANCELLED, S.SUPPRESSED, S.EXPIRED)
