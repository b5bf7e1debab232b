"""The page “Your log-ins”: where somebody is logged in, and an end to it."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from clinic.accounts.log_ins import end_all_log_ins, end_log_in
from clinic.models import LogIn
from clinic.permissions import actor

ALL = "all"


def log_ins(request: HttpRequest) -> HttpResponse:
    """Each their own; whoever ends all of them is logged out here too."""
    user, at = actor(request), timezone.now()
    asked = request.POST.get("end", "")
    if asked == ALL:
        end_all_log_ins(at=at, by=user)
        logout(request)
        return redirect("admin:login")
    if log_in_id := _uuid(asked):
        end_log_in(log_in_id=log_in_id, at=at, by=user)
        messages.success(request, gettext("That log-in has ended."))
        return redirect("own-log-ins")
    rows: list[Any] = list(LogIn.objects.visible_to(user).order_by("-last_used_at", "-id"))
    for row in rows:
        row.is_this = row.session_key == request.session.session_key
    context = {
        **admin.site.each_context(request),
        "title": gettext("Your log-ins"),
        "log_ins": rows,
    }
    return TemplateResponse(request, "clinic/admin/account/log_ins.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
