"""Every case of the file says its level and its rules; the command reads what it is given."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from sessions.models import TriageVersion
from tests.factories import NINE, UserFactory

FILE = Path(__file__).with_name("cases.yaml")
CASES = yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
pytestmark = pytest.mark.django_db


def triaged(path: Path, *arguments: str) -> dict[str, Any]:
    out, err = StringIO(), StringIO()
    call_command("triage", str(path), *arguments, stdout=out, stderr=err)
    lines = {line["id"]: line for line in map(json.loads, out.getvalue().splitlines())}
    return {**lines, "said": err.getvalue()}


def written(tmp_path: Path, *cases: Any) -> Path:
    file = tmp_path / "cases.yaml"
    file.write_text(yaml.safe_dump({"title": "Ours", "cases": list(cases)}))
    return file


def test_every_case_has_its_level_and_exactly_its_rules() -> None:
    lines = triaged(FILE)

    expected = {case["id"]: (case["level"], case["rules"]) for case in CASES}
    assert len(expected) == 51
    assert {
        name: (line["level"], sorted(line["rules"]))
        for name, line in lines.items()
        if name != "said"
    } == expected


def test_a_draft_says_that_it_is_one_until_a_clinician_has_signed_it(
    catalogue: None, tmp_path: Path
) -> None:
    file = written(tmp_path, {"id": "a", "day": 1})
    draft = triaged(file)
    version = TriageVersion.objects.get()
    version.signatures.create(signed_by=UserFactory(), signer_name="Dr Ng", signed_at=NINE)

    signed = triaged(file)

    assert draft["a"]["draft"] is True
    assert "Draft" in draft["said"]
    assert "draft" not in signed["a"]
    assert "signed by Dr Ng" in signed["said"]


def test_a_version_is_tried_before_it_counts(catalogue: None, tmp_path: Path) -> None:
    shipped = TriageVersion.objects.get()
    rules = [{**rule, "cases": [dict(case) for case in rule["cases"]]} for rule in shipped.rules]
    next(rule for rule in rules if rule["code"] == "T26")["cases"][1]["level"] = "AMBER"
    TriageVersion.objects.create(
        version=2,
        title="Ours",
        source="Ours",
        rules=rules,
        curves=shipped.curves,
        words=shipped.words,
    )
    file = written(tmp_path, {"id": "a", "day": 1, "signs": ["flaking"]})

    assert triaged(file, "--rules", "1")["a"]["level"] == "GREEN"
    assert triaged(file, "--rules", "2")["a"]["level"] == "AMBER"
    with pytest.raises(CommandError, match="no version 3"):
        triaged(file, "--rules", "3")


def test_words_of_a_case_are_read(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"id": "red", "day": 3, "words": "me sale puss"},
        {"id": "amber", "day": 3, "words": "no fever, looks fine"},
    )

    lines = triaged(file)

    assert (lines["red"]["level"], "T31" in lines["red"]["rules"]) == ("RED", True)
    assert (lines["amber"]["level"], lines["amber"]["rules"]) == ("AMBER", ["T30"])


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ({}, "day"),
        ({"day": -1}, "day"),
        ({"day": True}, "day"),
        ({"day": "soon"}, "day"),
        ({"day": 1, "signs": ["unicorns"]}, "signs: 'unicorns'"),
        ({"day": 1, "signs": "pus"}, "signs"),
        ({"day": 1, "signs": [["pus"]]}, "signs"),
        ({"day": 1, "modifiers": ["tall"]}, "modifiers"),
        ({"day": 1, "intensities": {"redness": 11}}, "redness: 11"),
        ({"day": 1, "intensities": {"redness": -1}}, "redness"),
        ({"day": 1, "intensities": {"redness": "much"}}, "redness"),
        ({"day": 1, "intensities": {"heat": 1}}, "intensities: 'heat'"),
        ({"day": 1, "intensities": [1]}, "intensities"),
        ({"day": 1, "unanswered_red_flags": "yes"}, "unanswered_red_flags"),
        ({"day": 1, "words": 3}, "words"),
    ],
)
def test_a_case_that_cannot_be_read_names_the_field_and_the_others_go_on(
    tmp_path: Path, case: dict[str, Any], field: str
) -> None:
    file = written(tmp_path, {"id": "bad", **case}, {"id": "good", "day": 1})

    lines = triaged(file)

    assert lines["bad"]["error"].startswith(field)
    assert (lines["bad"]["level"], lines["bad"]["rules"]) == (None, [])
    assert lines["good"]["level"] == "GREEN"


def test_what_no_rule_reads_is_named_and_an_unknown_score_is_no_zero(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"id": "typed", "day": 1, "sings": ["pus"]},
        {"id": "unknown", "day": 2, "intensities": {"pain": 2, "pain_prev": None}},
    )

    lines = triaged(file)

    assert lines["typed"]["ignored"] == ["sings"]
    assert lines["unknown"]["level"] == "GREEN"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for text in ("just words", "- 1", "a: [", "\udcff", "title: x", "cases: 3"):
        file = tmp_path / "cases.yaml"
        file.write_text(text, errors="surrogateescape")
        with pytest.raises(CommandError, match=r"cases\.yaml"):
            call_command("triage", str(file))
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read"):
        call_command("triage", str(tmp_path / "none.yaml"))
