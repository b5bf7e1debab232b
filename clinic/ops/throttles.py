"""How often one caller may do what costs much, or looks through many people's data: by the minute,
as clinic.http.counts counts."""

import re
from collections.abc import Callable
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clinic.http.counts import seconds_to_wait
from clinic.http.problems import problem
from clinic.ops.error_pages import went_wrong

API, ADMIN = "/api/", "/admin/"
LOG_INS = {"/api/v1/auth/login/", "/admin/login/", "/admin/password/"}
PAGES = re.compile(r"^/(p|calendar|photo)/")
EXPORTS = re.compile(r"(\.pdf|/csv/|/leaflet/)$")
SEARCHED_BY = ("q", "term", "s")  # lists and the API, choices of forms, Ctrl-K


def throttled(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """429 with Retry-After for whoever has done it too often in this minute."""

    def handle(request: HttpRequest) -> HttpResponse:
        scope = scope_of(request)
        if scope and (seconds := seconds_to_wait(scope, _caller(request, scope))):
            return _refusal(request, seconds)
        return get_response(request)

    return handle


def scope_of(request: HttpRequest) -> str:
    """What a request is counted as; most are not."""
    path = request.path_info
    if path in LOG_INS:
        return "login" if request.method == "POST" else ""
    if PAGES.match(path):
        return "page"
    if not path.startswith((API, ADMIN)):
        return ""
    if EXPORTS.search(path):
        return "export"
    return "search" if any(request.GET.get(name) for name in SEARCHED_BY) else ""


def _caller(request: HttpRequest, scope: str) -> str:
    """Whose token or session it is; else, and where there is none yet, the address."""
    shown = request.headers.get("Authorization") or request.COOKIES.get(
        settings.SESSION_COOKIE_NAME
    )
    if shown and scope in {"search", "export"}:
        return sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()
    return str(request.META.get("REMOTE_ADDR", ""))


def _refusal(request: HttpRequest, seconds: int) -> HttpResponse:
    if request.path_info.startswith(API):
        detail = f"Too many requests of this kind. Try again in {seconds} seconds."
        answer = problem(429, "throttled", "Too Many Requests", detail)
    else:
        answer = went_wrong(request, 429)
    answer["Retry-After"] = str(seconds)
    return answer
