"""Sessions of the staff's pages end: Note [When a log-in ends], clinic.accounts.log_ins."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.log_ins import use_session

API = "/api/"


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
