"""The whole record as a file, for the patient who asks for it. Behind the birth date."""

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.records.export import AskedTooOften, ask_for_export, note_fetch
from aftercare.tasks import make_exports
from clinic.wakeups import wake
from patients.models import PatientExport

TOO_OFTEN = _("You have asked for this file often. Please call us.")


@of_patient("GET", "HEAD", "POST", is_own=True)
def record(request: HttpRequest, message: Message) -> HttpResponse:
    """Asks for it, shows how far it is, and hands it over on a press: no program that follows links
    fetches it."""
    if request.method != "POST":
        return _show(request, message)
    if not is_from_our_form(request, message):
        return _show(request, message, problem=FORM_IS_OLD, status=403)
    if "save" in request.POST:
        return _file(request, message)
    try:
        ask_for_export(patient_id=message.patient_id, at=timezone.now())
    except AskedTooOften:
        return _show(request, message, problem=TOO_OFTEN, status=429)
    wake(make_exports)
    return lead_to(message, "record/")


def _file(request: HttpRequest, message: Message) -> HttpResponse:
    at = timezone.now()
    export = _newest(message)
    if export is None or not export.is_there(at):
        return _show(request, message)
    try:
        file = default_storage.open(export.file)
    except FileNotFoundError:
        return _show(request, message, problem=_("This file is no longer there."), status=410)
    note_fetch(export_id=export.pk, at=at)
    # The name says nothing of the patient or the treatment: it stays in lists of downloads.
    answer: Any = FileResponse(
        file, as_attachment=True, filename="record.zip", content_type="application/zip"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[no-any-return]


def _newest(message: Message) -> PatientExport | None:
    return PatientExport.objects.filter(patient=message.patient_id).order_by("-pk").first()


def _show(
    request: HttpRequest, message: Message, *, problem: str | Promise = "", status: int = 200
) -> HttpResponse:
    export, at = _newest(message), timezone.now()
    is_there = export is not None and export.is_there(at)
    until = export.expires_at if export and is_there else None
    return show(
        request,
        message,
        "record",
        status=status,
        problem=problem,
        is_going_on=export is not None and export.is_going_on,
        is_there=is_there,
        has_failed=export is not None and export.failed_at is not None,
        done=export.done if export else 0,
        total=len(export.parts) if export else 0,
        size=export.size if export else None,
        until=until and date_format(until.astimezone(message.clinic.zone), "VISIT_DATE_FORMAT"),
    )
