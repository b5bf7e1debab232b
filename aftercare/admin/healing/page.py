"""The healing board: who must be looked after, and by when."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.healing.press import press
from aftercare.admin.healing.rows import read_board, read_flags
from clinic.admin.saving.once import new_key
from clinic.audit.subjects import about
from clinic.permissions import actor, sees_some
from patients.models import StaffTask


@about(StaffTask)
def healing_board(request: HttpRequest) -> HttpResponse:
    """What is pressed leads back; what is refused stays on the page with all that was typed."""
    if not request.user.has_perm("patients.view_stafftask"):
        raise PermissionDenied
    user, at = actor(request), timezone.now()
    is_clinical = sees_some(user, "treatment_sessions.view_checkin")
    refused: dict[str, list[str]] = {}
    if request.method == "POST":
        if not is_clinical:
            raise PermissionDenied
        answer = press(request, user, at=at)
        if isinstance(answer, HttpResponse):
            return answer
        refused = answer
    board = read_board(user, at=at) if is_clinical else read_flags(user, at=at)
    for line in board.lines:
        if line.key in refused:
            line.errors, line.typed = refused.pop(line.key), request.POST.dict()
    for error in (error for errors in refused.values() for error in errors):
        messages.error(request, error)  # of a line that is gone meanwhile
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Healing board"),
        "board": board,
        "is_clinical": is_clinical,
        "form_key": new_key,
        "grades": range(1, 6),
    }
    return TemplateResponse(request, "aftercare/admin/healing/page.html", context)
