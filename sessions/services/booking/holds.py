"""Holding a slot while the desk talks to the patient."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import Device, Room, User
from patients.models import Patient
from sessions.models import (
    Hold,
    Kind,
    Mode,
    TreatmentPlan,
    TreatmentSession,
    VisitType,
    WaitlistEntry,
    of_treatment,
)
from sessions.scheduling.availability import BookingFacts, booking_facts
from sessions.scheduling.holds import SlotHeld, kept_for, own_holds
from sessions.services.booking.book import lock_for_bookings, locks_for, require_open_time
from sessions.services.booking.checks.clash import require_free
from sessions.services.booking.checks.prepare import prepare_session
from sessions.services.booking.checks.rules import weigh
from sessions.services.booking.sitting.areas import about_further, add_areas
from sessions.services.booking.visits import prepare_visit

# What is held takes up no link: where it meets is said when it is booked.
LATER = "https://clinic.invalid/"
MOST_OF_A_PLAN, MOST_OF_A_PERSON = 3, 20  # at the same time: a calendar is not there to be filled


class TooManyHolds(Conflict):
    code = "too_many_holds"
    title = gettext_noop("Too many times are held")


@retried_transaction
def place_hold(
    *,
    plan_id: UUID,
    starts_at: datetime,
    practitioner: User,
    room: Room,
    device: Device,
    at: datetime,
    by: User,
    further_plans: Sequence[TreatmentPlan] = (),
) -> Hold:
    """Keep a slot for a plan for the clinic's `hold_minutes`. To hold it again renews the hold.
    With `further_plans` it is long enough for all these areas in one sitting.

    Raises Held, TooManyHolds, and what `book_session` raises: what cannot be booked cannot be held.
    """
    plan = TreatmentPlan.objects.with_booking_facts().get(pk=plan_id)
    session = prepare_session(
        plan=plan, starts_at=starts_at, practitioner=practitioner, room=room, device=device, at=at
    )
    further = add_areas(session, further_plans, at=at) if further_plans else []
    lock_for_bookings(*locks_for(session), f"holder:{by.pk}", clinic_id=plan.clinic_id)
    _require_few(session, at=at, by=by)
    lasts = timedelta(minutes=plan.clinic.hold_minutes)
    return insert_hold(session, at=at, until=at + lasts, held_by=by, further=further)


def insert_hold(
    session: TreatmentSession,
    *,
    at: datetime,
    until: datetime,
    held_by: User | None = None,
    offered_to: WaitlistEntry | None = None,
    further: Sequence[TreatmentSession] = (),
) -> Hold:
    """Hold the slot of `session`, which is not booked, and leads `further` areas. The caller holds
    its locks.

    Raises what `place_hold` raises.
    """
    now, *of_further = booking_facts(session, further)
    _require_bookable(session, now, at=at, by=held_by)
    for index, (area, now) in enumerate(zip(further, of_further, strict=True)):
        with about_further(index):
            _require_bookable(area, now, at=at, by=held_by)
    for hold in own_holds(session, at=at, plans={area.plan_id for area in further}):
        if hold.offered_to_id and hold.expires_at > at:
            raise SlotHeld(
                gettext(
                    "This time is offered to the same patient from the waitlist: accept the offer."
                ),
                field="starts_at",
            )
    require_free(session, at=at, further=further)
    # What is left in the way has lapsed or is renewed here.
    Hold.objects.clashing_with(session).delete()
    return Hold.objects.create(
        clinic=session.clinic,
        visit_type_id=of_treatment(session.visit_type_id),
        kind=session.kind,
        patient=session.patient,
        plan=session.plan,
        practitioner=session.practitioner,
        room=session.room,
        device=session.device,
        occupied_from=session.occupied_from,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        released_at=session.released_at,
        expires_at=until,
        held_by=held_by,
        offered_to=offered_to,
    )


def _require_few(session: TreatmentSession, *, at: datetime, by: User) -> None:
    """Behind the locks of the patient and of whoever holds: two at once see each other. One that is
    renewed counts once. What is offered from the waitlist is nobody's. Raises TooManyHolds."""
    renewed = Hold.objects.clashing_with(session).filter(kept_for(session)).values("pk")
    live = Hold.objects.live(at).filter(held_by__isnull=False).exclude(pk__in=renewed)
    own, by_them = kept_for(session), Q(held_by=by)
    counts = live.filter(own | by_them).aggregate(
        own=Count("pk", filter=own), by_them=Count("pk", filter=by_them)
    )
    if counts["own"] >= MOST_OF_A_PLAN:
        raise TooManyHolds(
            gettext(
                "{most} times are held for this already. Book or release one of them first."
            ).format(most=MOST_OF_A_PLAN),
            field="starts_at",
        )
    if counts["by_them"] >= MOST_OF_A_PERSON:
        raise TooManyHolds(
            gettext("You hold {most} times already. Book or release some of them first.").format(
                most=MOST_OF_A_PERSON
            ),
            field="starts_at",
        )


def _require_bookable(
    session: TreatmentSession, now: BookingFacts, *, at: datetime, by: User | None
) -> None:
    """What only a practitioner may book in spite of, only one may hold, and nobody is offered."""
    require_open_time(session, now, at=at)
    treats = session.kind == Kind.TREATMENT
    if treats and not (by and by.has_perm("treatment_sessions.override")):
        weigh(session, now, reason="", moved=None, at=at, by=by)


@retried_transaction
def hold_visit(
    *,
    visit_type: VisitType,
    patient: Patient,
    starts_at: datetime,
    practitioner: User,
    at: datetime,
    by: User,
    room: Room | None = None,
    device: Device | None = None,
    plan: TreatmentPlan | None = None,
) -> Hold:
    """Keep a slot for a visit that treats nothing, as `place_hold` does for a treatment.

    Raises Held, TooManyHolds, and what `book_visit` raises.
    """
    session = prepare_visit(
        visit_type=visit_type,
        patient=patient,
        starts_at=starts_at,
        practitioner=practitioner,
        room=room,
        device=device,
        plan=plan,
        video_url=LATER if visit_type.mode == Mode.VIDEO else "",
    )
    lock_for_bookings(*locks_for(session), f"holder:{by.pk}", clinic_id=session.clinic_id)
    _require_few(session, at=at, by=by)
    lasts = timedelta(minutes=session.clinic.hold_minutes)
    return insert_hold(session, at=at, until=at + lasts, held_by=by)


@retried_transaction
def release_hold(*, hold_id: UUID, at: datetime, by: User) -> None:
    """Give a held slot back. One that is gone already was released or booked: nothing to do."""
    Hold.objects.filter(pk=hold_id).delete()
