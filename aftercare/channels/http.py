"""What an HTTP answer, or none, says about a message that was handed over."""

import json

import requests

from aftercare.channels import blame
from aftercare.channels.errors import Refused, Unknown, fault

TIMEOUT = (3.05, 8)  # seconds to connect and to answer


def post(session: requests.Session, url: str, **kwargs: object) -> requests.Response:
    """POST once; returns the answer of a provider that has accepted. Raises Refused or Unknown."""
    try:
        answer = session.post(url, timeout=TIMEOUT, allow_redirects=False, **kwargs)  # type: ignore[arg-type]
    except requests.RequestException as error:
        raise no_answer(error) from error
    if not 200 <= answer.status_code < 300:
        raise refusal(answer.status_code, answer.text)
    return answer


def no_answer(error: requests.RequestException) -> Refused | Unknown:
    """Certain is only what never got as far as a connection."""
    if isinstance(error, requests.ConnectTimeout):
        return Refused("no connection in time")
    if isinstance(error, requests.ConnectionError):
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        if type(reason).__name__ in ("NewConnectionError", "NameResolutionError"):
            return Refused("no connection")
        return Unknown(f"connection lost: {fault(error)}")
    return Unknown(f"no answer: {fault(error)}")


def refusal(status: int, text: str) -> Refused | Unknown:
    """A 4xx is a refusal. A 5xx is none: a gateway may fail after it has passed the message on,
    and only 503 says that it did not. A redirect is a wrong address in our settings."""
    code, said = _words(text)
    words = f"{status} {said}"[:300]
    if 300 <= status < 500 or status == 503:
        return Refused(words, blame=blame.of_http(status, code))
    return Unknown(words)


def _words(text: str) -> tuple[str, str]:
    """A provider's own code of the error, and what it says, out of its JSON if it is some."""
    try:
        answer = {name.lower(): value for name, value in json.loads(text).items()}
    except (ValueError, AttributeError):
        return "", text
    code, words = str(answer.get("code", answer.get("errorcode", ""))), answer.get("message")
    return code, f"{code} {words}".strip() if words else text
