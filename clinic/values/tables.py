"""Tables as text, for table programs."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    file = StringIO(newline="")
    file.write("\ufeff")  # or table programs take it for another encoding
    table = csv.writer(file)
    table.writerow(head)
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def safe_cell(text: str) -> str:
    """Never a formula, whatever somebody is called."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
