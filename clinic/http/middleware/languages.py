"""The language of staff's pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from clinic.models import User
from clinic.values.languages import available_language

ADMIN = "/admin/"


def own_language(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Each works in a language of their own; before the log-in, in that of the browser.

    The API is left alone: it speaks English to programs, and says codes beside the words.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN):
            return get_response(request)
        user = request.user
        code = available_language(
            user.language
            if isinstance(user, User)
            else translation.get_language_from_request(request)
        )
        with translation.override(code):
            answer = get_response(request)
        answer.headers["Content-Language"] = code
        return answer

    return handle
