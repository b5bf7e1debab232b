"""What the API reads: JSON (RFC 8259) that means one thing and that PostgreSQL can keep."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

from clinic.errors import DomainError

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 20  # what is asked for anywhere has six levels
TOO_DEEP = "JSON parse error - nested too deeply"


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    title = "The request is too large"


class Twice(dict[str, Any]):
    """A JSON object that gives a name more than once. Which value is meant?"""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.name, _ = Counter(name for name, _ in pairs).most_common(1)[0]


class LimitedJSONParser(JSONParser):
    """One JSON object of a sane size and depth."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        require_size(parser_context, MAX_BODY_BYTES)
        try:
            body = json.loads(
                stream.read().decode("utf-8"),
                parse_constant=_no_constant,
                object_pairs_hook=_object,
            )
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except ValueError as error:
            raise ParseError(f"JSON parse error - {_reason(error)}") from None
        if not isinstance(body, dict):
            raise ParseError("Send a JSON object, such as {}.")
        for path, words in _faults(body, ()):
            detail: Any = [words]
            for name in reversed(path):
                detail = {name: detail}
            raise ValidationError(detail)
        return body


def require_size(parser_context: Any, limit: int) -> None:
    """Refuse by its length alone what would be too much to read. Raises TooLarge."""
    length = str((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
    if not length.isdecimal() or int(length) > limit:
        raise TooLarge(f"At most {limit} bytes are read; these are {length}.")


def _reason(error: ValueError) -> str:
    return "this is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(pairs)


Path = tuple[str | int, ...]


def _faults(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """What JSON can say and nobody can keep, each with the way to it."""
    if len(path) > MAX_DEPTH:
        raise ParseError(TOO_DEEP)
    if isinstance(value, str):
        if words := _unwritable(value):
            yield path, words
    elif isinstance(value, dict):
        if isinstance(value, Twice):
            yield (*path, value.name), "This name stands twice in one object."
        for name, inner in value.items():
            if words := _unwritable(name):
                yield (*path, name), words
            yield from _faults(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "This number is too large."


def _unwritable(text: str) -> str:
    """Why a text cannot be kept, or nothing."""
    if "\0" in text:
        return "A text cannot contain the character NUL."
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "A text cannot contain half of a surrogate pair."
    return ""
