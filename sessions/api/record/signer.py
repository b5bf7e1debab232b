"""Who signs or overrides over HTTP says again who it is, where the clinic asks for it."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from clinic.accounts.signing import WrongSignature, require_signer
from clinic.models import Clinic
from clinic.permissions import actor
from clinic.values.ids import read_uuid
from sessions.models import TreatmentPlan
from sessions.services import IN_SPITE

HEADER = "Signed-With"
SIGNED_WITH = OpenApiParameter(
    HEADER,
    str,
    "header",
    description="The PIN or the password of whoever signs, as UTF-8 in Base64; only where the "
    "clinic asks who signs. Without it: 403 `signature_needed`. It is kept nowhere.",
)
SIGNS = frozenset({"complete", "abort", "overrides"})


class SignerActions(GenericViewSet[Any]):
    """Asked before the transaction that is signed, so a wrong try stays counted; and before what
    the request says is looked at."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in SIGNS:
            sessions = self.get_queryset().filter(pk=kwargs["pk"])
            clinic = Clinic.objects.filter(asks_who_signs=True, pk__in=sessions.values("clinic"))
            if found := clinic.first():
                _require(request, found)
        elif self.action == "create" and (found := _booked_in_spite_at(request)):
            _require(request, found)


def _require(request: Request, clinic: Clinic) -> None:
    secret, at = _secret(request), timezone.now()
    require_signer(clinic=clinic, secret=secret, at=at, by=actor(request))


def _booked_in_spite_at(request: Request) -> Clinic | None:
    """The clinic that asks, of a booking with a reason. It takes no statement where none asks."""
    asking = [clinic for clinic in actor(request).works_at if clinic.asks_who_signs]
    data = request.data if asking else None
    if not isinstance(data, Mapping) or not any(str(data.get(name) or "") for name in IN_SPITE):
        return None
    plan = read_uuid(data.get("plan"))
    if plan is None:
        return None
    plans = TreatmentPlan.objects.visible_to(request.user).select_related("clinic")
    found = plans.filter(pk=plan, clinic__in=asking).first()
    return found.clinic if found else None


def _secret(request: Request) -> str:
    try:
        return base64.b64decode(request.headers.get(HEADER, ""), validate=True).decode()
    except (binascii.Error, ValueError):
        raise WrongSignature from None
