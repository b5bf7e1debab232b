"""What lies ahead of something: the sessions, holds and waitlist entries that it no longer serves.

Whoever ends a room, a device, a person's work or a record is shown them first, and decides for each
(`services.ending.settle`). REACHES says for each kind of row what it does not serve as it is
*now*; what a change leaves behind is what is not served after it and was before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Coalesce

from clinic.models import Clinic, Device, DeviceModel, Role, Room, User, WorkingHours
from patients.models import Concern, Patient
from sessions.lifecycle import OCCUPIES, WAITLIST_OPEN, PlanStatus, Status
from sessions.models import Hold, Kind, Protocol, TreatmentPlan, TreatmentSession, WaitlistEntry
from sessions.scheduling import presence_sql
from sessions.signals import asked_for_messages

FARTHEST = timedelta(days=3660)  # nobody books farther ahead than ten years
TREATS = Q(kind=Kind.TREATMENT)


@dataclass(frozen=True)
class Reach:
    """Which sessions, holds and waitlist entries a row does not serve; none unless said."""

    sessions: Q = field(default_factory=lambda: Q(pk__in=[]))
    holds: Q = field(default_factory=lambda: Q(pk__in=[]))
    waitlist: Q = field(default_factory=lambda: Q(pk__in=[]))


@dataclass(frozen=True)
class Ahead:
    """What is not served, by id, and how many messages wait for it."""

    sessions: frozenset[UUID] = frozenset()
    holds: frozenset[UUID] = frozenset()
    waitlist: frozenset[UUID] = frozenset()
    messages: int = 0

    def __sub__(self, before: "Ahead") -> "Ahead":
        return Ahead(
            self.sessions - before.sessions,
            self.holds - before.holds,
            self.waitlist - before.waitlist,
            max(self.messages - before.messages, 0),
        )

    def __bool__(self) -> bool:
        return bool(self.sessions or self.holds or self.waitlist or self.messages)


def look_ahead(row: models.Model, *, at: datetime) -> Ahead:
    """What `row`, as it is in memory, does not serve."""
    reach = REACHES[type(row)](row, at)
    counts = asked_for_messages.send(type(row), row=row, at=at)
    return Ahead(
        _leading(upcoming_sessions(at).filter(reach.sessions)),
        _ids(Hold.objects.live(at).filter(reach.holds)),
        _ids(WaitlistEntry.objects.filter(reach.waitlist, status__in=WAITLIST_OPEN)),
        sum(int(count or 0) for _, count in counts),
    )


def upcoming_sessions(at: datetime) -> Any:
    """Sessions that have not ended: booked, confirmed, or going on."""
    return TreatmentSession.objects.filter(
        status__in=[status for status in OCCUPIES if status != Status.COMPLETED], ends_at__gt=at
    )


def _leading(sessions: Any) -> frozenset[UUID]:
    """Of a sitting, its leading session: all its areas move or end together."""
    return frozenset(sessions.values_list(Coalesce("sitting", "pk"), flat=True))


def _ids(rows: Any) -> frozenset[UUID]:
    return frozenset(rows.values_list("pk", flat=True))


def _resource(name: str) -> Callable[[Any, datetime], Reach]:
    """A room or a device: everything in it once it is out of use, else what is of another area."""

    def reach(row: Room | Device, at: datetime) -> Reach:
        of_session, of_plan, of_entry = Q(), Q(), Q()
        if row.is_active:
            if not row.areas:
                return Reach()
            of_session = Q(area__isnull=False) & ~Q(area__code__in=row.areas)
            of_plan = TREATS & ~Q(plan__area__code__in=row.areas)
            others = TreatmentPlan.objects.exclude(area__code__in=row.areas)
            of_entry = of_plan | Q(further_plans__in=others)
        return Reach(
            Q(**{name: row}) & of_session,
            Q(**{name: row}) & of_plan,
            Q(**{f"offered_{name}": row}) & of_entry,
        )

    return reach


def _device_model(row: DeviceModel, at: datetime) -> Reach:
    if row.is_active:
        return Reach()
    return Reach(Q(device__model=row), Q(device__model=row), Q(offered_device__model=row))


def _of_plan(name: str) -> Callable[[Any, datetime], Reach]:
    """A protocol or a concern: what is planned by it. A visit that treats nothing does without."""

    def reach(row: Protocol | Concern, at: datetime) -> Reach:
        planned = TREATS & Q(**{f"plan__{name}": row})
        if row.is_active:
            return Reach()
        return Reach(planned, planned, planned | Q(**{f"further_plans__{name}": row}))

    return reach


def _plan(row: TreatmentPlan, at: datetime) -> Reach:
    if row.status in (PlanStatus.DRAFT, PlanStatus.ACTIVE):
        return Reach()
    # what was done is looked at and measured when the plan has ended, too
    treats = TREATS & Q(plan=row)
    return Reach(treats, treats, treats | Q(further_plans=row))


def _patient(row: Patient, at: datetime) -> Reach:
    if row.archived_at is None or row.merged_into_id:
        return Reach()
    return Reach(Q(patient=row), Q(patient=row), Q(patient=row))


def _person(row: User, at: datetime) -> Reach:
    """A member of staff: everything at the clinics where they do not do it (any more)."""
    theirs = Q(practitioner=row)
    not_theirs = Q()
    if row.is_active:
        may_do = Q(visit_type__roles__contains=[row.role])
        not_theirs = ~Q(clinic__in=row.clinics.all()) | ~may_do
    waits = (theirs | Q(offered_practitioner=row)) & not_theirs
    return Reach(theirs & not_theirs, theirs & not_theirs, waits)


def _hours(row: WorkingHours, at: datetime) -> Reach:
    return Reach(
        Q(pk__in=sessions_without_staff(row.clinic, at=at, practitioner_id=row.practitioner_id))
    )


def _clinic(row: Clinic, at: datetime) -> Reach:
    return Reach(Q(pk__in=sessions_without_staff(row, at=at)))


def sessions_without_staff(
    clinic: Clinic, *, at: datetime, practitioner_id: UUID | None = None
) -> list[UUID]:
    """The sessions still to come at a clinic for whom nobody is there, in one query."""
    today = at.astimezone(clinic.zone).date()
    values = {
        "clinic": clinic.pk,
        "zone": clinic.time_zone,
        "roles": Role.values,  # each visit says itself by whom it may be
        "practitioner": practitioner_id,
        "first": today,
        "last": _last_day(clinic, at, practitioner_id) or today,
        "at": at,
    }
    with connection.cursor() as cursor:
        presence_sql.ABSENT.execute(cursor, values)
        return [row[0] for row in cursor.fetchall()]


def _last_day(clinic: Clinic, at: datetime, practitioner_id: UUID | None) -> Any:
    rows = upcoming_sessions(at).filter(clinic=clinic, starts_at__lt=at + FARTHEST)
    if practitioner_id:
        rows = rows.filter(practitioner=practitioner_id)
    last = rows.aggregate(last=models.Max("ends_at"))["last"]
    return last and last.astimezone(clinic.zone).date()


REACHES: dict[type[models.Model], Callable[[Any, datetime], Reach]] = {
    Room: _resource("room"),
    Device: _resource("device"),
    DeviceModel: _device_model,
    Protocol: _of_plan("protocol"),
    Concern: _of_plan("concern"),
    TreatmentPlan: _plan,
    Patient: _patient,
    User: _person,
    WorkingHours: _hours,
    Clinic: _clinic,
}
