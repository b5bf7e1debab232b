"""The pages of the questionnaire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.ready.questions import (
    FinishForm,
    Question,
    has_full,
    pages_of_questions,
    questions_of,
    read,
    rules_to_ask,
    stops,
)
from aftercare.pages.visit import visit_in_words
from aftercare.replies.promise import read_by
from patients.models import Audience, ScreeningRule, TaskKind
from patients.services import (
    finish_home_screening,
    home_answers,
    keep_home_answers,
    questionnaire,
    raise_task,
)
from patients.services.screening import AnswersMissing, NothingToRescreen
from sessions.lifecycle import UPCOMING, Status


@of_patient("GET", "HEAD", is_own=True)
def begin(request: HttpRequest, message: Message) -> HttpResponse:
    """What is to be done before the visit; first whether something has changed since last time."""
    at = timezone.now()
    if not is_for(message, at=at):
        return lead_to(message)
    return show(
        request,
        message,
        "ready",
        has_earlier=has_full(message.patient, _day_of(message)),
        has_begun=bool(home_answers(message.patient, questionnaire(at, message.clinic), at=at)),
        done=request.GET.get("done", ""),
        **visit_in_words(message, at=at),
    )


@of_patient("GET", "HEAD", "POST", is_own=True)
def questions(request: HttpRequest, message: Message, number: int) -> HttpResponse:
    """One page. A POST keeps it and leads on; what stops the treatment is said at once."""
    at = timezone.now()
    if not is_for(message, at=at):
        return lead_to(message)
    pages = _pages(request, message, at=at)
    if not 1 <= number <= len(pages):
        raise Http404
    rules = pages[number - 1]
    asked = questions_of(rules, _given(message, at=at), message.patient.language)
    if request.method != "POST":
        return _ask(request, message, asked, number, len(pages))
    if not is_from_our_form(request, message):
        return _ask(request, message, asked, number, len(pages), problem=FORM_IS_OLD, status=403)
    answers = read(request.POST, asked, today=at.astimezone(message.clinic.zone).date())
    if answers:  # also of a page that is not whole: half a form is kept
        keep_home_answers(patient_id=message.patient_id, answers=answers, at=at)
    is_stopped = _tell_what_stops(message, rules, at=at)
    if any(question.problem for question in asked):
        return _ask(request, message, asked, number, len(pages), status=400)
    following = f"ready/{number + 1}/" if number < len(pages) else "ready/end/"
    how = "all" if _asks_all(request) else ""
    return lead_to(message, following, m=how, stop="yes" if is_stopped else "")


@of_patient("GET", "HEAD", "POST", is_own=True)
def finish(request: HttpRequest, message: Message) -> HttpResponse:
    """How the patient is, and then it is recorded, for staff to confirm."""
    at = timezone.now()
    if not is_for(message, at=at):
        return lead_to(message)
    if request.method != "POST":
        return _show_end(request, message)
    if not is_from_our_form(request, message):
        return _show_end(request, message, problem=FORM_IS_OLD, status=403)
    form = FinishForm(request.POST)
    if not form.is_valid():
        return _show_end(request, message, is_missing=True, status=400)
    try:
        screening = finish_home_screening(
            patient_id=message.patient_id,
            good_health=form.cleaned_data["good_health"] == "yes",
            note=form.cleaned_data["note"],
            at=at,
            due_at=min(read_by(message.clinic, at), message.session.starts_at),
        )
    except (AnswersMissing, NothingToRescreen):  # a question is new, or was left out
        return lead_to(message, _first_open(message, at=at), m="all")
    return lead_to(message, "ready/", done="recorded" if screening else "unsure")


def is_for(message: Message, *, at: datetime) -> bool:
    """Before a treatment that is still to come, or that the patient waits for in the clinic."""
    session = message.session
    is_to_come = session.status in UPCOMING and at < session.ends_at
    return session.plan_id is not None and (is_to_come or session.status == Status.CHECKED_IN)


def _day_of(message: Message) -> Any:
    return message.session.starts_at.astimezone(message.clinic.zone).date()


def _asks_all(request: HttpRequest) -> bool:
    return request.GET.get("m") == "all"


def _pages(request: HttpRequest, message: Message, *, at: datetime) -> list[list[ScreeningRule]]:
    """All questions, unless an earlier screening counts and nothing else has changed."""
    only_again = not _asks_all(request) and has_full(message.patient, _day_of(message))
    return pages_of_questions(rules_to_ask(at, message.clinic, only_again=only_again))


def _given(message: Message, *, at: datetime) -> dict[str, Any]:
    return home_answers(message.patient, questionnaire(at, message.clinic), at=at)


def _first_open(message: Message, *, at: datetime) -> str:
    """The first page with a question that is not answered."""
    given = _given(message, at=at)
    pages = pages_of_questions(rules_to_ask(at, message.clinic, only_again=False))
    for number, rules in enumerate(pages, start=1):
        if any(rule.code not in given for rule in rules):
            return f"ready/{number}/"
    return "ready/1/"


def _tell_what_stops(message: Message, rules: Sequence[ScreeningRule], *, at: datetime) -> bool:
    """A task for each thing, once: a person calls, and nobody is turned away by a page."""
    found = stops(rules, _given(message, at=at), message.session, _day_of(message))
    for one in found:
        raise_task(
            clinic=message.clinic,
            patient=message.patient,
            kind=TaskKind.OTHER,
            audience=Audience.CLINICAL,
            title=f"Call before the visit: {message.patient}",
            detail=f"Answered at home: {one.message}",
            source=f"ready:{message.session.pk}:{one.code}",
            at=at,
            due_at=min(read_by(message.clinic, at), message.session.starts_at),
        )
    return bool(found)


def _ask(
    request: HttpRequest,
    message: Message,
    asked: Sequence[Question],
    number: int,
    last: int,
    *,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    return show(
        request,
        message,
        "ready_questions",
        status=status,
        problem=problem,
        questions=asked,
        page=number,
        last=last + 1,  # with the page that asks how the patient is
        how="?m=all" if _asks_all(request) else "",
        is_stopped=request.GET.get("stop") == "yes",
    )


def _show_end(
    request: HttpRequest,
    message: Message,
    *,
    problem: str | Promise = "",
    is_missing: bool = False,
    status: int = 200,
) -> HttpResponse:
    return show(
        request,
        message,
        "ready_end",
        status=status,
        problem=problem,
        is_missing=is_missing,
        note=request.POST.get("note", ""),
        is_stopped=request.GET.get("stop") == "yes",
    )
