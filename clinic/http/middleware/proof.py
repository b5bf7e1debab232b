"""Who gives roles and keys says again who they are, unless they have just done so: a screen that
somebody has left is not enough to make oneself a manager (decision 0069)."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.log_ins import PROVED

# Roles, and what a clinic's downtime pack is locked with.
ASKED_AGAIN = {"admin:clinic_user_add", "admin:clinic_user_change", "admin:clinic_clinic_change"}
# Of a form that was opened in time and is sent, so that nothing that was typed is lost.
TO_FILL_IN = 3


class ProofFirst:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.view_name not in ASKED_AGAIN or not request.user.is_authenticated:
            return None
        lasts = settings.PROOF_LASTS.total_seconds() * (
            TO_FILL_IN if request.method == "POST" else 1
        )
        if timezone.now().timestamp() - request.session.get(PROVED, 0) < lasts:
            return None
        return redirect(f"{reverse('proof')}?{urlencode({'next': request.get_full_path()})}")
