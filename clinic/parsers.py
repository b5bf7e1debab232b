"""What the API reads."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from clinic.errors import DomainError

MAX_BODY_BYTES = 1_000_000


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    title = "The request is too large"


class LimitedJSONParser(JSONParser):
    """JSON of a sane size and depth."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if length > MAX_BODY_BYTES:
            raise TooLarge(f"At most {MAX_BODY_BYTES} bytes are read; these are {length}.")
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
