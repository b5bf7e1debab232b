"""What the safety rules are told about a session, at the day and the moment when it changes."""

import ast
import dataclasses
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clinic.models import ClinicalRule
from patients.models import Patient
from sessions.models import ProtocolVersion, TreatmentSession
from sessions.safety import facts
from sessions.safety.loading.record import age_on, load_facts, rules_in_effect, weight_on
from sessions.services.plans import version_in_effect
from tests.conftest import Booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    CheckInFactory,
    ProtocolFactory,
    ProtocolVersionFactory,
    SideEffectExpectationFactory,
    SideEffectFactory,
)

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2008, 1, 7), date(2030, 1, 6), 21),
        (date(2008, 1, 7), date(2030, 1, 7), 22),
        (date(2008, 1, 7), date(2030, 1, 8), 22),
        (date(2008, 1, 7), date(2030, 12, 31), 22),
        (date(2008, 12, 31), date(2030, 12, 30), 21),
        (date(2008, 2, 29), date(2030, 2, 28), 21),
        (date(2008, 2, 29), date(2030, 3, 1), 22),
        (date(2008, 2, 29), date(2032, 2, 29), 24),
        (date(2030, 1, 7), date(2030, 1, 7), 0),
    ],
)
def test_somebody_is_a_year_older_on_the_birthday(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


@pytest.mark.django_db
@pytest.mark.parametrize(("at", "version"), [(NINE - MOMENT, 1), (NINE, 2), (NINE + MOMENT, 2)])
def test_a_version_counts_from_its_moment_on(at: datetime, version: int) -> None:
    protocol = ProtocolFactory()
    ProtocolVersionFactory(protocol=protocol, version=2, effective_from=NINE)
    for number, since in [(1, NINE - 365 * timedelta(days=1)), (2, NINE)]:
        ClinicalRule.objects.create(
            code="rescreen-hours", version=number, value=72 + number, effective_from=since
        )

    assert version_in_effect(protocol, at).version == version
    assert ProtocolVersion.objects.in_effect(at).get(protocol=protocol).version == version
    assert rules_in_effect(at)["rescreen-hours"].value == 72 + version


# What is told by the one who makes it, or made in the rules themselves.
NOT_LOADED = {"Number", "Limit"}


def test_every_fact_that_a_rule_may_read_is_loaded() -> None:
    """A field with a default that nobody loads is a rule that never speaks."""
    loaded: dict[str, set[str]] = {}
    for path in (Path(facts.__file__).parent / "loading").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).removeprefix("facts.")
                given = {keyword.arg for keyword in node.keywords if keyword.arg}
                name = {"product_facts": "ProductUse", "replace": "Device"}.get(name, name)
                loaded.setdefault(name, set()).update(given)
    missing = [
        f"{name}.{field.name}"
        for name, kind in vars(facts).items()
        if dataclasses.is_dataclass(kind) and kind.__module__ == facts.__name__
        if name not in NOT_LOADED
        for field in dataclasses.fields(kind)
        if field.name not in loaded.get(name, set())
    ]

    assert missing == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["HYPERPIGMENTATION", "ITCH"])
def test_patches_after_the_last_session_are_told(booking: Booking, kind: str) -> None:
    before = booking.completed()
    SideEffectFactory(session=before, kind=kind)
    booked = booking.book(NINE + 60 * DAY, side_effect_override_reason="Seen by a practitioner")

    session = TreatmentSession.objects.with_record().get(pk=booked.pk)
    previous = load_facts(session, at=session.starts_at).previous

    assert previous is not None
    assert previous.left_pigment == (kind == "HYPERPIGMENTATION")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "is_reported", "began_late"),
    [(4, False, False), (5, False, True), (99, True, False)],
)
def test_what_began_later_than_its_kind_is_told(
    booking: Booking, hours: int, is_reported: bool, began_late: bool
) -> None:
    """Counted from the end of its session; of what a report told of, only that day is known."""
    before = booking.completed()
    SideEffectExpectationFactory(kind="ITCH", onset_to_hours=4, act_when="Hives.")
    SideEffectFactory(
        session=before,
        kind="ITCH",
        grade=1,
        onset_at=before.ends_at + hours * HOUR,
        check_in=CheckInFactory(session=before) if is_reported else None,
    )
    booked = booking.book(NINE + 60 * DAY, side_effect_override_reason="Seen")

    session = TreatmentSession.objects.with_record().get(pk=booked.pk)
    (known,) = load_facts(session, at=session.starts_at).side_effects

    assert (known.began_late, known.act_when) == (began_late, "Hives.")


@pytest.mark.parametrize(
    ("weighed_on", "kg"),
    [
        (None, None),
        (NINE.date() - 180 * DAY, Decimal(52)),
        (NINE.date() - 181 * DAY, None),
    ],
)
def test_a_weight_counts_for_some_days(weighed_on: date | None, kg: Decimal | None) -> None:
    patient = Patient(weight_kg=52 if weighed_on else None, weighed_on=weighed_on)
    rules = {"weight-valid-days": facts.Number(Decimal(180), "rule", "source")}

    assert weight_on(patient, NINE.date(), rules) == kg
