"""A session that ends before it is done: told as it was, and nothing more is asked of it."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from aftercare.models import Anchor, Message
from clinic.models import User
from patients.models import Audience, StaffTask
from sessions import services
from sessions.lifecycle import AbortReason, Status
from sessions.models import TreatmentSession
from sessions.safety.loading.record import load_facts
from sessions.scheduling.spacing import TooSoon
from sessions.services.record.abort import AbortReasonMissing
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ScreeningAnswerFactory,
    ScreeningFactory,
)

pytestmark = pytest.mark.django_db


def abort(session: TreatmentSession, by: User, **changes: Any) -> TreatmentSession:
    details = {"why": AbortReason.FAINTING, "at": NINE + HOUR / 4, "by": by}
    return services.abort_session(session_id=session.pk, **{**details, **changes})


def test_it_is_signed_with_its_reason_and_the_manager_hears_of_it(
    booking: Booking, alice: User
) -> None:
    session = abort(booking.charted(), alice, note="Pale, better lying down")

    session.refresh_from_db()
    assert (session.status, session.signed_by, session.aborted_at) == (
        "ABORTED",
        alice,
        NINE + HOUR / 4,
    )
    assert session.events.order_by("-id")[0].reason == (
        "The patient fainted: Pale, better lying down"
    )
    assert [row.code for row in session.findings.all()] == ["no_clearance_on_file"]
    task = StaffTask.objects.get(source=f"abort:{session.pk}")
    assert (task.kind, task.audience) == ("INCIDENT", Audience.MANAGER)
    assert "The skin was needled." in task.detail


def test_what_nobody_may_override_does_not_hold_it_up(booking: Booking, alice: User) -> None:
    """A pregnancy is learned of between two passes: what was done is told all the same."""
    session = booking.charted()
    screening = ScreeningFactory(patient=session.patient, taken_at=NINE, taken_by=alice)
    ScreeningAnswerFactory(
        screening=screening, rule__code="pregnancy", rule__severity="BLOCK", answer=True
    )

    abort(session, alice, why=AbortReason.PREGNANCY)

    found = session.findings.get(code="screening_pregnancy")
    assert (found.severity, found.overridden_by) == ("BLOCK", None)
    assert StaffTask.objects.filter(source=f"abort:{session.pk}", kind="INCIDENT").exists()


def test_the_record_is_closed_for_good(booking: Booking, alice: User) -> None:
    session = abort(booking.charted(), alice)

    for change in (
        lambda: session.zone_treatments.update(passes=1),
        lambda: session.zone_treatments.all().delete(),
        lambda: TreatmentSession.objects.filter(pk=session.pk).update(notes="else"),
    ):
        with pytest.raises(DatabaseError, match=r"signed"), transaction.atomic():
            change()
    services.add_addendum(session_id=session.pk, text="Well at noon.", at=NINE + HOUR, by=alice)


@pytest.mark.parametrize("is_needled", [True, False])
def test_the_skin_recovers_if_it_was_needled(
    booking: Booking, alice: User, is_needled: bool
) -> None:
    session = abort(booking.charted() if is_needled else booking.in_progress(), alice)

    if is_needled:
        with pytest.raises(TooSoon, match="28 days apart"):
            booking.book(NINE + DAY)
    later = booking.book(session.starts_at + (28 * DAY if is_needled else HOUR / 2))
    facts = load_facts(TreatmentSession.objects.with_record().get(pk=later.pk), at=NINE)
    assert (facts.previous is not None) == is_needled
    assert facts.sessions_before == 0


def test_people_and_things_are_free_at_once(booking: Booking, another_booking: Booking) -> None:
    session = booking.charted()
    abort(session, booking.practitioner)

    another_booking.book(
        practitioner=session.practitioner, room=session.room, device=session.device
    )


def test_the_recovery_before_it_is_given_back(booking: Booking, alice: User) -> None:
    first = booking.completed()
    sooner = booking.in_progress(NINE + 10 * DAY, spacing_override_reason="Travels", by=alice)
    first.refresh_from_db()
    assert first.recovers_at == sooner.starts_at

    abort(sooner, alice)

    first.refresh_from_db()
    assert first.recovers_at == NINE + 28 * DAY


@pytest.mark.parametrize(
    ("why", "note", "field"),
    [("", "", "abort_reason"), ("BORED", "", "abort_reason"), ("OTHER", " ", "abort_note")],
)
def test_it_needs_a_reason(booking: Booking, alice: User, why: str, note: str, field: str) -> None:
    session = booking.in_progress()

    with pytest.raises(AbortReasonMissing) as refused:
        abort(session, alice, why=why, note=note)

    assert refused.value.field == field
    session.refresh_from_db()
    assert session.status == Status.IN_PROGRESS


@pytest.mark.parametrize(
    ("is_needled", "sent"), [(True, {"after-72h", "aborted-0h"}), (False, set())]
)
def test_aftercare_is_for_skin_that_was_needled(
    booking: Booking, alice: User, is_needled: bool, sent: set[str]
) -> None:
    CareStepFactory(code="after-0h", anchor=Anchor.COMPLETED)
    CareStepFactory(code="after-72h", anchor=Anchor.COMPLETED, offset=3 * DAY)
    CareStepFactory(code="aborted-0h", anchor=Anchor.ABORTED)
    CareStepFactory(code="outcome", anchor=Anchor.LAST_SESSION, offset=90 * DAY)
    CareStepFactory(code="next", anchor=Anchor.COMPLETED, offset=DAY, next_session_booked=False)

    session = abort(booking.charted() if is_needled else booking.in_progress(), alice)

    planned = Message.objects.filter(status="PENDING")
    assert set(planned.values_list("step__code", flat=True)) == sent
    if is_needled:
        assert planned.get(step__code="after-72h").due_at.date() == (NINE + 3 * DAY).date()
        assert planned.get(step__code="aborted-0h").due_at == session.aborted_at
