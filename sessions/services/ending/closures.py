"""When nobody is treated: what that does to the bookings in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import lock
from clinic.db.retries import retried_step, retried_transaction
from clinic.errors import Conflict
from clinic.models import Clinic, Closure, TimeOff, User, in_words
from clinic.values.languages import override_language
from clinic.values.wallclock import iso_utc
from patients.models import Audience, StaffTask, TaskKind, TaskStatus
from patients.models.task import StaffTaskQuerySet
from patients.services.tasks import raise_tasks
from sessions.lifecycle import Status
from sessions.models import SessionEvent, TreatmentSession, TreatmentSessionQuerySet
from sessions.scheduling.availability import Offer, first_free
from sessions.scheduling.wanted import wanted_by

SPAN, LATE = "span:", "late:"  # what the tasks are named after, also of who is running late
# A visit of next month need not be looked after today, and one of tomorrow has to be.
DECIDED_BEFORE = timedelta(days=2)


class BookingsInTheWay(Conflict):
    code = "bookings_in_the_way"
    title = gettext_noop("There are bookings in this time")


@retried_transaction
def add_closure(
    *,
    clinic: Clinic,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User,
    reason: str = "",
    accept: bool = False,
) -> Closure:
    """Close a clinic for a while; from then on nothing is offered or booked in it.

    Bookings that are already in it stay, if the caller accepts that, each with a task for the
    desk: `propose_moves` finds new times for them. Raises BookingsInTheWay, or ValidationError by
    field.
    """
    lock(f"clinic:{clinic.pk}")
    closure = Closure(clinic=clinic, starts_at=starts_at, ends_at=ends_at, reason=reason)
    _save(closure, at=at, accept=accept)
    return closure


@retried_transaction
def add_time_off(
    *,
    practitioner: User,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User,
    reason: str = "",
    accept: bool = False,
) -> TimeOff:
    """Give a practitioner time off, at all clinics; otherwise as `add_closure`."""
    lock(f"practitioner:{practitioner.pk}")
    time_off = TimeOff(
        practitioner=practitioner, starts_at=starts_at, ends_at=ends_at, reason=reason
    )
    _save(time_off, at=at, accept=accept)
    return time_off


@retried_transaction
def note_away(
    *,
    practitioner: User,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User,
    reason: str = "",
) -> TimeOff:
    """Somebody falls ill: nobody books with them from now on, and each visit in that time becomes a
    task until it is looked after. Where it was noted already, that stands."""
    lock(f"practitioner:{practitioner.pk}")
    known = TimeOff.objects.filter(
        practitioner=practitioner, starts_at__lte=starts_at, ends_at__gte=ends_at
    )
    return known.order_by("pk").first() or add_time_off(
        practitioner=practitioner,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        by=by,
        reason=reason,
        accept=True,
    )


def _save(span: Closure | TimeOff, *, at: datetime, accept: bool) -> None:
    span.full_clean()
    hit = list(bookings_in(span, at=at))
    if hit and not accept:
        times = ", ".join(
            gettext("{day} at {time}").format(
                day=date_format(session.starts_at_local, "j M Y"),
                time=f"{session.starts_at_local:%H:%M}",
            )
            for session in hit[:3]
        )
        more = ", …" if len(hit) > 3 else ""
        raise BookingsInTheWay(
            gettext("{number} booked: {times}. Move them first, or accept that they stay.").format(
                number=len(hit), times=times + more
            ),
            field="starts_at",
            bookings=[
                {
                    "id": str(session.pk),
                    "starts_at": iso_utc(session.starts_at),
                }
                for session in hit
            ],
        )
    span.save()
    tasks = [
        StaffTask(
            clinic=session.clinic,
            patient=session.patient,
            kind=TaskKind.OTHER,
            audience=Audience.FRONT_DESK,
            title=gettext("Look after: {session}").format(session=session),
            detail=gettext(
                "{span}: {reason}. The session stays as it was booked until somebody moves or "
                "cancels it."
            ).format(span=span, reason=span.reason or gettext("nobody treats then")),
            source=task_source(span, session.pk),
            due_at=max(at, session.starts_at - DECIDED_BEFORE),
        )
        for session in hit
    ]
    raise_tasks(tasks)


def task_source(span: Closure | TimeOff, session_id: UUID) -> str:
    """What the task of a session that lies in it is named after."""
    return f"{SPAN}{span.pk}:{session_id}"


@retried_step
def finish_tasks_of(session: TreatmentSession, *, at: datetime, by: User | None) -> None:
    """A session that has moved or is off needs nobody to look after it any more, whoever did it."""
    asked = _asked_of(session).open()
    note = _note(session.status)
    asked.update(status=TaskStatus.DONE, done_at=at, done_by=by, done_note=note)


def reopen_tasks_of(session: TreatmentSession, *, ended: SessionEvent) -> None:
    """What `finish_tasks_of` has ticked off at an end that is taken back."""
    notes = set()
    for language, _ in settings.LANGUAGES:  # whoever ended it may read another one
        with override_language(language):
            notes.add(_note(ended.new_status))
    done = _asked_of(session).filter(done_at=ended.at)
    asked = done.filter(pk__in=[task.pk for task in done if task.done_note in notes])
    asked = asked.exclude(source__in=_asked_of(session).open().values("source"))
    asked.update(status=TaskStatus.OPEN, done_at=None, done_by=None, done_note="")


def _note(status: str) -> str:
    return gettext("the session is {status}").format(status=in_words(Status, status))


def _asked_of(session: TreatmentSession) -> StaffTaskQuerySet:
    """Because of a closure, of somebody's time off, or of a delay."""
    absent = Q(source__startswith=SPAN, source__endswith=f":{session.leading_id}")
    late = Q(source=f"{LATE}{session.leading_id}")
    return StaffTask.objects.filter(absent | late, patient=session.patient_id)


def bookings_in(span: Closure | TimeOff, *, at: datetime) -> TreatmentSessionQuerySet:
    """The sessions that are still to come, or on, in a closure or in somebody's time off."""
    sessions = (
        TreatmentSession.objects.occupying()
        .filter(sitting=None)  # the leading session of a sitting stands for all its areas
        .exclude(status=Status.COMPLETED)
        .filter(starts_at__lt=span.ends_at, ends_at__gt=max(span.starts_at, at))
    )
    whose = (
        sessions.filter(clinic=span.clinic)
        if isinstance(span, Closure)
        else sessions.filter(practitioner=span.practitioner)
    )
    return whose.select_related("clinic", "patient", "area", "visit_type__clinic").order_by(
        "starts_at", "id"
    )


@dataclass(frozen=True)
class Proposal:
    """A booking that has to move, and where it could go."""

    session: TreatmentSession
    offer: Offer | None


def propose_moves(
    span: Closure | TimeOff, *, at: datetime, sessions: Iterable[TreatmentSession]
) -> list[Proposal]:
    """For each of the bookings in a closure or time off, the first free time after it.

    With the same practitioner after a closure, with any when theirs is the time off. Each offer
    is made as if it were the only one: two bookings may be shown one slot, and the first to take
    it has it. That takes statements for each booking: a page of them is enough at once.
    """
    return [
        Proposal(
            session,
            first_free(
                wanted=wanted_by(session),
                after=max(at, session.starts_at),
                practitioner_id=session.practitioner_id if isinstance(span, Closure) else None,
                at=at,
                moving=session,
            ),
        )
        for session in sessions
    ]
