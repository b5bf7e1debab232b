"""Nobody and nothing is booked twice, whatever the visits are; only a treatment has skin."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from clinic.models import Clinic
from patients.models import Patient
from sessions.models import Kind, Mode, TreatmentSession, VisitType
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    RoomFactory,
    UserFactory,
    visit_type_of,
)
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
CODES = {
    Kind.CONSULTATION: "consultation",
    Kind.TREATMENT: "treatment",
    Kind.CHECK: "check",
    Kind.TEST: "test-spot",
    Kind.OUTCOME: "outcome-90d",
}
OF_TREATMENTS = ("plan", "area", "protocol_version", "recovers_at", "room", "device")


class World:
    """A clinic with two of each, and rows of sessions straight for the table."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.practitioners = [UserFactory(clinic=clinic) for _ in range(2)]
        self.rooms = [RoomFactory(clinic=clinic) for _ in range(2)]
        self.devices = [DeviceFactory(clinic=clinic) for _ in range(2)]
        self.patients: list[Patient] = [PatientFactory(clinic=clinic) for _ in range(2)]
        self.plans = [PlanFactory(patient=patient) for patient in self.patients]

    def row(self, kind: str, which: int = 0, **changes: Any) -> dict[str, Any]:
        start = NINE
        plan = self.plans[which]
        skin = {
            "plan": plan,
            "area": plan.area,
            "protocol_version": plan.protocol_version,
            "recovers_at": start + 28 * DAY,
        }
        return {
            "clinic": self.clinic,
            "visit_type": visit_type_of(self.clinic, CODES[Kind(kind)]),
            "kind": kind,
            "patient": self.patients[which],
            "practitioner": self.practitioners[which],
            "room": self.rooms[which],
            "device": self.devices[which],
            "occupied_from": start,
            "starts_at": start,
            "ends_at": start + HOUR,
            "released_at": start + HOUR,
            "time_zone": self.clinic.time_zone,
            **(skin if kind == Kind.TREATMENT else {}),
            **changes,
        }


@kept
def world(clinic: Clinic) -> World:
    return World(clinic)


def write(row: dict[str, Any]) -> None:
    TreatmentSession.objects.bulk_create([TreatmentSession(**row)])


@pytest.mark.parametrize("resource", ["practitioner", "patient", "room", "device"])
def test_no_two_visits_of_whichever_kinds_share_anything_at_once(
    world: World, resource: str
) -> None:
    for first, second in product(Kind.values, repeat=2):
        shared = {resource: getattr(world, f"{resource}s")[0]}
        if resource == "patient" and second == Kind.TREATMENT:
            other = PlanFactory(patient=world.patients[0])
            shared |= {
                "plan": other,
                "area": other.area,
                "protocol_version": other.protocol_version,
            }
        later = {"starts_at": NINE + HOUR / 2, "ends_at": NINE + 2 * HOUR}
        with transaction.atomic():
            write(world.row(first))
            with (
                pytest.raises(DatabaseError, match=f"session_{resource}_free"),
                transaction.atomic(),
            ):
                write(world.row(second, 1, **shared, **later, released_at=NINE + 2 * HOUR))
            write(world.row(second, 1))  # the control: all of it is another's
            transaction.set_rollback(True)


def test_sql_is_refused_as_well(world: World) -> None:
    write(world.row(Kind.CONSULTATION))
    write(
        world.row(
            Kind.CHECK,
            1,
            starts_at=NINE + HOUR / 2,
            ends_at=NINE + 2 * HOUR,
            released_at=NINE + 2 * HOUR,
        )
    )

    with (
        pytest.raises(DatabaseError, match="session_practitioner_free"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE treatment_session SET practitioner_id = %s WHERE kind = 'CHECK'",
            [world.practitioners[0].pk],
        )


def test_phone_calls_share_no_room_and_no_device(world: World) -> None:
    phone = visit_type_of(world.clinic, "check-by-phone")
    nowhere = {"visit_type": phone, "mode": Mode.PHONE, "room": None, "device": None}

    for which in (0, 1):
        write(world.row(Kind.CHECK, which, **nowhere))

    assert TreatmentSession.objects.count() == 2


@pytest.mark.parametrize("missing", OF_TREATMENTS)
def test_a_treatment_has_all_that_makes_it_one(world: World, missing: str) -> None:
    row = {**world.row(Kind.TREATMENT), missing: None}

    with pytest.raises(DatabaseError, match="session_treatment_complete"):
        write(row)


@pytest.mark.parametrize("kind", sorted(set(Kind.values) - {Kind.TREATMENT}))
def test_nothing_else_has_skin(world: World, kind: str) -> None:
    plan = world.plans[0]
    skin = {
        "area": plan.area,
        "protocol_version": plan.protocol_version,
        "recovers_at": NINE + 28 * DAY,
        "spacing_override_reason": "wants it",
    }
    author = {"spacing_override_by": world.practitioners[0]}

    for name, value in skin.items():
        extra = author if name == "spacing_override_reason" else {}
        with (
            pytest.raises(DatabaseError, match="session_only_treatment_has_skin"),
            transaction.atomic(),
        ):
            write(world.row(kind, **{name: value}, **extra))
    write(world.row(kind))


def test_a_visit_on_the_way_of_recovery_disturbs_nobody(world: World) -> None:
    """Spacing guards skin, not talk."""
    write(world.row(Kind.TREATMENT))
    day = NINE + timedelta(days=1)
    times: dict[str, Any] = {
        "occupied_from": day,
        "starts_at": day,
        "ends_at": day + HOUR,
        "released_at": day + HOUR,
    }

    write(world.row(Kind.OUTCOME, **times, plan=world.plans[0]))

    assert TreatmentSession.objects.count() == 2


def test_a_clinic_has_each_kind_from_the_start(clinic: Clinic) -> None:
    types = VisitType.objects.filter(clinic=clinic).prefetch_related("names")

    assert {visit_type.kind for visit_type in types} == set(Kind.values)
    for visit_type in types:
        visit_type.full_clean()
        for name in visit_type.names.all():
            name.full_clean()
