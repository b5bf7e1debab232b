"""No test knows what day it was when its file was read: a run may go on after midnight."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

CLOCKS = {"now", "today", "localdate", "localtime", "this_hour", "utcnow"}
FILES = sorted((Path(settings.BASE_DIR) / "tests").rglob("*.py"))


def read_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """What of a file runs when it is read; the inside of functions does not, defaults do."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            decorators = getattr(child, "decorator_list", [])
            for part in (*decorators, *child.args.defaults, *child.args.kw_defaults):
                if part is not None:
                    yield part
                    yield from read_on_import(part)
        else:
            yield child
            yield from read_on_import(child)


def asked_on_import(text: str) -> list[int]:
    return [
        node.lineno
        for node in read_on_import(ast.parse(text))
        if isinstance(node, ast.Call)
        if getattr(node.func, "attr", getattr(node.func, "id", "")) in CLOCKS
    ]


def test_no_file_asks_for_the_time_when_it_is_read() -> None:
    found = {str(path): lines for path in FILES if (lines := asked_on_import(path.read_text()))}

    assert found == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("NOW = timezone.now()", [1]),
        ("class A:\n    day = date.today() + DAY", [2]),
        ("def f(at=timezone.now()): ...", [1]),
        ("@parametrize('at', [this_hour() - DAY])\ndef f(at): ...", [1]),
        ("def f():\n    return timezone.now()", []),
        ("f = lambda: timezone.now()", []),
    ],
)
def test_what_is_found(text: str, lines: list[int]) -> None:
    assert asked_on_import(text) == lines
