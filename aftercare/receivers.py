"""What aftercare does when a session moves, in the transaction of the move."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from aftercare import services
from aftercare.models import Anchor
from aftercare.tasks import send_due_messages
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.signals import session_moved

logger = logging.getLogger(__name__)
PLANS: dict[str, list[Anchor]] = {
    Status.BOOKED: [Anchor.BOOKED, Anchor.STARTS],
    Status.COMPLETED: [Anchor.COMPLETED],
}


@receiver(session_moved)
def keep_messages_in_step(session: TreatmentSession, old: str, at: datetime, **_: Any) -> None:
    """Stop what no longer fits, plan what now does, and wake a worker once it is committed."""
    if old:  # a session that is new has no messages
        services.stop_messages(session=session)
    if anchors := PLANS.get(session.status):
        services.plan_messages(session=session, anchors=anchors, at=at)
        transaction.on_commit(wake)


def wake() -> None:
    """Ask a worker to look at once. A courtesy: beat asks every few seconds anyway."""
    try:
        send_due_messages.apply_async(retry=False, expires=60)
    except OperationalError as error:
        logger.warning("no broker to wake a worker with: %s", error)
