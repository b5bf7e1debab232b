"""The leaflet behind the link, as a page and as a PDF: what was done only with the birth date."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.models import Message
from aftercare.pages.base import has_opened, of_patient, show
from aftercare.records.leaflet import contents, printed, session_of
from clinic.http.pdf import pdf_answer


@of_patient("GET", "HEAD")
def leaflet(request: HttpRequest, message: Message) -> HttpResponse:
    at = timezone.now()
    session = session_of(message.patient, at=at)
    if session is None:
        return show(request, message, "check_over", status=410)
    told = contents(session, tells_what=has_opened(request, message, at=at), at=at)
    return show(request, message, "leaflet", **told)


@of_patient("GET", "HEAD")
def leaflet_pdf(request: HttpRequest, message: Message) -> HttpResponse:
    at = timezone.now()
    session = session_of(message.patient, at=at)
    if session is None:
        return show(request, message, "check_over", status=410)
    page = printed(session, tells_what=has_opened(request, message, at=at), at=at)
    return pdf_answer(page, name="leaflet", instead=gettext("Please print this page."))
