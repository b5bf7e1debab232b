"""What browsers are to be told about every answer."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from clinic.http.middleware.headers import STYLE, own_styles

POLICY = "Content-Security-Policy"
NEEDED = {
    *("default-src 'none'", "object-src 'none'", "base-uri 'none'"),
    *("form-action 'self'", "frame-ancestors 'none'"),
}
# Nobody's own words may run, and nothing is loaded from elsewhere.
NEVER = ("http:", "https:", "*", "'unsafe-hashes'", "'strict-dynamic'")


def rules_of(answer: Any) -> dict[str, str]:
    """The policy of an answer by its directives."""
    parts = (part.partition(" ") for part in answer.get(POLICY, "").split("; "))
    return {name: allowed for name, _, allowed in parts}


def header_faults(answer: Any) -> Iterator[str]:
    """What is missing, or too much, in what a page may do."""
    rules = rules_of(answer)
    is_page = answer.get("Content-Type", "").startswith("text/html")
    asked = {f"{name} {allowed}" for name, allowed in rules.items()}
    if not is_page:
        asked |= {"form-action 'self'"} if rules.get("form-action") == "'none'" else set()
    if answer.get("X-Frame-Options") == "SAMEORIGIN":
        asked |= {"frame-ancestors 'none'"} if rules.get("frame-ancestors") == "'self'" else set()
    yield from (f"no {one}" for one in sorted(NEEDED - asked))
    for name, allowed in rules.items():
        yield from (f"{name} {one}" for one in allowed.split() if one in NEVER)
    if "'unsafe-inline'" in rules.get("script-src", ""):
        yield "scripts in the page may run"


def kept_faults(answer: Any) -> Iterator[str]:
    if "no-store" not in answer.get("Cache-Control", ""):
        yield "it may be kept"


def refused_styles(html: str) -> list[str]:
    """What a page outside the admin would be shown without: a style that is not one of ours."""
    found = [f"{html.count(' style=')} attributes"] if " style=" in html else []
    for style in STYLE.findall(html):
        if b64encode(sha256(style.encode()).digest()).decode() not in own_styles():
            found.append(style)
    return found
