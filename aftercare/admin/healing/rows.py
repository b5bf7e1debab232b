"""What stands on the healing board: tasks about reports, and side effects that are not over, each
with its deadline. A fixed number of statements."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Left
from django.utils.translation import gettext

from aftercare.admin.today.blocks import moment
from clinic.admin.words import Tone
from clinic.models import User
from clinic.values.moments import date_in_words
from patients.admin.tasks import SEVERITY_COLOURS
from patients.models import Patient, StaffTask, TaskSeverity
from sessions.models import SEVERE, CheckIn, SideEffect, SideEffectNote
from sessions.safety.loading.healing import courses_in_effect
from sessions.services.record.healing.overdue import is_grave, source_of, with_look_due
from sessions.services.record.healing.side_effects import OVERDUE

SHOWN = 30
RULE_CODE = re.compile(r"(?:^|(?<=; ))T\d\d ")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Line:
    """One patient whom somebody must look after, and what can be done about it here."""

    patient: Patient
    due_at: datetime
    due: str  # on the clinic's clock
    left: str
    badge: str
    tone: Tone
    rank: int = 0
    task: StaffTask | None = None
    effect: SideEffect | None = None
    what: str = ""
    detail: str = ""
    last: str = ""
    is_told: bool = True  # or only that somebody must act
    asked_not_to_call: bool = False
    typed: dict[str, str] = field(default_factory=dict)  # what was refused, and what was typed
    errors: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What its form is about."""
        return f"task-{self.task.pk}" if self.task else f"effect-{self.effect and self.effect.pk}"


@dataclass(frozen=True)
class Board:
    """The lines by how soon: overdue first."""

    groups: list[tuple[str, Tone, list[Line]]]
    left_out: int

    @property
    def lines(self) -> list[Line]:
        return [line for _, _, lines in self.groups for line in lines]


def read_board(user: User, *, at: datetime) -> Board:
    """The most pressing ones of the caller's clinics."""
    tasks = StaffTask.objects.visible_to(user).about_healing().filter(patient__isnull=False)
    effects: Any = SideEffect.objects.none()
    courses = courses_in_effect(at)
    if sees_effects(user):
        open_ones = SideEffect.objects.visible_to(user).unresolved()
        effects = with_look_due(open_ones, courses, at=at).filter(
            ~Exists(StaffTask.objects.open().filter(source=source_of(OuterRef("pk")))),
            session__patient__archived_at=None,
        )
    found = [*_of_tasks(user, tasks, at=at), *_of_effects(effects, courses, at=at)]
    total = tasks.count() + (effects.count() if sees_effects(user) else 0)
    if user.narrowed:  # of the patients of others, as for the desk
        others = _flagged(user).exclude(pk__in=tasks.values("pk"))
        found += _flags(others, at=at)
        total += others.count()
    return _grouped(found, total, at=at)


def sees_effects(user: User) -> bool:
    return user.has_perm("treatment_sessions.view_sideeffect")


def read_flags(user: User, *, at: datetime) -> Board:
    """For whoever may not read what was reported: that a clinician is to act, by when, and who has
    it."""
    tasks = _flagged(user)
    return _grouped(_flags(tasks, at=at), tasks.count(), at=at)


def _flagged(user: User) -> Any:
    tasks = StaffTask.objects.filter(clinic__in=user.clinic_ids, patient__isnull=False)
    return tasks.about_healing()


def _flags(tasks: Any, *, at: datetime) -> list[Line]:
    rows = tasks.select_related("patient", "clinic", "taken_by").order_by("due_at", "id")
    flag = partial(_timed, at=at, badge=gettext("For a clinician"), is_told=False)
    return [flag(task.patient, task.due_at, task.clinic.zone, task=task) for task in rows[:SHOWN]]


def _of_tasks(user: User, tasks: Any, *, at: datetime) -> Iterable[Line]:
    late = Case(When(due_at__lt=at, then=Value(0)), default=Value(1))
    newest = CheckIn.objects.filter(session__patient=OuterRef("patient")).order_by("-reported_at")
    rows = list(
        tasks.select_related("patient", "clinic", "taken_by")
        .annotate(may_call=Subquery(newest.values("may_call")[:1]))
        .order_by(late, Case(When(due_at__lt=at, then=Left("urgency", 1))), "due_at", "id")[:SHOWN]
    )
    named = (effect_of(task) for task in rows if sees_effects(user))
    about = [pk for pk in named if pk]
    effects = {one.pk: one for one in _with_last(SideEffect.objects.filter(pk__in=about))}
    for task in rows:
        line = _timed(
            task.patient,
            task.due_at,
            task.clinic.zone,
            at,
            badge=str(task.get_severity_display()),
            tone=SEVERITY_COLOURS[task.severity],
            rank=list(TaskSeverity).index(TaskSeverity(task.severity)),
            task=task,
            what=_title(task),
            detail=RULE_CODE.sub("", task.detail),
            asked_not_to_call=task.may_call is False,
        )
        pk = effect_of(task)
        if effect := effects.get(pk) if pk else None:
            line.effect, line.what, line.last = effect, _what(effect), _last(effect)
        yield line


def _title(task: StaffTask) -> str:
    """Without the patient and the level, which stand beside it: “Day 3 (draft rules)”."""
    name = task.patient.listed_name if task.patient else ""
    title = task.title.partition(f": {name}")[0] if name else task.title
    level, _, rest = title.partition(", ")
    name, _, draft = level.partition(" ")
    return f"{rest.capitalize()} {draft}".strip() if name == task.severity and rest else title


def effect_of(task: StaffTask) -> UUID | None:
    """Of a task that a side effect is open for too long."""
    prefix, _, pk = task.source.rpartition(":")
    return UUID(pk) if f"{prefix}:" == OVERDUE else None


def _of_effects(effects: Any, courses: Any, *, at: datetime) -> Iterable[Line]:
    """Those that no task is open for: most are not due for a look yet."""
    grave = Q(grade__gte=SEVERE) | Q(kind__in=[k for k, one in courses.items() if one.is_red_flag])
    late = Case(When(look_due_at__lt=at, then=Value(0)), default=Value(1))
    gravest = Case(When(grave, look_due_at__lt=at, then=Value(0)), default=Value(1))
    rows = _with_last(effects).order_by(late, gravest, F("look_due_at").asc(nulls_last=True), "id")
    for effect in rows[:SHOWN]:
        severe = is_grave(effect, courses.get(effect.kind))
        session, course = effect.session, courses.get(effect.kind)
        yield _timed(
            session.patient,
            effect.look_due_at or at,
            session.clinic.zone,
            at,
            badge=gettext("Grade {grade}").format(grade=effect.grade),
            tone="danger" if severe else "" if effect.is_expected else "warning",
            rank=1 if severe else 2,
            effect=effect,
            what=_what(effect),
            detail=course.act_when if course else "",
            last=_last(effect),
        )


def _with_last(rows: Any) -> Any:
    """Each with the newest line of its course."""
    notes = SideEffectNote.objects.order_by("side_effect", "-id").distinct("side_effect")
    newest = Prefetch("course", notes.select_related("by"), to_attr="newest")
    related = rows.select_related("session__patient", "session__clinic", "session__area")
    return related.prefetch_related(newest)


def _what(effect: Any) -> str:
    session = effect.session
    since = effect.onset_at.astimezone(session.clinic.zone)
    treated = gettext("{about} on {day}").format(
        about=session.about, day=date_in_words(session.starts_at_local, "j M Y")
    )
    return gettext("{effect}, since {since}, after {treated}").format(
        effect=effect, since=date_in_words(since, "j M"), treated=treated
    )


def _last(effect: Any) -> str:
    for note in effect.newest:
        when = note.at.astimezone(effect.session.clinic.zone)
        words = f": {note.note}" if note.note else ""
        return gettext("Last looked at by {by}, {when}{words}").format(
            by=note.by, when=date_in_words(when, "j M Y, H:i"), words=words
        )
    return ""


def _timed(
    patient: Any, due_at: datetime, zone: Any, at: datetime, *, badge: str, **rest: Any
) -> Line:
    rest.setdefault("tone", "danger")
    return Line(
        patient=patient,
        due_at=due_at,
        due=moment(due_at, zone, at),
        left=time_left(due_at - at),
        badge=badge,
        **rest,
    )


def time_left(left: timedelta) -> str:
    """“45 min left”, “3 h 10 min over”."""
    over, span = left < timedelta(), abs(left)
    if span >= 2 * DAY:
        words = gettext("{days} days").format(days=span // DAY)
    elif span >= HOUR:
        hours, rest = divmod(span, HOUR)
        words = f"{hours} h"
        if rest >= MINUTE and hours < 24:
            words += f" {rest // MINUTE} min"
    else:
        words = f"{span // MINUTE} min"
    return (gettext("{time} over") if over else gettext("{time} left")).format(time=words)


def _grouped(lines: list[Line], total: int, *, at: datetime) -> Board:
    """Overdue, the gravest first; then as they are due."""
    late = sorted((one for one in lines if one.due_at < at), key=lambda one: (one.rank, one.due_at))
    rest = sorted((one for one in lines if one.due_at >= at), key=lambda one: one.due_at)
    shown = [*late, *rest][:SHOWN]
    soon = at + DAY
    groups: list[tuple[str, Tone, list[Line]]] = [
        (gettext("Overdue"), "danger", [one for one in shown if one.due_at < at]),
        (gettext("Within a day"), "warning", [one for one in shown if at <= one.due_at < soon]),
        (gettext("Later"), "", [one for one in shown if one.due_at >= soon]),
    ]
    return Board([group for group in groups if group[2]], total - len(shown))
