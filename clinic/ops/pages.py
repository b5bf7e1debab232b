"""The front page, and the log-in of staff."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.accounts.backend import DEVICE, device_shown
from clinic.accounts.guessing import KNOWN_FOR, TooManyTries, device_of
from clinic.accounts.log_ins import AT_DEVICE, begin_session
from clinic.accounts.switching import remember_here
from clinic.admin.account.proof import too_many
from clinic.models import User

FOUND = 302


def home(request: HttpRequest) -> HttpResponse:
    """What this is, where to go, and (in the demo only) who to log in as."""
    context: dict[str, Any] = {"demo": settings.DEMO}
    if settings.DEMO:
        from clinic.demo.accounts import ACCOUNTS, PASSWORD  # production has no such package

        context |= {"accounts": ACCOUNTS, "password": PASSWORD}
    return render(request, "clinic/home.html", context)


def log_in(request: HttpRequest) -> HttpResponse:
    """The admin's log-in. Whoever has come in is known here from now on; whoever has to wait is
    told for how long, the same for unknown names."""
    try:
        answer = admin.site.login(request)
    except TooManyTries as error:
        return too_many(request, error)
    if request.method == "POST" and isinstance(request.user, User):
        device, at = device_of(device_shown(request), request.user), timezone.now()
        request.session[AT_DEVICE] = remember_here(device=device, at=at, by=request.user)
        answer.set_cookie(
            DEVICE,
            device,
            max_age=KNOWN_FOR,
            path=request.path,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


def change_password(request: HttpRequest) -> HttpResponse:
    """Of one's own. All that was open has ended by it; this window goes on."""
    answer = admin.site.password_change(request)
    if request.method == "POST" and answer.status_code == FOUND and isinstance(request.user, User):
        begin_session(request=request, at=timezone.now(), by=request.user)
    return answer
