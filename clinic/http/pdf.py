"""Pages as PDF, tagged so that a screen reader reads them in order."""

from django.http import HttpResponse

HOW = "No PDF can be made on this machine: its library Pango is missing. Print this page instead."


def pdf_answer(page: str, *, name: str, instead: str = HOW) -> HttpResponse:
    """A whole page as a PDF. Where Pango is missing, the page itself, which says so: `instead`.

    Loaded with the first PDF: half a second, and it ends where the system lacks the library.
    Nothing is fetched: what a page shows it must hold.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        answer = HttpResponse(page.replace("<body>", f"<body><p>{instead}</p>", 1))
    else:
        made = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=()))
        pdf = made.write_pdf(pdf_variant="pdf/ua-1")
        answer = HttpResponse(pdf, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Cache-Control"] = "no-store"  # it may tell of a patient
    return answer
