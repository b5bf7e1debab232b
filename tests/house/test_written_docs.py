"""The pages of docs/ that are written from the code say what the code says."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from clinic.api.schema.problems import known_problems
from clinic.management.reference import PAGES
from tests.support.answers import operations

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_they_are_as_the_code_is() -> None:
    call_command("write_docs", check=True, verbosity=0)


def test_an_old_one_is_named(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()

    with pytest.raises(CommandError, match=r"docs/entities\.md, docs/problems\.md"):
        call_command("write_docs", check=True)
    call_command("write_docs", verbosity=0)
    call_command("write_docs", check=True, verbosity=0)

    assert sorted(path.name for path in (tmp_path / "docs").iterdir()) == sorted(PAGES)


def test_every_code_and_operation_is_known() -> None:
    page = (DOCS / "problems.md").read_text()
    table, groups = page.split("## Groups")
    codes = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    named = {
        name
        for line in [*re.findall(r"^\| `\w+` \|.*\|(.*) \|$", table, re.MULTILINE), groups]
        for name in re.findall(r"`([a-z]+_[a-z_]+)`", line)
    }

    assert codes <= set(known_problems())
    assert {"too_soon", "practitioner_taken", "version_mismatch", "busy"} <= codes
    assert named <= {operation["operationId"] for operation in operations().values()}
    assert set(re.findall(r"\*(\w+)\*", table)) <= set(re.findall(r"^\| \*(\w+)\*", groups, re.M))


def test_every_entity_is_drawn_and_told_and_no_history() -> None:
    page = (DOCS / "entities.md").read_text()
    drawn = " ".join(re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL))
    ours = [model for model in apps.get_models() if model.__module__.split(".")[0] in OURS]
    tables = {model._meta.db_table for model in ours if not hasattr(model, "pgh_tracked_model")}

    assert set(re.findall(r"^\| \w+ \| `(\w+)`", page, re.MULTILINE)) == tables
    for model in ours:
        is_history = hasattr(model, "pgh_tracked_model")
        assert bool(re.search(rf"\b{model.__name__}\b", drawn)) is not is_history
    assert "TreatmentPlan |o--o{ TreatmentSession : plan" in drawn
    assert "Zone |o--o{ Photo : zone" in drawn


OURS = {"clinic", "patients", "sessions", "aftercare"}
