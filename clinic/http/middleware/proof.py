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

# Every page and button of accounts, for they give roles, of programs, which get a key, and of
# clinics, whose downtime pack has a lock; but what is only read.
GIVES = ("admin:clinic_user_", "admin:auth_user_", "admin:clinic_clinic_", "service-accounts")
READS = ("_changelist", "_history", "-accounts")
# Of a form that was opened in time and is sent, so that nothing that was typed is lost.
TO_FILL_IN = 3


class ProofFirst:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        match = request.resolver_match
        name, is_sent = match.view_name if match else "", request.method == "POST"
        if not request.user.is_authenticated or not is_asked_again(name, is_sent=is_sent):
            return None
        is_form = is_sent and not name.endswith(READS)  # it was asked before it opened
        lasts = settings.PROOF_LASTS.total_seconds() * (TO_FILL_IN if is_form else 1)
        if timezone.now().timestamp() - request.session.get(PROVED, 0) < lasts:
            return None
        return redirect(f"{reverse('proof')}?{urlencode({'next': request.get_full_path()})}")


def is_asked_again(name: str, *, is_sent: bool) -> bool:
    return name.startswith(GIVES) and (is_sent or not name.endswith(READS))
