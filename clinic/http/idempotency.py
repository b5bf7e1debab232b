"""A request that may be sent twice: the header `Idempotency-Key`.

A client that got no answer cannot know whether its request was done. With a key of its own making
it may send the request again: what was done is not done twice, and the first answer comes back.
`clinic.http.writes` does so for every write of the API.
"""

import json
import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from clinic.db.retries import Busy
from clinic.errors import Conflict, DomainError
from clinic.models import IdempotencyKey, User

NAME = "Idempotency-Key"
KEPT = timedelta(hours=48)
PRINTABLE = re.compile(r"[ -~]{1,100}")


class BadKey(DomainError):
    status = 400
    code = "bad_idempotency_key"
    title = "The Idempotency-Key cannot be used"


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


class AnswerLost(Conflict):
    code = "answer_lost"
    title = "The first answer cannot be read any more"


def key_of(request: Request) -> str | None:
    """The caller's key, if there is one. Raises BadKey."""
    key = request.headers.get(NAME)
    if key is None:
        return None
    if not PRINTABLE.fullmatch(key):
        raise BadKey("Use 1 to 100 printable ASCII characters, such as a new UUID.")
    if not isinstance(request.user, User):
        raise BadKey(
            "A log-in is never answered from memory, because its answer is a secret: leave the "
            "key out. To log in twice does no harm."
        )
    return key


def claim(request: Request, key: str, *, by: User) -> HttpResponse | None:
    """Take the key, first in the transaction of the work; a twin of this request waits here for us.

    None: it is ours, do the work and `keep` the answer; both are committed, or neither. Otherwise
    the answer that was kept. Raises KeyReused, Busy, AnswerLost.
    """
    digest = request_digest(request)
    if IdempotencyKey.objects.claim(user_id=by.pk, key=key, request_sha256=digest):
        return None
    return _replay(IdempotencyKey.objects.filter(user=by, key=key).first(), digest)


def store_answer(answer: HttpResponse, key: str, *, by: User) -> None:
    """Keep a finished answer beside its key."""
    IdempotencyKey.objects.keep_answer(
        user_id=by.pk,
        key=key,
        status=answer.status_code,
        headers=dict(answer.headers),
        body=_seal(answer.content),
    )


def _replay(known: IdempotencyKey | None, digest: str) -> HttpResponse:
    if known is None or known.status is None or known.body is None:
        raise Busy("The first request with this Idempotency-Key has just ended. Try again.")
    if known.request_sha256 != digest:
        raise KeyReused(
            "This key was sent with another request. Use a new key for a new request.",
        )
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(_unseal(bytes(known.body)), status=known.status, headers=headers)


def request_digest(request: Request) -> str:
    """The same for two requests that ask the same, however their JSON is spaced and ordered."""
    try:
        body = json.dumps(_plain(request.data), sort_keys=True, separators=(",", ":"), default=str)
    except RecursionError:
        raise ParseError("JSON parse error - nested too deeply") from None
    return sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def _plain(data: Any) -> Any:
    """A form as what stands in it; of its files, what they hold and not where they lie."""
    if not isinstance(data, QueryDict):
        return data
    return {name: [_of_file(value) for value in values] for name, values in data.lists()}


def _of_file(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    found = sha256()
    for chunk in value.chunks():
        found.update(chunk)
    value.seek(0)
    return found.hexdigest()


def _seal(body: bytes) -> bytes:
    """Unreadable in a copy of the database: one of the answers tells a secret that is stored
    nowhere else."""
    return _cipher(settings.SECRET_KEY).encrypt(body)


def _unseal(kept: bytes) -> bytes:
    """Raises AnswerLost if it was sealed under another SECRET_KEY."""
    try:
        return _cipher(settings.SECRET_KEY).decrypt(kept)
    except InvalidToken as error:
        raise AnswerLost("This request was done before. Read what came of it.") from error


@lru_cache(1)
def _cipher(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(secret.encode()).digest()))


def purge_keys(*, at: datetime) -> int:
    """Forget the answers that nobody will ask for again; returns how many."""
    deleted, _ = IdempotencyKey.objects.older_than(at - KEPT).delete()
    return deleted
