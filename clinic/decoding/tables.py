"""CSV or a workbook, whoever has made it, and whatever it is. Runs in the process of
clinic.decoding.child alone."""

import codecs
import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from itertools import islice

UNPACKED = 50_000_000
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 10_000, 40, 500
DELIMITERS = ";,\t"
NEITHER = "This is neither a CSV file nor a workbook (XLSX)."


class Refused(Exception):
    """Why there are no rows, for people."""

    kind = "unreadable"


def decoded(content: bytes) -> tuple[list[list[str]], list[bytes]]:
    """The rows, the heading first, each cell as text; a day as 1990-05-17. Raises Refused, in
    words, for anything else."""
    rows = _workbook(content) if content.startswith(b"PK") else _csv(content)
    found = [_trimmed(list(map(_text, row))) for row in rows]
    while found and not found[-1]:
        found.pop()
    if not found:
        raise Refused("Nothing stands in the file.")
    if len(found) > MOST_ROWS + 1:
        raise Refused(f"More than {MOST_ROWS} rows: split the file.")
    return found, []


def _trimmed(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row


def _text(cell: object) -> str:
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a number without a country's code
    text = "" if cell is None else str(cell).replace("\0", "").strip()
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]  # how tables keep it from being a formula
    return text[:LONGEST_CELL]


def _workbook(content: bytes) -> Iterable[Sequence[object]]:
    """Of the first sheet. A workbook is a program's input: what is wrong in it fails in any way."""
    from openpyxl import load_workbook  # slow to begin, and a CSV does not need it

    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED:
                raise Refused("The workbook is too large: split it.")
        book = load_workbook(BytesIO(content), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)
        return [tuple(row) for row in islice(rows, MOST_ROWS + 2)]
    except (Refused, MemoryError):
        raise
    except Exception as error:
        raise Refused(NEITHER) from error


def _csv(content: bytes) -> Iterator[list[str]]:
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        words = "Its letters are not in UTF-8: save it as “CSV UTF-8”, or as a workbook (XLSX)."
        raise Refused(words if b"\0" not in content else NEITHER) from error
    if "\0" in text:
        raise Refused(NEITHER)
    heading = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=heading.count)
    try:
        rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        yield from (row[:MOST_COLUMNS] for row in islice(rows, MOST_ROWS + 2))
    except csv.Error as error:
        raise Refused(NEITHER) from error
