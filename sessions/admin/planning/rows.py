"""The rows of a series on a page: what is proposed, what was typed, and what is in the way."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from clinic.admin.saving.refusals import refusals
from clinic.errors import DomainError
from sessions import services
from sessions.admin.booking.near import offer_near
from sessions.admin.booking.series_forms import TimeForm
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.wanted import VisitRequest, Wanted, sitting_of

MOST = 60


def proposed_rows(look: Any) -> list[TimeForm]:
    """A form for each time that is found; without any, `look` says why."""
    if look.is_bound and not look.is_valid():
        return []
    plan, *further = look.plans
    asked = look.cleaned_data if look.is_bound else {}
    try:
        sessions, visits = services.propose_course(
            plan=plan,
            further_plans=further,
            practitioner=asked.get("practitioner"),
            first_on=asked.get("first_on"),
            wishes=look.wishes,
            at=timezone.now(),
        )
    except DomainError as error:
        look.refusal = error.message
        return []
    found: list[dict[str, Any]] = [
        {
            **one.slot.as_booking(),
            "plans": one.plans,
            "shift": one.shift,
            "offered": [one.slot, *one.others],
        }
        for one in sessions
    ]
    found += [
        {
            "starts_at": one.slot.starts_at,
            "practitioner": one.slot.practitioner_id,
            "room": one.slot.room_id,
            "device": one.slot.device_id,
            "visit_type": one.visit_type.pk,
            "plans": [one.plan],
            "shift": one.shift,
            "offered": [one.slot],
        }
        for one in visits
    ]
    for one in found:
        one["plans"] = " ".join(str(each.pk) for each in one["plans"])
    return [
        TimeForm(
            plan.clinic,
            look.plans,
            prefix=str(number),
            offered=one.pop("offered"),
            initial=one,
        )
        for number, one in enumerate(found)
    ]


def typed_rows(request: HttpRequest, look: Any) -> list[TimeForm]:
    numbers = [number for number in range(MOST) if f"{number}-plans" in request.POST]
    return [
        TimeForm(look.plan.clinic, look.plans, request.POST, prefix=str(number))
        for number in numbers
    ]


def refuse(look: Any, times: Sequence[TimeForm], error: Exception) -> None:
    """Each refusal at the field of its session, with times near by where one is taken."""
    chosen = [time.slot for time in times]  # an error takes what it is about out of the form
    for name, message in refusals(error):
        index, field = _place(name)
        if index is None:
            look.refusal = message
        else:
            form = times[index]
            form.add_error(field if field in form.fields else None, message)
    for each in (error, *error.others) if isinstance(error, DomainError) else ():
        index, _ = _place(each.field)
        if index is not None and isinstance(each, SlotTaken):
            row = times[index]
            near = offer_near(
                row,
                wanted=_wanted(row),
                starts_at=chosen[index]["starts_at"],
                practitioner=chosen[index]["practitioner"],
            )
            row.free.add(near)


def _place(name: str) -> tuple[int | None, str]:
    """The number of the session and the field that `sessions/1/room` means."""
    among, _, rest = name.partition("/")
    index, _, field = rest.partition("/")
    return (int(index), field) if among == "sessions" and index.isdigit() else (None, name)


def _wanted(time: TimeForm) -> Wanted:
    plan, *further = time.treated
    return (
        VisitRequest(time.visit, plan.patient, plan) if time.visit else sitting_of(plan, *further)
    )
