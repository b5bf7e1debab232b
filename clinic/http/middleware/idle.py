"""Sessions of the staff's pages end: Note [When a log-in ends], clinic.accounts.log_ins. Those of
somebody who has no second factor yet, and needs one, open the page to set it up and no other."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.log_ins import needs_factor, use_session

API, ADMIN = "/api/", "/admin/"
OPEN = (
    *("second-factor", "passkeys", "passkey-options", "proof"),
    *("admin:logout", "admin:jsi18n", "admin-login", "switch-person"),
)


def sessions_end(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Whoever's session is over is nobody. A page that asks by itself leaves the screen then."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API) or not request.COOKIES.get(
            settings.SESSION_COOKIE_NAME
        ):
            return get_response(request)
        by_itself = request.method == "GET" and "HX-Request" in request.headers
        if SESSION_KEY in request.session and not use_session(
            request, at=timezone.now(), is_asked_for=not by_itself
        ):
            request.session.flush()
            request.user = AnonymousUser()
        if by_itself and not request.user.is_authenticated:
            back = urlencode({"next": request.get_full_path()})
            return HttpResponse(headers={"HX-Redirect": f"{reverse('admin:login')}?{back}"})
        return get_response(request)

    return handle


def second_factor_first(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def handle(request: HttpRequest) -> HttpResponse:
        is_closed = (
            request.path_info.startswith(ADMIN)
            and request.COOKIES.get(settings.SESSION_COOKIE_NAME)
            and needs_factor(request)
            and request.path_info not in map(reverse, OPEN)
        )
        return redirect("second-factor") if is_closed else get_response(request)

    return handle
