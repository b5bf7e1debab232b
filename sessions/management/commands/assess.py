"""Try the safety rules in effect on a file of cases."""

import json
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sessions.safety.cases import BadCase, assess_case, ignored_inputs, questions_about


class Command(BaseCommand):
    help = "Print what the safety rules say about each case of a YAML file: one JSON line a case."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cases", type=Path, metavar="CASES.yaml")

    def handle(self, *args: Any, cases: Path, **options: Any) -> None:
        try:
            listed = yaml.safe_load(cases.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise CommandError(f"{cases} cannot be read: {error}") from error
        if not isinstance(listed, list) or not all(isinstance(case, dict) for case in listed):
            raise CommandError(f"{cases} is no list of cases; see docs/clinical.md.")
        for case in listed:
            self.stdout.write(json.dumps(self.line(case), ensure_ascii=False))

    def line(self, case: dict[str, Any]) -> dict[str, Any]:
        at = timezone.now()
        inputs = _in_words(case.get("inputs") or {})
        asks, scenario = case.get("asks") or inputs.get("asks"), case.get("scenario")
        line: dict[str, Any] = {"id": case.get("id")}
        if scenario:  # a story of several steps is played by a test, not by the rules
            return {**line, "findings": [], "skipped": f"scenario {scenario}"}
        try:
            found = questions_about(asks, at=at) if asks else assess_case(inputs, at=at)
        except BadCase as error:
            return {**line, "findings": [], "error": str(error)}
        if ignored := ignored_inputs(inputs):
            line["ignored"] = ignored
        return {**line, "findings": [finding.as_dict() for finding in found]}


def _in_words(inputs: dict[Any, Any]) -> dict[str, Any]:
    """YAML reads the keys `yes`, `on` and `off` as true and false, unless they stand in quotes."""
    named = {"yes" if key is True else key: value for key, value in inputs.items()}
    for name in ("products", "effects"):
        if isinstance(rows := named.get(name), list):
            named[name] = [_by_word(row) if isinstance(row, dict) else row for row in rows]
    return named


def _by_word(row: dict[Any, Any]) -> dict[str, Any]:
    words = {True: "on", False: "off"}
    return {words[key] if isinstance(key, bool) else key: value for key, value in row.items()}
