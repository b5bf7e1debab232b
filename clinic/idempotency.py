"""A POST that may be sent twice: the header `Idempotency-Key`.

A client that got no answer cannot know whether its request was done. With a key of its own making
it may send the request again: what was done is not done twice, and the first answer comes back.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.errors import DomainError
from clinic.models import IdempotencyKey
from clinic.permissions import actor
from clinic.retries import Busy, retried, retried_transaction

KEPT = timedelta(hours=48)
PRINTABLE = re.compile(r"[ -~]{1,100}")
HEADER = OpenApiParameter(
    "Idempotency-Key",
    str,
    "header",
    description="Makes the request safe to repeat: the same key with the same body gets the first "
    "answer again, for 48 hours. 1 to 100 printable ASCII characters.",
)


class BadKey(DomainError):
    status = 400
    code = "bad_idempotency_key"
    title = "The Idempotency-Key cannot be used"


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


def idempotent(verb: Callable[..., Response]) -> Callable[..., HttpResponseBase]:
    """For a method of a view that answers a POST; stands above its other decorators.

    1. Insert the key, first in the transaction; a twin of this request waits here for us.
    2. Do the work, and keep the answer beside the key: both are committed, or neither.
    3. If the key was taken, its answer is the answer, provided that the request is the same.

    Without the header the verb runs as it is. Either way it is run again after a deadlock.
    """

    @wraps(verb)
    def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return retried(verb)(view, request, *args, **kwargs)
        if not PRINTABLE.fullmatch(key):
            raise BadKey("Use 1 to 100 printable ASCII characters, such as a new UUID.")
        return _once(lambda: verb(view, request, *args, **kwargs), view, request, key)

    documented: Callable[..., HttpResponseBase] = extend_schema(parameters=[HEADER])(run)
    return documented


@retried_transaction
def _once(work: Callable[[], Response], view: Any, request: Request, key: str) -> HttpResponseBase:
    digest = request_digest(request)
    user = actor(request)
    if not IdempotencyKey.objects.claim(user_id=user.pk, key=key, request_sha256=digest):
        return _replay(IdempotencyKey.objects.filter(user=user, key=key).first(), digest)
    answer = work()
    if answer.status_code >= 400:  # refused without an exception: the key stays free
        transaction.set_rollback(True)
        return answer
    answer.accepted_renderer = request.accepted_renderer
    answer.accepted_media_type = request.accepted_media_type
    answer.renderer_context = view.get_renderer_context()  # type: ignore[attr-defined]
    body = answer.rendered_content  # which sets the content type too
    IdempotencyKey.objects.filter(user=user, key=key).update(
        status=answer.status_code, headers=dict(answer.headers), body=body
    )
    return answer


def _replay(known: IdempotencyKey | None, digest: str) -> HttpResponse:
    if known is None or known.status is None or known.body is None:
        raise Busy("The first request with this Idempotency-Key has just ended. Try again.")
    if known.request_sha256 != digest:
        raise KeyReused(
            "This key was sent with another request. Use a new key for a new request.",
        )
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(bytes(known.body), status=known.status, headers=headers)


def request_digest(request: Request) -> str:
    """The same for two requests that ask the same, however their JSON is spaced and ordered."""
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def purge_keys(*, at: datetime) -> int:
    """Forget the answers that nobody will ask for again; returns how many."""
    deleted, _ = IdempotencyKey.objects.older_than(at - KEPT).delete()
    return deleted
