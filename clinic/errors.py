"""What a rule of the clinic says when it refuses. Each app defines its own errors from these."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext_noop


class DomainError(Exception):
    """A request that was understood and is refused (HTTP 422).

    `code` is for programs and never changes; the message is for people and says what would be
    right; `field` names the input it is about; `extra` holds further facts for the caller. `others`
    are what else the same request is refused for; `about` the rows of patients that the message
    names, if the request did not name them. `later` finds further facts, once what was refused is
    rolled back.
    """

    status = 422
    code = "refused"
    title = gettext_noop("The request is refused")
    retry_after: int | None = None  # seconds, for what passes by itself

    def __init__(self, message: str, *, field: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.extra = extra
        self.others: Sequence[DomainError] = ()
        self.about: Sequence[Any] = ()
        self.later: Callable[[], dict[str, Any]] = dict


class Conflict(DomainError):
    """The request clashes with what is already recorded (HTTP 409)."""

    status = 409
    code = "conflict"
    title = gettext_noop("The request conflicts with the current state")


class NotAllowed(DomainError):
    """The person is known and may not do this (HTTP 403)."""

    status = 403
    code = "not_allowed"
    title = gettext_noop("Not allowed")


class VersionMismatch(DomainError):
    """Somebody else has changed the object since it was read (HTTP 412)."""

    status = 412
    code = "version_mismatch"
    title = gettext_noop("The object has changed")


class PreconditionRequired(DomainError):
    """A write that overwrites does not say what it has seen (HTTP 428)."""

    status = 428
    code = "precondition_required"
    title = gettext_noop("If-Match is missing")
