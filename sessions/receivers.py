"""What the waitlist does when a session moves, in the transaction of the move."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from sessions import services
from sessions.lifecycle import OCCUPIES
from sessions.models import TreatmentSession
from sessions.signals import session_moved
from sessions.tasks import keep_waitlist_moving

logger = logging.getLogger(__name__)


@receiver(session_moved)
def queue_for_the_waitlist(session: TreatmentSession, at: datetime, **_: Any) -> None:
    """See Note [Freed slots] in services.waitlist."""
    if session.status not in OCCUPIES and services.note_freed(session, at=at):
        transaction.on_commit(wake)


def wake() -> None:
    """Ask a worker to look at once. A courtesy: beat asks every few seconds anyway."""
    try:
        keep_waitlist_moving.apply_async(retry=False, expires=60)
    except OperationalError as error:
        logger.warning("no broker to wake a worker with: %s", error)
