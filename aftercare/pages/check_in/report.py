"""The report behind the pages of one check-in."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from aftercare.models import Message
from aftercare.replies.contexts import healing_session
from sessions.models import CheckIn, TreatmentSession
from sessions.triage import Level, gravest

REPORT_LASTS = timedelta(days=1)  # later it is another report
PAGES_A_DAY = 60


def session_of(message: Message, *, at: datetime) -> TreatmentSession | None:
    """Whose healing is asked about: the newest session whose skin was touched within 90 days,
    whichever message brought the patient here."""
    return healing_session(message.patient, at)


def pages_of(request: HttpRequest, session: TreatmentSession, *, at: datetime) -> list[CheckIn]:
    """The pages of the report that the address names, the first one first; none of another."""
    try:
        pk = UUID(request.GET.get("report", ""))
    except ValueError:
        return []
    return list(
        CheckIn.objects.filter(
            Q(pk=pk) | Q(report=pk),
            session=session,
            recorded_by__isnull=True,
            reported_at__gt=at - REPORT_LASTS,
        ).order_by("reported_at", "id")
    )


def level_of(pages: list[CheckIn]) -> Level:
    """What was grave on one page stays so, whatever the next one says; only that the signs were
    not asked for yet does not count once they are."""
    answered = [page for page in pages if page.signs is not None] or pages
    return gravest(*(page.level for page in answered))


def has_reported_enough(session: TreatmentSession, *, at: datetime) -> bool:
    day_ago = at - timedelta(days=1)
    pages = session.check_ins.filter(recorded_by__isnull=True, reported_at__gt=day_ago)
    return pages.count() >= PAGES_A_DAY
