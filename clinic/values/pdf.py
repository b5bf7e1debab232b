"""Pages as PDF, tagged so that a screen reader reads them in order."""

from typing import Any

from PIL import ImageFile


def made_pdf(page: str) -> bytes | None:
    """None where Pango is missing. Nothing is fetched: what a page shows it must hold."""
    found = weasyprint()
    if found is None:
        return None
    HTML, URLFetcher = found
    made: bytes = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf(
        pdf_variant="pdf/ua-1"
    )
    return made


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
