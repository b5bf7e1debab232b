"""What has bookings ahead, in the admin: saved once each of them has a decision.

The pages of rooms, devices, staff … stand in the apps below, which know nothing of sessions. Here
they are registered once more, with the question in front of what they do.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from clinic.admin.saving.save import save_state
from clinic.models import Clinic, Device, DeviceModel, Room, User, WorkingHours
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from patients.models import Concern
from sessions import services
from sessions.admin.booking import schedule as _schedule  # noqa: F401  registers working hours
from sessions.admin.catalogue import protocols as _protocols  # noqa: F401  registers protocols
from sessions.models import Protocol
from sessions.scheduling.ahead import Ahead, look_ahead
from sessions.services.ending.decisions import Choice, Decider, Decision, StillAhead

REST, ONE, REASON = "_ahead_rest", "_ahead_", "_ahead_reason"
TEMPLATE = "sessions/admin/ahead.html"


def decider_of(request: HttpRequest) -> Decider:
    """What was chosen on the page. Names and values that are not ours are passed over."""
    decisions: dict[UUID, Decision] = {}
    for name, value in request.POST.items():
        if name.startswith(ONE) and value in Choice.values and name != REST:
            try:
                decisions[UUID(name.removeprefix(ONE))] = {"do": str(value)}
            except ValueError:
                continue
    rest = str(request.POST.get(REST, ""))
    return Decider(
        at=timezone.now(),
        by=actor(request),
        reason=str(request.POST.get(REASON, ""))[:300],
        decisions=decisions,
        rest=rest if rest in Choice.values else "",
    )


def question(request: HttpRequest, ahead: StillAhead, *, can_move: bool = True) -> dict[str, Any]:
    """What the template asks: every session with its choices and what was chosen already."""
    chosen = request.POST
    choices = [choice for choice in Choice if can_move or choice is not Choice.MOVE]
    if not request.user.has_perm("treatment_sessions.change_treatmentsession"):
        choices = [Choice.KEEP]
    people = User.objects.in_bulk({b.offer.practitioner_id for b in ahead.behind if b.offer})
    rooms = Room.objects.in_bulk({b.offer.room_id for b in ahead.behind if b.offer})
    rows = []
    for behind in ahead.behind:
        session, offer = behind.session, behind.offer
        rows.append(
            {
                "name": f"{ONE}{session.pk}",
                "session": session,
                "chosen": chosen.get(f"{ONE}{session.pk}", ""),
                "offer": offer
                and f"{_when(offer, session)}, "
                f"{people[offer.practitioner_id]}, {rooms.get(offer.room_id, gettext('no room'))}",
            }
        )
    return {
        "ahead": ahead,
        "ahead_rows": rows,
        "ahead_choices": choices,
        "ahead_rest": chosen.get(REST, ""),
        "ahead_reason": chosen.get(REASON, ""),
        "ahead_template": TEMPLATE,
        "sees_sessions": request.user.has_perm("treatment_sessions.view_treatmentsession"),
    }


class AsksFirst:
    """Looks at what a row served before it is saved and after, and settles what is left behind."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        request.served_before = self._look(obj)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        self._settle(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.served_before = self._look(obj)  # type: ignore[attr-defined]
        super().delete_model(request, obj)  # type: ignore[misc]
        self._settle(request)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _look(self, obj: Any) -> list[tuple[models.Model, Ahead]]:
        """The row as it was, and, where its owner changes, as it will be."""
        at = timezone.now()
        stored = type(obj)._base_manager.filter(pk=obj.pk).first()
        rows = [row for row in (stored, obj) if row is not None]
        if not isinstance(obj, WorkingHours):
            rows = rows[:1] if stored else []
        return [(row, look_ahead(row, at=at)) for row in rows]

    def _settle(self, request: HttpRequest) -> None:
        for row, before in request.served_before:  # type: ignore[attr-defined]
            fresh = type(row)._base_manager.filter(pk=row.pk).first()
            is_there = fresh is not None and not isinstance(row, WorkingHours)
            services.carry_out_decisions(
                fresh if is_there else row, before, decider=decider_of(request)
            )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        error = save_state(request).error
        if isinstance(error, StillAhead):
            context |= question(request, error)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


for _model in (Room, Device, DeviceModel, Protocol, Concern, User, WorkingHours, Clinic):
    _page = type(admin.site.get_model_admin(_model))
    admin.site.unregister(_model)
    admin.site.register(_model, type(_page.__name__, (AsksFirst, _page), {}))


def _when(offer: Any, session: Any) -> str:
    return date_in_words(offer.starts_at.astimezone(session.clinic.zone), "D j M Y, H:i")
