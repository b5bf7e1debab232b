"""What the answers of a screening mean on a given day: which of them matter, and until when."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from clinic.findings import Severity
from patients.models import Condition, Scope
from patients.screening import DARKER_SKIN, Answer, Situation, clear_on, screen

MONDAY = date(2030, 1, 7)
DAY = timedelta(days=1)
PEEL = Answer(
    code="chemical-peel",
    answer=True,
    message="Let the skin heal.",
    severity=Severity.WARN,
    source="clinical.md §1.3",
    version=3,
    overridable_by=("PRACTITIONER",),
)
ON_ZONE = replace(PEEL, scope=Scope.ZONE)


def found(answer: Answer, **situation: Any) -> bool:
    return bool(screen([answer], Situation(**{"on": MONDAY, **situation})))


def zones(*codes: str) -> frozenset[str]:
    return frozenset(codes)


def test_a_yes_is_found_with_the_version_that_was_asked() -> None:
    (finding,) = screen([PEEL], Situation(on=MONDAY))

    assert finding.code == "screening_chemical_peel"
    assert finding.subject == ""
    assert (finding.severity, finding.overridable_by) == (Severity.WARN, ("PRACTITIONER",))
    assert finding.message == "Let the skin heal."
    assert finding.rule == "Chemical peel, version 3 of the question"
    assert finding.source == "clinical.md §1.3"
    assert (finding.clear_on, finding.numbers) == (None, {})


def test_a_no_is_not_found() -> None:
    assert not found(replace(PEEL, answer=False))
    assert not found(replace(PEEL, answer=False, washout_days=21))


@pytest.mark.parametrize("severity", Severity)
def test_severity_and_roles_are_those_of_the_rule(severity: Severity) -> None:
    (finding,) = screen([replace(PEEL, severity=severity, overridable_by=())], Situation(MONDAY))

    assert (finding.severity, finding.overridable_by) == (severity, ())


@pytest.mark.parametrize(
    ("about", "treated", "matters"),
    [
        pytest.param(zones("chin"), zones("chin"), True, id="the zone that is treated"),
        pytest.param(zones("chin"), zones("cheeks"), False, id="another zone"),
        pytest.param(
            zones("chin"), zones("chin", "cheeks"), True, id="one of two that are treated"
        ),
        pytest.param(zones("chin", "nose"), zones("nose"), True, id="the second that it is about"),
        pytest.param(zones("chin", "nose"), zones("lip", "neck"), False, id="none of them"),
        pytest.param(zones(), zones("cheeks"), True, id="no zone named: all of them"),
        pytest.param(zones("chin"), zones(), True, id="nobody knows yet what is treated"),
        pytest.param(zones(), zones(), True, id="nobody knows anything"),
    ],
)
def test_a_question_about_zones(
    about: frozenset[str], treated: frozenset[str], matters: bool
) -> None:
    assert found(replace(ON_ZONE, zones=about), zones=treated) == matters


def test_a_question_about_the_person_matters_on_every_zone() -> None:
    assert found(replace(PEEL, zones=zones("chin")), zones=zones("cheeks"))


@pytest.mark.parametrize(
    ("condition", "situation", "matters"),
    [
        (Condition.ALWAYS, {}, True),
        (Condition.DEVICE_LISTS_ISOTRETINOIN, {"device_lists_isotretinoin": True}, True),
        (Condition.DEVICE_LISTS_ISOTRETINOIN, {"device_lists_isotretinoin": False}, False),
        (Condition.NEAR_MOUTH, {"near_mouth": True}, True),
        (Condition.NEAR_MOUTH, {"near_mouth": False}, False),
        (Condition.SKIN_IV_TO_VI, {"skin_type": None}, True),
        *[(Condition.SKIN_IV_TO_VI, {"skin_type": n}, n in DARKER_SKIN) for n in range(1, 7)],
    ],
)
def test_a_question_with_a_condition(
    condition: Condition, situation: dict[str, Any], matters: bool
) -> None:
    assert found(replace(PEEL, condition=condition), **situation) == matters


def test_a_condition_and_a_zone_must_both_hold() -> None:
    cold_sores = replace(ON_ZONE, condition=Condition.NEAR_MOUTH, zones=zones("lip"))

    assert found(cold_sores, near_mouth=True, zones=zones("lip"))
    assert not found(cold_sores, near_mouth=True, zones=zones("chin"))
    assert not found(cold_sores, near_mouth=False, zones=zones("lip"))


def test_darker_skin_is_fitzpatrick_iv_to_vi() -> None:
    assert {4, 5, 6} == DARKER_SKIN


@pytest.mark.parametrize(
    ("days_ago", "washout", "matters"),
    [
        pytest.param(20, 21, True, id="the last day"),
        pytest.param(21, 21, False, id="the day that it is clear"),
        pytest.param(22, 21, False, id="a day later"),
        pytest.param(0, 1, True, id="today, clear tomorrow"),
        pytest.param(0, 0, False, id="no washout at all"),
        pytest.param(-1, 0, True, id="planned for tomorrow"),
        pytest.param(179, 180, True, id="isotretinoin, the last day"),
        pytest.param(180, 180, False, id="isotretinoin, clear"),
    ],
)
def test_a_washout_ends_on_its_day(days_ago: int, washout: int, matters: bool) -> None:
    last = MONDAY - days_ago * DAY

    assert found(replace(PEEL, washout_days=washout, last_exposure_on=last)) == matters


def test_a_washout_names_the_day_that_it_is_clear() -> None:
    peeled = replace(PEEL, washout_days=21, last_exposure_on=MONDAY - DAY)

    (finding,) = screen([peeled], Situation(on=MONDAY))

    assert finding.clear_on == date(2030, 1, 27)
    assert finding.message == "Let the skin heal. Clear on 27 Jan 2030."
    assert finding.numbers == {"washout_days": "21"}


def test_a_washout_without_a_date_never_ends() -> None:
    unknown = replace(PEEL, washout_days=21)

    (finding,) = screen([unknown], Situation(on=MONDAY + 1000 * DAY))

    assert finding.clear_on is None
    assert finding.message == "Let the skin heal. When it was last is not recorded."
    assert finding.numbers == {"washout_days": "21"}


def test_a_date_without_a_washout_changes_nothing() -> None:
    (finding,) = screen([replace(PEEL, last_exposure_on=date(1999, 1, 1))], Situation(MONDAY))

    assert (finding.clear_on, finding.message) == (None, "Let the skin heal.")


@pytest.mark.parametrize(
    ("last", "washout", "clear"),
    [
        (date(2030, 1, 1), 14, date(2030, 1, 15)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
        (date(2029, 12, 31), 1, date(2030, 1, 1)),
        (None, 14, None),
        (date(2030, 1, 1), None, None),
    ],
)
def test_clear_on(last: date | None, washout: int | None, clear: date | None) -> None:
    assert clear_on(last, washout) == clear


def test_the_findings_keep_the_order_of_the_questionnaire() -> None:
    codes = ["z-last-in-the-alphabet", "no", "chemical-peel", "allergy"]
    answers = [replace(PEEL, code=code, answer=code != "no") for code in codes]
    answers[3] = replace(answers[3], severity=Severity.BLOCK)

    assert [finding.code for finding in screen(answers, Situation(on=MONDAY))] == [
        "screening_z_last_in_the_alphabet",
        "screening_chemical_peel",
        "screening_allergy",
    ]


def test_no_answers_find_nothing() -> None:
    assert screen([], Situation(on=MONDAY)) == []
