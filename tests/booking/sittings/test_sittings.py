"""Several areas in one sitting: booked together, moved together, one left out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from aftercare.models import Message
from aftercare.records.timeline import timeline
from aftercare.texts.values import values_of
from aftercare.texts.variables import zones_in_words
from patients.models import Zone
from sessions import services
from sessions.ical import feed
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.scheduling.spacing import TooSoon
from sessions.services.booking.checks.prepare import NotBookable, PlanNotActive
from sessions.services.booking.checks.presence import DeviceUnfit
from sessions.services.booking.moves import NothingCharted
from sessions.services.booking.series.shifting import LaterSessionsTooSoon
from sessions.services.booking.sitting.skip import NothingElseTreated, SkipReasonMissing
from sessions.services.ending.decisions import Choice
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ConsentTextFactory,
    PlanFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    TreatmentConsentFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def neck(booking: Booking) -> TreatmentPlan:
    """Another area of the same patient, which takes 30 minutes, and longer to clean up after."""
    protocol = ProtocolFactory()
    ProtocolVersionFactory(
        protocol=protocol,
        version=2,
        duration_minutes=30,
        cleaning_minutes=20,
        hard_min_days=40,
        soft_min_days=40,
        target_min_days=40,
        target_max_days=50,
    )
    return PlanFactory(patient=booking.plan.patient, protocol=protocol)


def book(booking: Booking, *further: TreatmentPlan, **changes: Any) -> list[TreatmentSession]:
    leading = booking.book(further_plans=further, **changes)
    return [leading, *leading.further_areas.order_by("pk")]


def statuses(rows: list[TreatmentSession]) -> list[str]:
    return [TreatmentSession.objects.get(pk=row.pk).status for row in rows]


def ready(booking: Booking, zone: Zone) -> None:
    """With a consent to both areas."""
    TreatmentConsentFactory(
        patient=booking.plan.patient,
        text=ConsentTextFactory(),
        signed_at=NINE - HOUR,
        recorded_by=booking.practitioner,
        zones=[booking.zone.code, zone.code],
    )
    booking.ready()


def skip(session: TreatmentSession, by: Any, reason: str = "A cold sore") -> TreatmentSession:
    return services.skip_area(session_id=session.pk, reason=reason, at=NINE, by=by)


def test_one_appointment_and_a_recovery_for_each_area(
    booking: Booking, neck: TreatmentPlan
) -> None:
    face, other = book(booking, neck)

    assert (face.plan, face.sitting, other.plan, other.sitting) == (booking.plan, None, neck, face)
    for row in (face, other):
        assert row.ends_at == NINE + HOUR * 1.5
        assert row.released_at == row.ends_at + timedelta(minutes=20)
        assert row.events.get().new_status == Status.BOOKED
    assert face.recovers_at == NINE + 28 * DAY
    assert other.recovers_at == NINE + 40 * DAY


@pytest.mark.parametrize("brings", [False, True])
def test_a_move_takes_along_the_areas_that_there_are_once_it_holds_the_locks(
    booking: Booking, neck: TreatmentPlan, brings: bool
) -> None:
    """What somebody does to the sitting between the first look and the locks counts."""
    face, other = book(booking, neck)
    at, by = NINE - DAY, booking.practitioner
    if brings:
        booking.move(face, Status.CANCELLED, at=at, undoable=True)

    def meanwhile() -> None:
        if brings:
            services.undo_end(session_id=face.pk, at=at, by=by)
        else:
            skip(other, by)

    new = services.reschedule_session(
        session_id=face.pk, starts_at=NINE + DAY, at=at, by=by, seen=meanwhile
    )

    plans = [new.plan, *(row.plan for row in new.further_areas.all())]
    assert plans == ([booking.plan, neck] if brings else [booking.plan])


def test_the_skin_of_each_area_is_guarded_from_both_sides(
    booking: Booking, neck: TreatmentPlan
) -> None:
    booking.book(NINE + 60 * DAY, plan=neck)

    with pytest.raises(TooSoon, match="40 days apart"):
        book(booking, neck, starts_at=NINE + 30 * DAY)
    with pytest.raises(TooSoon, match="40 days apart"):
        book(booking, neck, starts_at=NINE + 90 * DAY)
    assert TreatmentSession.objects.count() == 1
    assert book(booking, neck, starts_at=NINE + 100 * DAY)


def test_areas_go_together_only_if_all_can_be_treated(
    booking: Booking, another_booking: Booking, neck: TreatmentPlan
) -> None:
    with pytest.raises(NotBookable, match="another patient's") as refusal:
        book(booking, another_booking.plan)
    assert refusal.value.field == "further_plans/0"
    with pytest.raises(NotBookable, match="in this sitting already") as refusal:
        book(booking, neck, booking.plan)
    assert refusal.value.field == "further_plans/1"
    booking.device.areas = [booking.plan.area.code]
    booking.device.save()
    with pytest.raises(DeviceUnfit):
        book(booking, neck)
    neck.status = "ON_HOLD"
    with pytest.raises(PlanNotActive):
        book(booking, neck)
    assert not TreatmentSession.objects.exists()


@pytest.mark.parametrize("moved", [0, 1])
def test_whichever_area_is_moved_all_move(
    booking: Booking, neck: TreatmentPlan, moved: int
) -> None:
    rows = book(booking, neck)

    booking.move(rows[moved], Status.CONFIRMED)
    assert statuses(rows) == [Status.CONFIRMED] * 2
    new = services.reschedule_session(
        session_id=rows[moved].pk, starts_at=NINE + DAY, at=NINE - DAY, by=booking.practitioner
    )

    assert statuses(rows) == [Status.CANCELLED] * 2
    assert new.rescheduled_from == rows[0]
    assert new.further_areas.get().rescheduled_from == rows[1]
    booking.move(new.further_areas.get(), Status.CANCELLED)
    assert not TreatmentSession.objects.occupying().exists()


def test_later_sessions_of_a_further_area_are_shifted_too(
    booking: Booking, neck: TreatmentPlan
) -> None:
    """The skin of the neck takes 40 days, that of the face 28."""
    face, _ = book(booking, neck)
    early = {"at": NINE - DAY, "by": booking.practitioner}
    only_face = booking.book(NINE + 35 * DAY, **early)
    only_neck = booking.book(NINE + 42 * DAY, plan=neck, **early)
    to = {"session_id": face.pk, "starts_at": NINE + 5 * DAY, **early}

    with pytest.raises(LaterSessionsTooSoon) as refused:
        services.reschedule_session(**to)
    services.reschedule_session(**to, shift_later=True)

    [named] = refused.value.extra["later_sessions"]
    assert named["session"] == str(only_neck.pk)
    assert statuses([face, only_face, only_neck]) == ["CANCELLED", "BOOKED", "CANCELLED"]
    assert only_neck.rescheduled_to.starts_at == NINE + 45 * DAY


def test_no_area_is_shifted_onto_another_appointment_of_the_patient(booking: Booking) -> None:
    """The neck recovers in ten days, so its next session stays where the face would go to."""
    quick = ProtocolFactory()
    ProtocolVersionFactory(protocol=quick, version=2, hard_min_days=10, soft_min_days=10)
    neck = PlanFactory(patient=booking.plan.patient, protocol=quick)
    early: dict[str, Any] = {"at": NINE - DAY, "by": booking.practitioner}
    face, _ = book(booking, neck)
    later_face = booking.book(NINE + 28 * DAY, **early)
    later_neck = booking.book(NINE + 30 * DAY, plan=neck, **early)

    services.reschedule_session(
        session_id=face.pk, starts_at=NINE + 2 * DAY, shift_later=True, **early
    )

    assert statuses([later_face, later_neck]) == ["CANCELLED", "BOOKED"]
    assert later_face.rescheduled_to.starts_at == NINE + 31 * DAY


@pytest.mark.parametrize("colleague", [True, False])
def test_a_sitting_moved_onto_an_appointment_of_the_patient_says_which(
    as_dana: APIClient, booking: Booking, another_booking: Booking, colleague: bool
) -> None:
    """Whoever it is with: nobody else would help."""
    neck, scalp = (PlanFactory(patient=booking.plan.patient) for _ in range(2))
    now = timezone.now()
    soon = now.replace(microsecond=0) + 2 * DAY
    face, _ = book(booking, neck, starts_at=soon, at=now)
    with_whom = another_booking if colleague else booking
    with_whom.book(soon + 3 * DAY, plan=scalp, at=now)

    answer = as_dana.post(
        f"/api/v1/sessions/{face.pk}/reschedule/",
        {"starts_at": (soon + 3 * DAY).isoformat(), "shift_later": True},
    )

    begins = (soon + 3 * DAY).astimezone(face.clinic.zone)
    assert (answer.status_code, answer.json()["code"]) == (409, "patient_taken")
    assert answer.json()["errors"][0]["pointer"] == "/starts_at"
    assert f"from {begins:%H:%M} to {begins + HOUR:%H:%M}. Choose a time" in answer.json()["detail"]
    assert statuses([face]) == ["BOOKED"]


def test_each_area_is_charted_and_one_cartridge_serves_all(
    booking: Booking, neck: TreatmentPlan
) -> None:
    zone = ZoneFactory(area=neck.area)
    face, other = book(booking, neck)
    ready(booking, zone)
    booking.move(face, Status.CHECKED_IN)
    booking.move(face, Status.IN_PROGRESS)
    booking.chart(face)
    with pytest.raises(NothingCharted, match=str(neck.area)):
        booking.move(face, Status.COMPLETED)

    services.write_chart(
        session_id=other.pk,
        zones=[{"zone": zone, "depth_mm": "1.00", "passes": 4}],  # type: ignore[typeddict-item]
        at=NINE,
        by=booking.practitioner,
    )
    booking.move(face, Status.COMPLETED)

    assert statuses([face, other]) == [Status.COMPLETED] * 2
    assert other.findings.filter(code="cartridge_missing").count() == 0


@pytest.mark.parametrize("skipped", [0, 1])
def test_an_area_is_left_out_and_the_sitting_goes_on(
    booking: Booking, another_booking: Booking, neck: TreatmentPlan, skipped: int
) -> None:
    rows = book(booking, neck)

    skip(rows[skipped], booking.practitioner)

    left = TreatmentSession.objects.get(status=Status.BOOKED)
    assert (left.pk, left.sitting) == (rows[1 - skipped].pk, None)
    assert not TreatmentSession.objects.get(pk=rows[skipped].pk).is_late_cancel
    with pytest.raises(services.SlotTaken):
        another_booking.book(room=booking.room)
    with pytest.raises(NothingElseTreated):
        skip(left, booking.practitioner)


@pytest.mark.parametrize("ended", [0, 1])
def test_a_plan_that_ends_takes_only_its_own_area_along(
    booking: Booking, neck: TreatmentPlan, ended: int
) -> None:
    rows = book(booking, neck)
    by = booking.practitioner

    services.move_plan(
        plan_id=rows[ended].plan_id,
        to="STOPPED",
        decider=services.Decider(at=NINE - DAY, by=by, reason="Enough", rest=Choice.CANCEL),
    )

    assert statuses(rows)[ended] == Status.CANCELLED
    assert statuses(rows)[1 - ended] == Status.BOOKED


def test_an_area_is_left_out_for_a_reason(booking: Booking, neck: TreatmentPlan) -> None:
    with pytest.raises(SkipReasonMissing):
        skip(book(booking, neck)[1], booking.practitioner, reason=" ")


@pytest.mark.parametrize(("stopped", "left"), [(0, "ABORTED"), (1, "IN_PROGRESS")])
def test_with_the_leading_area_stops_all_that_goes_on(
    booking: Booking, neck: TreatmentPlan, stopped: int, left: str
) -> None:
    rows = book(booking, neck)
    ready(booking, ZoneFactory(area=neck.area))
    for status in (Status.CHECKED_IN, Status.IN_PROGRESS):
        booking.move(rows[0], status)

    services.abort_session(
        session_id=rows[stopped].pk, why="FAINTING", at=NINE, by=booking.practitioner
    )

    assert statuses(rows)[stopped] == Status.ABORTED
    assert statuses(rows)[1 - stopped] == left


def test_calendar_and_timeline_tell_of_the_sitting_once(
    booking: Booking, neck: TreatmentPlan
) -> None:
    face, other = book(booking, neck)

    entries = [entry for entry in timeline(face.patient) if entry.kind == "session"]

    assert [entry.id for entry in entries] == [face.pk]
    assert f"{face.area} and {other.area}: booked" in entries[0].title
    assert feed(booking.practitioner, at=NINE).count(b"BEGIN:VEVENT") == 1


def test_the_texts_speak_of_all_areas(booking: Booking) -> None:
    CareStepFactory(anchor="STARTS", offset=-DAY)
    scalp = PlanFactory(patient=booking.plan.patient)
    type(scalp.area).objects.filter(pk=scalp.area_id).update(code="scalp")
    face, other = book(booking, scalp)
    zones: list[Zone] = [booking.zone, ZoneFactory(area=scalp.area)]
    for row, zone in zip((face, other), zones, strict=True):
        ZoneTreatmentFactory(session=row, zone=zone)
    message = Message.objects.select_related("session__area").first()
    assert message

    told = values_of(message, language="en", names={"zones", "care_today"})

    assert told["zones"] == zones_in_words([(zone.code, zone.name) for zone in zones])
    assert "Leave your hair alone" in told["care_today"]
    assert "lukewarm water" in told["care_today"]


def test_one_set_of_messages_follows_the_lead(booking: Booking, neck: TreatmentPlan) -> None:
    CareStepFactory(anchor="STARTS", offset=-DAY)
    face, other = book(booking, neck)
    assert {message.session for message in Message.objects.all()} == {face}
    count = Message.objects.count()

    skip(face, booking.practitioner)

    assert {message.session for message in Message.objects.all()} == {other}
    assert Message.objects.count() == count > 0
    assert set(Message.objects.values_list("status", flat=True)) == {"PENDING"}
