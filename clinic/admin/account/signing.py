"""Of a page on which somebody signs: who they say they are, looked at before its transaction."""

from django.http import HttpRequest
from django.utils import timezone

from clinic.accounts.signing import FIELD, require_signer
from clinic.errors import DomainError
from clinic.models import Clinic
from clinic.permissions import actor


def why_not_signed(request: HttpRequest, clinic: Clinic, name: str = FIELD) -> DomainError | None:
    """What is to be said when it comes to signing."""
    try:
        require_signer(
            clinic=clinic,
            secret=request.POST.get(name, ""),
            passkey=request.POST.get("passkey", ""),
            at=timezone.now(),
            by=actor(request),
        )
    except DomainError as error:
        return error
    return None
