"""What happens around every request."""

import logging
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from clinic.db.retries import Busy, is_passing, retried
from clinic.errors import DomainError
from clinic.http.problems import CONTENT_TYPE, of_answer
from clinic.models import User
from clinic.values.zones import several

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]
API, ADMIN = "/api/", "/admin/"
BETWEEN_TAGS = re.compile(rb">\s*\n\s*<")
MOVED = {301, 302}


def problems_only(get_response: Handler) -> Handler:
    """Around all but compression: whatever refuses a request to the API, and whatever fails,
    answers with a problem document, never with a page. A fault was logged with its traceback."""

    def handle(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.startswith(API):
            return get_response(request)
        if "charset" in (request.content_params or {}):
            request.encoding = "utf-8"  # addresses and JSON are, whatever the header says
        answer = get_response(request)
        if answer.status_code in MOVED:
            answer.status_code = 308  # to https: a POST stays a POST
        elif answer.status_code >= 400 and answer.get("Content-Type") != CONTENT_TYPE:
            return of_answer(answer, path=path)
        return answer

    return handle


class CompressedAPI(GZipMiddleware):
    """Answers of the API, for clients that ask for gzip. Pictures, and pages, stay as they are.

    A secret beside text that somebody else chooses can be guessed by the length of what is
    compressed (BREACH). An answer of the API has no secret but the new token, which no foreign page
    can make a browser ask for: tokens are no cookies. Django adds up to a hundred random bytes too.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        is_picture = response.get("Content-Type", "").startswith("image/")
        if is_picture or not request.path_info.startswith(API):
            return response
        return super().process_response(request, response)


def unindented(get_response: Handler) -> Handler:
    """Pages of the admin without the line breaks and indents of Unfold's templates between their
    tags: a quarter of a list. What somebody wrote has no tags."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        is_page = answer.get("Content-Type", "").startswith("text/html")
        if is_page and not answer.streaming and request.path_info.startswith(ADMIN):
            answer.content = BETWEEN_TAGS.sub(b">\n<", answer.content)
        return answer

    return handle


class Common(CommonMiddleware):
    """Django's, without the redirect to an address with a slash under the API: clients that
    follow it send a POST as a GET."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not request.path_info.startswith(API) and super().should_redirect_with_slash(request)


class ConditionalGet(ConditionalGetMiddleware):
    """Django's: 304 if the reader has it already, and an ETag of the text on every page. In the API
    only objects have one, which their views make: it can be sent back with a write, and that of a
    list could not."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith(API) and not response.has_header("ETag"):
            return response
        return super().process_response(request, response)


def clinic_time(get_response: Handler) -> Handler:
    """In the admin, what belongs to no clinic is on the clock of the caller's (first) clinic; all
    else is on its own clinic's (clinic.admin.forms.clocks). Who works on several reads whose.

    The API is left alone: its instants carry their offset, and its callers have no cookie.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API):
            return get_response(request)
        user = request.user
        clinics = user.works_at if isinstance(user, User) else []
        if not clinics:
            return get_response(request)
        token = several.set(len({clinic.time_zone for clinic in clinics}) > 1)
        try:
            with timezone.override(min(clinics, key=lambda clinic: clinic.name).zone):
                return get_response(request)
        finally:
            several.reset(token)

    return handle


class Refusals:
    """Pages and what passes by itself, such as a lock that somebody else holds for too long; and
    what was refused where a page did not expect it, which has no place beside a field.

    The admin puts each change into a transaction of its own, around the services: so its views are
    what is run again. Whoever had no luck gets a page that says so. (`problems` says it to
    programs, `aftercare.pages` to patients.)
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.method != "POST" or not request.path.startswith("/admin/"):
            return None
        try:
            return retried(view)(request, *args, **kwargs)
        except DomainError as error:
            return self.process_exception(request, error)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Busy) or is_passing(error):
            return busy_page(request)
        return refused_page(request, error) if isinstance(error, DomainError) else None


def refused_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A rule that is new, or a row that has changed while somebody read."""
    logger.warning("A page was refused something: %s", error.code)
    context = {
        "title": gettext(error.title),
        "detail": gettext(
            "{refusal} Nothing was saved. Go back with your browser, where what you typed still "
            "stands."
        ).format(refusal=error.message),
        "home": ADMIN,
        "home_words": gettext("To the start page"),
    }
    return render(request, "clinic/went_wrong.html", context, status=error.status)


def busy_page(request: HttpRequest) -> HttpResponse:
    answer = render(request, "clinic/busy.html", status=Busy.status)
    answer["Retry-After"] = str(Busy.retry_after)
    return answer
