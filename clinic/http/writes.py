"""What every write over HTTP shares: it may be sent twice, and it may say what the caller saw.

Note [Repeatable writes]
    A write is one transaction, run again after a passing fault (clinic.db.retries):
    1. With an `Idempotency-Key`: take the key, or answer what was answered before.
    2. With `If-Match`: lock the object and compare its version with those that are named.
    3. The verb, which calls its service; then the version of what it answers, for the ETag.
    4. Keep the answer with its key, and write the access down (clinic.audit.record). A refusal
       rolls all of it back, and the key is free again.
    A verb that is `alone` has its transaction in its service; without a key, `made_by` puts the
    access's row into that one (the first two steps have nothing to do). What a refusal finds out
    `later`, such as other times, is asked when all of it is rolled back: no verb needs a savepoint.
    Where a service takes advisory locks before rows, `check_later` keeps the order; elsewhere a
    rare deadlock with a writer that takes them in the other order is one of the passing faults.
    The key comes first: a request that was done has changed the version itself, and its honest
    repetition is answered all the same.

Note [ETags]
    An object has one version, whatever of it is read: the patient and the medical part, the session
    and its chart. The tag is `"version-body"`. If-Match looks at the version only; If-None-Match,
    which asks whether the text would be the same, at the whole. Lists have no tag.
"""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any, cast

from django.db import models, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from clinic.audit.record import NotRecorded
from clinic.db.retries import as_step, retried, retried_transaction
from clinic.db.versions import OWN, version_of, version_read, with_state
from clinic.errors import DomainError, PreconditionRequired, VersionMismatch
from clinic.http.audited import Audited
from clinic.http.idempotency import NAME, claim, key_of, store_answer
from clinic.permissions import actor

OVERWRITES = {"PUT", "PATCH"}
KEY = OpenApiParameter(
    NAME,
    str,
    "header",
    description="Makes the request safe to repeat: the same key with the same body gets the first "
    "answer again, for 48 hours. 1 to 100 printable ASCII characters.",
)
SEEN = "The ETag of the object as you have read it: 412 `version_mismatch` if it has changed since."


class SafeWrites(Audited):
    """A view whose writes are repeatable and compare versions: every view of the API.

    See Note [Repeatable writes] and Note [ETags].
    """

    model: type[models.Model] | None = None
    # Verbs that make something, without a transaction around them: `made_by` opens it. Their
    # version is known from `clinic.db.rows.Insert`, or nobody changes it.
    alone: frozenset[str] = frozenset()
    # Other verbs that answer with a row which they have inserted: its version is known as well.
    makes: frozenset[str] = frozenset()
    # Verbs whose service takes other locks before the object's: it calls `require_seen` itself.
    check_later: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._read: dict[Any, str] = {}
        self._seen: Any = None  # the object whose version was compared
        self._just_read: Any = None  # the same, for the verb that asks for it next
        self._is_open = False  # whether there is a transaction around the verb
        method = str(request.method).lower()
        if request.method not in SAFE_METHODS and hasattr(self, method):
            # DRF looks the verb up after this, on this object, which serves one request.
            setattr(self, method, partial(self._write, getattr(self, method)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        row = self._answered(response) if request.method in SAFE_METHODS else None
        if row and (version := getattr(self, "_read", {}).get(row.pk)):
            _tag(response, version)
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def names_an_object(self) -> bool:
        """Whether the address is that of one object, or of something that belongs to one."""
        return "pk" in self.kwargs

    def get_rows(self) -> Any:
        """The rows among which the address names one."""
        return self.filter_queryset(self.get_queryset())  # type: ignore[attr-defined]

    def get_object(self) -> Any:
        """The object that the address names. A reader also gets to know its version."""
        if self.request.method in SAFE_METHODS:
            return self._object_with_version()
        if self._just_read is None:
            return self._object(self.get_rows())
        row, self._just_read = self._just_read, None
        return row

    def _object_with_version(self) -> Any:
        rows = self.get_rows()
        parts = parts_of(rows.model)
        row = self._object(with_state(rows, *parts))
        self._read[row.pk] = version_read(row, *parts)
        return row

    def _object(self, rows: Any) -> Any:
        row = get_object_or_404(rows, **self.named())
        self.touch(row)
        self.check_object_permissions(self.request, row)
        return row

    def named(self) -> dict[str, Any]:
        return {"pk": self.kwargs["pk"]}

    def require_seen(self, *, locked: bool = True) -> None:
        """Lock the object and compare it with what the caller has seen.

        Without the lock, a stale request is refused before its service has other reasons to; what
        was read for it is the object that the verb gets next, and the one that is locked later.
        Raises VersionMismatch, or PreconditionRequired if a write that overwrites says nothing.
        """
        given = self.request.headers.get("If-Match")
        if given is None and self.request.method not in OVERWRITES:
            return
        if not self.names_an_object:
            if "*" not in _versions(given or ""):
                raise VersionMismatch("If-Match is for one object, and this address has a list.")
            return
        if locked:
            row = self._seen or self.get_object()
        else:
            row = self._seen = self._just_read = self._object_with_version()
        if given is None:
            raise PreconditionRequired(
                "Send the ETag that you have read as If-Match, so that nobody's change is lost."
            )
        if locked:
            lock_row(row)
            version = version_of(row, *parts_of(type(row)))
        else:
            version = self._read[row.pk]
        if not version or not _versions(given) & {"*", version}:
            raise VersionMismatch(
                "Somebody has changed it since you read it: read it again, then repeat."
            )

    def _write(self, verb: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        action = getattr(self, "action", str(request.method).lower())
        try:
            if action in self.alone and key is None:
                self.require_seen(locked=False)
                answer = retried(verb)(request, *args, **kwargs)
                return self._with_version(answer, just_written=True)
            work = partial(verb, request, *args, **kwargs)
            return self._transaction(request, work, key, action)
        except DomainError as refusal:
            refusal.extra |= refusal.later()
            raise

    @retried_transaction
    def _transaction(
        self, request: Request, work: Any, key: str | None, action: str
    ) -> HttpResponseBase:
        self._is_open = True
        if key is not None and (known := claim(request, key, by=actor(request))):
            self.record(request, known)
            return known
        self.require_seen(locked=action not in self.check_later)
        answer = work()
        if answer.status_code >= 400:  # refused without an exception: the key stays free
            transaction.set_rollback(True)
            return cast(HttpResponse, answer)
        self._with_version(answer, just_written=action in self.alone | self.makes)
        if key is not None:
            self._render(answer)
            store_answer(answer, key, by=actor(request))
        self.record(request, answer)
        return cast(HttpResponse, answer)

    def made_by(self, service: Any, shown: Callable[[Any], Any], **details: Any) -> Response:
        """Of a verb that is `alone`: what a service has made, as it is shown, with the row of the
        access in the service's own transaction. It costs no statement, and a refusal is outside of
        the transaction already: what else could be done can be asked there."""

        @retried_transaction
        def make() -> Response:
            made = as_step(service)(**details)
            answer = Response(shown(made), status=201)
            try:
                self.record(self.request, answer)
            except NotRecorded:
                self.taken_back(made)
                raise
            return answer

        return as_step(make)() if self._is_open else make()

    def taken_back(self, made: Any) -> None:
        """Remove what a rollback leaves behind, such as files."""

    def _render(self, answer: HttpResponse) -> None:
        if isinstance(answer, Response):
            answer.accepted_renderer = self.request.accepted_renderer
            answer.accepted_media_type = self.request.accepted_media_type
            answer.renderer_context = self.get_renderer_context()  # type: ignore[attr-defined]
            answer.render()

    def _with_version(self, answer: Any, *, just_written: bool) -> HttpResponse:
        """After a write: the version of what it answers, read in its transaction."""
        if row := self._answered(answer):
            read = version_read if just_written and hasattr(row, OWN) else version_of
            _tag(answer, read(row, *parts_of(type(row))))
        return cast(HttpResponse, answer)

    def _answered(self, answer: Any) -> Any:
        """The object that an answer shows as a whole, if it is one that has an address."""
        data = getattr(answer, "data", None)
        row = data.serializer.instance if isinstance(data, ReturnDict) else None
        return row if isinstance(row, self.answers_with()) else None

    def tags(self, serializer: Any) -> bool:
        """Whether an answer of this serializer, of an object, has an ETag."""
        kind = serializer if isinstance(serializer, type) else type(serializer)
        meta = getattr(kind, "Meta", None)
        model = getattr(kind, "of_model", getattr(meta, "model", None))
        return model is not None and issubclass(model, self.answers_with())

    def answers_with(self) -> tuple[type[models.Model], ...]:
        """The models of the objects whose ETags it hands out."""
        return (self.model,) if self.model else ()


def write_headers(view: SafeWrites, method: str, path: str) -> list[OpenApiParameter]:
    """The headers of a write, for the API's description."""
    if method in SAFE_METHODS or AllowAny in view.permission_classes:
        return []
    if "{" not in path and not view.names_an_object:
        return [KEY]
    must = method in OVERWRITES
    words = f"{SEEN} Without it: 428 `precondition_required`." if must else SEEN
    return [KEY, OpenApiParameter("If-Match", str, "header", required=must, description=words)]


def parts_of(model: type[models.Model]) -> tuple[str, ...]:
    """What belongs to an object and counts for its version: see clinic.models.Model."""
    return getattr(model, "version_parts", ())


def lock_row(row: models.Model) -> None:
    """Wait for who changes it, and let nobody else do so until the transaction ends."""
    rows = type(row)._base_manager.filter(pk=row.pk).values_list("pk")
    list(rows.select_for_update(no_key=True, of=("self",)))


def _tag(answer: Response, version: str) -> None:
    def name(rendered: Response) -> None:
        rendered["ETag"] = f'"{version}-{sha256(rendered.content).hexdigest()[:16]}"'

    answer.add_post_render_callback(name)


def _versions(header: str) -> set[str]:
    """The versions in an If-Match. A proxy that compresses makes tags weak: it counts the same."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))
    return {tag.partition("-")[0] for tag in tags if tag}
