"""Who sends a request."""

from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from clinic.audit.record import Actor
from clinic.audit.request_ids import META, REQUEST_ID
from clinic.models import Role, User
from clinic.models.access import AccessPurpose, ActorKind


def actor_of(request: Any, user: Any, *, session: str = "") -> Actor:
    """The member of staff, or nobody that is known."""
    if not isinstance(user, User):
        return Actor(ActorKind.NOBODY, **connection_of(request))
    treats = user.role == Role.PRACTITIONER
    return Actor(
        ActorKind.STAFF,
        id=user.pk,
        role=user.role,
        clinic_ids=tuple(user.clinic_ids),
        session=session,
        purpose=AccessPurpose.TREATMENT if treats else AccessPurpose.OPERATIONS,
        opened=user.opened if user.has_perm("patients.add_breakglass") else frozenset(),
        **connection_of(request),
    )


def connection_of(request: Any) -> dict[str, Any]:
    """From where, and which request it is by the proxy's count."""
    given = request.META.get(META, "")
    return {
        "address": address_of(request),
        "request_id": given if REQUEST_ID.fullmatch(given) else "",
    }


def address_of(request: Any) -> str | None:
    """From where it comes: clinic.http.middleware.addresses."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:  # a socket has none
        return None


def fingerprint(secret: str) -> str:
    """Which log-in it was, without what opens it."""
    return sha256(secret.encode()).hexdigest()[:16]
