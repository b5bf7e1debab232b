"""Python as in the image of production: `python -m tests.support.lean FILE.py ARGUMENTS`.

What requirements.txt does not install cannot be imported, nor can what .dockerignore leaves out.
Quicker than an image or a second virtual environment, and as strict about imports.
"""

import re
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent


def left_out() -> set[str]:
    """The packages of ours that are not copied into the image."""
    lines = (ROOT / ".dockerignore").read_text().split()
    return {line.replace("/", ".") for line in lines if (ROOT / line / "__init__.py").exists()}


def not_installed() -> set[str]:
    """What can be imported here, by its first name, and is in no package of the lean lock."""
    lock = (ROOT / "requirements.txt").read_text()
    locked = {_plain(name) for name in re.findall(r"^([\w.-]+)==", lock, flags=re.MULTILINE)}
    return {
        module
        for module, distributions in packages_distributions().items()
        if not locked & {_plain(name) for name in distributions}
    }


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Absent(MetaPathFinder):
    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self.names:
            raise ModuleNotFoundError(f"production has no {name}", name=name)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent(left_out() | not_installed()))
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
