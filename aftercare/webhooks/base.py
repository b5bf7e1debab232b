"""What all webhooks share: a bounded size, one content type, and refusals that say why."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clinic.errors import DomainError
from clinic.http.problems import CONTENT_TYPE

MAX_BODY_BYTES = 64 * 1024
View = Callable[[HttpRequest], HttpResponse]


class BadRequest(DomainError):
    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class Forged(DomainError):
    status = 403
    code = "forged"
    title = "The signature does not fit"


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    title = "The request is too large"


class WrongType(DomainError):
    status = 415
    code = "wrong_type"
    title = "This content type is not read here"


class NotSetUp(DomainError):
    status = 404
    code = "not_set_up"
    title = "This webhook has no secret"


def webhook(content_type: str) -> Callable[[View], View]:
    """A POST from a machine: no session, no CSRF token. What is too large is never read."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @require_POST
        @wraps(view)
        def run(request: HttpRequest) -> HttpResponse:
            try:
                length = request.META.get("CONTENT_LENGTH") or "0"
                if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                    raise TooLarge(f"At most {MAX_BODY_BYTES} bytes are read.")
                if request.content_type != content_type:
                    raise WrongType(f"Send {content_type}.")
                return view(request)
            except DomainError as error:
                return refused(error)

        return run

    return decorate


def refused(error: DomainError) -> JsonResponse:
    pointers = [{"pointer": f"/{error.field}", "code": error.code, "detail": error.message}]
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "errors": pointers if error.field else [],
    }
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return JsonResponse(body, status=error.status, content_type=CONTENT_TYPE, headers=headers)


def text(values: Mapping[str, Any], name: str, length: int, *, default: str | None = None) -> str:
    """A text that can be stored, cut to `length`. Raises BadRequest if there is none."""
    value = values.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise BadRequest(f"“{name}” must be a text.", field=name)
    # PostgreSQL has no NUL, and half a surrogate pair is no character.
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:length]
