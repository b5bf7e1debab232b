"""Cases of patients with what a careful clinician expects to be said: all that the rules can say.

The file is a list of inputs and expectations that a clinician has to sign. Stories of several steps
(`scenario`) are tests of their own where they are built.
"""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from clinic.models import Evidence
from sessions.safety.cases import assess_case, ignored_inputs
from tests.support.catalogue import load_catalogue

FILE = Path(__file__).with_name("clinical_cases.yaml")
EVERY: dict[str, dict[str, Any]] = {
    case["id"]: case for case in yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
}
CASES = {name: case for name, case in EVERY.items() if "scenario" not in case}
# The story of each scenario, in this folder.
STORIES = {
    "S01": "test_side_effects.py::test_a_side_effect_needs_a_patient_who_has_come",
    "S03": "test_deviations.py::test_a_deviation_is_on_the_record_and_the_manager_hears_of_it",
    "S07": "test_side_effects.py::test_it_began_with_the_session_and_not_in_the_future",
    "S08": "test_side_effects.py::test_it_began_with_the_session_and_not_in_the_future",
    "S09": "test_side_effects.py::test_its_course_is_a_history",
    "S10": "test_outcomes.py::test_a_wrong_outcome_is_named",
    "S12": "test_outcomes.py::test_a_scale_measures_the_concern_of_the_plan",
    "S14": "test_scenarios.py::test_what_the_consent_leaves_out_is_said_at_the_start",
    "S17": "test_abort.py::test_what_nobody_may_override_does_not_hold_it_up",
    "S18": "test_scenarios.py::test_who_withdraws_during_the_session_ends_it",
    "S20": "test_scenarios.py::test_face_and_neck_numbed_on_one_day_are_summed",
    "S21": "test_scenarios.py::test_a_clearance_is_for_one_form_of_a_scar",
    "S22": "test_record.py::test_who_is_ruled_out_is_not_booked_without_a_word",
    "S24": "test_scenarios.py::test_cold_sores_warn_before_the_chart_and_after_it",
}
GRAVITY = {"INFO": 1, "WARN": 2, "BLOCK": 3}
pytestmark = pytest.mark.django_db


def assessed(path: Path) -> dict[str, Any]:
    out = StringIO()
    call_command("assess", str(path), stdout=out)
    return {line["id"]: line for line in map(json.loads, out.getvalue().splitlines())}


@pytest.fixture(scope="module")
def lines(django_db_setup: Any, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        from django.db import transaction

        with transaction.atomic():
            load_catalogue()
            yield assessed(FILE)
            transaction.set_rollback(True)


def is_said(expected: str, findings: list[dict[str, Any]]) -> bool:
    """`WARN about pattern`: at least that grave, in its code or its words."""
    severity, pattern = re.fullmatch(r"(\w+) about (.*)", expected, re.DOTALL).groups()  # type: ignore[union-attr]
    return any(
        GRAVITY[finding["severity"]] >= GRAVITY[severity]
        and re.search(pattern, f"{finding['code']} {finding['message']}", re.IGNORECASE)
        for finding in findings
    )


def is_cried(unwanted: str, findings: list[dict[str, Any]]) -> bool:
    """`code`, `code:SEVERITY`, or `*WARN` for anything that needs a decision."""
    if unwanted.startswith("*"):
        least = GRAVITY[unwanted[1:]]
        return any(GRAVITY[finding["severity"]] >= least for finding in findings)
    code, _, severity = unwanted.partition(":")
    return any(
        finding["code"] == code and (GRAVITY[finding["severity"]] >= GRAVITY[severity or "WARN"])
        for finding in findings
    )


@pytest.mark.parametrize("name", list(CASES))
def test_a_case_says_what_a_careful_clinician_would(name: str, lines: dict[str, Any]) -> None:
    case, line = CASES[name], lines[name]

    assert "error" not in line, line
    expected = case.get("expected", [])
    if "asks" in case:  # “… about a question that names it”
        expected = [re.sub(" about .*", f" about {case['asks']}", words) for words in expected]
    unsaid = [words for words in expected if not is_said(words, line["findings"])]
    cried = [words for words in case.get("must_not", []) if is_cried(words, line["findings"])]
    told = [(finding["severity"], finding["code"]) for finding in line["findings"]]
    assert not unsaid, (case["title"], told)
    assert not cried, (case["title"], told)


def test_every_story_is_told_by_a_test() -> None:
    assert STORIES.keys() == EVERY.keys() - CASES.keys()
    for name, node in STORIES.items():
        file, _, test = node.partition("::")
        told = FILE.with_name(file).read_text()
        assert f"\ndef {test}(" in told, name


def test_what_is_decided_otherwise_is_listed() -> None:
    """Every case is tried with what it expects, so none is; a case that is left out is named."""
    listed = Path(settings.BASE_DIR, "docs/clinical.md").read_text()
    pattern = r"(\d+) cases and (\d+) stories .* decided otherwise: (\w+)\."
    (stated,) = re.findall(pattern, listed, re.DOTALL)

    assert stated == (str(len(CASES)), str(len(STORIES)), "none")
    assert all(case.get("expected") or case.get("must_not") for case in CASES.values())


def test_every_finding_says_what_evidence_it_rests_on(lines: dict[str, Any]) -> None:
    """In words, whatever the rule; questions too."""
    words = {str(kind.label) for kind in Evidence}
    sources = [finding["source"] for line in lines.values() for finding in line["findings"]]
    found = {source.rpartition(" · evidence: ")[2] for source in sources}

    assert len(sources) > 80
    assert found <= words
    assert len(found) >= 4


MUCH = [{"code": "lidocaine-prilocaine-5", "grams": 45, "area": 400}]
SCAR = {"device": "skinstylus", "protocol": "scar-abdomen"}
CREAM = [{"code": "lidocaine-prilocaine-5", "grams": 5, "area": 100, "on": 60, "off": 5}]
OTHER_CREAM = [{"code": "lidocaine-4", "grams": 5, "area": 100, "on": 40, "off": 5}]
RULED_OUT = "anaesthetic_contraindicated"
PLANNED, MINOR = "planned_too_soon_after", "minor_without_guardian"
ASSENT = "minor_without_assent"
TOO_SOON, CHEEKS = "treated_too_soon_after", [["cheeks", "1.50", 6]]
LONG_AGO = [{"days": 60, "depth": "1.50"}]
STOPPED = [{"days": 42 * n, "depth": "1.00"} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"previous": STOPPED, "response": False}, "no_response"),
        ({"previous": STOPPED, "response": None}, "response_not_measured"),
        ({"previous": STOPPED}, ""),
        ({"previous": STOPPED[:2], "response": False}, ""),
        ({"credentials": {"NURSE": -1}}, "credential_expired"),
        ({"credentials": {"TRAINING": 0}, "asks_for": ["TRAINING"]}, ""),
        ({"asks_for": ["EXAMINATION"]}, "examination_due"),
        ({"jurisdiction": "EU"}, "no_clearance_on_file"),
        ({"weight": 40, "products": MUCH}, "anaesthetic_dose_of_day"),
        ({"weight": 90, "products": MUCH}, ""),
        ({**SCAR, "subtype": "scar-hypertrophic"}, "on_label"),
        ({**SCAR, "subtype": "scar-surgical"}, "off_label"),
        (SCAR, "off_label"),
        ({"subtype": "acne-scar-ice-pick"}, "alternatives_not_discussed"),
        ({"protocol": "melasma-face"}, "alternatives_not_discussed"),
        ({"protocol": "melasma-face", "alternatives": True}, ""),
        ({"subtype": "acne-scar-rolling"}, ""),
        # other treatments of the same skin: the last day of a washout, the next one, another zone
        ({"others": [{"kind": "PEEL", "days": 20}]}, "screening_chemical_peel"),
        ({"others": [{"kind": "PEEL", "days": 21}]}, ""),
        ({"others": [{"kind": "PEEL", "days": 3, "zones": ["nose"]}], "chart": CHEEKS}, ""),
        ({"others": [{"kind": "TCA_CROSS", "days": 5}]}, "screening_chemical_peel"),
        ({"others": [{"kind": "IPL", "days": 27}]}, "screening_laser_ipl"),
        ({"others": [{"kind": "ABLATIVE_LASER", "days": 89}]}, "screening_laser_ablative"),
        ({"others": [{"kind": "SUBCISION", "days": 41}]}, "screening_needling_elsewhere"),
        ({"others": [{"kind": "FILLER", "days": 13}]}, "screening_toxin_filler"),
        ({"others": [{"kind": "PEEL", "days": 33}], "previous": LONG_AGO}, TOO_SOON),
        ({"others": [{"kind": "PEEL", "days": 32}], "previous": LONG_AGO}, ""),
        ({"others": [{"kind": "TOXIN", "days": 46}], "previous": LONG_AGO}, ""),
        # what is planned: the last day of the pause, and the first day after it
        ({"others": [{"kind": "PEEL", "days": -27}]}, PLANNED),
        ({"others": [{"kind": "PEEL", "days": -28}]}, ""),
        ({"others": [{"kind": "FILLER", "days": -13}]}, PLANNED),
        ({"others": [{"kind": "FILLER", "days": -14}]}, ""),
        ({"others": [{"kind": "TOPICAL", "days": -6}]}, PLANNED),
        ({"others": [{"kind": "TOPICAL", "days": -7}]}, ""),
        # ages
        ({"age": 17}, MINOR),
        ({"age": 17, "consent": {"relation": "mother", "assent": False}}, ASSENT),
        ({"age": 17, "consent": {"relation": "mother"}}, "minor_with_guardian"),
        ({"age": 18}, ""),
        ({"age": None}, "birth_date_missing"),
        # a consent on its last day and after it, and one for another device
        ({"consent": {"ends": 0}}, ""),
        ({"consent": {"ends": -1}}, "consent_expired"),
        ({"consent": {"devices": ["exceed"]}}, "consent_device_missing"),
        ({"consent": {"current": False}}, "consent_outdated"),
        # what the record says in words
        ({"patient": {"allergies": "Lidocaine"}}, "screening_anaesthetic_allergy"),
        ({"patient": {"allergies": "Latex"}}, "screening_latex_cleansers"),
        # 42 days for types IV to VI, and for deep work
        ({"skin": 5, "previous": [{"days": 41, "depth": "1.00"}]}, "interval_soft"),
        ({"skin": 5, "previous": [{"days": 42, "depth": "1.00"}]}, ""),
        ({"skin": 2, "previous": [{"days": 41, "depth": "2.00"}]}, "interval_soft"),
        ({"skin": 2, "previous": [{"days": 42, "depth": "2.00"}]}, ""),
        ({"skin": 2, "previous": [{"days": 41, "depth": "1.00"}]}, ""),
        # places
        *[({"jurisdiction": place}, "no_clearance_on_file") for place in ("UK", "AU", "OTHER")],
        # creams that an answer rules out
        ({"yes": {"methaemoglobin": None}, "products": CREAM}, RULED_OUT),
        ({"yes": {"methaemoglobin": None}, "products": OTHER_CREAM}, ""),
        ({"yes": {"anaesthetic-medicines": None}, "products": OTHER_CREAM}, RULED_OUT),
        ({"yes": {"fainting-seizures": None}, "products": CREAM}, ""),
    ],
)
def test_cases_try_what_the_file_does_not(inputs: dict[str, Any], code: str, lines: Any) -> None:
    codes = {"no_response", "response_not_measured", "credential_expired", "examination_due"}
    codes |= {"anaesthetic_dose_of_day", "no_clearance_on_file", "alternatives_not_discussed"}
    codes |= {"screening_chemical_peel", "screening_laser_ipl", "screening_laser_ablative"}
    codes |= {"screening_needling_elsewhere", "screening_toxin_filler", TOO_SOON, RULED_OUT}
    codes |= {PLANNED, MINOR, ASSENT, "minor_with_guardian", "birth_date_missing", "interval_soft"}
    codes |= {"consent_expired", "consent_device_missing", "consent_outdated"}
    codes |= {"screening_anaesthetic_allergy", "screening_latex_cleansers"}
    if "device" in inputs:
        codes |= {"on_label", "off_label"}
    found = {finding.code for finding in assess_case(inputs, at=timezone.now())} & codes

    assert found == ({code} if code else set())
    assert ignored_inputs(inputs) == []


@pytest.mark.parametrize(("began", "severity"), [(72, "INFO"), (73, "WARN")])
def test_what_began_later_than_its_kind_begins_warns(began: int, severity: str, lines: Any) -> None:
    """Dryness begins by the third day."""
    effect = {"kind": "DRYNESS", "grade": 1, "days": 2, "began": began}

    found = assess_case({"effects": [effect]}, at=timezone.now())

    (said,) = [finding for finding in found if finding.code == "open_side_effect"]
    assert said.severity == severity
    assert "Crusts or oozing." in said.message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for text in ("just words", "- 1", "a: [", "\udcff"):
        file = tmp_path / "cases.yaml"
        file.write_text(text, errors="surrogateescape")
        with pytest.raises(CommandError, match=r"cases\.yaml"):
            call_command("assess", str(file))
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read"):
        call_command("assess", str(tmp_path / "none.yaml"))


def test_a_key_that_yaml_takes_for_a_truth_is_read_as_its_word(tmp_path: Path, lines: Any) -> None:
    file = tmp_path / "cases.yaml"
    file.write_text(
        "- {id: one, inputs: {yes: {steel-allergy: }, chart: [[cheeks, '1.50', 6]],"
        " products: [{code: lidocaine-4, grams: 5, area: 100, on: 40, off: 5}]}}"
    )

    found = assessed(file)["one"]

    assert {one["code"] for one in found["findings"]} == {"screening_steel_allergy", "on_label"}
    assert "ignored" not in found


def test_a_case_that_cannot_be_read_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    load_catalogue()
    file = tmp_path / "cases.yaml"
    file.write_text(
        yaml.safe_dump(
            [
                {"id": "typed", "inputs": {"charts": [], "chart": []}},
                {"id": "zone", "inputs": {"chart": [["tail", "1.00", 4]]}},
                {"id": "question", "inputs": {"yes": {"unicorns": None}}},
                {"id": "good", "inputs": {"chart": [["cheeks", "1.50", 6]]}},
            ]
        )
    )

    found = assessed(file)

    assert found["typed"]["ignored"] == ["charts"]
    assert "error" not in found["typed"]
    assert "tail" in found["zone"]["error"]
    assert "no such question: unicorns" in found["question"]["error"]
    assert [one["code"] for one in found["good"]["findings"]] == ["on_label"]
