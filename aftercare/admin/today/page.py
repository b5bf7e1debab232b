"""The first page of the admin, by role: `UNFOLD["DASHBOARD_CALLBACK"]`."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.setup.page import STEPS
from aftercare.admin.setup.page import shown as shown_steps
from aftercare.admin.setup.steps import read_steps
from aftercare.admin.today import blocks, technical
from aftercare.admin.today.board import read_boards, sees_board, treats
from aftercare.admin.today.days import days_of, read_day
from aftercare.admin.today.undo import undo_bar
from clinic.admin.saving.once import new_key
from clinic.models import Clinic, Role, User
from clinic.permissions import actor

# above the board, and beside it
BLOCKS: dict[str, tuple[list[Callable[[User, datetime], blocks.Block | None]], ...]] = {
    Role.RECEPTIONIST: ([], [blocks.open_tasks, blocks.closures_with_hits]),
    Role.PRACTITIONER: ([blocks.red_flags, blocks.unsigned_charts], [blocks.open_tasks]),
    Role.MANAGER: (
        [blocks.overdue_tasks, blocks.stuck_messages, blocks.closures_with_hits],
        [blocks.week, blocks.expiring_stock, blocks.ending_credentials],
    ),
    Role.ADMIN: ([technical.health, technical.sending], [technical.first_run]),
    Role.AUDITOR: ([technical.access], [technical.what_is_kept, blocks.ending_credentials]),
}
TEMPLATE = "aftercare/admin/today/page.html"
EVERYBODY = "all"


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the caller's day looks like, for the template of the index."""
    user, at = actor(request), timezone.now()
    if has_no_clinic(user):
        steps = shown_steps(read_steps(user, at), user)
        return {**context, **steps, "title": gettext("Setting up"), "today_template": STEPS}
    text = request.GET.get("day", "")
    asked = read_day(text, at=at) if text else None
    days = days_of(user, asked, at=at)
    mine = treats(user) and request.GET.get("who") != EVERYBODY
    above, beside = BLOCKS[user.role]
    shown: dict[str, Any] = {
        "above": [block for read in above if (block := read(user, at))],
        "beside": [block for read in beside if (block := read(user, at))],
        "boards": None,
    }
    if sees_board(user):
        shown["boards"] = read_boards(user, days, only=user if mine else None, at=at)
        shown |= _links(request, days[0].day if days else at.date(), asked)
    return {
        **context,
        **shown,
        "title": gettext("Today"),
        "today_template": TEMPLATE,
        "no_day": text if text and asked is None else "",
        "is_today": asked is None,
        "user_treats": treats(user),
        "mine": mine,
        "form_key": new_key,
        **undo_bar(user, request.get_full_path(), at),
        "now": at,
    }


def has_no_clinic(user: User) -> bool:
    """A fresh database: whoever may add the first clinic begins with that."""
    may_add = not user.clinic_ids and user.has_perm("clinic.add_clinic")
    return may_add and not Clinic.objects.exists()


def _links(request: HttpRequest, day: date, asked: date | None) -> dict[str, Any]:
    """The day before and after, and who is shown: what is asked for otherwise stays."""

    def to(**changed: str) -> str:
        kept = {"day": asked.isoformat() if asked else "", "who": request.GET.get("who", "")}
        found = {name: value for name, value in (kept | changed).items() if value}
        return f"{reverse('admin:index')}{'?' if found else ''}{urlencode(found)}"

    return {
        "here": to(),
        "before": to(day=(day - timedelta(days=1)).isoformat()),
        "after": to(day=(day + timedelta(days=1)).isoformat()),
        "to_today": to(day=""),
        "to_mine": to(who=""),
        "to_everybody": to(who=EVERYBODY),
        "day": day,
    }
