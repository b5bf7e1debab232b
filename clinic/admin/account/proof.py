"""What the pages share on which people change how their own account is opened.

Whoever changes it types password and code again, so that nobody does it on a screen that somebody
has left; tries are counted with those to log in. Nothing changes without its row.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from clinic.accounts.guessing import TooManyTries
from clinic.accounts.log_ins import TYPED
from clinic.accounts.second_factor import CodeError
from clinic.admin.forms.log_in import ProofForm
from clinic.audit.actors import actor_of, fingerprint
from clinic.audit.record import Access, NotRecorded, record
from clinic.http.middleware.common import busy_page
from clinic.models import Action, Door, Outcome, User
from clinic.permissions import actor

View = Callable[..., HttpResponse]


def account_page(view: View) -> View:
    @wraps(view)
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotRecorded:
            return busy_page(request)
        except TooManyTries as error:
            return too_many(request, error)

    return handle


def asked_who(request: HttpRequest, name: str) -> HttpResponse | None:
    """The page that asks, for whoever has not just said who they are: a log-in is not enough."""
    said = timezone.now().timestamp() - request.session.get(TYPED, 0)
    if said < settings.PROOF_LASTS.total_seconds():
        return None
    return redirect(f"{reverse('proof')}?{urlencode({'next': reverse(name)})}")


def too_many(request: HttpRequest, error: TooManyTries) -> HttpResponse:
    page = render(request, "clinic/too_many_tries.html", {"detail": error.message}, status=429)
    page["Retry-After"] = str(error.retry_after)
    return page


def prove(request: HttpRequest, form: ProofForm) -> None:
    """Says in the form what is wrong. Raises TooManyTries."""
    data = form.cleaned_data
    typed = {name: data.get(name, "") for name in ("password", "code")}
    if data.get("passkey"):
        typed = {"passkey": data["passkey"]}
    try:
        known = authenticate(request, username=actor(request).username, **typed)
    except CodeError as error:
        is_code = "code" in form.fields and "passkey" not in typed
        form.add_error("code" if is_code else None, error.message)
        return
    if known is None:
        form.add_error("password", gettext("That is not your password."))


def write_down(
    request: HttpRequest,
    user: User | None,
    place: str,
    code: str,
    *,
    done: bool,
    action: Action = Action.PERMISSION_CHANGE,
) -> None:
    """Raises NotRecorded."""
    record(
        Access(
            actor=actor_of(request, user, session=fingerprint(request.session.session_key or "")),
            door=Door.ADMIN,
            place=place,
            action=action,
            outcome=Outcome.DONE if done else Outcome.REFUSED,
            status=200,
            code=code,
        )
    )
