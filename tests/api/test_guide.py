"""docs/api.md does what it says: its calls are made, by curl, against a running clinic."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from clinic.demo import seed
from clinic.demo.records import people
from clinic.models import Clinic
from tests.support.catalogue import load_catalogue
from tests.support.guide import Answer, Shell, calls, faults, parsed

PAGE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
DEMO = "http://localhost:8000"
NEEDED = {"Rosa Vogel", "Jakub Nowak", "Quinn Urban"}  # of forty people: the others take long

pytestmark = pytest.mark.skipif(
    not shutil.which("curl"), reason="there is no curl: apt-get install curl"
)


@pytest.fixture
def demo(transactional_db: None, monkeypatch: Any) -> None:
    """The demo, at noon at the latest, so that its visits of today are today."""
    load_catalogue()
    cast = [row for row in people.people() if row[2].name in NEEDED]
    monkeypatch.setattr(seed, "people", lambda: cast)
    for of_all in ("fill_the_day", "_free_a_time"):  # what needs the whole cast
        monkeypatch.setattr(seed, of_all, lambda *_: None)
    now = timezone.now()
    noon = now.astimezone(Clinic(time_zone="Europe/Berlin").zone).replace(hour=12, minute=0)
    with monkeypatch.context() as earlier:
        earlier.setattr("clinic.demo.seed.timezone.now", lambda: min(now, noon))
        seed.seed()


def test_the_page_runs(demo: None, live_server: Any) -> None:
    shell, made, wrong = Shell(), 0, []
    for call in calls(PAGE.replace(DEMO, live_server.url)):
        output = shell.run(call.script)
        if call.answer is None:
            continue
        given = parsed(output)
        wrong += [f"{call.script.strip()}: {fault}" for fault in faults(call.answer, given)]
        assert not wrong, "\n".join(wrong)
        shell.variables |= {name: given.value(path) for path, name in call.keep}
        made += 1

    assert made == PAGE.count("curl ") > 15


def test_it_has_all_ten_steps() -> None:
    headings = [line for line in PAGE.splitlines() if line.startswith("## ")]

    assert [line.split(".")[0] for line in headings] == [f"## {n}" for n in range(1, 11)]


TOLD = parsed(
    'HTTP/1.1 200 OK\nETag: "0123456789abcdef-0123456789abcdef"\n\n'
    '{"id": "01a2239e-d615-7f5a-95b3-b06553c2911c", "day": "2026-01-01", "name": "Ada",'
    ' "detail": "Too soon …", "rows": [{"n": 1, …}], "next": …}',
    documented=True,
)
ETAG = {"etag": '"fedcba9876543210-fedcba9876543210"'}
BODY = {
    "id": "01a2239e-0000-7000-8000-000000000000",
    "day": "2027-12-31",
    "name": "Ada",
    "detail": "Too soon by a day",
    "rows": [{"n": 1, "more": 2}],
    "next": None,
}


def test_what_is_another_each_time_may_differ() -> None:
    assert faults(TOLD, Answer("200 OK", ETAG, BODY)) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (Answer("201 Created", ETAG, BODY), "status"),
        (Answer("200 OK", {}, BODY), "etag"),
        (Answer("200 OK", ETAG, {**BODY, "id": "7"}), "/id"),
        (Answer("200 OK", ETAG, {**BODY, "day": None}), "/day"),
        (Answer("200 OK", ETAG, {**BODY, "name": "Eve"}), "/name"),
        (Answer("200 OK", ETAG, {**BODY, "detail": "Too late"}), "/detail"),
        (Answer("200 OK", ETAG, {**BODY, "rows": []}), "/rows"),
        (Answer("200 OK", ETAG, {**BODY, "rows": [{"more": 2}]}), "/rows/0/n"),
        (Answer("200 OK", ETAG, {**BODY, "new": 1}), "/new"),
        (Answer("200 OK", ETAG, {n: v for n, v in BODY.items() if n != "next"}), "/next"),
    ],
)
def test_all_else_may_not(given: Answer, fault: str) -> None:
    (found,) = faults(TOLD, given)

    assert found.startswith(f"{fault}: ")
