"""Which small changes of the rules no test notices: python -m bench.rules.mutants FILES -- TESTS

A mutant is the program with one small change: `<` instead of `<=`, `and` instead of `or`, a number
one higher, a call left out. One that no test notices shows what no test says. All mutants are tried
in one run of pytest with one database, each by the tests that came by its line, the fastest first.
Tests that commit (`transaction=True`) take part with none. With --boundaries only `<` against `<=`
is tried, in Python and in lookups.
"""

import argparse
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from bench.rules.mutations import Mutant, caches_of, mutants_of, watched

ANYWHERE = 0  # no line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="what is changed")
    parser.add_argument("--boundaries", action="store_true", help="only < against <=")
    parser.add_argument("--list", action="store_true", help="say what would be tried")
    ours, theirs = split(sys.argv[1:])
    options = parser.parse_args(ours)
    files = [path.resolve() for path in options.files]
    mutants = [m for path in files for m in mutants_of(path, boundaries=options.boundaries)]
    if options.list:
        print("\n".join(str(mutant) for mutant in mutants))
        return 0
    plugin = Run(mutants)
    code = pytest.main(["-q", "-p", "no:randomly", "-p", "no:cacheprovider", *theirs], [plugin])
    plugin.report()
    return int(code)


def split(words: list[str]) -> tuple[list[str], list[str]]:
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


class Outside:
    """Stands for the next test: all but the session's fixtures are torn down."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session

    def listchain(self) -> list[Any]:
        return [self.session]


class TooLong(BaseException):
    """A mutant that does not end."""


class Run:
    """A plugin of pytest whose loop runs the tests once as they are, then for each mutant."""

    def __init__(self, mutants: list[Mutant]) -> None:
        self.mutants = mutants
        self.files = {mutant.path for mutant in mutants}
        self.seconds: dict[pytest.Item, float] = {}
        self.seen: dict[tuple[Path, int], set[pytest.Item]] = defaultdict(set)
        self.hits: set[tuple[Path, int]] = set()
        self.outcome: dict[Mutant, str] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            return False
        self.outside: Any = Outside(session)
        self.caches = [cache for path in self.files for cache in caches_of(path)]
        items = [item for item in session.items if not commits(item)]
        with ExitStack() as watching:
            for path in self.files:
                watching.enter_context(watched(path, self.hits))
            for number, item in enumerate(items, 1):
                self.watch(item)
                if number % 100 == 0:
                    print(f"{number} of {len(items)} tests as they are", file=sys.__stderr__)
        self.seconds = dict(sorted(self.seconds.items(), key=lambda pair: pair[1]))
        for number, mutant in enumerate(self.mutants, 1):
            self.outcome[mutant] = self.outcome_of(mutant)
            said = f"{number}/{len(self.mutants)} {self.outcome[mutant]}: {mutant}"
            print(said, file=sys.__stderr__, flush=True)
        return True

    def watch(self, item: pytest.Item) -> None:
        """Run a test as it is: how long it takes, and by which statements it comes."""
        self.hits.clear()
        started = time.monotonic()
        if self.fails(item, 600):
            print(f"fails as it is: {item.nodeid}", file=sys.__stderr__)
            return
        self.seconds[item] = time.monotonic() - started
        for path, line in self.hits:
            self.seen[path, line].add(item)
            self.seen[path, ANYWHERE].add(item)

    def outcome_of(self, mutant: Mutant) -> str:
        with mutant.in_place() as is_there:
            if not is_there:
                return "not tried"
        wanted = self.seen[mutant.path, ANYWHERE if mutant.constant else mutant.line]
        for item in [item for item in self.seconds if item in wanted]:
            with mutant.in_place():
                failed = self.fails(item, 10 + 20 * self.seconds[item])
            if failed and not self.fails(item, 600):  # it fails because of the mutant
                return "killed"
        return "survived" if wanted else "no test"

    def fails(self, item: Any, seconds: float) -> bool:
        item._initrequest()  # the same test again, with fixtures of its own
        for cache in self.caches:
            cache.cache_clear()
        with at_most(seconds):
            reports = runtestprotocol(item, log=False, nextitem=self.outside)
        return any(report.failed for report in reports)

    def report(self) -> None:
        by_file: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for mutant, outcome in self.outcome.items():
            by_file[mutant.name][outcome] += 1
        print("\n| file | mutants | killed | survived | no test | not tried |")
        print("|---|---|---|---|---|---|")
        for name, counts in by_file.items():
            kinds = [counts[kind] for kind in ("killed", "survived", "no test", "not tried")]
            print("|", " | ".join(map(str, [name, sum(kinds), *kinds])), "|")
        print()
        for mutant, outcome in self.outcome.items():
            if outcome != "killed":
                print(f"{outcome}: {mutant}")


def commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
