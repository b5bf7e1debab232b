"""What libraries keep for themselves: whatever of it we override or touch is written down."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("clinic", "patients", "sessions", "aftercare")
LIST = ROOT / "docs/decisions/0026-what-is-private-to-libraries.md"
# Documented in spite of their names, by Django and by Python.
DOCUMENTED = {"_meta", "_state", "_default_manager", "_base_manager", "_exit", "_replace"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def is_ours(name: str) -> bool:
    return name.split(".")[0] in APPS


@cache
def modules() -> dict[str, ModuleType]:
    found = {}
    for app in APPS:
        for info in walk_packages([str(ROOT / app)], f"{app}."):
            if ".migrations" not in info.name:
                found[info.name] = import_module(info.name)
    return found


def source(module: ModuleType) -> ast.Module:
    assert module.__file__
    return ast.parse(Path(module.__file__).read_text())


def assigned(node: ast.AST) -> Iterator[str]:
    """The names that a piece of code gives a meaning, `self._name` among them."""
    for part in ast.walk(node):
        match part:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name


def private_names(module: ModuleType) -> dict[str, set[str]]:
    """Of each class of a module."""
    classes = (node for node in ast.walk(source(module)) if isinstance(node, ast.ClassDef))
    return {node.name: set(filter(is_private, assigned(node))) for node in classes}


def classes() -> set[type]:
    def below(parent: type) -> Iterator[type]:
        for child in type.__subclasses__(parent):
            yield child
            yield from below(child)

    return {cls for cls in below(object) if is_ours(str(cls.__module__))}


def overridden() -> set[tuple[str, str]]:
    """A mixin overrides what stands behind it in the classes that it is mixed into."""
    own = {name: private_names(module) for name, module in modules().items()}
    found = set()
    for cls in classes():
        for place, base in enumerate(cls.__mro__):
            for name in own.get(str(base.__module__), {}).get(base.__name__, ()):
                behind = [other for other in cls.__mro__[place + 1 :] if name in vars(other)]
                if any(not is_ours(str(other.__module__)) for other in behind):
                    found.add((f"{base.__module__}.{base.__name__}", name))
    return found


def touched() -> set[tuple[str, str]]:
    """What is read or called of others: private names that nothing of ours gives a meaning."""
    trees = {name: source(module) for name, module in modules().items()}
    ours = {name for tree in trees.values() for name in assigned(tree)} | DOCUMENTED
    return {
        (module, node.attr)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in ours
    }


def listed(title: str) -> set[tuple[str, str]]:
    """The rows of a table of the decision: where, and the name."""
    [chapter] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", LIST.read_text(), re.M | re.S)
    return set(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", chapter, re.M))


def test_what_we_override_of_libraries_is_public_or_listed() -> None:
    assert overridden() == listed("Overridden")


def test_what_we_touch_of_libraries_is_public_or_listed() -> None:
    assert touched() == listed("Touched")


def test_a_private_override_is_seen_in_a_class_and_behind_a_mixin(monkeypatch: Any) -> None:
    class Library:
        __module__ = "library.models"

        def _hidden(self) -> None: ...

    module = ModuleType("clinic.tried")
    written = "class Mixin:\n    def _hidden(self): ...\nclass Both(Mixin, Library): ...\n"
    vars(module)["Library"] = Library
    exec(written, vars(module))  # noqa: S102
    monkeypatch.setattr(f"{__name__}.modules", lambda: {"clinic.tried": module})
    monkeypatch.setattr(f"{__name__}.source", lambda _: ast.parse(written))
    monkeypatch.setattr(f"{__name__}.classes", lambda: {module.Both})

    assert overridden() == {("clinic.tried.Mixin", "_hidden")}
