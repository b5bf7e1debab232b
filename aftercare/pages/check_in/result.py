"""What the patient reads after a check-in: whom to call, who reads it by when, what comes next."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from aftercare.models import Message
from aftercare.pages.base import lead_to, of_patient, show
from aftercare.pages.check_in.photo import may_send
from aftercare.pages.check_in.questions import is_at_once
from aftercare.pages.check_in.report import level_of, pages_of, session_of
from aftercare.pages.today import next_question
from aftercare.pages.told.recall import has_unread_recall
from aftercare.replies.promise import in_words, read_by
from clinic.models import Clinic
from patients.models import StaffTask
from sessions.models import CheckIn, TreatmentSession
from sessions.triage import Level, gravest


@of_patient("GET", "HEAD")
def result(request: HttpRequest, message: Message) -> HttpResponse:
    """By the gravest page of the report that the address names."""
    at = timezone.now()
    session = session_of(message, at=at)
    pages = pages_of(request, session, at=at) if session else []
    if session and pages:
        return show(request, message, "check_done", **_told(message, session, pages, at=at))
    unread = request.GET.get("unread")  # there were no triage rules
    if session and unread in (Level.RED, Level.EMERGENCY):
        told = _common(message, session, Level(unread), at=at)
        return show(request, message, "check_done", **told)
    return lead_to(message, "check/")


def _told(
    message: Message, session: TreatmentSession, pages: list[CheckIn], *, at: datetime
) -> dict[str, Any]:
    """While nobody has signed the rules a person reads what is GREEN too, and it is said."""
    level = level_of(pages)
    if any(is_at_once(page.signs or ()) for page in pages):
        level = Level.EMERGENCY
    acted = gravest(level, Level.AMBER if pages[-1].is_draft else Level.GREEN)
    task = _task(pages, acted)
    due = task.due_at if task and task.due_at > at else None
    return {
        **_common(message, session, acted, at=at),
        "day": pages[-1].day,
        "by": in_words(due, message.clinic, at) if due else "",
        "seen": _seen(task, message.clinic, at=at),
        "report": pages[0].pk,
        "may_add": pages[-1].words == "" and acted in (Level.GREEN, Level.AMBER),
        "may_send": level != Level.EMERGENCY and may_send(session),
        "next_question": next_question(message, at=at),
        # Who is to call somebody now reads nothing else.
        "unread_recall": acted in (Level.GREEN, Level.AMBER) and has_unread_recall(message),
    }


def _common(
    message: Message, session: TreatmentSession, level: Level, *, at: datetime
) -> dict[str, Any]:
    clinic = message.clinic
    on = session.starts_at.astimezone(clinic.zone)
    return {
        "level": level.value,
        "treated_on": date_format(on, "l"),
        "read_by": in_words(read_by(clinic, at), clinic, at),
    }


def _task(pages: list[CheckIn], level: Level) -> StaffTask | None:
    """What the report has raised, or waits with; not what was done before it."""
    first = pages[0]
    tasks = StaffTask.objects.exclude(done_at__lt=first.reported_at).order_by("-id")
    raised = tasks.filter(source=f"check-in:{first.session_id}:{level.value}").first()
    if raised or level != Level.AMBER:
        return raised
    return tasks.open().filter(source=f"check-in:{first.session_id}:unanswered").first()


def _seen(task: StaffTask | None, clinic: Clinic, *, at: datetime) -> str:
    """When somebody of the team has taken the task, or has finished it."""
    moment = task and (task.taken_at or task.done_at)
    return in_words(moment, clinic, at) if moment else ""
