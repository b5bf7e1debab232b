"""Nothing is ended silently: what lies ahead is seen first, and decided session by session."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import models
from rest_framework.test import APIClient

from aftercare.models import CareStep, Message, RecallTelling, StaffAlert, StepReplan
from clinic.models import CartridgeLot, Device, DeviceModel, Role, Room, ServiceAccount, User
from patients.models import BreakGlass, Patient, PatientImport, StaffTask
from sessions import services
from sessions.lifecycle import Status, WaitlistStatus
from sessions.models import FreedSlot, Hold, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.ahead import REACHES, look_ahead
from sessions.services.booking.checks.prepare import OutOfUse
from sessions.services.ending.decisions import Choice, Decider, OnlyKeep, StillAhead
from tests.booking.ending.retiring import AT, ENDS, decider, row_of
from tests.conftest import Booking, make_booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ClinicFactory,
    ContactConsentFactory,
    HoldFactory,
    UserFactory,
    WaitlistEntryFactory,
)

pytestmark = pytest.mark.django_db


# What has an end too, and why no booking hangs on it.
NO_BOOKINGS: dict[type[models.Model], str] = {
    CareStep: "its messages are counted before it is saved: CareStepAdmin",
    RecallTelling: "it ends when a worker has looked at all uses; nothing is booked on a lot",
    StepReplan: "it ends when a worker has looked at all visits",
    VisitType: "what is booked keeps what it was booked as; none is booked any more",
    CartridgeLot: "a recall stops its use at once, by trigger; sessions take another lot",
    PatientImport: "it ends when its rows are done; nothing is booked from it",
    ServiceAccount: "it ends what a program may do; nothing is booked with it",
    BreakGlass: "it ends what somebody may read; nothing is booked from it",
}
ENDINGS = {"is_active", "archived_at", "retired_at", "closed_at", "recalled_at", "ended_at"}


def test_somebody_has_decided_about_everything_that_can_end() -> None:
    """A model with such a field either shows what lies ahead, or stands in the list of reasons."""
    ours = {"clinic", "patients", "treatment_sessions", "aftercare"}
    can_end = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ours
        and ENDINGS & {field.name for field in model._meta.fields}
        and "History" not in model.__name__
        and model not in (Message, StaffAlert)  # have ended when they were sent
    }

    assert can_end | {TreatmentPlan} == set(ENDS) | set(NO_BOOKINGS)  # plans end by their status
    assert set(ENDS) <= set(REACHES)


@pytest.mark.parametrize("model", list(ENDS), ids=lambda model: model.__name__)
def test_what_has_bookings_ahead_does_not_end_without_a_decision(
    booking: Booking, ahead: TreatmentSession, manager: User, model: type[models.Model]
) -> None:
    with pytest.raises(StillAhead) as refusal:
        ENDS[model](booking, decider(manager))

    assert [entry["id"] for entry in refusal.value.extra["bookings"]] == [str(ahead.pk)]
    for row in (booking.room, booking.device, booking.plan.protocol, booking.practitioner):
        row.refresh_from_db()
        assert row.is_active
    assert Patient.objects.get(pk=booking.plan.patient.pk).archived_at is None
    assert StaffTask.objects.count() == 0


@pytest.mark.parametrize("model", list(ENDS), ids=lambda model: model.__name__)
def test_sessions_are_kept_with_a_task_for_the_desk(
    booking: Booking, ahead: TreatmentSession, manager: User, model: type[models.Model]
) -> None:
    ENDS[model](booking, decider(manager, rest=Choice.KEEP))

    ahead.refresh_from_db()
    task = StaffTask.objects.get()
    assert ahead.status == Status.BOOKED
    assert (task.audience, task.patient) == ("FRONT_DESK", ahead.patient)
    assert "The roof leaks" in task.detail
    assert look_ahead(row_of(booking, model), at=AT).sessions == {ahead.pk}  # still for all to see


@pytest.mark.parametrize("model", list(ENDS), ids=lambda model: model.__name__)
def test_sessions_are_cancelled_and_the_patient_is_told(
    booking: Booking, ahead: TreatmentSession, manager: User, model: type[models.Model]
) -> None:
    ENDS[model](booking, decider(manager, rest=Choice.CANCEL))

    ahead.refresh_from_db()
    assert ahead.status == Status.CANCELLED
    assert "The roof leaks" in ahead.events.latest("id").reason
    assert StaffTask.objects.get().title.startswith("Tell the patient")


def test_a_session_stands_in_the_way_until_it_ends(
    booking: Booking, ahead: TreatmentSession
) -> None:
    booking.room.is_active = False
    last = ahead.ends_at - timedelta(seconds=1)

    assert look_ahead(booking.room, at=last).sessions == {ahead.pk}
    assert look_ahead(booking.room, at=ahead.ends_at).sessions == set()


@pytest.mark.parametrize("model", [Room, Device, DeviceModel, User], ids=lambda m: m.__name__)
def test_sessions_move_to_what_is_free_at_the_same_time(
    booking: Booking, ahead: TreatmentSession, manager: User, model: type[models.Model]
) -> None:
    ENDS[model](booking, decider(manager, rest=Choice.MOVE))

    ahead.refresh_from_db()
    moved = ahead.rescheduled_to
    assert (ahead.status, moved.starts_at) == (Status.CANCELLED, NINE)
    assert look_ahead(row_of(booking, model), at=AT).sessions == set()
    assert StaffTask.objects.count() == 0


def test_a_session_moves_to_the_time_that_was_chosen(
    booking: Booking, ahead: TreatmentSession, manager: User
) -> None:
    other = Room.objects.exclude(pk=booking.room.pk).get()
    chosen = {"do": Choice.MOVE, "starts_at": NINE + DAY, "room": other}

    services.retire(
        row=booking.room,
        decider=Decider(at=AT, by=manager, decisions={ahead.pk: chosen}),  # type: ignore[dict-item]
    )

    moved = TreatmentSession.objects.get(rescheduled_from=ahead)
    assert (moved.starts_at, moved.room) == (NINE + DAY, other)


def test_a_session_that_cannot_move_leaves_everything_as_it_was(
    booking: Booking, manager: User
) -> None:
    session = booking.book()  # in the only room

    with pytest.raises(Exception, match="no free time near it") as refusal:
        services.retire(row=booking.room, decider=decider(manager, rest=Choice.MOVE))

    booking.room.refresh_from_db()
    session.refresh_from_db()
    assert (booking.room.is_active, session.status) == (True, Status.BOOKED)
    assert refusal.value.field == f"decisions/{session.pk}"  # type: ignore[attr-defined]


def test_an_archived_patient_has_no_other_time(
    booking: Booking, ahead: TreatmentSession, manager: User
) -> None:
    with pytest.raises(Exception, match="cancel or keep it"):
        ENDS[Patient](booking, decider(manager, rest=Choice.MOVE))


def test_what_is_over_or_done_is_not_ahead(booking: Booking, manager: User) -> None:
    booking.completed()
    booking.move(booking.book(NINE + 40 * DAY), Status.CANCELLED)

    services.retire(row=booking.room, decider=Decider(at=NINE + 50 * DAY, by=manager))

    booking.room.refresh_from_db()
    assert not booking.room.is_active


def test_holds_and_offers_are_seen_and_given_back(booking: Booking, manager: User) -> None:
    hold = HoldFactory(plan=booking.plan, room=booking.room, starts_at=NINE, expires_at=AT + HOUR)
    entry = WaitlistEntryFactory(
        plan=booking.plan,
        status=WaitlistStatus.OFFERED,
        offered_starts_at=NINE + DAY,
        offered_practitioner=booking.practitioner,
        offered_room=booking.room,
        offered_device=booking.device,
        offer_expires_at=AT + HOUR,
    )

    with pytest.raises(StillAhead) as refusal:
        services.retire(row=booking.room, decider=decider(manager))
    services.retire(row=booking.room, decider=decider(manager, rest=Choice.KEEP))

    assert (refusal.value.extra["holds"], refusal.value.extra["waitlist"]) == (1, [str(entry.pk)])
    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.WAITING
    assert not Hold.objects.filter(pk=hold.pk).exists()
    assert FreedSlot.objects.count() <= 1


def test_whoever_waited_for_somebody_who_is_gone_waits_for_anybody(
    booking: Booking, manager: User
) -> None:
    entry = WaitlistEntryFactory(plan=booking.plan, practitioner=booking.practitioner)

    services.retire(row=booking.practitioner, decider=decider(manager, rest=Choice.KEEP))

    entry.refresh_from_db()
    assert (entry.status, entry.practitioner) == (WaitlistStatus.WAITING, None)


def test_messages_of_an_archived_patient_do_not_die_silently(
    booking: Booking, manager: User
) -> None:
    CareStepFactory(anchor="STARTS", offset=-DAY, channel_policy="EMAIL")
    ContactConsentFactory(patient=booking.plan.patient)
    booking.book()
    message = Message.objects.get()

    with pytest.raises(StillAhead) as refusal:
        ENDS[Patient](booking, decider(manager))
    ENDS[Patient](booking, decider(manager, rest=Choice.KEEP))

    assert refusal.value.extra["messages"] == 1
    message.refresh_from_db()
    assert (message.status, message.reason) == (
        "CANCELLED",
        "no longer fits: the patient's record is archived",
    )
    services.restore_patient(patient_id=booking.plan.patient.pk, at=AT, by=booking.practitioner)
    assert Message.objects.filter(status="PENDING").count() == 1


def test_the_sessions_of_other_clinics_are_left_to_their_desks(
    booking: Booking, manager: User
) -> None:
    elsewhere = make_booking(ClinicFactory(), UserFactory())
    elsewhere.practitioner.clinics.set([elsewhere.plan.clinic])
    for name in ("protocol", "concern", "area"):
        setattr(elsewhere.plan, name, getattr(booking.plan, name))
    elsewhere.plan.save()
    session = elsewhere.book()

    services.retire(row=booking.plan.protocol, decider=decider(manager))

    session.refresh_from_db()
    assert session.status == Status.BOOKED
    assert StaffTask.objects.get().clinic == elsewhere.plan.clinic


def test_who_may_not_change_sessions_can_only_keep_them(
    booking: Booking, ahead: TreatmentSession
) -> None:
    technician = UserFactory(role=Role.ADMIN, clinic=booking.plan.clinic)

    with pytest.raises(OnlyKeep):
        services.retire(row=booking.room, decider=decider(technician, rest=Choice.CANCEL))
    services.retire(row=booking.room, decider=decider(technician, rest=Choice.KEEP))

    assert StaffTask.objects.count() == 1


# what is out of use cannot be booked, and rescheduling offers something else


def test_a_session_whose_room_is_out_of_use_is_offered_another(
    booking: Booking, ahead: TreatmentSession, as_dana: APIClient
) -> None:
    other = Room.objects.exclude(pk=booking.room.pk).get()
    url = f"/api/v1/sessions/{ahead.pk}/reschedule/"
    for row in (booking.room, booking.device):
        type(row).objects.filter(pk=row.pk).update(is_active=False)

        refused = as_dana.post(url, {"starts_at": (NINE + DAY).isoformat()}, format="json")

        assert (refused.status_code, refused.json()["code"]) == (409, "out_of_use")
        [first, *_] = refused.json()["alternatives"]
        assert first["starts_at"] == "2030-01-08T09:00:00Z"
    assert first["room"] == str(other.pk)
    again = {key: first[key] for key in ("starts_at", "practitioner", "room", "device")}
    assert as_dana.post(url, again, format="json").status_code == 201


def test_a_session_whose_practitioner_is_gone_is_offered_another(
    booking: Booking, ahead: TreatmentSession, as_dana: APIClient
) -> None:
    User.objects.filter(pk=booking.practitioner.pk).update(role=Role.MANAGER)

    refused = as_dana.post(
        f"/api/v1/sessions/{ahead.pk}/reschedule/",
        {"starts_at": (NINE + DAY).isoformat()},
        format="json",
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_use")
    assert refused.json()["alternatives"][0]["practitioner"] != str(booking.practitioner.pk)


def test_what_was_put_out_of_use_since_it_was_read_is_not_booked(booking: Booking) -> None:
    Room.objects.filter(pk=booking.room.pk).update(is_active=False)

    with pytest.raises(OutOfUse, match="take another room"):
        booking.book()
