"""Pages as PDF, tagged so that a screen reader reads them in order."""

from typing import Any

from django.http import HttpResponse
from PIL import ImageFile

HOW = "No PDF can be made on this machine: its library Pango is missing. Print this page instead."


def pdf_answer(page: str, *, name: str, instead: str = HOW) -> HttpResponse:
    """A whole page as a PDF. Where Pango is missing, the page itself, which says so: `instead`.

    Nothing is fetched: what a page shows it must hold.
    """
    found = weasyprint()
    if found is None:
        answer = HttpResponse(page.replace("<body>", f"<body><p>{instead}</p>", 1))
    else:
        HTML, URLFetcher = found
        made = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=()))
        pdf = made.write_pdf(pdf_variant="pdf/ua-1")
        answer = HttpResponse(pdf, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Cache-Control"] = "no-store"  # it may tell of a patient
    return answer


def weasyprint() -> tuple[Any, Any] | None:
    """Its page and its fetcher, loaded with the first PDF, which takes half a second. None where
    the system lacks Pango.

    It tells Pillow to take half of a picture for a whole one. Photographs of patients must be
    whole, so that is taken back.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return HTML, URLFetcher
