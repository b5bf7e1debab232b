"""Whether reporting more ever lowers a triage level: python -m bench.rules.triage [NUMBER]

Tries random reports with one sign, score, risk or silence more, by the rules that ship.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from sessions.triage import HostRisk, Report, RuleSet, Score, Sign, Triage, assess, read_rule_set

SHIPPED = Path(__file__).resolve().parents[2] / "sessions/catalogue/triage.yaml"
DAYS = [*range(0, 16), 21, 28, 30, 56, 60, 61, 90]
Change = tuple[str, Report, Report]


def shipped_rules() -> RuleSet:
    row = yaml.safe_load(SHIPPED.read_text())[-1]
    return read_rule_set(row["rules"], row["curves"])


def changes(seed: int) -> Iterator[Change]:
    """Without an end: what was added, and the report before and after."""
    chance = random.Random(seed)
    while True:
        report = random_report(chance)
        for name, more in [
            ("sign", add_sign(report, chance)),
            ("host risk", replace(report, hosts=report.hosts | {chance.choice(HostRisk.values)})),
            ("score", raise_score(report, chance)),
            ("earlier score lower", lower_before(report, chance)),
            ("bleeding", replace(report, bleeding_minutes=report.bleeding_minutes + 1)),
            ("a question open", replace(report, asked=False)),
            ("no reply", replace(report, replied=False)),
        ]:
            yield name, report, more


def random_report(chance: random.Random) -> Report:
    scored = [score for score in Score.values if chance.random() < 0.7]
    known = [score for score in Score.values if chance.random() < 0.3]
    return Report(
        day=chance.choice(DAYS),
        signs=frozenset(chance.sample(Sign.values, chance.choice([0, 0, 1, 1, 2, 3, 5]))),
        scores={score: chance.randint(0, 10) for score in scored},
        before={score: chance.randint(0, 10) for score in known},
        bleeding_minutes=chance.choice([0, 0, 10, 29, 30, 31, 45]),
        hosts=frozenset(chance.sample(HostRisk.values, chance.choice([0, 0, 1, 2]))),
        asked=chance.random() < 0.9,
        replied=chance.random() < 0.9,
    )


def add_sign(report: Report, chance: random.Random) -> Report:
    return replace(report, signs=report.signs | {chance.choice(Sign.values)})


def raise_score(report: Report, chance: random.Random) -> Report:
    """A higher one, or one that was unknown."""
    score = chance.choice(Score.values)
    value = chance.randint(report.scores.get(score, 0), 10)
    return replace(report, scores={**report.scores, score: value})


def lower_before(report: Report, chance: random.Random) -> Report:
    score = chance.choice(Score.values)
    value = chance.randint(0, report.before.get(score, 10))
    return replace(report, before={**report.before, score: value})


def lowered(
    number: int,
    *,
    seed: int,
    rules: RuleSet,
    assess: Callable[[Report, RuleSet], Triage] = assess,
) -> tuple[Counter[str], list[Change]]:
    """How many changes of each kind were tried, and those that lowered the level."""
    tried: Counter[str] = Counter()
    wrong = []
    for (name, report, more), _ in zip(changes(seed), range(number), strict=False):
        tried[name] += 1
        if assess(more, rules).level.gravity < assess(report, rules).level.gravity:
            wrong.append((name, report, more))
    return tried, wrong


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    started = time.perf_counter()
    tried, wrong = lowered(number, seed=number, rules=shipped_rules())
    for name, count in tried.items():
        print(f"{count:9,} × {name}")
    for name, report, more in wrong[:5]:
        print(f"LOWERED by a {name}: {report} → {more}")
    took = time.perf_counter() - started
    print(f"{sum(tried.values()):,} changes in {took:.0f} s, {len(wrong)} of them lowered a level")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
