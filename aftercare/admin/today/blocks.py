"""The blocks beside the board: what waits for whom, each from the rows that the caller may see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.today.visits import charts_to_sign
from aftercare.models import Message, MessageStatus
from clinic.admin.words import Tone
from clinic.models import CartridgeLot, Closure, Credential, TimeOff, User
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from patients.admin.tasks import SEVERITY_COLOURS
from patients.models import Patient, StaffTask
from patients.models.task import GRAVE
from sessions.lifecycle import OCCUPIES, Status
from sessions.models import TreatmentSession

SHOWN = 6
SOON = timedelta(days=60)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Line:
    """One thing: what it is, where it is looked after, and how pressing it is."""

    words: str
    address: str = ""
    detail: str = ""
    badge: str = ""
    tone: Tone = ""
    about: Any = None  # the row of a patient that it tells of: this is written down


@dataclass
class Block:
    """A heading with its lines, or what there is to say where there are none."""

    title: str
    empty: str
    lines: list[Line] = field(default_factory=list)
    more: tuple[str, str] | None = None
    tone: Tone = ""
    total: int | None = None


Reader = Callable[[User, datetime], Block]


def needs(*permissions: str) -> Callable[[Reader], Callable[[User, datetime], Block | None]]:
    """No block for whoever may not open what it leads to."""

    def guarded(read: Reader) -> Callable[[User, datetime], Block | None]:
        @wraps(read)
        def read_if_allowed(user: User, at: datetime) -> Block | None:
            return read(user, at) if user.has_perms(permissions) else None

        return read_if_allowed

    return guarded


def listed(name: str, **asked: str) -> str:
    return f"{reverse(f'admin:{name}_changelist')}{'?' if asked else ''}{urlencode(asked)}"


def opened(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


def charted(session: Any) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_chart", args=[session.pk])


def moment(at: datetime, zone: Any, now: datetime) -> str:
    """Today only its hour; always with the clock that it is on."""
    local = at.astimezone(zone)
    day = "" if local.date() == now.astimezone(zone).date() else f"{date_in_words(local, 'j M')} "
    return f"{day}{local:%H:%M}, {clock_of(zone)}"


def _task_lines(tasks: list[StaffTask], at: datetime) -> list[Line]:
    return [
        Line(
            words=task.title,
            address=opened("patients_stafftask", task),
            detail=_about(task, at),
            badge=str(task.get_severity_display()),
            tone=SEVERITY_COLOURS[task.severity],
            about=task,
        )
        for task in tasks
    ]


def _about(task: StaffTask, at: datetime) -> str:
    due = gettext("overdue since") if task.due_at < at else gettext("due")
    name = task.patient.listed_name if task.patient else ""
    parts = [
        "" if name in task.title else name,
        f"{due} {moment(task.due_at, task.clinic.zone, at)}",
        gettext("taken by {taken_by}").format(taken_by=task.taken_by) if task.taken_by else "",
    ]
    return " · ".join(filter(None, parts))


def _task_block(
    title: str,
    empty: str,
    condition: Q,
    *,
    user: User,
    at: datetime,
    more: tuple[str, str] | None = None,
    is_urgent: bool = True,
) -> Block:
    """The most urgent tasks that meet the condition, and how many there are."""
    rows = StaffTask.objects.visible_to(user).open().filter(condition)
    tasks = list(rows.select_related("clinic", "patient", "taken_by").order_by("urgency")[:SHOWN])
    return Block(
        title,
        empty,
        _task_lines(tasks, at),
        more or (gettext("All tasks"), listed("patients_stafftask", status__exact="OPEN")),
        tone="danger" if tasks and is_urgent else "",
        total=rows.count(),
    )


@needs("patients.view_stafftask")
def red_flags(user: User, at: datetime) -> Block:
    empty = gettext("Nobody has reported anything urgent.")
    grave = Q(severity__in=GRAVE)
    board = (gettext("Healing board"), reverse("healing-board"))
    return _task_block(gettext("Red flags"), empty, grave, user=user, at=at, more=board)


@needs("patients.view_stafftask")
def open_tasks(user: User, at: datetime) -> Block:
    """Of who has a block for red flags, the others."""
    apart = Q(severity__in=GRAVE) if user.has_perm("treatment_sessions.treat") else Q(pk__in=[])
    empty = gettext("Nothing is waiting for you.")
    return _task_block(gettext("Tasks"), empty, ~apart, user=user, at=at, is_urgent=False)


@needs("patients.view_stafftask")
def overdue_tasks(user: User, at: datetime) -> Block:
    """The grave ones of the clinic, and whatever is overdue."""
    pressing = Q(due_at__lt=at) | Q(severity__in=GRAVE)
    empty = gettext("No task is overdue, and none is urgent.")
    return _task_block(gettext("Overdue or urgent"), empty, pressing, user=user, at=at)


@needs("treatment_sessions.treat")
def unsigned_charts(user: User, at: datetime) -> Block:
    rows = list(charts_to_sign(user)[: SHOWN + 1])
    lines = [
        Line(
            words=row.patient.listed_name,
            address=charted(row)
            if row.area
            else opened("treatment_sessions_treatmentsession", row),
            detail=gettext("{about}, begun {moment}").format(
                about=row.about, moment=moment(row.starts_at, row.clinic.zone, at)
            ),
            badge=gettext("In progress"),
            tone="warning",
            about=row,
        )
        for row in rows[:SHOWN]
    ]
    mine = listed(
        "treatment_sessions_treatmentsession",
        status__exact=Status.IN_PROGRESS.value,
        practitioner__id__exact=str(user.pk),
    )
    empty = gettext("Every chart that you began is signed.")
    return Block(gettext("Charts to sign"), empty, lines, (gettext("All of them"), mine))


def stuck(user: User, at: datetime) -> Any:
    """Messages in doubt, and those that failed in the last week."""
    failed = Q(status=MessageStatus.FAILED, ended_at__gt=at - WEEK)
    return Message.objects.visible_to(user).filter(Q(status=MessageStatus.IN_DOUBT) | failed)


@needs("aftercare.view_message", "aftercare.manage_message")
def stuck_messages(user: User, at: datetime) -> Block:
    """Two numbers and the newest."""
    rows = stuck(user, at)
    shown = rows.select_related("patient", "step", "clinic").order_by("-ended_at", "-id")[:SHOWN]
    lines = [
        Line(
            words=f"{message.step}, {message.get_channel_display()}",
            address=opened("aftercare_message", message),
            detail=f"{message.patient.listed_name} · {message.reason}",
            badge=str(message.get_status_display()),
            tone="warning" if message.status == MessageStatus.IN_DOUBT else "danger",
            about=message,
        )
        for message in shown
    ]
    return Block(
        gettext("Messages that failed or are in doubt"),
        gettext("Every message of the last week has arrived, as far as can be known."),
        lines,
        (
            gettext("All in doubt"),
            listed("aftercare_message", status__exact=MessageStatus.IN_DOUBT.value),
        ),
        tone="warning" if lines else "",
        total=rows.count(),
    )


def _hits(**whose: Any) -> Any:
    """How many visits still stand in a time in which nobody treats."""
    inside = TreatmentSession.objects.filter(
        status__in=[one for one in OCCUPIES if one != Status.COMPLETED],
        sitting=None,
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
        **whose,
    ).order_by()
    key = next(iter(whose))
    return Coalesce(Subquery(inside.values(key).annotate(n=Count("pk")).values("n")), 0)


@needs("clinic.view_closure", "clinic.view_timeoff", "treatment_sessions.view_treatmentsession")
def closures_with_hits(user: User, at: datetime) -> Block:
    closed = Closure.objects.visible_to(user).filter(ends_at__gt=at).select_related("clinic")
    off = TimeOff.objects.visible_to(user).filter(ends_at__gt=at).select_related("practitioner")
    closed = closed.annotate(hits=_hits(clinic=OuterRef("clinic"))).filter(hits__gt=0)
    off = off.annotate(hits=_hits(practitioner=OuterRef("practitioner"))).filter(hits__gt=0)
    lines = []
    found: list[tuple[Any, str, str]] = [
        (row, "clinic_closure", str(row.clinic)) for row in closed.order_by("starts_at")[:SHOWN]
    ]
    found += [(row, "", str(row.practitioner)) for row in off.order_by("starts_at")[:SHOWN]]
    for row, name, whose in found:
        number = "1 visit" if row.hits == 1 else gettext("{hits} visits").format(hits=row.hits)
        zone = row.clinic.zone if isinstance(row, Closure) else timezone.get_current_timezone()
        day = row.starts_at.astimezone(zone)
        lines.append(
            Line(
                words=gettext("{whose}, from {day}").format(
                    whose=whose, day=date_in_words(day, "j M Y")
                ),
                address=opened(name, row) if name else reverse("away-board", args=[row.pk]),
                detail=row.reason,
                badge=gettext("{number} in it").format(number=number),
                tone="danger",
            )
        )
    empty = gettext("No visit stands in a closure or in somebody's time off.")
    return Block(gettext("Closures and absences with visits in them"), empty, lines)


@needs("clinic.view_cartridgelot", "clinic.change_cartridgelot")
def expiring_stock(user: User, at: datetime) -> Block:
    day = at.date()
    lots = CartridgeLot.objects.visible_to(user).filter(
        expires_on__gte=day - SOON, expires_on__lt=day + SOON, recalled_at=None, quantity__gt=0
    )
    lots = lots.select_related("device_model", "clinic").annotate(used=Count("uses"))
    rows = lots.filter(used__lt=F("quantity")).order_by("expires_on", "id")
    lines = [
        Line(
            words=gettext("Lot {lot}, {device_model}").format(
                lot=lot.lot, device_model=lot.device_model
            ),
            address=opened("clinic_cartridgelot", lot),
            detail=gettext("{number} left at {clinic}").format(
                number=lot.quantity - lot.used, clinic=lot.clinic
            ),
            badge=(
                gettext("Expired {day}") if lot.expires_on < day else gettext("Until {day}")
            ).format(day=date_in_words(lot.expires_on, "j M Y")),
            tone="danger" if lot.expires_on < day else "warning",
        )
        for lot in rows[:SHOWN]
    ]
    empty = gettext("Nothing in stock expires within sixty days.")
    return Block(
        gettext("Stock that expires"),
        empty,
        lines,
        (gettext("All lots"), listed("clinic_cartridgelot")),
    )


@needs("clinic.view_credential")
def ending_credentials(user: User, at: datetime) -> Block:
    day = at.date()
    rows = Credential.objects.visible_to(user).filter(
        expires_on__gte=day - SOON, expires_on__lt=day + SOON
    )
    lines = [
        Line(
            words=gettext("{kind} of {user}").format(
                kind=row.get_kind_display(), user=row.user or row.clinic
            ),
            address=opened("clinic_credential", row),
            badge=(
                gettext("Ended {day}") if row.expires_on < day else gettext("Until {day}")
            ).format(day=date_in_words(row.expires_on, "j M Y")),
            tone="danger" if row.expires_on < day else "warning",
        )
        for row in rows.select_related("user", "clinic").order_by("expires_on", "id")[:SHOWN]
        if row.expires_on
    ]
    empty = gettext("No licence, training or insurance ends within sixty days.")
    return Block(
        gettext("Credentials that end"), empty, lines, (gettext("All"), listed("clinic_credential"))
    )


@needs("treatment_sessions.view_figures", "treatment_sessions.view_treatmentsession")
def week(user: User, at: datetime) -> Block:
    """The last seven days beside the seven before."""
    rows = TreatmentSession.objects.visible_to(user).filter(sitting=None, starts_at__lt=at)
    now, then = Q(starts_at__gte=at - WEEK), Q(starts_at__lt=at - WEEK)
    kinds = {
        "completed": (gettext("Completed visits"), Q(status=Status.COMPLETED)),
        "missed": (gettext("No-shows"), Q(status=Status.NO_SHOW)),
        "late": (gettext("Cancelled late"), Q(status=Status.CANCELLED, is_late_cancel=True)),
    }
    counts = rows.filter(starts_at__gte=at - 2 * WEEK).aggregate(
        **{f"{name}_now": Count("pk", filter=q & now) for name, (_, q) in kinds.items()},
        **{f"{name}_then": Count("pk", filter=q & then) for name, (_, q) in kinds.items()},
    )
    new = Patient.objects.visible_to(user).filter(created_at__gt=at - 2 * WEEK)
    patients = new.aggregate(
        now=Count("pk", filter=Q(created_at__gt=at - WEEK)),
        then=Count("pk", filter=Q(created_at__lte=at - WEEK)),
    )
    lines = [
        Line(words=title, badge=str(counts[f"{name}_now"]), detail=_before(counts[f"{name}_then"]))
        for name, (title, _) in kinds.items()
    ]
    lines.append(
        Line(
            words=gettext("New patients"),
            badge=str(patients["now"]),
            detail=_before(patients["then"]),
        )
    )
    return Block(
        gettext("The last seven days"), "", lines, (gettext("Figures"), reverse("admin:figures"))
    )


def _before(number: int) -> str:
    return gettext("{number} in the seven days before").format(number=number)
