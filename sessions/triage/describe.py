"""The rules in sentences, for the clinician who reviews and signs them."""

from collections.abc import Iterable, Iterator

from django.db import models
from django.utils.translation import gettext

from sessions.triage.facts import HostRisk, Level, Score, Sign
from sessions.triage.rules import Case, Rule, RuleSet


def sentences(rule: Rule) -> list[tuple[Level, str]]:
    """Each case of a rule: its level, and when it says so."""
    return [(case.level, "; ".join(_conditions(case)).capitalize()) for case in rule.cases]


def _conditions(case: Case) -> Iterator[str]:
    if case.otherwise:
        yield gettext("no other rule has anything to say")
    if case.signs:
        yield _any_of(Sign, case.signs)
    if case.with_signs:
        yield gettext("together with {signs}").format(signs=_any_of(Sign, case.with_signs))
    if case.with_any_other_sign:
        yield gettext("together with any other sign")
    if case.hosts:
        yield gettext("on a person or skin with {risks}").format(
            risks=_any_of(HostRisk, case.hosts)
        )
    if case.above:
        score = _label(Score, case.above)
        if case.above_amber:
            yield gettext("{score} above the second limit of its curve").format(score=score)
        else:
            yield gettext("{score} above its curve").format(score=score)
    if case.risen:
        yield gettext("{score} {by} or more above the last report").format(
            score=_label(Score, case.risen), by=case.by
        )
    if case.bleeding_over is not None:
        yield gettext("bleeding for more than {minutes} minutes").format(minutes=case.bleeding_over)
    if case.unasked:
        yield gettext("a red-flag question is not answered")
    if case.no_reply:
        yield gettext("no reply on day 1 and day 3 after a session with a risk")
    if case.amber_of:
        yield gettext("one of {rules} says amber").format(rules=", ".join(sorted(case.amber_of)))
    if case.ambers:
        yield gettext("{rules} or more rules say amber").format(rules=case.ambers)
    yield from _days(case)


def _days(case: Case) -> Iterator[str]:
    if case.to_day == case.from_day:
        yield gettext("on day {day}").format(day=case.from_day)
    elif case.to_day is not None and case.from_day:
        yield gettext("from day {first} to day {last}").format(
            first=case.from_day, last=case.to_day
        )
    elif case.to_day is not None:
        yield gettext("to day {day}").format(day=case.to_day)
    elif case.from_day:
        yield gettext("from day {day}").format(day=case.from_day)


def curve_rows(rules: RuleSet) -> list[tuple[str, str, str, str]]:
    """Each step of each curve: the score, until which day, green and amber up to."""
    return [
        (
            str(Score(score).label),
            gettext("to day {day}").format(day=step.last_day),
            str(step.expected),
            str(step.amber),
        )
        for score, curve in rules.curves.items()
        for step in curve
    ]


def _any_of(choices: type[models.TextChoices], codes: Iterable[str]) -> str:
    return gettext(" or ").join(_label(choices, code) for code in choices.values if code in codes)


def _label(choices: type[models.TextChoices], code: str) -> str:
    label = str(choices(code).label)
    return label[0].lower() + label[1:]
