"""What browsers are told about every answer: what a page may load, run and be framed by, and that
nothing is to be kept of it.

# Note [One policy for each kind of answer]

The outermost of all that happens around a request, so redirects, refusals and error pages have it
too. What an answer says of itself (a photograph, a captured e-mail) stands. Decision 0049.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader

Handler = Callable[[HttpRequest], HttpResponse]
CONTENT_POLICY = "Content-Security-Policy"
PATIENTS, ADMIN, DOCS = "/p/", "/admin/", "/api/docs/"
# Views whose answers hold nothing of anybody. Static files say themselves that they are public.
FOR_EVERYBODY = {"home", "docs", "schema", "admin:jsi18n"}
# What nobody needs is said for every kind: these do not follow from default-src.
NOTHING = {"default-src": "'none'", "object-src": "'none'", "base-uri": "'none'"}
DATA = {**NOTHING, "form-action": "'none'"}
PAGE = {**NOTHING, "img-src": "'self'", "form-action": "'self'"}
LIVE_PAGE = {
    **PAGE,
    "script-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "img-src": "'self' data:",
}
# Alpine, and HTMX's conditions, make functions of what stands in attributes ('unsafe-eval');
# Unfold's colours, and what its scripts show and hide, are styles in the page. No script is.
ADMIN_PAGE = {
    **LIVE_PAGE,
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
# The styles that stand in our own pages outside the admin.
STYLED = (
    "clinic/base.html",
    "clinic/inbox.html",
    "aftercare/pages/base.html",
    "aftercare/leaflet/print.html",
    "drf_spectacular/swagger_ui.html",
)
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def content_policy(get_response: Handler) -> Handler:
    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        is_kept = answer.status_code == 304  # the reader has it, with its own headers
        if not is_kept and not answer.has_header(CONTENT_POLICY):
            answer[CONTENT_POLICY] = policy_for(request.path_info, answer)
        return answer

    return handle


def never_stored(get_response: Handler) -> Handler:
    """What may be about a patient is kept nowhere on the way, nor on a computer that several people
    use: all but what is the same for everybody. An ETag still saves a client that remembers an
    answer by itself from reading it again."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        said = answer.get("Cache-Control", "")
        match = request.resolver_match
        is_public = "public" in said or (match and match.view_name in FOR_EVERYBODY)
        if "no-store" not in said and not is_public:
            answer["Cache-Control"] = "no-store"
        return answer

    return handle


def policy_for(path: str, answer: HttpResponse) -> str:
    """Note [One policy for each kind of answer]. Only what may be framed by itself says so, as it
    does to older browsers."""
    framed = "'self'" if answer.get("X-Frame-Options") == "SAMEORIGIN" else "'none'"
    rules = {**_rules(path, answer), "frame-ancestors": framed}
    return "; ".join(f"{name} {allowed}" for name, allowed in rules.items())


def _rules(path: str, answer: HttpResponse) -> dict[str, str]:
    if not answer.get("Content-Type", "").startswith("text/html"):
        return DATA
    if path.startswith(ADMIN):
        return ADMIN_PAGE
    page = PAGE if path.startswith((PATIENTS, "/api/v1/")) else LIVE_PAGE
    return {**page, "style-src": f"'self' {own_styles()}"}


@cache
def own_styles() -> str:
    """By their hashes: a style that somebody has smuggled into a page has none of these."""
    sources: list[Any] = [loader.get_template(name) for name in STYLED]
    found = [style for one in sources for style in STYLE.findall(one.template.source)]
    hashes = (b64encode(sha256(style.encode()).digest()).decode() for style in found)
    return " ".join(f"'sha256-{one}'" for one in hashes)
