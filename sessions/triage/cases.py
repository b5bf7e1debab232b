"""Cases on paper: what a patient would report, in a file of YAML, for whoever tries the rules.

The format is described in docs/clinical.md, “Trying cases”.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sessions.triage.facts import MAX_SCORE, HostRisk, Report, Score, Sign
from sessions.triage.words import Vocabulary, signs_in

BEFORE = "_prev"
MINUTES = "bleeding_minutes"
READ = {
    *("id", "day", "signs", "intensities", "modifiers", "words"),
    *("unanswered_red_flags", "no_reply_by_day4"),
}
# What a case says for people, and what it expects.
FOR_PEOPLE = {"case", "title", "level", "emergency", "rules", "source", "note"}
MAX_DAY, MAX_MINUTES = 3_650, 100_000


class BadCase(ValueError):
    """A case that cannot be read, and why."""


def read_case(case: Mapping[str, Any], vocabulary: Vocabulary) -> Report:
    """The report that a case describes. Raises BadCase."""
    amounts = case.get("intensities") or {}
    if not isinstance(amounts, Mapping):
        raise BadCase("intensities: scores by their names are needed.")
    known = [*Score.values, *(f"{score}{BEFORE}" for score in Score.values), MINUTES]
    if unknown := sorted(set(map(str, amounts)) - set(known)):
        raise BadCase(f"intensities: {unknown[0]!r} is unknown; right are {', '.join(known)}.")
    given = {
        name: _number(amount, name, MAX_MINUTES if name == MINUTES else MAX_SCORE)
        for name, amount in amounts.items()
        if amount is not None  # unknown, which is not 0
    }
    signs = _codes(case.get("signs"), "signs", Sign.values)
    words = case.get("words") or ""
    if not isinstance(words, str):
        raise BadCase("words: a text is needed.")
    return Report(
        day=_number(case.get("day"), "day", MAX_DAY),
        signs=signs | signs_in(words, vocabulary),
        scores={score: given[score] for score in Score.values if score in given},
        before={
            score: given[f"{score}{BEFORE}"]
            for score in Score.values
            if f"{score}{BEFORE}" in given
        },
        bleeding_minutes=given.get(MINUTES, 0),
        hosts=_codes(case.get("modifiers"), "modifiers", HostRisk.values),
        asked=not _flag(case, "unanswered_red_flags"),
        replied=not _flag(case, "no_reply_by_day4"),
    )


def ignored_keys(case: Mapping[str, Any]) -> list[str]:
    """What no rule reads, or what was mistyped."""
    return sorted(set(map(str, case)) - READ - FOR_PEOPLE)


def _number(value: Any, name: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadCase(f"{name}: {value!r} is no whole number from 0 to {most}.")
    return value


def _codes(values: Any, name: str, known: Iterable[str]) -> frozenset[str]:
    if values is None:
        return frozenset()
    if not isinstance(values, list):
        raise BadCase(f"{name}: a list is needed.")
    for value in values:
        if value not in known:
            raise BadCase(f"{name}: {value!r} is unknown; right are {', '.join(known)}.")
    return frozenset(values)


def _flag(case: Mapping[str, Any], name: str) -> bool:
    value = case.get(name, False)
    if not isinstance(value, bool):
        raise BadCase(f"{name}: true or false is needed.")
    return value
