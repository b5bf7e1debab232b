"""Try triage rules on a file of cases."""

import json
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic.catalogue import read
from sessions.models import TriageVersion
from sessions.triage import assess
from sessions.triage.cases import BadCase, ignored_keys, read_case

SHIPPED = Path(settings.BASE_DIR) / "sessions/catalogue/triage.yaml"


class Command(BaseCommand):
    help = "Print the triage of each case of a YAML file: one JSON line a case."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cases", type=Path, metavar="CASES.yaml")
        parser.add_argument(
            "--rules", type=int, metavar="N", help="try version N, also a draft; else what counts"
        )

    def handle(self, *args: Any, cases: Path, **options: Any) -> None:
        listed = _cases(cases)
        version = _version(options["rules"])
        self.stderr.write(f"{version}: {version.state}.")
        for case in listed:
            self.stdout.write(json.dumps(_line(case, version), ensure_ascii=False))


def _cases(path: Path) -> list[dict[str, Any]]:
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    if isinstance(listed, dict):
        listed = listed.get("cases")
    if not isinstance(listed, list) or not all(isinstance(case, dict) for case in listed):
        raise CommandError(f"{path} has no list of cases; see docs/clinical.md.")
    return listed


def _version(number: int | None) -> TriageVersion:
    """What is asked for; else what counts now; else, in an empty database, what ships."""
    found = TriageVersion.objects.filter(version=number).first() if number else None
    if number and found is None:
        raise CommandError(f"There is no version {number} of the triage rules.")
    if found is None and TriageVersion.objects.exists():
        found = TriageVersion.objects.to_use(timezone.now())
    return found or TriageVersion(**read(SHIPPED)[-1])


def _line(case: dict[str, Any], version: TriageVersion) -> dict[str, Any]:
    line: dict[str, Any] = {"id": case.get("id")}
    try:
        found = assess(read_case(case, version.vocabulary), version.rule_set)
    except BadCase as error:
        return {**line, "level": None, "rules": [], "error": str(error)}
    line |= {
        "level": found.level.value,
        "rules": [one.code for one in found.deciding],
        "names": [one.name for one in found.deciding],
    }
    if found.others:
        line["below"] = [f"{one.code} {one.level.value}" for one in found.others]
    if not version.signature:
        line["draft"] = True
    if ignored := ignored_keys(case):
        line["ignored"] = ignored
    return line
