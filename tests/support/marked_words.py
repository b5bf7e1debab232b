"""A language whose words can be told from all else: each text of its catalogue between marks.

What stands between none is in no catalogue: a text that nobody marked for translation, or data.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import trans_real
from django.utils.translation.trans_real import CONTEXT_SEPARATOR, DjangoTranslation

from tests.support.translations import APPS, texts_of

BEGIN, END = "⟦", "⟧"
VALUE = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{[^{}]*\}|<[^<>]*>)")  # and the tags of a page
WORD = re.compile(r"[^\W\d_]{3,}")
# Names of languages, keys and formats, and skin types; the names of variables, ids and secrets.
# What a program was named when it logged in, and examples of days, stay as they are; columns of a
# file are called as they are read.
SAME_IN_ALL = {"English", "Español", "español", "SMS", "PDF", "JPEG", "PNG", "WebP", "HEIC"}
SAME_IN_ALL |= {"esc", "Ctrl", "III", "null", "program", "Apr"}
SAME_IN_ALL |= {"Given", "Family", "name", "Birth", "date", "mail", "Mobile", "Language", "Sex"}
NO_WORDS = re.compile(
    r"\{\{ \w+ \}\}|\b[0-9a-f]{8}-[0-9a-f-]+\b|\b[0-9A-F]{4,8}-[0-9A-F]{3,8}\b"
    r"|\b[A-Z]+_[A-Z_]+\b|\b[A-Z0-9]{4}(?: [A-Z0-9]{4}){5,}"
)
MARKED = re.compile(f"{BEGIN}[^{END}]*{END}")


def marked(text: str) -> str:
    """Each part between two values, which may be in another language than the text."""
    parts = VALUE.split(text)
    return "".join(
        f"{BEGIN}{part}{END}" if number % 2 == 0 and part else part
        for number, part in enumerate(parts)
    )


@contextmanager
def words_marked(language: str) -> Iterator[None]:
    """All that is translated into a language, meanwhile."""
    known: dict[str, Any] = vars(trans_real)["_translations"]
    whole, own = trans_real.translation(language), DjangoTranslation(language)
    catalogs: list[dict[Any, str]] = vars(own)["_catalog"]._catalogs
    catalogs[0].update(_in_sources())
    for catalog in catalogs:
        for key, text in catalog.items():
            catalog[key] = marked(text) if key else text  # the header is no text
    known[language] = own
    try:
        yield
    finally:
        known[language] = whole


def _in_sources() -> dict[Any, str]:
    """What is marked for translation, also where nobody has translated it yet."""
    found: dict[Any, str] = {}
    for text, context, _ in (one for app in APPS for one in texts_of(app)):
        before = f"{context}{CONTEXT_SEPARATOR}" if context else ""
        if isinstance(text, str):
            found[before + text] = text
        else:
            forms = dict(enumerate([text[0], *[text[-1]] * 5]))  # however many a language has
            found |= {(before + text[0], number): form for number, form in forms.items()}
    return found


def unmarked(text: str, data: set[str]) -> set[str]:
    """The lines of what an eye sees with words of no catalogue, that are no data either."""
    found = set()
    for line in text.splitlines():
        left = NO_WORDS.sub(" ", MARKED.sub(" ", line)).strip()
        words = set(WORD.findall(left)) - SAME_IN_ALL
        if words and left not in data and line.strip() not in data:
            of_data = {word for value in data if value in left for word in WORD.findall(value)}
            if words - of_data:
                found.add(re.sub(r"\d+", "0", left))
    return found


def data_of_all_rows() -> set[str]:
    """Whatever stands in a text of the database, also in words made of a code."""
    found: set[str] = set()
    for model in apps.get_models():
        fields = [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
            and not field.choices
        ]
        for row in model._default_manager.all():
            for field in fields:
                for text in _texts(getattr(row, field.attname)):
                    found |= {text, text.replace("-", " ").replace("_", " ").capitalize()}
    return {value.strip() for value in found if WORD.search(value)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
