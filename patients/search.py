"""Finds patients by what somebody typed: names, mailboxes, telephone numbers, birth dates.

Every term must fit: a name by the beginning of a word, however it is written, or by a whole word
with one typing error; a mailbox by its beginning; digits by the beginning or the end of the
mobile number, or as a birth date or its year. Whole words without an error come first.

It takes a bounded time for any number of patients (docs/performance.md): the rarest term leads, at
most SCANNED entries of its index are looked at, and the other terms are tried on these. Hits of
terms as frequent as two letters that lie beyond are not found: nobody would read that far.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from patients.terms import Number, read

FOUND = 300
SCANNED = 30_000
ROWS_OF_DIGITS = {1: 10**6, 2: 10**6, 3: 10**6, 4: 15_000}  # a year; more digits are rare
COUNTED = 5_000  # of a name that begins more words than this, no more are counted
WITH_ERRORS = 5  # of more names than this, none is looked for with typing errors
Query = tuple[str, list[Any]]


class Term(Protocol):
    rows: int  # about as many patients have it

    def leads(self, clinic: Any, limit: int) -> Iterator[Query]:
        """Statements that find by an index who has the term: (id, words) of patients."""

    def fits(self) -> Query:
        """Whether it is among somebody's `words`, which is their `search_text`."""


def best_hits(text: str, *, clinics: Sequence[Any]) -> list[UUID]:
    """The ids of at most FOUND patients of these clinics, the best hit first."""
    typed = read(text)
    names = _fold(typed.names)
    others: list[Term] = [
        *map(Digits, typed.numbers),
        *map(Mailbox, typed.mailboxes),
        *map(_birth_date, typed.born),
    ]
    if not (clinics and (names or others)):
        return []
    if names:
        _measure(names, clinics)
    return [pk for (pk,) in _rows(_hits(names, others, clinics))]


@dataclass(eq=False)
class Name:
    """A word of a name as it was typed, alone and joined with the words beside it: O Brien."""

    plain: str
    short: str
    joined: set[str] = field(default_factory=set)
    near: list[str] = field(default_factory=list)
    rows: int = 0

    def leads(self, clinic: Any, limit: int) -> Iterator[Query]:
        columns = "SELECT patient_id AS id, words FROM patient_word WHERE clinic_id = %s AND"
        for start in [*sorted(self.joined), self.short]:
            # In the order of the index: whole words come first.
            between = [start, start + "\U0010ffff"]
            sql = f"{columns} word >= %s AND word < %s ORDER BY clinic_id, word LIMIT %s"
            yield sql, [clinic, *between, limit]
        for word in self.near:
            yield f"{columns} word = %s LIMIT %s", [clinic, word, limit]

    def fits(self) -> Query:
        near = [f"% {word} %" for word in self.near]
        return "words LIKE ANY (%s)", [self._beginnings() + near]

    def errors(self) -> Query:
        """0 for the word itself, 1 for one that begins with it, 2 for a typing error."""
        sql = "CASE WHEN words LIKE %s THEN 0 WHEN words LIKE ANY (%s) THEN 1 ELSE 2 END"
        return sql, [f"% {self.short} %", self._beginnings()]

    def _beginnings(self) -> list[str]:
        return [f"% {start}%" for start in (self.short, *sorted(self.joined))]


class Digits:
    """Of the mobile number, of the birth date, or of a name (there are numbered ones)."""

    def __init__(self, number: Number) -> None:
        fewest = min(map(len, number.starts | number.ends), default=1)
        self.rows = ROWS_OF_DIGITS.get(fewest, 100)
        self.name = Name(number.digits, number.digits)
        self.columns = [
            Column(
                "NOT mobile = '' AND national_digits(mobile) LIKE %s", [f"{start}%"], f"={start}%"
            )
            for start in sorted(number.starts)
        ]
        for end in (end[::-1] for end in sorted(number.ends)):
            self.columns.append(
                Column("NOT mobile = '' AND reverse(mobile) LIKE %s", [f"{end}%"], f"~{end}%")
            )
        for days in number.born:
            day = f"*{days.first:%Y%m%d} %" if days.first == days.last else f"*{days.first:%Y}%"
            between = [days.first, days.last]
            self.columns.append(Column("date_of_birth BETWEEN %s AND %s", between, day))

    def leads(self, clinic: Any, limit: int) -> Iterator[Query]:
        yield from self.name.leads(clinic, limit)
        for column in self.columns:
            yield from column.leads(clinic, limit)

    def fits(self) -> Query:
        return _joined(" OR ", [self.name.fits(), *(column.fits() for column in self.columns)])


@dataclass(eq=False)
class Column:
    """What an index of the patients themselves finds, and how it stands among their words."""

    condition: str
    params: list[Any]
    word: str
    rows: int = 50

    def leads(self, clinic: Any, limit: int) -> Iterator[Query]:
        columns = "SELECT id, search_text AS words FROM patient WHERE clinic_id = %s"
        limit = min(limit, SCANNED // 2)  # each is read from the table
        yield f"{columns} AND {self.condition} LIMIT %s", [clinic, *self.params, limit]

    def fits(self) -> Query:
        return "words LIKE %s", [f"% {self.word}"]


def _birth_date(day: date) -> Column:
    return Column("date_of_birth = %s", [day], f"*{day:%Y%m%d} %")


class Mailbox:
    """The beginning of an e-mail address."""

    rows = 1

    def __init__(self, start: str) -> None:
        literal = re.sub(r"([\\%_])", r"\\\1", start)
        self.column = Column("NOT email = '' AND lower(email) LIKE %s", [f"{literal}%"], "")

    def leads(self, clinic: Any, limit: int) -> Iterator[Query]:
        return self.column.leads(clinic, limit)

    def fits(self) -> Query:
        """Of a second address: none of the words, and few can have led to it."""
        sql = f"EXISTS (SELECT FROM patient WHERE id = lead.id AND {self.column.condition})"
        return sql, self.column.params


def _fold(names: str) -> list[Name]:
    folded = """
        SELECT first, more, joined, short_umlauts(joined)
        FROM string_to_array(plain_letters(%s), ' ') AS words
        CROSS JOIN LATERAL generate_subscripts(words, 1) AS first
        CROSS JOIN generate_series(0, 2) AS more
        CROSS JOIN LATERAL array_to_string(words[first:first + more], '') AS joined
        WHERE joined <> '' AND first + more <= cardinality(words) ORDER BY more, first
    """
    rows = _rows((folded, [names]))
    found = {first: Name(plain, short) for first, more, plain, short in rows if not more}
    for first, more, _, short in rows:
        for part in range(first, first + more + 1) if more else ():
            found[part].joined.add(short)
    return list({name.plain: name for name in found.values()}.values())


def _measure(names: list[Name], clinics: Sequence[Any]) -> None:
    """Ask how frequent each name is, and which words that are one error away there are."""
    asked: list[Query] = []
    for number, name in enumerate(names):
        sql, params = _union(lead for at in clinics for lead in name.leads(at, COUNTED))
        asked.append((f"SELECT %s, count(*), '' FROM ({sql}) AS met", [number, *params]))
        for clinic in clinics if len(names) <= WITH_ERRORS else ():
            near = """
                SELECT %s, 0, near FROM unnest(one_error_from(%s)) AS near CROSS JOIN LATERAL
                (SELECT FROM patient_word WHERE clinic_id = %s AND word = near LIMIT 1) AS known
                WHERE NOT starts_with(short_umlauts(near), %s)
            """
            asked.append((near, [number, name.plain, clinic, name.short]))
    for number, rows, word in _rows(_union(asked)):
        name = names[number]
        name.rows += rows
        if word and word not in name.near:
            name.near.append(word)
    for name in names:
        if name.rows >= COUNTED:
            name.rows = SCANNED - len(name.short)  # a longer one is rarer


def _hits(names: list[Name], others: list[Term], clinics: Sequence[Any]) -> Query:
    terms: list[Term] = [*others, *names]
    rarest = min(terms, key=lambda term: term.rows)
    rest = [term for term in terms if term is not rarest]
    limit = SCANNED // len(clinics) if rest else FOUND
    leads, looked_up = _union(lead for clinic in clinics for lead in rarest.leads(clinic, limit))
    fits, fitting = _joined(" AND ", [term.fits() for term in rest])
    errors, counted = _joined(" + ", [name.errors() for name in names])
    hits = f"""
        SELECT patient.id
        FROM (
            SELECT id, min(errors) AS errors
            FROM (
                SELECT lead.id, {errors or 0} AS errors
                FROM (SELECT * FROM ({leads}) AS leads LIMIT %s) AS lead
                WHERE {fits or "true"} ORDER BY errors LIMIT %s
            ) AS fitting
            GROUP BY id
        ) AS hit
        JOIN patient USING (id)
        ORDER BY errors, archived_at IS NOT NULL, similarity(search_text, %s) DESC,
                 family_name, given_name, patient.id
        LIMIT %s
    """
    typed = " ".join(f"{name.plain} {name.short}" for name in names)
    at_most = max(SCANNED, len(clinics) * limit)
    return hits, [*counted, *looked_up, at_most, *fitting, 2 * FOUND, typed, FOUND]


def _union(queries: Iterable[Query]) -> Query:
    return _joined(" UNION ALL ", queries)


def _joined(by: str, queries: Iterable[Query]) -> Query:
    """The queries in brackets, as one."""
    every = list(queries)
    return by.join(f"({sql})" for sql, _ in every), [value for _, some in every for value in some]


def _rows(query: Query) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
