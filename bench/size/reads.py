"""What an answer has read: its statements as Django sent them, explained by PostgreSQL."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

PAGE, SHARE = 50, 5  # rows that a page shows, and how many may be looked at for each of them
BATCH = 1_000  # rows that a job does at once
COUNTED = 2_000  # rows that a count may look at: it ends at 1,000
SMALL = 1_000  # a table of so many rows is read as it is
# PostgreSQL would rather read a table of some thousand rows whole: what it does with a large one.
AS_LARGE = """
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off; SET LOCAL random_page_cost = 1.1
"""
SCANS = ("Relation Name", "Index Name")  # of a table, or of an index alone, as for a bitmap


@dataclass
class Statement:
    """One that reads, and what it has read of each table."""

    sql: str
    params: Any
    rows: "Counter[str]" = field(default_factory=Counter)
    blocks: int = 0
    ms: float = 0.0

    def most(self, tables: "Tables") -> tuple[int, str]:
        """How many rows of one large table it has read: of that of which they are the most."""
        found = [
            (rows, tables.of(name)) for name, rows in self.rows.items() if tables.is_large(name)
        ]
        return max(found, default=(0, ""))

    def explain(self, *, as_large: bool = False) -> None:
        """Run it once more, and change nothing."""
        with transaction.atomic(), connection.cursor() as cursor:
            if as_large:
                cursor.execute(AS_LARGE)
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {self.sql}", self.params)
            (found,) = cursor.fetchone()
            transaction.set_rollback(True)
        (explained,) = json.loads(found) if isinstance(found, str) else found
        top = explained["Plan"]
        self.ms = explained["Execution Time"]
        self.blocks = top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0)
        for node in _nodes(top):
            if name := next((node[key] for key in SCANS if key in node), None):
                self.rows[name] += round(_read(node))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)


def _read(node: dict[str, Any]) -> float:
    """All rows that were looked at, whether they fitted or not."""
    thrown = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    rows: float = node["Actual Rows"] + sum(node.get(name, 0) for name in thrown)
    return rows * float(node["Actual Loops"])


@dataclass
class Answer:
    url: str
    response: Any
    statements: list[Statement]
    ms: float
    shown: int = 0

    def explain(self, *, as_large: bool = False) -> None:
        for statement in self.statements:
            statement.explain(as_large=as_large)

    @property
    def found(self) -> Any:
        """The list of the admin."""
        return self.response.context_data["cl"]

    @property
    def size(self) -> int:
        """Bytes; of a file that is sent as it is read, none."""
        return 0 if self.response.streaming else len(self.response.content)

    @property
    def sql_ms(self) -> float:
        return sum(statement.ms for statement in self.statements)

    @property
    def blocks(self) -> int:
        return sum(statement.blocks for statement in self.statements)

    def judge(self, tables: "Tables") -> list[tuple[int, str, str]]:
        """How many rows one statement has read of one table, of which, and by which statement: the
        most first, and none unless it is beyond what the answer shows."""
        found = [
            (rows, tables.of(name), statement.sql)
            for statement in self.statements
            for name, rows in statement.rows.items()
            if tables.is_large(name)
        ]
        page = SHARE * max(PAGE, self.shown)
        beyond = (one for one in found if one[0] > (COUNTED if "COUNT(*)" in one[2] else page))
        return sorted(beyond, reverse=True)


class Tables:
    """How large each table is, and whose each index is."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind IN ('r', 'p')")
            self.rows = dict(cursor.fetchall())
            cursor.execute(
                "SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index"
            )
            self.indexed = dict(cursor.fetchall())

    def of(self, name: str) -> str:
        return str(self.indexed.get(name, name))

    def is_large(self, name: str) -> bool:
        return bool(self.rows.get(self.of(name), 0) > SMALL)


def ask(get: Any, url: str) -> Answer:
    """What `get` answers, with the statements that it took."""
    statements: list[Statement] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = sql if isinstance(sql, str) else sql.as_string(None)
        if text.lstrip(" \n(").startswith(("SELECT", "WITH")):
            statements.append(Statement(text, params))
        return execute(sql, params, many, context)

    began = time.perf_counter()
    with connection.execute_wrapper(note):
        response = get(url)
    return Answer(url, response, statements, (time.perf_counter() - began) * 1000, _shown(response))


def _shown(response: Any) -> int:
    if "json" not in response.get("Content-Type", ""):
        return 0
    body = response.json()
    rows = body.get("results", ()) if isinstance(body, dict) else body
    return len(rows)
