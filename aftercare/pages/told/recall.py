"""A lot that was used is recalled: what happened, what to look for, whom to call, and one button.

The link alone says that something was recalled and at which visit. Which product and lot it was
stands behind the birth date (decision 0041). Whoever has not read it finds it behind every link.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from aftercare.models import Message, RecallNotice
from aftercare.pages.base import (
    FORM_IS_OLD,
    has_opened,
    is_from_our_form,
    lead_to,
    of_patient,
    show,
)
from aftercare.replies.contexts import healing_session
from aftercare.services import acknowledge_recall


@of_patient("GET", "HEAD", "POST")
def recall(request: HttpRequest, message: Message) -> HttpResponse:
    """To read it is not to have read it: only the button says so."""
    rows = RecallNotice.objects.filter(patient=message.patient_id)
    notices = list(rows.select_related("session", "lot__device_model").order_by("issued_at", "pk"))
    at = timezone.now()
    if not notices:
        return lead_to(message)
    if request.method != "POST":
        return _show(request, message, _first_to_read(notices, message), at=at)
    if not is_from_our_form(request, message):
        notice = _first_to_read(notices, message)
        return _show(request, message, notice, at=at, problem=FORM_IS_OLD, status=403)
    for notice in notices:
        if str(notice.pk) == request.POST.get("notice"):
            acknowledge_recall(notice_id=notice.pk, at=at)
    return lead_to(message, "recall/")


def has_unread_recall(message: Message) -> bool:
    return RecallNotice.objects.unsettled().filter(patient=message.patient_id).exists()


def _first_to_read(notices: list[RecallNotice], message: Message) -> RecallNotice:
    """What nobody has read or told yet, the link's own before others; then what there is to see
    again, in the same order."""
    return min(notices, key=lambda one: (one.is_settled, one.pk != message.recall_notice_id))


def _show(
    request: HttpRequest,
    message: Message,
    notice: RecallNotice,
    *,
    at: datetime,
    problem: object = "",
    status: int = 200,
) -> HttpResponse:
    zone = message.clinic.zone
    used, read = notice.session.starts_at.astimezone(zone), notice.read_at
    read_at = read.astimezone(zone) if read else None
    return show(
        request,
        message,
        "recall",
        status=status,
        problem=str(problem),
        recall_notice=notice,
        used=date_format(used, "BIRTH_DATE_FORMAT"),
        read=f"{date_format(read_at, 'VISIT_DATE_FORMAT')}, {read_at:%H:%M}" if read_at else "",
        lot=notice.lot if has_opened(request, message, at=at) else None,
        heals=healing_session(message.patient, at) is not None,
    )
