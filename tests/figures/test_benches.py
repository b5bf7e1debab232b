"""The benches' own arithmetic: a figure that is worked out wrongly is believed all the same."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.__main__ import BEGIN, END, PARTS, commands, put_into, shown
from bench.booking.load import joined
from bench.booking.report import is_one_each, share
from bench.booking.soak import CHANCES, grown
from bench.peers.compare import in_all, ratios
from bench.peers.contender import slot_of
from bench.processes import Memory, family, memory, metered, processor_seconds
from bench.size.beyond import reason
from bench.stats import Result, growth, percentile, together
from clinic.embedded.process import die_with_parent

BURN = "import time\nends = time.process_time() + 0.3\nwhile time.process_time() < ends: pass\n"
PARENT = (
    "import subprocess, sys\n"
    f"subprocess.run([sys.executable, '-c', {BURN!r}])\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
    "child.kill()\n"
)


def result(*times: float, elapsed: float = 1.0, **spent: float) -> Result:
    return Result(Counter({201: len(times)}), list(times), elapsed, dict(spent))


def test_the_last_percentile_is_the_slowest_and_the_middle_is_the_middle() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, p) for p in (0, 50, 95, 99, 100)] == [1, 51, 96, 100, 100]


def test_rounds_together_keep_their_answers_times_and_what_they_spent() -> None:
    whole = together([result(0.1, 0.2, web=0.4), result(0.3, elapsed=2.0, web=0.2, worker=0.3)])

    assert whole.statuses == {201: 3}
    assert (whole.per_second, whole.ms(100)) == (1.0, 300)
    assert {role: round(whole.processor_ms(role)) for role in whole.spent} == {
        "web": 200,
        "worker": 100,
    }
    assert round(in_all(whole)) == 300


def test_growth_and_shares_compare_each_round_with_its_own() -> None:
    """A machine that is ten times as slow in one round says nothing of either."""
    few, many = [result(1.0), result(10.0), result(1.0)], [result(2.0), result(20.0), result(2.0)]

    assert growth(few, many) == 2.0
    slow = [result(0.1, elapsed=one) for one in (1.0, 10.0, 1.0)]
    fast = [result(0.1, elapsed=one) for one in (0.25, 2.5, 0.8)]
    assert share(slow, fast) == 0.25
    assert ratios(fast, slow) == [4.0, 4.0, 1.25]


@pytest.mark.parametrize(
    ("answers", "is_right"),
    [
        ({201: 1, 409: 49}, True),
        ({201: 2, 409: 98}, True),
        ({201: 2, 409: 48}, False),
        ({409: 50}, False),
        ({201: 1, 409: 48, 500: 1}, False),
        ({201: 1, 409: 49, 500: 1}, False),
    ],
)
def test_one_slot_has_one_booking_and_a_refusal_for_each_other_client(
    answers: dict[int | str, int], is_right: bool
) -> None:
    hot = Result(Counter(answers), [0.1] * sum(answers.values()), 1.0)

    assert is_one_each(hot, 50) is is_right


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    """A process whose one child has burnt a third of a second and ended, while another lives."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield psutil.Process(process.pid)
    process.communicate()


def test_a_role_has_spent_what_its_children_have_also_when_they_have_ended(
    parent: psutil.Process,
) -> None:
    assert len(family([parent])) == 2
    assert processor_seconds([parent]) >= 0.3


def test_only_what_is_spent_meanwhile_is_counted(parent: psutil.Process) -> None:
    def work() -> Result:
        ends = time.process_time() + 0.2
        while time.process_time() < ends:
            pass
        return result(0.1)

    found = metered({"ours": [psutil.Process()], "theirs": [parent]}, work)

    assert found.spent["ours"] >= 0.15
    assert found.spent["theirs"] < 0.1


def test_memory_that_is_shared_counts_once(parent: psutil.Process) -> None:
    found = memory([parent])

    assert found.processes == 2
    assert 0 < found.pss < found.rss


def test_memory_that_has_grown_by_a_third_is_not_met() -> None:
    def met(after: float) -> bool:
        return grown("few", "web", Memory(5, 600, 300), Memory(5, 600, after))[3]

    assert (met(320), met(400)) == (True, False)


def test_four_of_five_requests_of_a_soak_read() -> None:
    assert CHANCES == {"read": 80, "book": 15, "move or cancel": 5}


def test_every_booking_of_a_peer_has_a_slot_of_its_own() -> None:
    assert len({slot_of(number) for number in range(10_000)}) == 10_000


def test_an_answer_in_chunks_is_put_together() -> None:
    assert joined(b'4\r\n{"a"\r\n3\r\n: 1\r\n1\r\n}\r\n0\r\n\r\n') == b'{"a": 1}'


def test_of_what_a_bench_prints_its_tables_and_machine_are_shown() -> None:
    machine = "2026-11-30 12:00 UTC; slowness 1.00, 2 cores"
    output = f"12:00:00 round 1\n| a | b |\n|---|---|\n| 1 /of/one/answer | 2 |\n{machine}\n"

    assert shown(output) == f"| a | b |\n|---|---|\n\n{machine}"


def test_figures_take_the_place_of_the_last_ones_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    put_into(page, "new")

    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    page.write_text("without a place")
    with pytest.raises(SystemExit):
        put_into(page, "new")


def test_every_part_of_the_whole_run_is_a_module() -> None:
    import argparse
    from importlib.util import find_spec

    options = argparse.Namespace(only="", short=True, easyappointments=Path("ea"), folder=None)

    found = commands(options)

    assert list(found) == list(PARTS)
    assert all(find_spec(command[1]) for command in found.values())
    assert found["peers"][-2:] == ["--easyappointments", str(Path("ea").absolute())]


def test_only_what_is_known_may_read_more_than_it_shows() -> None:
    assert reason("/api/v1/patients/?q=fa", 30_000, "patient_word")
    assert not reason("/api/v1/patients/?q=fa", 30_001, "patient_word")
    assert not reason("/api/v1/patients/?q=", 4_000, "patient_word")
    assert not reason("/api/v1/patients/?q=fa", 4_000, "treatment_plan")
    assert reason("/admin/aftercare/message/?channel__exact=SMS", 10**6, "aftercare_message")
    accesses = "/admin/clinic/accessrecord/?action__exact=READ"
    assert reason(accesses, 4_204, "clinic_access_2026_12")
    assert not reason(accesses, 20_000, "clinic_access_2026_12")
    assert not reason("/api/v1/patients/", 300, "patient")
    assert not reason("/api/v1/messages/?status=SENT", 300, "aftercare_message")
