"""The language of the triage rules: what a version of them may say, and nothing else.

A rule is a list of cases, each with a level and with conditions that must all hold. There is no
“not”: a further sign, a higher score or another risk can fulfil more conditions and never fewer,
so that no version can be written in which reporting more lowers the level. `otherwise` alone is
what is said when no rule has anything to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sessions.triage.facts import MAX_SCORE, HostRisk, Level, Score, Sign


class BadRules(ValueError):
    """Rules that cannot be read: where, and what would be right."""


@dataclass(frozen=True)
class Case:
    """When a rule says its level. What is left empty does not matter."""

    level: Level
    signs: frozenset[str] = frozenset()  # any of these…
    with_signs: frozenset[str] = frozenset()  # …together with any of these
    with_any_other_sign: bool = False
    hosts: frozenset[str] = frozenset()  # any of these
    from_day: int = 0
    to_day: int | None = None
    above: str = ""  # this score is above what its curve expects on the day…
    above_amber: bool = False  # …and above its second limit too
    risen: str = ""  # this score has risen since the last report…
    by: int = 1  # …by so much or more
    bleeding_over: int | None = None  # minutes
    unasked: bool = False  # a red-flag question is open
    no_reply: bool = False
    amber_of: frozenset[str] = frozenset()  # any of these rules says AMBER
    ambers: int = 0  # so many rules say AMBER
    otherwise: bool = False


@dataclass(frozen=True)
class Rule:
    code: str
    name: str
    source: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Limits:
    """Up to and including `last_day`: GREEN up to `expected`, AMBER up to `amber`, then RED."""

    last_day: int
    expected: int
    amber: int


@dataclass(frozen=True)
class RuleSet:
    rules: tuple[Rule, ...]
    curves: Mapping[str, tuple[Limits, ...]]

    def limits(self, score: str, day: int) -> Limits:
        """What is expected of a score on a day; after the last day of its curve, what was then."""
        curve = self.curves[score]
        return next((limits for limits in curve if day <= limits.last_day), curve[-1])


SETS = {
    "signs": Sign.values,
    "with_signs": Sign.values,
    "hosts": HostRisk.values,
}
SCORES = ("above", "risen")
NUMBERS = ("from_day", "to_day", "by", "bleeding_over", "ambers")
FLAGS = ("with_any_other_sign", "above_amber", "unasked", "no_reply", "otherwise")
NAMES = [field.name for field in fields(Case)]


def read_rule_set(rules: Any, curves: Any) -> RuleSet:
    """A version as it is stored. Raises BadRules."""
    return RuleSet(read_rules(rules), read_curves(curves))


def read_rules(rules: Any) -> tuple[Rule, ...]:
    """Raises BadRules."""
    found = tuple(_rule(row, number) for number, row in enumerate(_rows(rules, "rules"), 1))
    codes = [rule.code for rule in found]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise BadRules(f"rules: {', '.join(twice)} is there more than once.")
    for rule in found:
        for case in rule.cases:
            if unknown := sorted(case.amber_of - set(codes)):
                raise BadRules(f"{rule.code}, amber_of: there is no rule {', '.join(unknown)}.")
    if sum(case.otherwise for rule in found for case in rule.cases) != 1:
        raise BadRules("rules: exactly one case must say `otherwise`.")
    return found


def _rows(rows: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadRules(f"{where}: a list of objects is needed, at least one.")
    return rows


def _rule(row: dict[str, Any], number: int) -> Rule:
    where = f"rule {row.get('code') or number}"
    for key in ("code", "name", "source"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise BadRules(f"{where}: `{key}` is missing.")
    if unknown := sorted(set(row) - {"code", "name", "evidence", "source", "cases"}):
        raise BadRules(
            f"{where}: {unknown[0]!r} is unknown; right are code, name, evidence, source, cases."
        )
    cases = tuple(_case(case, where) for case in _rows(row.get("cases"), f"{where}, cases"))
    return Rule(row["code"], row["name"], row["source"], cases)


def _case(row: dict[str, Any], where: str) -> Case:
    if unknown := sorted(set(row) - set(NAMES)):
        raise BadRules(f"{where}: {unknown[0]!r} is unknown; right are {', '.join(NAMES)}.")
    values: dict[str, Any] = dict(row)
    values["level"] = Level(_one_of(row.get("level"), Level.values, f"{where}, level"))
    for name, known in SETS.items():
        if name in row:
            values[name] = _several(row[name], known, f"{where}, {name}")
    if "amber_of" in row:
        values["amber_of"] = _several(row["amber_of"], None, f"{where}, amber_of")
    for name in SCORES:
        if name in row:
            _one_of(row[name], Score.values, f"{where}, {name}")
    for name in NUMBERS:
        if name in row and not _is_number(row[name], 0, 100_000):
            raise BadRules(f"{where}, {name}: a whole number from 0 on is needed.")
    for name in FLAGS:
        if name in row and not isinstance(row[name], bool):
            raise BadRules(f"{where}, {name}: true or false is needed.")
    case = Case(**values)
    _check_whole(case, set(row), where)
    return case


def _check_whole(case: Case, given: set[str], where: str) -> None:
    """Conditions that mean nothing without another, or nothing at all."""
    for name, needed in (
        ("with_signs", "signs"),
        ("with_any_other_sign", "signs"),
        ("above_amber", "above"),
        ("by", "risen"),
    ):
        if name in given and needed not in given:
            raise BadRules(f"{where}: `{name}` needs `{needed}`.")
    if "by" in given and case.by < 1:
        raise BadRules(f"{where}, by: a rise is of 1 or more.")
    if case.to_day is not None and case.to_day < case.from_day:
        raise BadRules(f"{where}, to_day: it is before from_day.")
    if case.otherwise and given != {"level", "otherwise"}:
        raise BadRules(f"{where}: `otherwise` stands alone.")
    if not given - {"level", "from_day", "to_day"}:
        raise BadRules(f"{where}: a case needs a condition.")


def read_curves(rows: Any) -> dict[str, tuple[Limits, ...]]:
    """Raises BadRules."""
    curves: dict[str, tuple[Limits, ...]] = {}
    for row in _rows(rows, "curves"):
        score = _one_of(row.get("score"), Score.values, "curves, score")
        where = f"curve of {score}"
        if score in curves or not isinstance(row.get("source"), str) or not row["source"].strip():
            raise BadRules(f"{where}: once for each score, with its `source`.")
        days = row.get("days")
        if not isinstance(days, list) or not days:
            raise BadRules(f"{where}: `days` is a list of [last day, green to, amber to].")
        curves[score] = tuple(_limits(entry, where) for entry in days)
        for earlier, later in zip(curves[score], curves[score][1:], strict=False):
            if earlier.last_day >= later.last_day:
                raise BadRules(f"{where}: its days must rise.")
            if earlier.expected < later.expected or earlier.amber < later.amber:
                raise BadRules(f"{where}: a skin that heals has no limits that rise with the days.")
    if missing := sorted(set(Score.values) - set(curves)):
        raise BadRules(f"curves: {', '.join(missing)} is missing.")
    return curves


def _limits(entry: Any, where: str) -> Limits:
    if (
        not isinstance(entry, list)
        or len(entry) != 3
        or not _is_number(entry[0], 0, 100_000)
        or not all(_is_number(limit, 0, MAX_SCORE) for limit in entry[1:])
        or entry[1] > entry[2]
    ):
        raise BadRules(
            f"{where}: {entry!r} is not [last day, green to, amber to], both from 0 to 10 and the "
            "first not above the second."
        )
    return Limits(*entry)


def _is_number(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _one_of(value: Any, known: Iterable[str], where: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadRules(f"{where}: {value!r} is unknown; right are {', '.join(known)}.")
    return value


def _several(values: Any, known: Iterable[str] | None, where: str) -> frozenset[str]:
    if not isinstance(values, list) or not values:
        raise BadRules(f"{where}: a list is needed, of at least one.")
    for value in values:
        if known is not None or not isinstance(value, str):
            _one_of(value, known or (), where)
    return frozenset(values)
