"""What was asked of the database."""

import re
from collections.abc import Iterator

from django.test.utils import CaptureQueriesContext

SEMI_JOIN = re.compile(r"\bIN \((?=SELECT )")
TABLE = re.compile(r'\b(?:FROM|JOIN) "(\w+)"')
OF_CLINICS = re.compile(r'"clinic_user_clinic"|"clinic"|"clinic_id"')


def read_all(*asked: CaptureQueriesContext) -> Iterator[str]:
    """The statements that look for rows of a few keys last, among all of them: see
    Note [Found by their keys] in clinic.db.among."""
    for context in asked:
        texts = (query["sql"] for query in context.captured_queries)
        yield from (sql for sql in texts if sql.count(" JOIN ") > 3 and " IN (SELECT " in sql)


def semi_joins_over_clinics(sql: str) -> Iterator[tuple[str, str]]:
    """Where a statement takes rows because others, which it looks for itself, are of a clinic: the
    table that it reads, and the one that it looks in (`IN (SELECT … clinic …)`)."""
    outer = TABLE.search(sql)
    for found in SEMI_JOIN.finditer(sql):
        inner = _until_closed(sql[found.end() :])
        if OF_CLINICS.search(_conditions(inner)):
            looked_in = TABLE.search(inner)
            yield outer[1] if outer else "", looked_in[1] if looked_in else ""


def _conditions(select: str) -> str:
    """What follows on the columns that it selects."""
    return select[select.find(" FROM ") :]


def _until_closed(text: str) -> str:
    depth = 1
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if not depth:
            return text[:place]
    return text
