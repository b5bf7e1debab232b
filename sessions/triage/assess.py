"""From a report to a level: the maximum over all rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from sessions.triage.facts import Level, Report, gravest
from sessions.triage.rules import Case, Rule, RuleSet


@dataclass(frozen=True)
class Fired:
    """A rule that has something to say, at its gravest."""

    code: str
    name: str
    level: Level


@dataclass(frozen=True)
class Triage:
    """The level, and every rule that fired, the gravest first."""

    level: Level
    fired: tuple[Fired, ...]

    @property
    def deciding(self) -> tuple[Fired, ...]:
        """The rules that say this level."""
        return tuple(one for one in self.fired if one.level == self.level)

    @property
    def others(self) -> tuple[Fired, ...]:
        """What lies below the level."""
        return tuple(one for one in self.fired if one.level != self.level)


def assess(report: Report, rules: RuleSet) -> Triage:
    """What the rules say about a report. A rule that looks at the others comes after them."""
    said = {}
    for rule in rules.rules:
        if level := _level(rule, (case for case in rule.cases if holds(case, report, rules))):
            said[rule.code] = level
    ambers = frozenset(code for code, level in said.items() if level == Level.AMBER)
    for rule in rules.rules:
        if level := _level(rule, (case for case in rule.cases if follows(case, report, ambers))):
            said[rule.code] = gravest(level, said.get(rule.code, Level.GREEN))
    for rule in rules.rules:
        if not said and any(case.otherwise for case in rule.cases):
            said[rule.code] = next(case.level for case in rule.cases if case.otherwise)
            break
    fired = [
        Fired(rule.code, rule.name, said[rule.code]) for rule in rules.rules if rule.code in said
    ]
    fired.sort(key=lambda one: -one.level.gravity)
    return Triage(gravest(*said.values()), tuple(fired))


def _level(rule: Rule, cases: Iterable[Case]) -> Level | None:
    levels = [case.level for case in cases]
    return gravest(*levels) if levels else None


def holds(case: Case, report: Report, rules: RuleSet) -> bool:
    """Whether a case holds that looks at the report alone."""
    if case.otherwise or case.amber_of or case.ambers:
        return False
    return (
        _is_in_time(case, report)
        and _has_signs(case, report)
        and (not case.hosts or bool(case.hosts & report.hosts))
        and (not case.above or _is_above(case, report, rules))
        and (not case.risen or _has_risen(case, report))
        and (case.bleeding_over is None or report.bleeding_minutes > case.bleeding_over)
        and (not case.unasked or not report.asked)
        and (not case.no_reply or not report.replied)
    )


def follows(case: Case, report: Report, ambers: frozenset[str]) -> bool:
    """Whether a case holds that looks at what other rules say."""
    if not case.amber_of and not case.ambers:
        return False
    return (
        _is_in_time(case, report)
        and _has_signs(case, report)
        and (not case.hosts or bool(case.hosts & report.hosts))
        and (not case.amber_of or bool(case.amber_of & ambers))
        and len(ambers) >= case.ambers
    )


def _is_in_time(case: Case, report: Report) -> bool:
    return case.from_day <= report.day and (case.to_day is None or report.day <= case.to_day)


def _has_signs(case: Case, report: Report) -> bool:
    if not case.signs:
        return True
    first = case.signs & report.signs
    return (
        bool(first)
        and (not case.with_signs or bool(case.with_signs & report.signs))
        and (not case.with_any_other_sign or len(report.signs) > len(first))
    )


def _is_above(case: Case, report: Report, rules: RuleSet) -> bool:
    score = report.scores.get(case.above)
    limits = rules.limits(case.above, report.day)
    return score is not None and score > (limits.amber if case.above_amber else limits.expected)


def _has_risen(case: Case, report: Report) -> bool:
    """Only what is known twice can rise: an earlier score that is unknown is not zero."""
    score, before = report.scores.get(case.risen), report.before.get(case.risen)
    return score is not None and before is not None and score - before >= case.by
