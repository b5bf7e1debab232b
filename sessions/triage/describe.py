"""The rules in sentences, for the clinician who reviews and signs them."""

from collections.abc import Iterable, Iterator

from django.db import models

from sessions.triage.facts import HostRisk, Level, Score, Sign
from sessions.triage.rules import Case, Rule, RuleSet


def sentences(rule: Rule) -> list[tuple[Level, str]]:
    """Each case of a rule: its level, and when it says so."""
    return [(case.level, "; ".join(_conditions(case)).capitalize()) for case in rule.cases]


def _conditions(case: Case) -> Iterator[str]:
    if case.otherwise:
        yield "no other rule has anything to say"
    if case.signs:
        yield _any_of(Sign, case.signs)
    if case.with_signs:
        yield f"together with {_any_of(Sign, case.with_signs)}"
    if case.with_any_other_sign:
        yield "together with any other sign"
    if case.hosts:
        yield f"on a person or skin with {_any_of(HostRisk, case.hosts)}"
    if case.above:
        limit = "the second limit of its curve" if case.above_amber else "its curve"
        yield f"{_label(Score, case.above)} above {limit}"
    if case.risen:
        yield f"{_label(Score, case.risen)} {case.by} or more above the last report"
    if case.bleeding_over is not None:
        yield f"bleeding for more than {case.bleeding_over} minutes"
    if case.unasked:
        yield "a red-flag question is not answered"
    if case.no_reply:
        yield "no reply on day 1 and day 3 after a session with a risk"
    if case.amber_of:
        yield f"one of {', '.join(sorted(case.amber_of))} says amber"
    if case.ambers:
        yield f"{case.ambers} or more rules say amber"
    yield from _days(case)


def _days(case: Case) -> Iterator[str]:
    if case.to_day == case.from_day:
        yield f"on day {case.from_day}"
    elif case.to_day is not None and case.from_day:
        yield f"from day {case.from_day} to day {case.to_day}"
    elif case.to_day is not None:
        yield f"to day {case.to_day}"
    elif case.from_day:
        yield f"from day {case.from_day}"


def curve_rows(rules: RuleSet) -> list[tuple[str, str, str, str]]:
    """Each step of each curve: the score, until which day, green and amber up to."""
    return [
        (str(Score(score).label), f"to day {step.last_day}", str(step.expected), str(step.amber))
        for score, curve in rules.curves.items()
        for step in curve
    ]


def _any_of(choices: type[models.TextChoices], codes: Iterable[str]) -> str:
    return " or ".join(_label(choices, code) for code in choices.values if code in codes)


def _label(choices: type[models.TextChoices], code: str) -> str:
    label = str(choices(code).label)
    return label[0].lower() + label[1:]
