"""The pages “Somebody is away”: who it is, and what becomes of each visit, all or one by one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from aftercare.admin.away.forms import AwayForm, clinic_of, today_of
from aftercare.models import Anchor, Message
from aftercare.services import offer_by_link
from clinic.admin.saving.once import KEY, SentForm, forget_messages, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.db.retries import retried_transaction
from clinic.models import TimeOff, User
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from sessions import services
from sessions.models import TreatmentSession
from sessions.services import Cover, Instead
from sessions.services.ending.cover import covers_of, propose

SHOWN = 10  # so many get times looked up at once: each is a search
DO, ONLY = "do-", "only"
CALL, CANCEL, LINK = "CALL", "CANCEL", "LINK"


def require_desk(request: HttpRequest) -> User:
    """Who may note an absence and move visits. Raises PermissionDenied."""
    wanted = ("clinic.add_timeoff", "treatment_sessions.change_treatmentsession")
    if not request.user.has_perms(wanted):
        raise PermissionDenied
    return actor(request)


@retried_transaction
def once(request: HttpRequest, do: Callable[[], str]) -> HttpResponse:
    """Where `do` leads; the same form sent again leads there too, and does nothing."""
    forget_messages(request)
    sent = SentForm(request, is_new=True)
    if replay := sent.spend():
        return repeat_answer(request, replay)
    answer = HttpResponseRedirect(do())
    sent.keep(answer)
    return answer


def away(request: HttpRequest) -> HttpResponse:
    """Who is away and when; what was noted leads to whom it hits."""
    user, at = require_desk(request), timezone.now()
    today = today_of(user, at)
    initial = {"first": today, "last": today, "practitioner": request.GET.get("practitioner", "")}
    form = AwayForm(user, request.POST or None, today=today, initial=initial)
    if request.method == "POST" and form.is_valid():

        def note() -> str:
            found = services.note_away(**form.span, at=at, by=user)
            return reverse("away-board", args=[found.pk])

        try:
            return once(request, note)
        except REFUSED as error:
            forget_messages(request)
            for name, message in refusals(error):
                form.add_error(name if name in form.fields else None, message)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Somebody is away"),
        "form": form,
        "form_key": request.POST.get(KEY) or new_key(),
    }
    return TemplateResponse(request, "aftercare/admin/away/ask.html", context)


@about(TreatmentSession)
def board(request: HttpRequest, time_off_id: UUID) -> HttpResponse:
    """Every visit in an absence, with times it could have instead; what is chosen is done."""
    user, at = require_desk(request), timezone.now()
    rows = TimeOff.objects.visible_to(user).select_related("practitioner")
    time_off = rows.filter(pk=time_off_id).first()
    if time_off is None:
        raise Http404
    if request.method == "POST":
        here = reverse("away-board", args=[time_off_id])

        def carry_out() -> str:
            _carry_out(request, time_off, at=at)
            return here

        try:
            return once(request, carry_out)
        except REFUSED as error:
            forget_messages(request)
            for _, message in refusals(error):
                messages.error(request, message)
            return HttpResponseRedirect(here)
    return _show(request, time_off, at=at)


def _carry_out(request: HttpRequest, time_off: TimeOff, *, at: datetime) -> None:
    """What was chosen for all visits, or for the one whose button was pressed."""
    chosen = _chosen(request)
    moved = {pk: do for pk, do in chosen.items() if not isinstance(do, str)}
    asked = [pk for pk, do in chosen.items() if do == LINK]
    if not moved and not asked:
        messages.info(request, gettext("Nothing was chosen: the tasks stay."))
        return
    user = actor(request)
    refused = services.move_or_cancel(time_off=time_off, chosen=moved, at=at, by=user)
    done = len(moved) - len(refused)
    here = {cover.session.pk for cover in covers_of(time_off, by=user)}
    silent = offer_by_link(session_ids=[pk for pk in asked if pk in here], at=at, by=user)
    refused |= silent
    if sent := len(here.intersection(asked)) - len(silent):
        messages.success(
            request, gettext("A link to choose another time goes to {sent}.").format(sent=sent)
        )
    if done:
        told = (
            gettext("1 visit is") if done == 1 else gettext("{done} visits are").format(done=done)
        )
        messages.success(
            request, gettext("{told} looked after. The patients are told.").format(told=told)
        )
    names = {cover.session.pk: cover.session for cover in covers_of(time_off, by=user)}
    for pk, why in refused.items():
        session = names.get(pk)
        who = f"{session.patient.listed_name}, {session.starts_at_local:%H:%M}: " if session else ""
        messages.error(request, gettext("{who}{why} It is still open.").format(who=who, why=why))


def _chosen(request: HttpRequest) -> dict[UUID, Instead | str | None]:
    """By session; what cannot be read is left to its task."""
    only = request.POST.get(ONLY, "")
    found: dict[UUID, Instead | str | None] = {}
    for name, value in request.POST.items():
        if not name.startswith(DO) or (only and name != f"{DO}{only}"):
            continue
        try:
            found[UUID(name.removeprefix(DO))] = read_choice(str(value))
        except ValueError:
            continue
    return found


def write_choice(offer: Any) -> str:
    return (
        f"{offer.starts_at.isoformat()} {offer.practitioner_id} {offer.room_id} {offer.device_id}"
    )


def read_choice(text: str) -> Instead | str | None:
    """What `write_choice` has written, a word, or nothing: to cancel. Raises ValueError."""
    if text in (CALL, LINK):
        return text
    if text == CANCEL:
        return None
    starts, who, room, device = text.split(" ")
    starts_at = parse_datetime(starts)
    if starts_at is None or starts_at.tzinfo is None:
        raise ValueError(starts)
    rest = (None if one == "None" else UUID(one) for one in (room, device))
    return Instead(starts_at, UUID(who), *rest)


def _show(request: HttpRequest, time_off: TimeOff, *, at: datetime) -> HttpResponse:
    user = actor(request)
    covers = covers_of(time_off, by=user)
    still_open = [cover for cover in covers if cover.is_open]
    propose(still_open[:SHOWN], at=at)
    people = User.objects.in_bulk(
        {offer.practitioner_id for cover in still_open for offer in cover.offers}
    )
    asked = Message.objects.filter(
        session__in=[cover.session.pk for cover in covers], step__anchor=Anchor.AWAY
    )
    sent = dict(asked.order_by("pk").values_list("session", "due_at"))
    lines = [_line(cover, people, sent.get(cover.session.pk), at=at) for cover in covers]
    zone = clinic_of(user, time_off.practitioner).zone
    context = {
        **admin.site.each_context(request),
        "title": gettext("{practitioner} is away").format(practitioner=time_off.practitioner),
        "time_off": time_off,
        "since": time_off.starts_at.astimezone(zone),
        "until": time_off.ends_at.astimezone(zone),
        "clock": clock_of(zone),
        "still_open": [line for line in lines if line["cover"].is_open],
        "settled": [line for line in lines if not line["cover"].is_open],
        "call": CALL,
        "cancel": CANCEL,
        "link": LINK,
        "form_key": new_key(),
    }
    return TemplateResponse(request, "aftercare/admin/away/board.html", context).render()


def _line(
    cover: Cover, people: dict[Any, User], asked: datetime | None, *, at: datetime
) -> dict[str, Any]:
    session, zone = cover.session, cover.session.clinic.zone

    def when(moment: datetime) -> str:
        return date_in_words(moment.astimezone(zone), "D j M, H:i")

    return {
        "cover": cover,
        "session": session,
        "when": when(session.starts_at),
        "name": f"{DO}{session.pk}",
        "choices": [
            (write_choice(offer), f"{when(offer.starts_at)}, {people[offer.practitioner_id]}")
            for offer in cover.offers
        ],
        "asked": when(asked) if asked else "",
        "due": when(cover.task.due_at),
        "is_overdue": cover.task.due_at < at,
        "became": cover.became
        and gettext("{when} with {practitioner}").format(
            when=when(cover.became.starts_at), practitioner=cover.became.practitioner
        ),
    }
