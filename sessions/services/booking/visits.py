"""Booking a visit that treats nothing: a consultation, a check, a test, an outcome."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.locks import statement
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Device, Room, User
from patients.models import Patient, StaffTask
from sessions.models import (
    Hold,
    Kind,
    Mode,
    SideEffect,
    TreatmentPlan,
    TreatmentSession,
    VisitType,
)
from sessions.scheduling.availability import booking_facts
from sessions.scheduling.holds import own_holds
from sessions.services.booking.book import clinic_lock, finish_booking, locks_for, require_open_time
from sessions.services.booking.checks.clash import RoomTaken, insert
from sessions.services.booking.checks.prepare import (
    NotBookable,
    OutOfUse,
    require_in_use,
    require_not_archived,
)
from sessions.services.booking.checks.presence import require_room_of


class WrongForVisit(DomainError):
    code = "wrong_for_visit"
    title = gettext_noop("This does not fit the kind of visit")


MISSING = {
    "room": gettext_noop("“{visit_type}” needs a room: name one."),
    "device": gettext_noop("“{visit_type}” needs a device: name one."),
}
NEEDLESS = {
    "room": gettext_noop("“{visit_type}” needs no room: leave it out."),
    "device": gettext_noop("“{visit_type}” needs no device: leave it out."),
}


def prepare_visit(
    *,
    visit_type: VisitType,
    patient: Patient,
    starts_at: datetime,
    practitioner: User,
    room: Room | None = None,
    device: Device | None = None,
    plan: TreatmentPlan | None = None,
    side_effect: SideEffect | None = None,
    task: StaffTask | None = None,
    video_url: str = "",
) -> TreatmentSession:
    """A visit with all its times by its kind, not saved.

    Raises PatientArchived, NotBookable, OutOfUse, RoomUnfit, WrongForVisit.
    """
    require_not_archived(patient.archived_at is not None, field="patient")
    if visit_type.kind == Kind.TREATMENT:
        raise WrongForVisit(gettext("A treatment is booked for a plan."), field="visit_type")
    require_offered(visit_type, patient)
    _require_fit(visit_type, room, device)
    require_about(visit_type, patient, plan, side_effect, task)
    ends_at = starts_at + visit_type.duration
    return TreatmentSession(
        clinic=visit_type.clinic,
        visit_type=visit_type,
        kind=visit_type.kind,
        mode=visit_type.mode,
        video_url=_link(visit_type, video_url),
        plan=plan,
        patient=patient,
        practitioner=practitioner,
        room=room,
        device=device,
        side_effect=side_effect,
        task=task,
        occupied_from=starts_at - visit_type.setup,
        starts_at=starts_at,
        ends_at=ends_at,
        released_at=ends_at + visit_type.cleaning,
        time_zone=visit_type.clinic.time_zone,
    )


def require_offered(visit_type: VisitType, patient: Patient) -> None:
    """Raises NotBookable, OutOfUse."""
    if visit_type.clinic_id != patient.clinic_id:
        raise NotBookable(
            gettext("“{visit_type}” is not offered at this clinic.").format(visit_type=visit_type),
            field="visit_type",
        )
    if not visit_type.is_active:
        raise OutOfUse(
            gettext("“{visit_type}” is no longer offered.").format(visit_type=visit_type),
            field="visit_type",
        )


def _require_fit(visit_type: VisitType, room: Room | None, device: Device | None) -> None:
    """Room and device where the visit needs them, and nowhere else."""
    needed = {"room": visit_type.needs_room, "device": visit_type.needs_device}
    given: dict[str, Room | Device | None] = {"room": room, "device": device}
    for field, resource in given.items():
        if resource is None:
            if needed[field]:
                raise WrongForVisit(
                    gettext(MISSING[field]).format(visit_type=visit_type),
                    field=field,
                )
            continue
        if not needed[field]:
            raise WrongForVisit(
                gettext(NEEDLESS[field]).format(visit_type=visit_type),
                field=field,
            )
        if resource.clinic_id != visit_type.clinic_id:
            raise NotBookable(
                gettext("{resource} is not in use at this clinic.").format(resource=resource),
                field=field,
            )
        require_in_use(resource, resource.is_active, field)
    if room:
        require_room_of(visit_type, room)


def require_about(
    visit_type: VisitType,
    patient: Patient,
    plan: TreatmentPlan | None = None,
    side_effect: SideEffect | None = None,
    task: StaffTask | None = None,
) -> None:
    """What a visit is about is the patient's own, and fits its kind. Raises WrongForVisit,
    NotBookable."""
    if plan and visit_type.kind == Kind.CONSULTATION:
        raise WrongForVisit(
            gettext("A consultation comes before any plan: leave it out."), field="plan"
        )
    if plan and plan.patient_id != patient.pk:
        raise NotBookable(gettext("The plan is another patient's."), field="plan")
    looked_at = []
    if side_effect:
        looked_at.append(("side_effect", side_effect.session.patient_id))
    if task:
        looked_at.append(("task", task.patient_id))
    for field, whose in looked_at:
        if visit_type.kind != Kind.CHECK:
            raise WrongForVisit(gettext("Only a check looks at it: leave it out."), field=field)
        if whose != patient.pk:
            raise NotBookable(gettext("It is not of this patient."), field=field)


def _link(visit_type: VisitType, video_url: str) -> str:
    """Where a visit by video meets. Raises WrongForVisit."""
    if visit_type.mode != Mode.VIDEO:
        if video_url:
            raise WrongForVisit(
                gettext("“{visit_type}” is not by video: leave it out.").format(
                    visit_type=visit_type
                ),
                field="video_url",
            )
        return ""
    link = video_url or visit_type.video_url
    if not link:
        raise WrongForVisit(
            gettext("“{visit_type}” has no link of its own: say where it meets.").format(
                visit_type=visit_type
            ),
            field="video_url",
        )
    return link


def require_https(link: str) -> None:
    """Raises WrongForVisit."""
    if not link.startswith("https://"):
        raise WrongForVisit(gettext("A video link begins with https://."), field="video_url")


def free_room(visit_type: VisitType, starts_at: datetime, *, at: datetime) -> Room | None:
    """The first room, by name, in which such a visit may be and nobody else is then; None if it
    needs none. Raises RoomTaken."""
    if not visit_type.needs_room:
        return None
    begins = starts_at - visit_type.setup
    ends = starts_at + visit_type.duration + visit_type.cleaning
    taken = (
        TreatmentSession.objects.occupying().overlapping(begins, ends).filter(room__isnull=False)
    )
    held = Hold.objects.live(at).overlapping(begins, ends)
    rooms = visit_type.clinic.rooms.filter(is_active=True)
    if only := [room.pk for room in visit_type.rooms.all()]:
        rooms = rooms.filter(pk__in=only)
    free = rooms.exclude(pk__in=taken.values("room")).exclude(pk__in=held.values("room"))
    room = free.order_by("name", "id").first()
    if room is None:
        raise RoomTaken(gettext("No room is free then."), field="starts_at")
    return room


@retried_transaction
def book_visit(
    *,
    visit_type: VisitType,
    patient: Patient,
    starts_at: datetime,
    practitioner: User,
    at: datetime,
    by: User | None,
    room: Room | None = None,
    any_room: bool = False,
    device: Device | None = None,
    plan: TreatmentPlan | None = None,
    side_effect: SideEffect | None = None,
    task: StaffTask | None = None,
    video_url: str = "",
    rescheduled_from: TreatmentSession | None = None,
    hold_id: UUID | None = None,
    reason: str = "",
) -> TreatmentSession:
    """Book a visit that treats nothing, by the same locks, hours and constraints as a treatment.
    Uses up what is held for such a visit of the patient at that time, and the hold that is named.
    `by` is nobody where the patient has booked it. Without a `room`, `any_room` takes one that is
    free.

    Raises InThePast, Closed, PractitionerOff, NotTheirVisit, NotLicensed, RoomUnfit, Held,
    PractitionerTaken, RoomTaken, DeviceTaken, PatientTaken, NotBookable, OutOfUse, PatientArchived,
    WrongForVisit.
    """
    if any_room and room is None:
        room = free_room(visit_type, starts_at, at=at)
    session = prepare_visit(
        visit_type=visit_type,
        patient=patient,
        starts_at=starts_at,
        practitioner=practitioner,
        room=room,
        device=device,
        plan=plan,
        side_effect=side_effect,
        task=task,
        video_url=video_url,
    )
    if session.video_url and not rescheduled_from:  # what was booked before keeps its link
        require_https(session.video_url)
    locks = statement(*locks_for(session), shared=clinic_lock(session.clinic_id))
    [now] = booking_facts(session, behind=locks)
    require_open_time(session, now, at=at)
    holds = own_holds(session, at=at, named=hold_id) if now.holds_near or hold_id else []
    session.rescheduled_from = rescheduled_from
    insert(session, at=at)
    finish_booking(session, holds=holds, at=at, by=by, reason=reason)
    return session
