"""Tables as CSV, for whoever opens them with a table program: all that the product writes."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_answer(head: Sequence[str], rows: Iterable[Sequence[str]], *, name: str) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write("\ufeff")  # or table programs take it for another encoding
    table = csv.writer(answer)
    table.writerow(head)
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return answer


def safe_cell(text: str) -> str:
    """Never a formula, whatever somebody is called."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
