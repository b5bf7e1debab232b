"""What a change leaves behind is seen first, and decided session by session.

Note [What a change leaves behind]
    A change is made, then looked at: what it no longer serves and did serve before is shown to
    whoever made it (`StillAhead`), and everything is rolled back until each session has a decision.
    So rooms, devices, people, records and hours all go the same way, in the API and in the admin,
    and what somebody books at the last moment is not missed: bookings hold the locks that are
    taken here, and look behind them whether all is in use.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext

from clinic.db.locks import lock
from clinic.db.retries import retried_step
from clinic.errors import DomainError
from clinic.models import Clinic, Device, Room, User
from patients.models import Patient, TaskKind
from patients.services import raise_task
from sessions.lifecycle import UPCOMING, Status, WaitlistStatus
from sessions.models import Hold, TreatmentPlan, TreatmentSession, WaitlistEntry
from sessions.scheduling.ahead import Ahead, look_ahead
from sessions.scheduling.availability import Offer
from sessions.scheduling.wanted import Wanted, wanted_by, wanted_by_each
from sessions.services.booking.alternatives import alternatives
from sessions.services.booking.book import clinic_lock, locks_for
from sessions.services.booking.moves import move_session
from sessions.services.booking.reschedule import reschedule_session
from sessions.services.booking.series.shifting import NoFreeTime
from sessions.services.booking.sitting.skip import skip_area
from sessions.services.booking.waitlist import decline_offer, withdraw_from_waitlist
from sessions.services.ending.decisions import (
    SLOT,
    AffectedSession,
    CannotMove,
    Choice,
    Decider,
    Decision,
    OnlyKeep,
    StillAhead,
)

OFFERED = 20  # as many get an alternative looked up; the rest when it comes to them
SHOWN = 200  # as many are listed; `rest` decides about all


@retried_step
def carry_out_decisions(row: models.Model, before: Ahead, *, decider: Decider) -> Ahead:
    """Act on what is decided for all that a change of `row`, which is saved, has left behind since
    `before`; returns what that was. See Note [What a change leaves behind].

    Raises StillAhead if something is undecided, CannotMove, NoFreeTime, and what moving and
    rescheduling raise; then nothing has changed.
    """
    at = decider.at
    left = look_ahead(row, at=at) - before
    _lock(row, left, decider)
    left = look_ahead(row, at=at) - before  # what came in meanwhile
    if not left:
        return left
    sessions = _sessions(left)
    here = set(decider.by.clinics.values_list("pk", flat=True))
    undecided = {
        session.pk
        for session in sessions
        if session.clinic_id in here and decider.of(session) is None
    }
    waiting = WaitlistEntry.objects.filter(pk__in=left.waitlist, clinic__in=here).order_by("pk")
    others = left.holds or left.messages or waiting.exists()
    if undecided or (others and not decider.rest):
        shown = [session for session in sessions if session.clinic_id in here]
        raise StillAhead(left, _with_offers(row, shown, at=at), undecided)
    _require_right(sessions, decider)
    reason = decider.reason or gettext("no longer available")
    why = f"{_named(row)}: {reason}"[:500]
    for session in sessions:
        decision = decider.of(session) if session.clinic_id in here else None
        _carry_out(row, session, decision or {"do": Choice.KEEP}, why, decider)
    Hold.objects.filter(pk__in=left.holds).delete()
    for entry in waiting:
        _pass_on(row, entry, why, decider)
    return left


def _require_right(sessions: list[TreatmentSession], decider: Decider) -> None:
    """Who may not change sessions can only leave them to the desk. Raises OnlyKeep."""
    wanted = {decision["do"] for session in sessions if (decision := decider.of(session))}
    may = decider.by.has_perm("treatment_sessions.change_treatmentsession")
    if wanted - {Choice.KEEP} and not may:
        raise OnlyKeep(
            gettext("Keep the sessions: the desk gets a task for each."), field="decisions"
        )


def _lock(row: models.Model, left: Ahead, decider: Decider) -> None:
    """Note [Lock order]: everything that the sessions take up, or may take up, at once."""
    sessions = _sessions(left)
    decided = [decision for session in sessions if (decision := decider.of(session))]
    lock_sessions(
        sessions,
        *(f"{kind}:{row.pk}" for kind in _kinds(row)),
        to_move=any(decision["do"] == Choice.MOVE for decision in decided),
    )


def lock_sessions(sessions: Sequence[TreatmentSession], *named: str, to_move: bool) -> None:
    """What these sessions take up; `to_move`, also whatever their clinics have."""
    clinics = {session.clinic_id for session in sessions}
    names = {*named, *(name for session in sessions for name in locks_for(session))}
    if to_move:
        staff = User.objects.practitioners().filter(clinics__in=clinics)
        names |= {f"practitioner:{pk}" for pk in staff.values_list("pk", flat=True)}
        for things, kind in ((Room, "room"), (Device, "device")):
            of_clinics: Any = things.objects.filter(clinic__in=clinics)
            names |= {f"{kind}:{pk}" for pk in of_clinics.values_list("pk", flat=True)}
    shared = {name for pk in clinics for name in clinic_lock(pk)} - names
    lock(*names, shared=tuple(shared))


def _kinds(row: models.Model) -> list[str]:
    """What bookings call it in their locks."""
    names = {Room: "room", Device: "device", Patient: "patient", User: "practitioner"}
    names[Clinic] = "clinic"  # held alone: nobody books at it meanwhile
    return [name for model, name in names.items() if isinstance(row, model)]


def _sessions(left: Ahead) -> list[TreatmentSession]:
    rows = TreatmentSession.objects.filter(pk__in=left.sessions).order_by("starts_at", "pk")
    return list(
        rows.select_related(
            *("clinic", "patient", "area", "practitioner", "room", "device__model"),
            "visit_type__clinic",
            *("plan__clinic", "plan__patient__clinic", "plan__area", "plan__protocol"),
        )
    )


def _with_offers(
    row: models.Model, sessions: Sequence[TreatmentSession], *, at: datetime
) -> list[AffectedSession]:
    can_move = not isinstance(row, Patient | TreatmentPlan)
    looked_up = sessions[:OFFERED] if can_move else ()
    offers = [
        _nearest(session, wanted, at=at)
        for session, wanted in zip(looked_up, wanted_by_each(looked_up), strict=True)
    ]
    shown = sessions[:SHOWN]
    offers += [None] * (len(shown) - len(offers))
    return [AffectedSession(*both) for both in zip(shown, offers, strict=True)]


def _nearest(session: TreatmentSession, wanted: Wanted, *, at: datetime) -> Offer | None:
    """The nearest time to the old one, the old one itself with something else in place first."""
    found = alternatives(
        wanted=wanted,
        starts_at=session.starts_at,
        practitioner=session.practitioner,
        at=at,
        without=session,
    )
    return found[0] if found else None


def _carry_out(
    row: models.Model,
    session: TreatmentSession,
    decision: Decision,
    why: str,
    decider: Decider,
) -> None:
    try:
        if decision["do"] == Choice.MOVE:
            _move(row, session, decision, why, decider)
            return
        if decision["do"] == Choice.CANCEL:
            session = _cancel(row, session, why, decider)
    except DomainError as error:
        error.message = f"{session}: {error.message}"
        error.about = (session,)
        error.field = f"decisions/{session.pk}"
        raise
    if decision["do"] == Choice.KEEP:
        title = gettext("Look after: {session}")
        detail = gettext(
            "{why}. The session stays as it was booked until somebody moves or cancels it."
        )
    else:
        title = gettext("Tell the patient: {session}")
        detail = gettext("{why}. The session is off.")
    raise_task(
        clinic=session.clinic,
        patient=session.patient,
        kind=TaskKind.OTHER,
        title=title.format(session=session),
        detail=detail.format(why=why),
        source=f"ended:{row._meta.model_name}:{row.pk}:{session.pk}",
        at=decider.at,
    )


def _cancel(
    row: models.Model, session: TreatmentSession, why: str, decider: Decider
) -> TreatmentSession:
    """What is off now: of a sitting only the area whose plan ends."""
    details: dict[str, Any] = {"reason": why, "at": decider.at, "by": decider.by}
    if isinstance(row, TreatmentPlan):
        areas = TreatmentSession.objects.of_sitting(session.pk).filter(status__in=UPCOMING)
        ending = areas.filter(plan=row).first()
        if ending and len(areas) > 1:
            return skip_area(session_id=ending.pk, **details)
    return move_session(session_id=session.pk, to=Status.CANCELLED, **details)


def _move(
    row: models.Model, session: TreatmentSession, to: Decision, why: str, decider: Decider
) -> None:
    if isinstance(row, Patient | TreatmentPlan):
        raise CannotMove(gettext("Another time is no help here: cancel or keep it."))
    details: dict[str, Any] = {name: to[name] for name in SLOT if to.get(name)}  # type: ignore[literal-required]
    if "starts_at" not in details:
        offer = _nearest(session, wanted_by(session), at=decider.at)
        if offer is None:
            raise NoFreeTime(gettext("There is no free time near it: cancel or keep it."))
        details = {
            "starts_at": offer.starts_at,
            "practitioner": User.objects.get(pk=offer.practitioner_id),
            "room": offer.room_id and Room.objects.get(pk=offer.room_id),
            "device": offer.device_id
            and Device.objects.select_related("model").get(pk=offer.device_id),
        }
    reschedule_session(session_id=session.pk, **details, at=decider.at, by=decider.by, reason=why)


def _pass_on(row: models.Model, entry: WaitlistEntry, why: str, decider: Decider) -> None:
    """Whoever waits goes on waiting, for anybody if they waited for somebody who is gone; unless
    everything is to be cancelled, or it is the record or the plan itself that ends. Of a sitting
    the other areas wait on."""
    details: dict[str, Any] = {"at": decider.at, "by": decider.by, "reason": why}
    leads = isinstance(row, Patient) or row.pk == entry.plan_id  # of a treatment: REACHES
    if decider.rest == Choice.CANCEL or leads:
        withdraw_from_waitlist(entry_id=entry.pk, **details)
        return
    if entry.status == WaitlistStatus.OFFERED:
        decline_offer(entry_id=entry.pk, **details)
    if isinstance(row, TreatmentPlan):
        entry.further_plans.remove(row)
    if isinstance(row, User):
        WaitlistEntry.objects.filter(pk=entry.pk, practitioner=row).update(practitioner=None)


def _named(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {row}".capitalize()
