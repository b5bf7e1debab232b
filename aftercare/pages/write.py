"""A question in the patient's words, and by when a person reads it."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from aftercare.models import Message
from aftercare.pages.base import lead_to, of_patient, show
from aftercare.pages.words import Refused, take_words
from aftercare.replies.contexts import healing_session
from aftercare.replies.promise import in_words, read_by
from aftercare.replies.receive import ON_PAGE
from patients.models import TaskKind

LEVELS = {kind: level for level, kind in ON_PAGE.items()}


@of_patient("GET", "HEAD", "POST")
def write(request: HttpRequest, message: Message) -> HttpResponse:
    """Ask what the question is; a POST keeps it like a reply, and the next page says what to do."""
    if request.method != "POST":
        done = request.GET.get("done", "")
        return _show(request, message, "written" if done in (*LEVELS, "written") else "write")
    taken = take_words(request, message, kind=TaskKind.REPLY, at=timezone.now())
    if isinstance(taken, Refused):
        return _show(request, message, "write", problem=taken.problem, status=taken.status)
    return lead_to(message, "write/", done=taken.reply_kind)


def _show(
    request: HttpRequest,
    message: Message,
    name: str,
    *,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    at, clinic = timezone.now(), message.clinic
    return show(
        request,
        message,
        name,
        status=status,
        problem=problem,
        text=request.POST.get("text", ""),
        level=LEVELS.get(request.GET.get("done", ""), ""),
        heals=healing_session(message.patient, at) is not None,
        read_by=in_words(read_by(clinic, at), clinic, at),
    )
