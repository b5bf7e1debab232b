"""Tables as CSV or workbooks, for table programs: all that the product writes."""

import re
from collections.abc import Iterable, Sequence
from io import BytesIO

from django.http import HttpResponse

from clinic.values.tables import csv_text, safe_cell

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NUMBER = re.compile(r"\d{1,15}(\.\d+)?")
Sheet = tuple[str, Sequence[str], Iterable[Sequence[str]]]  # its title, head and rows


def csv_answer(head: Sequence[str], rows: Iterable[Sequence[str]], *, name: str) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write(csv_text(head, rows))
    return answer


def xlsx_answer(sheets: Iterable[Sheet], *, name: str) -> HttpResponse:
    """One workbook with a sheet for each table; numbers are numbers there."""
    from openpyxl import Workbook  # slow to begin, and most processes never need it

    book = Workbook(write_only=True)
    for title, head, rows in sheets:
        sheet = book.create_sheet(title)
        sheet.append(list(head))
        for row in rows:
            sheet.append([_value(cell) for cell in row])
    file = BytesIO()
    book.save(file)
    answer = HttpResponse(file.getvalue(), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


def _value(text: str) -> str | float:
    return float(text) if NUMBER.fullmatch(text) else safe_cell(text)
