"""Side effects that last longer than they should, or that nobody has looked at again."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, Max, OuterRef, Value
from django.db.models.functions import Cast, Concat

from clinic.db.retries import retried_transaction
from clinic.models import ClinicalRule, User
from patients.models import Audience, StaffTask, TaskKind
from patients.services import raise_task
from sessions.models import SEVERE, SideEffect, SideEffectExpectation
from sessions.safety.loading.healing import courses_in_effect
from sessions.services.record.healing.due import due_at
from sessions.services.record.healing.side_effects import OVERDUE, overdue_source
from sessions.triage import Level

HOUR = timedelta(hours=1)


@retried_transaction
def raise_overdue_side_effects(*, at: datetime, by: User | None = None) -> int:
    """A task for the clinicians for each open side effect that is due for a look; how many there
    are. RED for a red flag or what is severe. While the task is open none follows; when it is
    finished, that was the look."""
    rule = ClinicalRule.objects.in_effect(at).filter(code="side-effect-look-days").first()
    if rule is None:
        return 0
    courses, again = courses_in_effect(at), timedelta(days=float(rule.value))
    raised = 0
    for side_effect in _open(at):
        course = courses.get(side_effect.kind)
        due = look_due(side_effect, course, last=_last_look(side_effect), again=again)
        if due < at:
            _raise(side_effect, course, due=due, at=at)
            raised += 1
    return raised


def _open(at: datetime) -> Any:
    """With its last look; without those that have an open task, and those of archived records."""
    source = Concat(Value(OVERDUE), Cast(OuterRef("pk"), CharField()))
    told = StaffTask.objects.open().filter(source=source)
    return (
        SideEffect.objects.unresolved()
        .filter(~Exists(told), session__patient__archived_at=None, onset_at__lt=at)
        .annotate(seen_at=Max("course__at"))
        .select_related("session__patient", "session__clinic")
        .order_by("pk")
    )


def _last_look(side_effect: Any) -> datetime:
    """When it was noted, recorded, or its last task finished."""
    tasks = StaffTask.objects.filter(source=overdue_source(side_effect))
    finished = tasks.aggregate(at=Max("done_at"))["at"]
    looks: list[datetime | None] = [side_effect.seen_at, finished, side_effect.onset_at]
    return max(look for look in looks if look)


def look_due(
    side_effect: SideEffect,
    course: SideEffectExpectation | None,
    *,
    last: datetime,
    again: timedelta,
) -> datetime:
    """When somebody should look: at the end that its kind has, and from then on `again` and again.
    What has no usual end is looked at from the start."""
    hours = (course.review_after_hours or course.expected_until_hours or 0) if course else 0
    end: datetime = side_effect.onset_at + hours * HOUR
    later: datetime = last + again
    return end if last < end else later


def _raise(
    side_effect: SideEffect, course: SideEffectExpectation | None, *, due: datetime, at: datetime
) -> None:
    is_grave = side_effect.grade >= SEVERE or bool(course and course.is_red_flag)
    level = Level.RED if is_grave else Level.AMBER
    session = side_effect.session
    name = side_effect.get_kind_display().lower()
    since, by = (moment.astimezone(session.clinic.zone) for moment in (side_effect.onset_at, due))
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.HEALING,
        audience=Audience.CLINICAL,
        severity=level.value,
        title=f"{level.value}: look at the {name} of {session.patient}, open too long",
        detail=f"Grade {side_effect.grade}, since {since:%d %b %Y}. It was due for a look on "
        f"{by:%d %b %Y, %H:%M}. {course.act_when if course else ''}",
        source=overdue_source(side_effect),
        at=at,
        due_at=due_at(level, clinic=session.clinic, at=at),
    )
