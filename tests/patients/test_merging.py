"""Two records of one person become one: nothing is lost, and a person decides what differs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from aftercare.records.merge import CannotMerge
from clinic.models import Clinic, User
from patients.merge import FATES, ChoicesNeeded, Fate, NothingToChoose, TooLongTogether
from patients.models import Patient
from sessions.lifecycle import WaitlistStatus
from sessions.models import TreatmentSession
from tests.conftest import Booking, make_booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    HoldFactory,
    InboundFactory,
    PatientConcernFactory,
    PatientFactory,
    PhotoFactory,
    SkinTypeAssessmentFactory,
    StaffTaskFactory,
    UserFactory,
    WaitlistEntryFactory,
    visit_type_of,
)
from tests.patients.merging import make_twins, merge, twins

pytestmark = pytest.mark.django_db
# The table of patients.merge once more: whoever adds a field to Patient decides about it there
# and here.
CHOSEN = {
    *("given_name", "family_name", "date_of_birth", "email", "mobile", "language", "time_zone"),
    *("sex", "keloid_history", "cold_sore_history"),
}
JOINED = {"allergies", "notes"}
ASSESSED = {"skin_type"}
WEIGHED = {"weight_kg", "weighed_on"}
OF_THE_ROW = {
    *("id", "created_at", "updated_at", "version", "clinic", "archived_at", "merged_into"),
}


def test_somebody_has_decided_about_every_field_of_a_patient() -> None:
    fields = {field.name for field in Patient._meta.concrete_fields if not field.generated}

    assert set(FATES) == fields
    assert {name for name, fate in FATES.items() if fate is Fate.CHOICE} == CHOSEN
    assert {name for name, fate in FATES.items() if fate is Fate.JOINED} == JOINED
    assert {name for name, fate in FATES.items() if fate is Fate.ASSESSED} == ASSESSED
    assert {name for name, fate in FATES.items() if fate is Fate.WEIGHED} == WEIGHED
    assert {name for name, fate in FATES.items() if fate is Fate.OWN} == OF_THE_ROW


# What a record may say in each field: two values that differ, and what says nothing.
SAID: dict[str, tuple[Any, Any, Any]] = {
    "given_name": ("Grace", "Gracie", ""),
    "family_name": ("Hopper", "Murray", ""),
    "date_of_birth": (date(1990, 5, 17), date(1990, 5, 18), date(1990, 5, 17)),  # never empty
    "email": ("grace@x.example", "hopper@x.example", ""),
    "mobile": ("+4915123456789", "+4915123456780", ""),
    "language": ("en", "es", "en"),  # never empty
    "time_zone": ("Europe/Berlin", "America/New_York", ""),
    "sex": ("FEMALE", "OTHER", ""),
    "skin_type": (3, 5, None),
    "keloid_history": (True, False, None),
    "cold_sore_history": (True, False, None),
}


def test_each_field_is_filled_or_asked_for_and_nothing_is_lost(clinic: Clinic, alice: User) -> None:
    assert set(SAID) == CHOSEN | ASSESSED
    failures = []
    for name, (one, other, empty) in SAID.items():
        choices: Any
        for ours, theirs, choices, expected in (
            (one, one, {}, one),
            (one, empty, {}, one),
            (empty, one, {}, one),
            (other, empty, {}, other) if empty not in (one, other) else (one, one, {}, one),
            (one, other, {name: "kept"}, one),
            (one, other, {name: "duplicate"}, other),
            (other, one, {name: "duplicate"}, one),
        ):
            with transaction.atomic():
                kept, merged = twins(clinic, **{name: (ours, theirs)})
                if choices:
                    with pytest.raises(ChoicesNeeded) as refusal:
                        merge(kept, merged, alice)
                    asked = refusal.value.extra["contradictions"]
                    if [entry["field"] for entry in asked] != [name]:
                        failures.append(f"{name}: asked for {asked}")
                done = merge(kept, merged, alice, **choices)
                kept.refresh_from_db()
                if getattr(kept, name) != expected:
                    failures.append(f"{name}: {ours} and {theirs} became {getattr(kept, name)}")
                if choices and (name not in done.values or "not chosen" not in kept.notes):
                    failures.append(f"{name}: what was not chosen is lost")
                transaction.set_rollback(True)

    assert failures == []


def test_texts_are_joined_and_say_where_they_come_from(clinic: Clinic, alice: User) -> None:
    kept, merged = twins(
        clinic,
        given_name=("Grace", "Gracie"),
        allergies=("no latex allergy", "latex"),
        notes=("", "Faints easily."),
    )

    merge(kept, merged, alice, given_name="kept")

    kept.refresh_from_db()
    origin = "From the record of Gracie Hopper, merged on 7 Jan 2030"
    assert kept.allergies == f"no latex allergy\n\n{origin}:\nlatex"
    assert kept.notes == (f"{origin}:\nFaints easily.\n\n{origin}, not chosen: Given name: Gracie.")


def test_the_same_text_in_both_records_stands_once(clinic: Clinic, alice: User) -> None:
    kept, merged = twins(clinic, allergies=("Latex", " Latex\n"))

    merge(kept, merged, alice)

    kept.refresh_from_db()
    assert kept.allergies == "Latex"


def test_texts_that_are_too_long_together_are_named_and_nothing_is_cut(
    clinic: Clinic, alice: User
) -> None:
    kept, merged = twins(clinic, allergies=("a" * 3_000, "b" * 3_000))

    with pytest.raises(TooLongTogether, match=r"Allergies of both records .* 5,000 are possible"):
        merge(kept, merged, alice)

    kept.refresh_from_db()
    assert (len(kept.allergies), kept.version) == (3_000, 1)


def test_texts_that_just_fit_together_are_kept_whole(clinic: Clinic, alice: User) -> None:
    short, other = twins(clinic, allergies=("a", "b"))
    merge(short, other, alice)
    short.refresh_from_db()
    longest = 5_000 - len(short.allergies) + 1
    kept, merged = twins(clinic, allergies=("a" * longest, "b"))
    too_long, theirs = twins(clinic, allergies=("a" * (longest + 1), "b"))

    merge(kept, merged, alice)
    with pytest.raises(TooLongTogether):
        merge(too_long, theirs, alice)

    kept.refresh_from_db()
    assert len(kept.allergies) == 5_000


@pytest.mark.parametrize(("ours", "theirs", "counts"), [(2, 5, 5), (5, 2, 5), (2, None, 2)])
def test_the_newest_assessment_of_both_records_is_the_skin_type(
    clinic: Clinic, alice: User, ours: int, theirs: int | None, counts: int
) -> None:
    kept, merged = twins(clinic, skin_type=(ours, theirs))
    for patient, skin_type in ((kept, ours), (merged, theirs)):
        if skin_type:
            day = date(2029, 1, 1) + timedelta(days=skin_type)
            SkinTypeAssessmentFactory(patient=patient, skin_type=skin_type, assessed_on=day)

    merge(kept, merged, alice)

    kept.refresh_from_db()
    assert kept.skin_type == counts


@pytest.mark.parametrize(
    ("ours", "theirs", "counts"),
    [
        (("62.0", 1), ("58.5", 2), ("58.5", 2)),
        (("62.0", 2), ("58.5", 1), ("62.0", 2)),
        (("62.0", 1), ("58.5", 1), ("58.5", 1)),  # of one day: doses are reckoned by the lighter
        (("62.0", 1), None, ("62.0", 1)),
        (None, ("58.5", 1), ("58.5", 1)),
        (None, None, None),
    ],
)
def test_the_last_weight_of_both_records_counts_with_its_day(
    clinic: Clinic, alice: User, ours: Any, theirs: Any, counts: Any
) -> None:
    def said(weighing: Any) -> tuple[Any, Any]:
        return (Decimal(weighing[0]), date(2024, 5, weighing[1])) if weighing else (None, None)

    (kg, on), (their_kg, their_on) = said(ours), said(theirs)
    kept, merged = twins(clinic, weight_kg=(kg, their_kg), weighed_on=(on, their_on))

    done = merge(kept, merged, alice)

    kept.refresh_from_db()
    assert (kept.weight_kg, kept.weighed_on) == said(counts)
    assert ("weight_kg" in done.values) == (counts != ours)


def test_only_what_the_records_contradict_each_other_in_can_be_chosen(
    clinic: Clinic, alice: User
) -> None:
    kept, merged = twins(clinic, email=("GRACE@x.example", "grace@x.example"))

    with pytest.raises(NothingToChoose, match="in “email”") as refusal:
        merge(kept, merged, alice, email="duplicate")

    assert refusal.value.field == "choices/email"


def test_everything_that_refers_to_the_patient_moves(
    booking: Booking, another_booking: Booking
) -> None:
    CareStepFactory(anchor="BOOKED")
    kept, merged = make_twins(booking, another_booking)
    signed = another_booking.completed()
    clinic = kept.clinic
    moving: list[Any] = [
        PatientConcernFactory(patient=merged),
        ContactConsentFactory(patient=merged),
        PhotoFactory(patient=merged),
        StaffTaskFactory(clinic=clinic, patient=merged),
        InboundFactory(clinic=clinic, patient=merged),
        SkinTypeAssessmentFactory(patient=merged),
    ]
    hold = HoldFactory(plan=another_booking.plan, starts_at=NINE + 5 * DAY)
    waiting = WaitlistEntryFactory(plan=another_booking.plan)
    booking.book(NINE + 40 * DAY)

    done = merge(kept, merged, booking.practitioner)

    merged.refresh_from_db()
    assert (merged.merged_into, merged.archived_at) == (kept, NINE)
    assert done.moved["treatment_session"] == done.moved["aftercare_message"] == 1
    assert kept.sessions.count() == kept.plans.count() == 2
    assert kept.screenings.count() == kept.treatment_consents.count() == 1
    for row in [*moving, signed]:
        row.refresh_from_db()
        assert row.patient == kept, row
    assert signed.zone_treatments.count() == 1
    assert (hold.plan.patient_id, waiting.status) == (merged.pk, WaitlistStatus.WAITING)
    hold.plan.refresh_from_db()
    assert hold.plan.patient == kept
    for relation in Patient._meta.related_objects:
        if relation.name not in ("merged_from", "history", "merges", "+"):
            left = relation.related_model._base_manager.filter(**{relation.field.name: merged})
            assert "history" in relation.related_model._meta.db_table or not left.exists()


def test_of_two_records_that_wait_for_one_kind_of_visit_one_entry_is_withdrawn_first(
    clinic: Clinic, alice: User
) -> None:
    kept, merged = twins(clinic)
    check = visit_type_of(clinic, "check")
    entries = [
        WaitlistEntryFactory(plan=None, patient=record, visit_type=check)
        for record in (kept, merged)
    ]

    with pytest.raises(CannotMerge, match="wait for the same kind of visit"):
        merge(kept, merged, alice)
    entries[0].move_to(WaitlistStatus.WITHDRAWN, at=NINE, by=alice)
    merge(kept, merged, alice)

    entries[1].refresh_from_db()
    assert entries[1].patient == kept


def test_a_record_that_was_merged_before_leads_to_the_one_that_is_kept_now(
    clinic: Clinic, alice: User
) -> None:
    kept, merged = twins(clinic)
    first = PatientFactory(clinic=clinic, family_name="Hopper", email="", mobile="")
    merge(merged, first, alice)

    merge(kept, merged, alice)

    first.refresh_from_db()
    assert first.merged_into == kept


def test_after_merging_the_record_is_as_frozen_as_before(
    booking: Booking, another_booking: Booking
) -> None:
    another_booking.completed()
    kept, merged = make_twins(booking, another_booking)
    merge(kept, merged, booking.practitioner)

    with pytest.raises(DatabaseError), transaction.atomic():
        TreatmentSession.objects.update(notes="x")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE treatment_session SET patient_id = %s", [merged.pk])


def test_sessions_at_the_same_time_stand_in_the_way_of_merging(
    booking: Booking, another_booking: Booking
) -> None:
    booking.book()
    another_booking.book()
    kept, merged = make_twins(booking, another_booking)

    with pytest.raises(CannotMerge, match="at the same time"):
        merge(kept, merged, booking.practitioner)

    merged.refresh_from_db()
    assert merged.merged_into is None


def on_the_same_skin(booking: Booking, clinic: Clinic) -> Booking:
    """Another booking of the same protocol on the same area."""
    twin = make_booking(clinic, UserFactory(clinic=clinic))
    twin.plan.protocol = booking.plan.protocol
    twin.plan.area, twin.plan.concern = booking.plan.area, booking.plan.concern
    twin.plan.protocol_version = booking.plan.protocol_version
    twin.plan.save()
    twin.zone = booking.zone
    return twin


@pytest.mark.parametrize(("early", "too_soon"), [(timedelta(0), False), (HOUR / 4, True)])
def test_open_sessions_of_both_records_lie_as_far_apart_as_the_skin_needs(
    booking: Booking, clinic: Clinic, early: timedelta, too_soon: bool
) -> None:
    twin = on_the_same_skin(booking, clinic)
    kept, merged = make_twins(booking, twin)
    first = booking.book()
    second = twin.book(NINE + 28 * DAY - early)

    if too_soon:
        with pytest.raises(CannotMerge, match="reschedule it first"):
            merge(kept, merged, booking.practitioner)
    else:
        merge(kept, merged, booking.practitioner)

    for session in (first, second):
        session.refresh_from_db()
        assert session.recovers_at == session.starts_at + 28 * DAY
    assert (second.patient == kept) is not too_soon


def test_finished_sessions_that_lie_too_close_are_merged_and_open_ones_are_not(
    booking: Booking, clinic: Clinic
) -> None:
    twin = on_the_same_skin(booking, clinic)
    kept, merged = make_twins(booking, twin)
    first = booking.completed()
    open_session = twin.book(NINE + 10 * DAY)

    with pytest.raises(CannotMerge, match="reschedule it first"):
        merge(kept, merged, booking.practitioner)

    twin.ready(open_session.starts_at)
    for status in ("CHECKED_IN", "IN_PROGRESS"):
        twin.move(open_session, status)
    twin.chart(open_session)
    twin.move(open_session, "COMPLETED")
    merge(kept, merged, booking.practitioner)
    first.refresh_from_db()
    assert first.recovers_at == open_session.starts_at
