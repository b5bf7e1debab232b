"""A page of calls with their answers, run as it stands: see docs/api.md."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.support.moved_clock import INHERITED

BLOCK = re.compile(r"```(sh|http)\n(.*?)```([^`]*(?:`[^`]+`[^`]*)*?)(?=```|\Z)", re.DOTALL)
KEEP = re.compile(r"`([\w/]+)` as `\$(\w+)`")
# What is another one each time: it must only be of the same kind.
KINDS = {
    "an id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "an instant": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "a day": re.compile(r"\d{4}-\d\d-\d\d"),
    "an ETag": re.compile(r'"[0-9a-f]{16}-[0-9a-f]{16}"'),
}
ANY = "…"


class Answer(NamedTuple):
    status: str
    headers: dict[str, str]
    body: Any

    def value(self, path: str) -> str:
        """A header, or what lies at `results/0/id` in the body."""
        if path.lower() in self.headers:
            return self.headers[path.lower()]
        found = self.body
        for step in path.split("/"):
            found = found[int(step) if step.isdigit() else step]
        return str(found)


class Call(NamedTuple):
    script: str
    answer: Answer | None  # none: a block that only sets variables
    keep: list[tuple[str, str]]


def calls(page: str) -> Iterator[Call]:
    """Every block of shell with the answer below it, and what the words after it keep."""
    blocks = list(BLOCK.finditer(page))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] == "sh":
            is_answered = following is not None and following[1] == "http"
            answer = parsed(following[2], documented=True) if following and is_answered else None
            keep = KEEP.findall(following[3]) if following and is_answered else []
            yield Call(block[2], answer, keep)


def parsed(text: str, *, documented: bool = False) -> Answer:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    status, *headers = head.strip().splitlines()
    pairs = (line.partition(": ") for line in headers)
    if documented:
        body = re.sub(r",\s*…\s*}", f', "{ANY}": "{ANY}"}}', body)
        body = re.sub(r":\s*…", f': "{ANY}"', body)
    return Answer(
        status.removeprefix("HTTP/1.1 "),
        {name.lower(): value for name, _, value in pairs},
        json.loads(body) if body.strip() else None,
    )


class Shell:
    """Runs blocks one after another; variables stay."""

    def __init__(self) -> None:
        self.variables = {"PATH": os.environ["PATH"], **INHERITED}

    def run(self, script: str) -> str:
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-euc", f"set -a\n{script}\nprintf '\\0'; env -0"],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        output, *variables = done.stdout.split("\0")
        self.variables = dict(each.split("=", 1) for each in variables if "=" in each)
        return output


def faults(documented: Answer, given: Answer) -> list[str]:
    """In what an answer differs from the one that is written down."""
    found = []
    if documented.status != given.status:
        found.append(f"status: {given.status}, not {documented.status}")
    for name, value in documented.headers.items():
        found += differences(value, given.headers.get(name), name)
    return [*found, *differences(documented.body, given.body, "")]


def differences(documented: Any, given: Any, path: str) -> list[str]:
    if documented == ANY:
        return []
    if isinstance(documented, dict) and isinstance(given, dict):
        named = documented.keys() - {ANY}
        found = [f"{path}/{name}: is missing" for name in sorted(named - given.keys())]
        if ANY not in documented:
            found += [f"{path}/{name}: is not told" for name in sorted(given.keys() - named)]
        for name in sorted(named & given.keys()):
            found += differences(documented[name], given[name], f"{path}/{name}")
        return found
    if isinstance(documented, list) and isinstance(given, list) and len(documented) == len(given):
        pairs = enumerate(zip(documented, given, strict=True))
        return [line for at, pair in pairs for line in differences(*pair, f"{path}/{at}")]
    if isinstance(documented, str) and isinstance(given, str):
        kind = next((kind for kind, like in KINDS.items() if like.fullmatch(documented)), None)
        if kind:
            return [] if KINDS[kind].fullmatch(given) else [f"{path}: {given!r} is not {kind}"]
        if ANY in documented and fnmatchcase(given, documented.replace(ANY, "*")):
            return []
    return [] if documented == given else [f"{path}: {given!r}, not {documented!r}"]
