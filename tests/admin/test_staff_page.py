"""docs/staff.md says what to press: each name in it stands in the admin, each call exists."""

import re
from collections.abc import Iterator

from django.contrib import admin

from clinic.admin.navigation import GROUPS, PAGES
from clinic.findings import Severity
from sessions.services.ending.decisions import Choice
from tests.support.answers import operations
from tests.support.catalogue import ROOT

PAGE = (ROOT / "docs" / "staff.md").read_text(encoding="utf-8")


def names() -> Iterator[str]:
    """Titles of the side bar, buttons, columns, fields, and choices."""
    for entries in GROUPS.values():
        yield from (str(title) for title, *_ in entries)
    yield from (str(title) for _, title, *_ in PAGES)
    for model, page in admin.site._registry.items():
        yield from (str(field.verbose_name) for field in model._meta.fields)
        for name in dir(type(page)):
            text = getattr(getattr(type(page), name, None), "short_description", None)
            yield str(text or "")
    yield from map(str, Severity.labels)
    yield from map(str, Choice.labels)


def on_pages(text: str) -> bool:
    """Whether it is written on a page of the admin, or as a label in its code."""
    files = [
        path
        for app in ("clinic", "patients", "sessions", "aftercare")
        for path in (*(ROOT / app).glob("admin/**/*.py"), *(ROOT / app).glob("templates/**/*.html"))
    ]
    label = re.compile(rf"""[">}}']\s*{re.escape(text)}\s*["<{{']""")
    return any(label.search(path.read_text(encoding="utf-8")) for path in files)


def test_every_name_stands_in_the_admin() -> None:
    told = set(re.findall(r"\*\*([^*]+)\*\*", PAGE.split("## …", 1)[1]))
    told = {" ".join(text.split()) for text in told}
    known = set(names())

    assert len(told) > 25
    assert [text for text in sorted(told) if text not in known and not on_pages(text)] == []


def test_every_call_exists() -> None:
    calls = re.findall(r"`([A-Z]+) (/api/v1/[^`]+)`", PAGE)
    known = operations()

    assert len(calls) > 15
    assert [(do, path) for do, path in calls if (do.lower(), path) not in known] == []
