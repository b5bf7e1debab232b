"""Side effects that last longer than they should, or that nobody has looked at again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Greatest
from django.utils.translation import gettext

from clinic.db.retries import retried_transaction
from clinic.models import ClinicalRule, User
from clinic.values.moments import date_in_words
from patients.models import Audience, StaffTask, TaskKind
from patients.services import raise_task
from sessions.models import SEVERE, SideEffect, SideEffectExpectation, SideEffectNote
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
    courses = courses_in_effect(at)
    due = with_look_due(_open(at), courses, at=at).filter(look_due_at__lt=at)
    raised = 0
    for side_effect in due.order_by("pk"):
        course = courses.get(side_effect.kind)
        _raise(side_effect, course, due=side_effect.look_due_at, at=at)
        raised += 1
    return raised


def _open(at: datetime) -> Any:
    """Without those that have an open task, and those of archived records."""
    rows = SideEffect.objects.unresolved().filter(~Exists(_tasks().open()), onset_at__lt=at)
    return rows.filter(session__patient__archived_at=None).select_related(
        "session__patient", "session__clinic"
    )


def source_of(pk: Any) -> Concat:
    """`overdue_source` of the side effect of an outer query."""
    return Concat(Value(OVERDUE), Cast(pk, CharField()))


def _tasks() -> Any:
    return StaffTask.objects.filter(source=source_of(OuterRef("pk")))


def with_look_due(rows: Any, courses: Mapping[str, SideEffectExpectation], *, at: datetime) -> Any:
    """Each with `looked_at`, when it was noted, recorded, or its last task finished, and with
    `look_due_at`: the end that its kind has, and from then on again and again as the rule says.
    What has no usual end is looked at from the start; without the rule nothing is due."""
    rule = ClinicalRule.objects.in_effect(at).filter(code="side-effect-look-days").first()
    again = timedelta(days=float(rule.value)) if rule else None
    notes = SideEffectNote.objects.filter(side_effect=OuterRef("pk")).order_by("-at")
    finished = _tasks().filter(done_at__isnull=False).order_by("-done_at")
    moment, span = DateTimeField(), DurationField()
    lasts = [
        When(kind=kind, then=Value(hours * HOUR, span))
        for kind, course in courses.items()
        if (hours := course.review_after_hours or course.expected_until_hours)
    ]
    ends = F("onset_at") + Case(*lasts, default=Value(timedelta(), span))
    looks = (Subquery(notes.values("at")[:1]), Subquery(finished.values("done_at")[:1]))
    return rows.annotate(
        looked_at=Greatest(F("onset_at"), *looks, output_field=moment),
        usually_until=ExpressionWrapper(ends, moment),
        look_due_at=Case(
            When(looked_at__lt=F("usually_until"), then=F("usually_until")),
            default=F("looked_at") + Value(again, span),
            output_field=moment,
        ),
    )


def is_grave(side_effect: SideEffect, course: SideEffectExpectation | None) -> bool:
    """Severe, or a red flag at any grade."""
    return side_effect.grade >= SEVERE or bool(course and course.is_red_flag)


def _raise(
    side_effect: SideEffect, course: SideEffectExpectation | None, *, due: datetime, at: datetime
) -> None:
    level = Level.RED if is_grave(side_effect, course) else Level.AMBER
    session = side_effect.session
    name = side_effect.get_kind_display().lower()
    since, by = (moment.astimezone(session.clinic.zone) for moment in (side_effect.onset_at, due))
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.HEALING,
        audience=Audience.CLINICAL,
        severity=level.value,
        title=gettext("{level}: look at the {name} of {patient}, open too long").format(
            level=level.value, name=name, patient=session.patient
        ),
        detail=gettext(
            "Grade {grade}, since {day}. It was due for a look on {due_day}, {due_time}. {then}"
        ).format(
            grade=side_effect.grade,
            day=date_in_words(since, "j M Y"),
            due_day=date_in_words(by, "j M Y"),
            due_time=f"{by:%H:%M}",
            then=course.act_when if course else "",
        ),
        source=overdue_source(side_effect),
        at=at,
        due_at=due_at(level, clinic=session.clinic, at=at),
    )
