"""Pages as PDF."""

from django.http import HttpResponse
from django.utils.translation import gettext, gettext_noop

from clinic.values.pdf import made_pdf

HOW = gettext_noop(
    "No PDF can be made on this machine: its library Pango is missing. Print this page instead."
)


def pdf_answer(page: str, *, name: str, instead: str = "") -> HttpResponse:
    """A whole page as a PDF. Where Pango is missing, the page itself, which says so: `instead`."""
    pdf = made_pdf(page)
    if pdf is None:
        answer = HttpResponse(page.replace("<body>", f"<body><p>{instead or gettext(HOW)}</p>", 1))
    else:
        answer = HttpResponse(pdf, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Cache-Control"] = "no-store"  # it may tell of a patient
    return answer
