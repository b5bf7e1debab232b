"""docs/glossary.md speaks of names that the code still has, each word once."""

import re

from tests.support.catalogue import APPS, ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| word")
]


def test_every_word_has_one_line() -> None:
    words = [word for first, *_ in ROWS for word in first.split(", ")]

    assert len(ROWS) > 50
    assert {len(row) for row in ROWS} == {3}
    assert sorted({word for word in words if words.count(word) > 1}) == []


def test_every_name_is_one_of_the_code() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for app in APPS for path in (ROOT / app).rglob("*.py")
    )
    known = set(re.findall(r"[\w-]+", code))
    named = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])}

    assert len(named) > 50
    assert sorted(named - known) == []
