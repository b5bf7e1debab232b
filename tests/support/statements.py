"""What was asked of the database."""

from collections.abc import Iterator

from django.test.utils import CaptureQueriesContext


def read_all(*asked: CaptureQueriesContext) -> Iterator[str]:
    """The statements that look for rows of a few keys last, among all of them: see
    Note [Found by their keys] in clinic.db.among."""
    for context in asked:
        texts = (query["sql"] for query in context.captured_queries)
        yield from (sql for sql in texts if sql.count(" JOIN ") > 3 and " IN (SELECT " in sql)
