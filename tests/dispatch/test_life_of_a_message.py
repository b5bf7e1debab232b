"""The first page of docs/messages.md names every status, moves that exist, and code that exists."""

import re
from pathlib import Path
from pydoc import locate

from django.conf import settings

from aftercare.lifecycle import MESSAGE_NEXT, MessageStatus

TEXT = (Path(settings.BASE_DIR) / "docs" / "messages.md").read_text()
PAGE = TEXT.partition("## The life of a message")[2].partition("\n## ")[0]
NAME = re.compile(r"`((?:planning|dispatch|replies|services|lifecycle)\.[\w.]+)`")


def test_it_tells_every_status_once() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert sorted(told) == sorted(MessageStatus.values)


def test_it_draws_every_status_and_only_moves_that_exist() -> None:
    moves = re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE)

    assert {status for move in moves for status in move} == set(MessageStatus.values)
    assert [(old, new) for old, new in moves if new not in MESSAGE_NEXT[old]] == []


def test_what_it_names_in_the_code_is_there() -> None:
    """In the details below as well."""
    names = NAME.findall(TEXT)

    assert len(names) > 20
    assert [name for name in names if locate(f"aftercare.{name}") is None] == []
