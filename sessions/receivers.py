"""What the waitlist does when a session moves, in the transaction of the move."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from clinic.models import Clinic
from clinic.wakeups import wake
from sessions import services
from sessions.lifecycle import OCCUPIES
from sessions.models import TreatmentSession
from sessions.signals import session_moved
from sessions.tasks import keep_waitlist_moving


@receiver(post_save, sender=Clinic)
def offer_what_ships(instance: Clinic, created: bool, raw: bool = False, **_: Any) -> None:
    """A new clinic offers the kinds of visit that ship with the product."""
    if created and not raw:
        services.add_visit_types(clinic=instance)


@receiver(session_moved)
def queue_for_the_waitlist(session: TreatmentSession, at: datetime, **_: Any) -> None:
    """See Note [Freed slots] in services.waitlist."""
    if session.status not in OCCUPIES and services.note_freed(session, at=at):
        transaction.on_commit(lambda: wake(keep_waitlist_moving))
