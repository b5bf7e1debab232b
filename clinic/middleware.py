"""What happens around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.utils import timezone

from clinic.models import User
from clinic.problems import CONTENT_TYPE, of_answer

Handler = Callable[[HttpRequest], HttpResponse]
API = "/api/"
MOVED = {301, 302}


def problems_only(get_response: Handler) -> Handler:
    """Outermost: whatever refuses a request to the API, and whatever fails, answers with a problem
    document, never with a page. A fault was logged with its traceback by then."""

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


class Common(CommonMiddleware):
    """Django's, without the redirect to an address with a slash under the API: clients that
    follow it send a POST as a GET."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not request.path_info.startswith(API) and super().should_redirect_with_slash(request)


def clinic_time(get_response: Handler) -> Handler:
    """In the admin, times are typed and shown on the wall clock of the caller's (first) clinic.

    The API is left alone: its instants carry their offset, and its callers have no cookie.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API):
            return get_response(request)
        user = request.user
        clinic = user.clinics.order_by("name").first() if isinstance(user, User) else None
        if clinic is None:
            return get_response(request)
        with timezone.override(clinic.zone):
            return get_response(request)

    return handle
