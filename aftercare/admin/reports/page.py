"""The page “Reports” stands in the app below, which knows nothing of messages: what it says of
reminders is added here."""

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.lifecycle import ACCEPTED
from aftercare.models import Anchor, Message
from sessions.admin.figures import reports as below
from sessions.figures.rows.reports import Period
from sessions.lifecycle import SIGNED, Status
from sessions.models import SessionEvent

GROUPS = {
    "both": _("Reminded, and confirmed"),
    "reminded": _("Reminded, not confirmed"),
    "confirmed": _("Confirmed without a reminder"),
    "neither": _("Neither"),
}


def reports(request: HttpRequest) -> HttpResponse:
    return below.reports(request, more=[reminders])


def reminders(period: Period) -> below.Table:
    """One statement: the visits that were done or missed."""
    sent = Message.objects.filter(
        session=OuterRef("pk"), step__anchor=Anchor.STARTS, status__in=ACCEPTED
    )
    confirmed = SessionEvent.objects.filter(session=OuterRef("pk"), new_status=Status.CONFIRMED)
    over = period.rows.filter(rescheduled_to=None, status__in=(*SIGNED, Status.NO_SHOW))
    known = over.annotate(reminded=Exists(sent), confirmed=Exists(confirmed))
    group = Case(
        When(reminded=True, confirmed=True, then=Value("both")),
        When(reminded=True, then=Value("reminded")),
        When(confirmed=True, then=Value("confirmed")),
        default=Value("neither"),
        output_field=CharField(),
    )
    counted = known.annotate(group=group).order_by().values("group")
    counted = counted.annotate(
        visits=Count("pk"), missed=Count("pk", filter=Q(status=Status.NO_SHOW))
    )
    found = {row["group"]: (row["visits"], row["missed"]) for row in counted}
    rows = []
    for code, title in GROUPS.items():
        visits, missed = found.get(code, (0, 0))
        share = missed / visits if visits else None
        rows.append([str(title), str(visits), str(missed), below.percent(share)])
    return below.Table(
        "reminders",
        gettext("Reminders"),
        gettext(
            "Visits that were done or missed: whether a reminder had gone out, and whether they "
            "were confirmed. Who confirms comes more often anyway, so this alone proves nothing."
        ),
        (
            gettext("Before the visit"),
            gettext("Visits"),
            gettext("No-shows"),
            gettext("No-shows, %"),
        ),
        rows if found else [],
        gettext("No visit was done or missed then."),
        drawn=3,
    )
