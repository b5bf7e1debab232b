"""Pictures that a patient sends with a check-in. Once sent they are not shown here again."""

from datetime import datetime
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.check_in.report import pages_of, session_of
from aftercare.replies.promise import read_by
from clinic.errors import DomainError
from sessions.models import PICTURES_A_REPORT, CheckIn, TreatmentSession
from sessions.services import store_sent_photo
from sessions.services.record.pictures import MOST_SENT

FORM_AROUND = 100_000  # bytes of what is sent beside the picture
NONE = _("Please choose a picture first.")
TOO_LARGE = _("This picture is larger than 12 MB. Please take a smaller one.")
NOT_READ = _("We could not read this picture. Please try another one. Your answers are safe.")
ENOUGH = _("We have three pictures from you. Thank you.")
# Of these parts no picture is asked for, here or in any message.
NOT_OF = {"breast", "buttocks", "groin"}


@of_patient("GET", "HEAD", "POST")
def photo(request: HttpRequest, message: Message) -> HttpResponse:
    """Of the report that the address names. A POST keeps one picture; the same one is kept once,
    and one that fails loses nothing that was sent before."""
    at = timezone.now()
    session = session_of(message, at=at)
    report = _report(request, session, at=at)
    if report is None:
        return lead_to(message, "check/")
    if request.method != "POST":
        return _ask(request, message, report)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_SENT + FORM_AROUND:
        return _ask(request, message, report, problem=TOO_LARGE, status=413)
    try:
        upload, is_ours = request.FILES.get("photo"), is_from_our_form(request, message)
    except (MultiPartParserError, RequestDataTooBig, TooManyFilesSent):
        return _ask(request, message, report, problem=NOT_READ, status=400)
    if not is_ours:
        return _ask(request, message, report, problem=FORM_IS_OLD, status=403)
    if upload is None or not upload.size:
        return _ask(request, message, report, problem=NONE, status=400)
    return _keep(request, message, report, upload, at=at)


def may_send(session: TreatmentSession | None) -> bool:
    """Not of parts that nobody should photograph at home, whatever else was treated with them."""
    if session is None:
        return False
    sitting = TreatmentSession.objects.of_sitting(session.pk)
    areas = set(sitting.values_list("area__code", flat=True))
    zones = set(sitting.values_list("zone_treatments__zone__code", flat=True))
    return NOT_OF.isdisjoint(areas | zones)


def _report(
    request: HttpRequest, session: TreatmentSession | None, *, at: datetime
) -> CheckIn | None:
    """Its first page: once something is answered."""
    if session is None or not may_send(session):
        return None
    return next(iter(pages_of(request, session, at=at)), None)


def _keep(
    request: HttpRequest, message: Message, report: CheckIn, upload: Any, *, at: datetime
) -> HttpResponse:
    try:
        store_sent_photo(report=report, upload=upload, at=at, due_at=read_by(message.clinic, at))
    except DomainError as error:
        if error.status == 503:
            raise
        known = {"photo_too_large": TOO_LARGE, "too_many_photos": ENOUGH}
        problem = known.get(error.code, NOT_READ)
        return _ask(request, message, report, problem=problem, status=error.status)
    return lead_to(message, "photo/", report=report.pk, done="sent")


def _ask(
    request: HttpRequest,
    message: Message,
    report: CheckIn,
    *,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    sent = report.photos.count()
    is_told = sent > 0 and request.GET.get("done") == "sent" and not problem
    return show(
        request,
        message,
        "photo",
        status=status,
        problem=problem,
        notice=_told(sent) if is_told else "",
        report=report.pk,
        left=PICTURES_A_REPORT - sent,
    )


def _told(sent: int) -> str:
    if sent >= PICTURES_A_REPORT:
        return gettext("We have three pictures from you. Thank you.")
    return gettext("Thank you. Pictures that we have from you: %(sent)d") % {"sent": sent}
