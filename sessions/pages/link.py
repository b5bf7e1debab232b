"""The link by which any phone takes the photographs of one visit.

Note [A link that lives in Valkey]
    Whoever has it may send pictures of this visit for half an hour, as the member of staff who made
    it. Only its hash is kept, in Valkey alone, where it is gone by itself; a new one for the visit
    ends the one before. What it may do is asked of the database each time: the visit goes on, the
    patient agrees to photographs, and who made it may still take them. Where Valkey is away there
    is no link: nothing is let in that nobody can check. Decision 0075.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext, gettext_noop
from redis.exceptions import RedisError

from clinic.errors import Conflict, DomainError
from clinic.models import User
from clinic.permissions import may_see
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from sessions.services.record.photos import require_photo_consent

LASTS = timedelta(minutes=30)
OPEN = (Status.CHECKED_IN, Status.IN_PROGRESS)
MOST = 40  # pictures by one link
MOST_GHOSTS = 200
logger = logging.getLogger(__name__)


class NoVisitNow(Conflict):
    code = "no_visit_now"
    title = gettext_noop("The visit is not going on")


class NoLinkNow(DomainError):
    status = 503
    code = "no_link_now"
    title = gettext_noop("No link can be made just now")


@dataclass(frozen=True)
class Link:
    """An open link, with the visit that it is for and who made it."""

    key: str
    session: TreatmentSession
    by: User
    ends_at: datetime


def open_link(session: TreatmentSession, *, at: datetime, by: User) -> str:
    """Make one, which ends the one before. Its secret is told here and never again. Raises
    NoVisitNow, NoPhotoConsent, NoLinkNow."""
    if session.status not in OPEN or session.patient.archived_at:
        raise NoVisitNow(
            gettext("Photographs are taken once the patient is checked in, until it is signed.")
        )
    require_photo_consent(session.patient, at=at)
    secret = secrets.token_urlsafe(32)
    kept = {"session": session.pk.hex, "by": by.pk.hex, "ends_at": (at + LASTS).isoformat()}
    end_link(session.pk)
    try:
        cache.set(_key(secret), kept, timeout=LASTS.seconds)
        cache.set(_of(session.pk), _key(secret), timeout=LASTS.seconds)
    except RedisError as error:
        logger.warning("no photo link can be made: %s", type(error).__name__)
        raise NoLinkNow(
            gettext("Just now no link can be made or ended: try again in a minute.")
        ) from error
    return secret


def end_link(session_id: UUID) -> None:
    """Whoever has it sees that it has ended. Raises NoLinkNow: it would be back with Valkey."""
    try:
        if key := cache.get(_of(session_id)):
            cache.delete_many([key, _of(session_id)])
    except RedisError as error:
        raise NoLinkNow(
            gettext("Just now no link can be made or ended: try again in a minute.")
        ) from error


def is_open(session_id: UUID) -> bool:
    try:
        return cache.get(_of(session_id)) is not None
    except RedisError:
        return False


def link_of(secret: str, *, at: datetime) -> Link | None:
    """While it is open and all that it rests on is still so."""
    try:
        kept: Any = cache.get(_key(secret))
    except RedisError:
        return None
    if not kept or at >= (ends_at := datetime.fromisoformat(kept["ends_at"])):
        return None
    rows = TreatmentSession.objects.select_related("clinic", "patient__clinic", "area")
    session = rows.filter(pk=kept["session"], status__in=OPEN, patient__archived_at=None).first()
    by = User.objects.filter(pk=kept["by"], is_active=True).first()
    if session is None or by is None or session.clinic_id not in by.clinic_ids:
        return None
    agrees = services.consenting_patients(at=at).filter(pk=session.patient_id).exists()
    if not agrees or not may_see(by, "treatment_sessions.add_photo", session.patient_id):
        return None
    return Link(_key(secret), session, by, ends_at)


def is_used_up(link: Link, what: str, most: int) -> bool:
    """Counts one more. A link that nobody can count is not used."""
    try:
        cache.add(f"{link.key}:{what}", 0, timeout=LASTS.seconds)
        return int(cache.incr(f"{link.key}:{what}")) > most
    except (RedisError, ValueError):
        return True


def _key(secret: str) -> str:
    return f"photo-link:{sha256(secret.encode()).hexdigest()}"


def _of(session_id: UUID) -> str:
    return f"photo-link-of:{session_id.hex}"
