"""Whatever a person writes comes in by one door of the API: composed, without unseen signs."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from clinic.api.forms import LINE, Form, TextField

UNSEEN = {"right to left": "a\u202eb", "zero width": "\u200b", "NUL": "a\0b", "bell": "a\x07b"}
UNSEEN |= {"shows nothing": "\u2800", "half a pair": "a\ud800b", "soft hyphen": "a\u00adb"}
# What no person composes: secrets, what a scanner sends (GS1 has a control character), cursors.
AS_SENT = {
    *(
        ("LoginIn", "username"),
        ("LoginIn", "password"),
        ("LoginIn", "code"),
        ("CartridgeIn", "code"),
        ("LotIn", "code"),
    ),
    ("LoginIn", "device_token"),
    *(("AvailabilityPageQuery", "cursor"), ("AvailabilityPageQuery", "page_size")),
}


def forms(parent: type[Any] = Form) -> Iterator[type[Any]]:
    get_resolver().url_patterns  # noqa: B018  loads every view, and its forms
    for child in parent.__subclasses__():
        yield child
        yield from forms(child)


def texts() -> list[tuple[str, str, Any]]:
    """Every field of every form that takes text as it comes, lists of texts included."""
    found = [
        (form.__name__, name, getattr(field, "child", field))
        for form in forms()
        for name, field in form().fields.items()
    ]
    kinds = (serializers.CharField, TextField)
    return [one for one in found if type(one[2]) in kinds and one[:2] not in AS_SENT]


def test_every_text_of_every_form_is_the_houses() -> None:
    assert len(texts()) > 30
    assert [one[:2] for one in texts() if not isinstance(one[2], TextField)] == []


def test_what_nobody_sees_is_refused_in_every_text() -> None:
    taken = []
    for form, name, field in texts():
        for title, text in UNSEEN.items():
            try:
                field.run_validation(text)
            except ValidationError:
                continue
            taken.append(f"{form}.{name}: {title}")

    assert not taken


@pytest.mark.parametrize(("longest", "takes_lines"), [(LINE, False), (LINE + 1, True)])
def test_only_a_long_text_has_lines(longest: int, takes_lines: bool) -> None:
    field = TextField(max_length=longest)

    if takes_lines:
        assert field.run_validation("one\ntwo") == "one\ntwo"
    else:
        with pytest.raises(ValidationError, match="one line"):
            field.run_validation("one\ntwo")


def test_letters_are_composed_and_emoji_are_kept() -> None:
    field = TextField(max_length=LINE)

    assert field.run_validation("Rene\u0301 👩🏽‍⚕️") == "Ren\u00e9 👩🏽‍⚕️"


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", True),  # within a word of Persian
        ("\u200cword", False),
        ("word\u200d", False),
        ("a \u200db", False),
    ],
)
def test_a_joiner_stands_within_a_word(text: str, is_kept: bool) -> None:
    field = TextField(max_length=LINE)

    if is_kept:
        assert field.run_validation(text) == text
    else:
        with pytest.raises(ValidationError):
            field.run_validation(text)
