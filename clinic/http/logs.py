"""What is written into the logs, and what never is: personal data, and addresses that are secrets.

Every line of Django, Celery and gunicorn goes through the Formatter here, gunicorn's access log
through the Logger.
"""

import logging
import re
from copy import copy
from time import monotonic
from traceback import extract_tb
from typing import Any

from gunicorn import glogging

from clinic.http.middleware.request_ids import request_id_of

# Whoever has one of these addresses needs no password: a practitioner's calendar, a patient's page.
SECRET = re.compile(
    r"(/calendar/|/p/|/photo/|/admin/address/|/admin/password/[^/\s]+/)[^/\s?\"'<>]+"
)
# Django reads `/%70/` as `/p/`, and no address of the product needs such an escape.
ESCAPED = re.compile(r"/[^/\s?\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
# What somebody has searched for: names, telephone numbers, birth dates.
QUERY = re.compile(r"(/[^\s?\"'<>]*)\?[^\s\"'<>]+")
# What differs between two lines about the same: ids, ports, times.
NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+")
# Libraries whose faults tell of addresses and ports, never of a person.
HARMLESS = ("redis", "kombu", "urllib3")
# SQLSTATEs whose first line repeats a value: “invalid input syntax for type uuid: "…"”.
DATA_EXCEPTIONS = "22"


def mask(text: str) -> str:
    """A line without the secrets of its addresses, and without what was asked of them."""
    return QUERY.sub(r"\1?…", ESCAPED.sub("/…", SECRET.sub(r"\1…", text)))


def exception_words(error: BaseException) -> str:
    """An exception by its kind. Its text may repeat what somebody typed, or a whole row."""
    name = type(error).__qualname__
    words = _safe_words(error)
    return f"{name}: {words}" if words else name


def _safe_words(error: BaseException) -> str:
    cause = error if hasattr(error, "diag") else error.__cause__
    if diag := getattr(cause, "diag", None):
        state = getattr(cause, "sqlstate", None)
        if state is None:  # of the connection: there is no row yet
            return str(cause).strip().partition("\n")[0]
        primary = "" if state.startswith(DATA_EXCEPTIONS) else f" {diag.message_primary}"
        return f"SQLSTATE {state}{primary}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if type(error).__module__.startswith(HARMLESS) else ""


class OncePerSecond(logging.StreamHandler[Any]):
    """Standard error, with the same trouble at most once a second: an outage of ten minutes wrote
    53,000 lines. The next line of its kind says how many there were in between."""

    MOST_KINDS = 1000

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Any, tuple[float, int]] = {}  # when it was told, and how often not

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING:
            return super().emit(record)
        kind, now = _kind(record), monotonic()
        told_at, untold = self._seen.get(kind, (float("-inf"), 0))
        if now - told_at < 1.0:
            self._seen[kind] = told_at, untold + 1
            return None
        if len(self._seen) >= self.MOST_KINDS:
            self._seen.clear()
        self._seen[kind] = now, 0
        told = copy(record)
        told.untold = untold
        return super().emit(told)


def _kind(record: logging.LogRecord) -> Any:
    """What makes two lines the same: their words without numbers and ids, and the place."""
    place: Any = None
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        frames = extract_tb(error.__traceback__)
        place = type(error), (frames[-1].filename, frames[-1].lineno) if frames else None
    return record.name, record.levelno, NUMBERS.sub("#", record.getMessage())[:200], place


class Formatter(logging.Formatter):
    """Lines without personal data: exceptions by their kind and place, addresses masked."""

    def format(self, record: logging.LogRecord) -> str:
        args, record.exc_text = record.args, None  # another formatter's has the exception's words
        request_id = request_id_of(record)
        record.of = f" {request_id}" if request_id else ""
        if isinstance(args, tuple):
            record.args = tuple(
                exception_words(a) if isinstance(a, BaseException) else a for a in args
            )
        try:
            return mask(super().format(record))
        finally:
            record.args, record.exc_text = args, None

    def formatMessage(self, record: logging.LogRecord) -> str:
        untold = getattr(record, "untold", 0)
        return super().formatMessage(record) + (f" (and {untold} more like it)" if untold else "")

    def formatException(self, ei: Any) -> str:
        """Where it happened and what followed on what, with each exception as `described`."""
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None:
            lines += ["after" if lines else "Traceback:", f"  {exception_words(error)}"]
            lines += [
                f'    File "{frame.filename}", line {frame.lineno}, in {frame.name}'
                for frame in extract_tb(error.__traceback__)
            ]
            followed = None if error.__suppress_context__ else error.__context__
            error = error.__cause__ or followed
        return "\n".join(lines)


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logs. Named in gunicorn.conf.py."""

    def atoms(self, *args: Any) -> dict[str, Any]:
        """Without what was searched for, on which page, and by which headers."""
        whole = super().atoms(*args)
        atoms = {
            name: mask(value) if isinstance(value, str) else value
            for name, value in whole.items()
            if not name.startswith("{")
        }
        request_id = whole.get("{x-request-id}o", "-")
        return {**atoms, "q": "", "f": "-", "id": request_id}

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log, words in ((self.error_log, self.error_fmt), (self.access_log, self.access_fmt)):
            for handler in log.handlers:
                if isinstance(handler, logging.StreamHandler):
                    handler.setFormatter(Formatter(words, self.datefmt))
