"""The switch at the foot of each page: the language that a patient reads, here and in messages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient
from aftercare.pages.home import show_home
from aftercare.texts import links
from patients.services import choose_language

UNKNOWN = _("Please choose one of the languages.")


@of_patient("POST")
def language(request: HttpRequest, message: Message) -> HttpResponse:
    """Keep the choice, and show the page again on which it was made."""
    chosen = request.POST.get("language", "")
    if not is_from_our_form(request, message):
        return show_home(request, message, problem=FORM_IS_OLD, status=403)
    if chosen not in dict(settings.LANGUAGES):
        return show_home(request, message, problem=UNKNOWN, status=400)
    choose_language(patient_id=message.patient_id, language=chosen, at=timezone.now(), by=None)
    home = f"/p/{links.token_for(message)}/"
    this_page = request.POST.get("this_page", "")
    answer = lead_to(message)
    if this_page.startswith(home):  # of this very link, so nobody is led elsewhere
        answer["Location"] = this_page
    return answer
