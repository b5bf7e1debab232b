"""What a person reads is words: no codes, ids, names of fields or classes, no Python."""

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.db.models import CharField

from clinic.models import Role

UUID = r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"
TYPED = r"\{\{ \w+ \}\}"  # the variables of a text are typed like this
# What a technical admin asks a provider for.
TECHNICAL = rf"(?<=Key\n){UUID}"
SMALL_LABEL = re.compile(r"<label[^>]*>\s*([a-z][^<]*?)\s*<")
FAULTS = {
    "a code": r"\b[A-Z]+(?:_[A-Z]+)+\b",
    "an id": UUID,
    "the name of a field": r"(?<![\w./@-])[a-z]+(?:_[a-z0-9]+)+(?![\w/@])",
    "the name of a class": r"\b(?:[A-Z][a-z]+){2,}(?:Error|Consent|Assessment|Version|Model)\b",
    "Python": r"\bNone\b(?! of| has)|\bTrue\b|\bFalse\b|<[\w.]+ object|\bdatetime\.|Decimal\("
    r"|\{'|\['",
    "a duration": r"-?\b\d+ (?:days?, )?\d\d?:\d\d:\d\d\b",
    "markup": r"&lt;|\{\{|\{%",
}


@cache
def statuses() -> str:
    """Every code of a status, kind or role that its label does not say in the same letters."""
    codes = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.name == "keyword":  # what patients write, such as STOP
                continue
            if isinstance(field, CharField) and field.choices and model.__module__[:6] != "django":
                pairs = field.flatchoices
                codes |= {str(code) for code, label in pairs if str(code) != str(label)}
    single = sorted(code for code in codes if re.fullmatch(r"[A-Z]{4,}", code))
    return rf"\b(?:{'|'.join(single)})\b"


def faults_in(text: str, *, allowed: str = "") -> list[str]:
    """What is no words in a text, with a little of what stands around it."""
    if allowed:
        text = re.sub(allowed, " ", text)
    found = []
    for kind, pattern in {**FAULTS, "a code of a status": statuses()}.items():
        for match in re.finditer(pattern, text):
            around = text[max(0, match.start() - 40) : match.end() + 20].replace("\n", " ")
            found.append(f"{kind}: …{around.strip()}…")
    return found


def faults_of_page(page: Any, role: str) -> list[str]:
    """What is no words on a page of the admin, as somebody of a role sees it."""
    allowed = f"{TYPED}|{TECHNICAL}" if role == Role.ADMIN else TYPED
    small = SMALL_LABEL.findall(page.content.decode())
    faults = [f"a label in small letters: {label}" for label in small]
    return faults + faults_in(visible(page), allowed=allowed)


class _Visible(HTMLParser):
    """The text of a page, without what no eye sees."""

    HIDDEN = ("script", "style", "template", "svg", "noscript")

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0
        self.icon = False
        self.field = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.field = tag == "textarea"
        if tag in self.HIDDEN:
            self.hidden += 1
        given = dict(attrs)
        if tag == "span" and "material-symbols" in (given.get("class") or ""):
            self.icon = True
        if tag in ("input", "textarea") and given.get("placeholder"):
            self.parts.append(given["placeholder"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.field = False
        if tag in self.HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        if tag == "span":
            self.icon = False

    def handle_data(self, data: str) -> None:
        if self.field and data.lstrip()[:1] in "[{":
            return  # data that somebody types as such
        if not self.hidden and not self.icon and data.strip():
            self.parts.append(data.strip())


def visible(page: Any) -> str:
    """What an eye sees of an answer that is a page, piece by piece."""
    return visible_of(page.content.decode())


def visible_of(html: str) -> str:
    parser = _Visible()
    parser.feed(html)
    return "\n".join(parser.parts)


def faults_of_problem(problem: dict[str, Any]) -> list[str]:
    """What is no words in a problem document: codes and pointers are for programs."""
    texts = [str(problem.get(name, "")) for name in ("title", "detail")]
    texts += [str(error.get("detail", "")) for error in problem.get("errors", [])]
    texts = [re.sub(r"“[^”]*”|\"[^\"]*\"|'[^']*'|‘[^’]*’", " ", text) for text in texts]  # echoed
    pointers = {error["pointer"].strip("/") for error in problem.get("errors", [])}
    names = {name for pointer in pointers for name in (pointer, *pointer.split("/")) if name}
    allowed = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return [fault for text in texts for fault in faults_in(text, allowed=allowed)]
