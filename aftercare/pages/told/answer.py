"""What staff have answered, for whoever holds the link: the words name nothing that was done."""

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format

from aftercare.models import Message
from aftercare.pages.base import lead_to, of_patient, show


@of_patient("GET", "HEAD")
def answer(request: HttpRequest, message: Message) -> HttpResponse:
    """The answer that this message tells of, and a form to write back."""
    if message.answer is None:
        return lead_to(message)
    local = message.answer.answered_at.astimezone(message.clinic.zone)
    return show(
        request,
        message,
        "answer",
        words=message.answer.text,
        answered=f"{date_format(local, 'VISIT_DATE_FORMAT')}, {local:%H:%M}",
    )
