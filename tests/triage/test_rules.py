"""The rules that ship, each on both sides of every limit, and the language that they are in."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.rules.triage import lowered, shipped_rules
from sessions.triage import BadRules, Report, RuleSet, Sign, Triage, assess, read_rule_set
from sessions.triage.describe import curve_rows, sentences
from tests.support.catalogue import ROOT

RULES = shipped_rules()
ROW = yaml.safe_load(Path(ROOT, "sessions/catalogue/triage.yaml").read_text())[-1]
G, A, R, E = "GREEN", "AMBER", "RED", "EMERGENCY"
# The curves once more, as a clinician reads them: on this day, green to, amber to.
CURVES: dict[str, dict[int, tuple[int, int]]] = {
    "redness": {
        **{0: (8, 9), 1: (7, 8), 2: (6, 7), 3: (4, 6), 4: (2, 5), 7: (2, 5)},
        **{8: (0, 4), 14: (0, 4), 15: (0, 1), 60: (0, 1), 90: (0, 1)},
    },
    "swelling": {
        **{0: (6, 6), 1: (6, 6), 2: (5, 6), 3: (3, 6), 4: (0, 4), 7: (0, 4)},
        **{8: (0, 2), 90: (0, 2)},
    },
    "pain": {0: (6, 8), 1: (4, 6), 2: (2, 4), 3: (0, 3), 90: (0, 3)},
    "itch": {0: (6, 9), 5: (6, 9), 6: (0, 6), 90: (0, 6)},
}
# Alone, on this day: its level. Every sign is here; both sides of each day that matters.
ALWAYS = {
    E: "breathing lip_tongue_swelling faint blue_grey fits_or_twitching chest_pain vision_change "
    "black_or_blistered",
    R: "eye_pain lids_closing pus honey_crust spreading streaks vesicles firm_bumps line_marks "
    "raised_scar tense_haematoma painful_pustules rash_elsewhere reused_needle_worry "
    "red_word_in_text",
    A: "brown_patches light_patches crusts spots shedding worried free_text",
}
ALONE: dict[str, dict[int, str]] = {
    **{
        sign: {0: always, 15: always, 90: always}
        for always in ALWAYS
        for sign in ALWAYS[always].split()
    },
    "hives": {0: E, 1: R, 90: R},
    "metallic_taste": {0: E, 1: E, 2: A, 90: A},
    "fever": {0: R, 14: R, 15: A, 90: A},
    "tingling_mouth": {0: A, 1: R, 90: R},
    "lymph_nodes": {0: G, 7: G, 8: A, 90: A},
    "bruise": {0: G, 10: G, 11: A, 90: A},
    "flaking": {0: G, 7: G, 8: A, 90: A},
}


def level(day: int, *signs: str, **more: Any) -> str:
    return assess(Report(day=day, signs=frozenset(signs), **more), RULES).level.value


def codes(day: int, *signs: str, **more: Any) -> set[str]:
    found = assess(Report(day=day, signs=frozenset(signs), **more), RULES)
    return {one.code for one in found.deciding}


def test_every_sign_alone_has_its_level_on_every_day_that_matters() -> None:
    assert set(ALONE) == set(Sign.values)
    found = {sign: {day: level(day, sign) for day in days} for sign, days in ALONE.items()}

    assert found == ALONE


@pytest.mark.parametrize("score", list(CURVES))
def test_a_score_is_green_up_to_its_first_limit_and_amber_up_to_its_second(score: str) -> None:
    for day, (green, amber) in CURVES[score].items():
        for value in range(11):
            expected = G if value <= green else A if value <= amber else R
            assert level(day, scores={score: value}) == expected, (score, day, value)


@pytest.mark.parametrize(
    ("score", "day", "rise", "expected"),
    [
        ("pain", 1, 1, G),
        ("pain", 1, 2, R),
        ("pain", 0, 2, G),
        ("redness", 2, 1, G),
        ("redness", 2, 2, R),
        ("redness", 1, 2, G),
        ("swelling", 1, 2, G),
        ("itch", 1, 2, G),
    ],
)
def test_what_rises_by_two_from_its_day_on_is_red(
    score: str, day: int, rise: int, expected: str
) -> None:
    assert level(day, scores={score: rise}, before={score: 0}) == expected
    assert level(day, scores={score: rise}) == G  # unknown is not zero


def test_bleeding_is_red_after_thirty_minutes() -> None:
    assert [level(0, bleeding_minutes=minutes) for minutes in (29, 30, 31, 45)] == [G, G, R, R]


def test_signs_together_say_more_than_each() -> None:
    for infection in ("pus", "honey_crust", "spreading", "streaks"):
        assert (level(20, infection), level(20, infection, "fever")) == (R, E)
        assert codes(20, infection, "fever") == {"T08"}
    assert codes(3, "black_or_blistered", "fever") == {"T06", "T08"}
    assert (level(15, "fever"), level(15, "fever", "flaking")) == (A, R)
    for anaphylaxis in ("faint", "breathing", "lip_tongue_swelling"):
        assert level(1, "hives", anaphylaxis) == E
        assert "T02" in codes(1, "hives", anaphylaxis)


@pytest.mark.parametrize("host", ["immunosuppressed", "diabetes"])
def test_amber_signs_of_infection_are_red_in_a_host_at_risk(host: str) -> None:
    hosts = frozenset({host})
    reports: list[tuple[int, tuple[str, ...], Mapping[str, int]]] = [
        (2, ("crusts",), {}),
        (2, ("spots",), {}),
        (8, ("lymph_nodes",), {}),
        (4, (), {"redness": 3}),
        (3, (), {"pain": 1}),
    ]
    for day, signs, scores in reports:
        assert level(day, *signs, scores=scores) == A
        assert codes(day, *signs, scores=scores, hosts=hosts) == {"T34"}
    assert level(7, "lymph_nodes", hosts=hosts) == G
    assert level(4, scores={"redness": 2}, hosts=hosts) == G
    assert level(8, "brown_patches", hosts=hosts) == A
    assert level(6, scores={"itch": 1}, hosts=hosts) == A
    assert level(2, "crusts", hosts=frozenset({"periorbital"})) == R
    assert level(2, "crusts", hosts=frozenset({"anticoagulated", "skin_iv_vi"})) == A


def test_swelling_counts_more_beside_the_eye_and_with_a_bruise_on_a_blood_thinner() -> None:
    eye, thinner = frozenset({"periorbital"}), frozenset({"anticoagulated"})

    assert level(2, scores={"swelling": 5}, hosts=eye) == G
    assert codes(2, scores={"swelling": 6}, hosts=eye) == {"T36"}
    assert level(2, "bruise", scores={"swelling": 5}, hosts=thinner) == G
    assert codes(2, "bruise", scores={"swelling": 6}, hosts=thinner) == {"T35"}
    assert level(2, scores={"swelling": 6}, hosts=thinner) == A


def test_three_amber_rules_are_red_and_two_signs_of_one_rule_are_one() -> None:
    assert level(8, "brown_patches", "flaking") == A
    assert codes(8, "brown_patches", "flaking", "crusts") == {"T37"}
    assert level(8, "brown_patches", "light_patches", "flaking") == A


def test_unknown_is_not_no() -> None:
    assert codes(1) == {"T00"}
    assert codes(1, asked=False) == {"T32"}
    assert codes(4, replied=False) == {"T33"}


def test_what_is_green_says_why() -> None:
    found = assess(Report(day=1, signs=frozenset({"bruise", "crusts"})), RULES)

    assert [(one.code, one.level.value) for one in found.fired] == [("T23", A), ("T25", G)]
    assert [one.code for one in found.others] == ["T25"]
    assert codes(1, "bruise") == {"T25"}


def test_reporting_more_never_lowers_the_level() -> None:
    """`python -m bench.rules.triage` tries 200,000."""
    tried, wrong = lowered(3_500, seed=1, rules=RULES)

    assert min(tried.values()) == 500
    assert wrong == []


def test_the_random_changes_would_find_a_rule_that_lowers() -> None:
    """The control: by rules with a “not”, which their language does not have."""

    def reassured(report: Report, rules: RuleSet) -> Triage:
        return assess(
            replace(report, signs=frozenset()) if "flaking" in report.signs else report, rules
        )

    _, wrong = lowered(1_400, seed=1, rules=RULES, assess=reassured)

    assert {name for name, *_ in wrong} == {"sign"}


def test_the_day_lowers_only_where_it_is_meant_to() -> None:
    """Metallic taste, hives and fever alone are graver early, and nothing else."""
    graver_early = {
        sign
        for sign in Sign.values
        for day in range(90)
        if assess(Report(day, frozenset({sign})), RULES).level.gravity
        > assess(Report(day + 1, frozenset({sign})), RULES).level.gravity
    }

    assert graver_early == {"metallic_taste", "hives", "fever"}


def test_every_case_of_a_rule_can_be_read_as_a_sentence() -> None:
    said = [text for rule in RULES.rules for _, text in sentences(rule)]

    assert all(said)
    assert len(said) > 50
    t08 = next(rule for rule in RULES.rules if rule.code == "T08")
    assert sentences(t08)[0][1].startswith(
        "Fever of 38 °c or more, shivering; together with pus or"
    )
    assert ("Redness", "to day 3", "4", "6") in curve_rows(RULES)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"code": ""}, "`code` is missing"),
        ({"source": None}, "`source` is missing"),
        ({"colour": "red"}, "'colour' is unknown"),
        ({"cases": []}, "cases: a list"),
        ({"cases": [{"level": "PINK", "signs": ["pus"]}]}, "level: 'PINK'"),
        ({"cases": [{"level": "RED"}]}, "needs a condition"),
        ({"cases": [{"level": "RED", "from_day": 3}]}, "needs a condition"),
        ({"cases": [{"level": "RED", "signs": []}]}, "signs: a list"),
        ({"cases": [{"level": "RED", "signs": ["unicorns"]}]}, "signs: 'unicorns'"),
        ({"cases": [{"level": "RED", "not_signs": ["pus"]}]}, "'not_signs' is unknown"),
        ({"cases": [{"level": "RED", "with_signs": ["pus"]}]}, "`with_signs` needs `signs`"),
        ({"cases": [{"level": "RED", "signs": ["pus"], "from_day": 9, "to_day": 8}]}, "to_day"),
        ({"cases": [{"level": "RED", "above": "heat"}]}, "above: 'heat'"),
        ({"cases": [{"level": "RED", "risen": "pain", "by": 0}]}, "by: a rise"),
        ({"cases": [{"level": "RED", "bleeding_over": "long"}]}, "bleeding_over"),
        ({"cases": [{"level": "RED", "unasked": 1}]}, "unasked: true or false"),
        ({"cases": [{"level": "RED", "amber_of": ["T99"]}]}, "no rule T99"),
        ({"cases": [{"level": "RED", "otherwise": True}]}, "exactly one case"),
        ({"cases": [{"level": "RED", "otherwise": True, "signs": ["pus"]}]}, "stands alone"),
    ],
)
def test_a_rule_that_cannot_be_read_says_where_and_what_would_be_right(
    rule: dict[str, Any], complaint: str
) -> None:
    rows = copy.deepcopy(ROW["rules"])
    rows[7] |= rule

    with pytest.raises(BadRules, match=complaint):
        read_rule_set(rows, ROW["curves"])


@pytest.mark.parametrize(
    ("days", "complaint"),
    [
        ([], "`days` is a list"),
        ([[1, 2]], r"\[1, 2\] is not"),
        ([[1, 5, 4]], "not above the second"),
        ([[1, 4, 11]], "from 0 to 10"),
        ([[1, 4, 5], [1, 3, 5]], "days must rise"),
        ([[1, 4, 5], [2, 5, 5]], "limits that rise"),
        ([[1, 4, 5], [2, 4, 6]], "limits that rise"),
    ],
)
def test_a_curve_that_cannot_be_read_says_why(days: Any, complaint: str) -> None:
    rows = copy.deepcopy(ROW["curves"])
    rows[0]["days"] = days

    with pytest.raises(BadRules, match=complaint):
        read_rule_set(ROW["rules"], rows)


def test_rules_and_curves_are_complete_and_named_once() -> None:
    with pytest.raises(BadRules, match="itch is missing"):
        read_rule_set(ROW["rules"], ROW["curves"][:3])
    with pytest.raises(BadRules, match="T07 is there more than once"):
        read_rule_set([*ROW["rules"], ROW["rules"][7]], ROW["curves"])
    unreadable: list[Any] = [None, [], {}, "rules", [1]]
    for nothing in unreadable:
        with pytest.raises(BadRules, match="a list of objects"):
            read_rule_set(nothing, ROW["curves"])
