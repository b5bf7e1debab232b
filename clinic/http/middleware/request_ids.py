"""Which request something belongs to: its answer, every line of its log, and what is written down
of its accesses have one id, the proxy's if it gives one."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from clinic.audit.request_ids import META, REQUEST_ID

HEADER = "X-Request-ID"
_current: ContextVar[str] = ContextVar("request_id", default="")


def request_ids(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Outermost. What is no id, such as half a line for the log, is replaced."""

    def handle(request: HttpRequest) -> HttpResponse:
        given = request.META.get(META, "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        request.META[META] = request_id
        before = _current.set(request_id)
        try:
            answer = get_response(request)
        finally:
            _current.reset(before)
        answer[HEADER] = request_id
        return answer

    return handle


def request_id_of(record: Any) -> str:
    """Of a line of the log. Django tells of a refusal when the request is already over."""
    request = getattr(record, "request", None)
    return _current.get() or str(getattr(request, "META", {}).get(META, ""))
