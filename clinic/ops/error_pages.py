"""What a person sees when a page cannot be shown: what happened, and a way back.

These pages ask nothing of the database and of the session, because either may be what is missing.
Programs get problem documents instead: `clinic.http.middleware.common.problems_only`.
"""

import sys
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext, gettext_noop

from aftercare.pages.base import trouble
from clinic.http.problems import is_storage_away

PATIENTS, ADMIN = "/p/", "/admin/"
SAID: dict[str, tuple[str, str]] = {
    "400": (
        gettext_noop("This could not be read"),
        gettext_noop(
            "Nothing was saved. Go back and try again, with a smaller file if you were sending one."
        ),
    ),
    "403": (
        gettext_noop("This page is not part of your role"),
        gettext_noop("If you need it for your work, ask your manager."),
    ),
    "404": (
        gettext_noop("There is no such page"),
        gettext_noop(
            "The address may have a typing error, or what was here belongs to another clinic."
        ),
    ),
    "405": (
        gettext_noop("This page cannot be opened like this"),
        gettext_noop("Go back and use its buttons."),
    ),
    "429": (
        gettext_noop("This was done too often in a short time"),
        gettext_noop("Nothing was saved. Go back, and try again in a minute."),
    ),
    "500": (
        gettext_noop("Something went wrong on our side"),
        gettext_noop(
            "Nothing was saved. It was written down for whoever looks after the system. Go back, "
            "where what you typed still stands, and try once more."
        ),
    ),
    "503": (
        gettext_noop("The clinic's records cannot be reached at the moment"),
        gettext_noop(
            "Nothing was saved. Go back, where what you typed still stands, and try again in a "
            "minute."
        ),
    ),
    "csrf": (
        gettext_noop("This form was open for too long"),
        gettext_noop(
            "Nothing was saved. You may have logged in or out in another window since. Go back, "
            "reload the page and send it once more."
        ),
    ),
}


def went_wrong(request: HttpRequest, status: int, said: str = "") -> HttpResponse:
    if request.path_info.startswith(PATIENTS):
        return trouble(request, status=status)
    title, detail = SAID[said or str(status)]
    is_admin = request.path_info.startswith(ADMIN)
    page = loader.get_template("clinic/went_wrong.html").render(
        {
            "title": gettext(title),
            "detail": gettext(detail),
            "back": _came_from(request),
            "home": ADMIN if is_admin else "/",
            "home_words": gettext("To the start page")
            if is_admin
            else gettext("To the front page"),
        }
    )
    return HttpResponse(page, status=status)


def _came_from(request: HttpRequest) -> str:
    """The page of ours that led here, if it was another one."""
    try:
        found = urlsplit(request.headers.get("Referer", ""))
        here = request.get_host()
    except (ValueError, DisallowedHost):
        return ""
    is_ours = found.netloc == here and found.scheme in ("http", "https")
    address = f"{found.path}?{found.query}" if found.query else found.path
    return address if is_ours and address != request.get_full_path() else ""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return went_wrong(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return went_wrong(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return went_wrong(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return went_wrong(request, 403, "csrf")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django has logged the fault. A database or storage that is away comes back: that is a 503."""
    fault = sys.exc_info()[1]
    is_away = isinstance(fault, OperationalError | InterfaceError) or is_storage_away(fault)
    answer = went_wrong(request, 503 if is_away else 500)
    if is_away:
        answer["Retry-After"] = "60"
    return answer


def never_blank(get_response: Any) -> Any:
    """A refusal without a word, such as a wrong method, gets a page if a person may see it."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = get_response(request)
        is_blank = answer.status_code >= 400 and not answer.streaming and not answer.content
        for_people = request.path_info.startswith((PATIENTS, ADMIN))
        if not (is_blank and for_people) or str(answer.status_code) not in SAID:
            return answer
        page = went_wrong(request, answer.status_code)
        page.headers = {**page.headers, **answer.headers, "Content-Type": page["Content-Type"]}  # type: ignore[assignment]
        return page

    return handle
