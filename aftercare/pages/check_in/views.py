"""The four pages of the check-in."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from aftercare.models import Message
from aftercare.pages.base import (
    FORM_IS_OLD,
    PROVIDER,
    TOO_OFTEN,
    is_from_our_form,
    lead_to,
    of_patient,
    show,
)
from aftercare.pages.check_in.questions import (
    AT_ONCE,
    FEELINGS,
    NONE,
    SCORES,
    STEPS,
    UNSURE,
    first_step,
    is_at_once,
    next_step,
    ticks_of,
)
from aftercare.pages.check_in.report import (
    has_reported_enough,
    level_of,
    pages_of,
    session_of,
)
from aftercare.pages.settings import masked
from aftercare.replies.receive import receive_from_check_in
from patients.models import Audience, Channel, TaskKind
from patients.services import raise_task
from sessions.models import TreatmentSession
from sessions.services import NoTriageRules, record_check_in
from sessions.services.record.healing.check_in import day_since
from sessions.triage import Level

# In mails: a tap that only chooses beforehand.
WORDS_OF_LINKS = {"better": "BETTER", "same": "SAME", "worse": "WORSE"}


@of_patient("GET", "HEAD")
def begin(request: HttpRequest, message: Message) -> HttpResponse:
    """To the first page: of all four in the first days, of the signs alone in later weeks."""
    at = timezone.now()
    session = session_of(message, at=at)
    if session is None:
        return _nothing_heals(request, message)
    asked = request.GET.get("a", "")
    number = first_step(day_since(session, at))
    return lead_to(message, f"check/{number}/", a=asked if asked in WORDS_OF_LINKS else "")


@of_patient("GET", "HEAD", "POST")
def step(request: HttpRequest, message: Message, number: int) -> HttpResponse:
    """One page. A POST keeps and triages it, and leads to the next one."""
    at = timezone.now()
    session = session_of(message, at=at)
    if number not in STEPS:
        raise Http404
    if session is None:
        return _nothing_heals(request, message)
    if request.method != "POST":
        return _ask(request, message, session, number, at=at)
    if not is_from_our_form(request, message):
        return _ask(request, message, session, number, at=at, problem=FORM_IS_OLD, status=403)
    if has_reported_enough(session, at=at):
        return _ask(request, message, session, number, at=at, problem=TOO_OFTEN, status=429)
    form = STEPS[number](request.POST)
    if not form.is_valid():
        problem = str(next(iter(form.errors.values()))[0])
        return _ask(request, message, session, number, at=at, problem=problem, status=400)
    return _keep(request, message, session, number, form.answers(), at=at)


def _keep(
    request: HttpRequest,
    message: Message,
    session: TreatmentSession,
    number: int,
    answers: dict[str, Any],
    *,
    at: datetime,
) -> HttpResponse:
    pages = pages_of(request, session, at=at)
    first = pages[0] if pages else None
    try:
        kept = record_check_in(session_id=session.pk, at=at, by=None, report=first, **answers)
    except NoTriageRules:
        level = Level.EMERGENCY if is_at_once(answers.get("signs") or ()) else Level.RED
        _tell_without_rules(message, answers, level=level, at=at)
        return lead_to(message, "check/done/", unread=level.value)
    if answers.get("words"):
        receive_from_check_in(message, check_in=kept, provider=PROVIDER, at=at)
    report = (first or kept).pk
    following = next_step(number, kept.day, level_of([*pages, kept]))
    return lead_to(message, f"check/{following or 'done'}/", report=report)


def _tell_without_rules(
    message: Message, answers: dict[str, Any], *, level: Level, at: datetime
) -> None:
    """Nothing can be triaged: a person must read it now."""
    raise_task(
        clinic=message.clinic,
        patient=message.patient,
        kind=TaskKind.HEALING,
        audience=Audience.CLINICAL,
        severity=level.value,
        title=f"{level.value}, there are no triage rules: {message.patient}",
        detail="; ".join(f"{name}: {value}" for name, value in answers.items()),
        source=f"check-in:{message.patient_id}:no-rules:{level.value}",
        at=at,
    )


def _ask(
    request: HttpRequest,
    message: Message,
    session: TreatmentSession,
    number: int,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with what was just sent if that has to be mended; never with earlier answers."""
    day, sent = day_since(session, at), request.POST
    pages = pages_of(request, session, at=at)
    mobile = str(message.patient.mobile or "")
    return show(
        request,
        message,
        f"check_{number}",
        status=status,
        problem=problem,
        here=f"{number}/?report={pages[0].pk}" if pages else f"{number}/",
        report=pages[0].pk if pages else "",
        chosen=sent.get("feeling") or WORDS_OF_LINKS.get(request.GET.get("a", "")),
        feelings=FEELINGS.items(),
        ticked=set(sent.getlist("signs")),
        at_once=AT_ONCE,
        ticks=ticks_of(day),
        none=NONE,
        unsure=UNSURE,
        scores=[(score, label, sent.get(score, "")) for score, label in SCORES.items()],
        steps=[str(step) for step in range(11)],
        words=sent.get("words", ""),
        mobile=masked(Channel.SMS, mobile) if mobile else "",
        may_call=sent.get("may_call", ""),
    )


def _nothing_heals(request: HttpRequest, message: Message) -> HttpResponse:
    """Nothing was done to the skin within 90 days: whom to call."""
    return show(request, message, "check_over", status=410)
