"""“This is not for me”: a number that has a new owner, or an address with a mistake in it."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, of_patient, show
from aftercare.pages.settings import masked
from aftercare.replies import opt_out
from aftercare.replies.opt_out import record_not_theirs
from aftercare.texts import links


@of_patient("GET", "HEAD", "POST", ends=False)
def not_me(request: HttpRequest, message: Message) -> HttpResponse:
    """Tells nothing of the patient. A POST ends all that goes to that address, and the link; the
    clinic finds out the right one. A GET changes nothing."""
    problem: str | Promise = ""
    if request.method == "POST":
        if is_from_our_form(request, message):
            record_not_theirs(message=message, at=timezone.now())
        else:
            problem = FORM_IS_OLD
    address = links.sent_to(message)
    return show(
        request,
        message,
        "not_me",
        status=403 if problem else 200,
        problem=problem,
        is_done=opt_out.is_not_theirs(channel=message.channel, address=address),
        masked=masked(message.channel, address),
    )
