"""What ships as data arrives complete, valid, with its sources, and never in the way of a
clinic's own."""

import io
import re
from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import models
from django.utils import timezone

from clinic.models import ClinicalRule, Versioned
from patients.models import (
    OFF_LABEL,
    Concern,
    ConcernSubtype,
    ConsentText,
    ScreeningRule,
    Zone,
)
from sessions.models import (
    DeviceClearance,
    Protocol,
    ProtocolVersion,
    ZoneLimit,
)
from sessions.safety.loading.answers import PIGMENT_CHECK
from tests.support.catalogue import APPS, FILES, MODELS, NESTED, PARTS, ROOT, every, nested, shipped

# --- loading ---------------------------------------------------------------------------------


# What each clinic gets when it is made: tests/booking/visits.
PER_CLINIC = {"sessions/catalogue/visit_types.yaml"}


def test_every_row_of_every_file_arrives_in_the_database(catalogue: None) -> None:
    rows = [row for row in shipped() if row[0] not in PER_CLINIC]
    written = Counter(path for path, _ in rows)
    found = (name for _, row in rows for name, _ in nested(row))
    inside = Counter(name for name in found if name not in PARTS)

    assert written == {path: every(model).count() for path, model in FILES.items()}
    assert inside == {name: every(model).count() for name, model in NESTED.items()}


def test_loading_twice_adds_nothing_and_keeps_what_the_clinic_changed(db: None) -> None:
    out = io.StringIO()
    call_command("seed_catalogue", stdout=out)
    Concern.objects.filter(code="melasma").update(name="Chloasma", is_active=False)
    nose = ZoneLimit.objects.create(
        zone=Zone.objects.get(code="nose"),
        version=2,
        depth_max_mm="0.60",
        passes_max=3,
        source="our own experience",
    )
    call_command("seed_catalogue", stdout=out)

    first, second = out.getvalue().splitlines()
    assert "18 protocols, 18 protocol versions" in first
    assert second == "the catalogues are there already"
    assert Concern.objects.get(code="melasma").name == "Chloasma"
    assert not Concern.objects.get(code="melasma").is_active
    assert ZoneLimit.objects.in_effect(timezone.now()).get(zone__code="nose") == nose


def test_what_a_clinic_had_before_stays_and_gets_no_parts_of_ours(db: None) -> None:
    own = ConsentText.objects.create(
        kind="TREATMENT", language="en", title="Our own", body="Ours.", source="our lawyer"
    )

    call_command("seed_catalogue", verbosity=0, stdout=io.StringIO())

    now = ConsentText.objects.in_effect(timezone.now())
    assert now.get(kind="TREATMENT", language="en") == own
    assert not own.clauses.exists()
    assert ConsentText.objects.get(kind="TREATMENT", language="es").clauses.exists()


def test_what_ships_holds_for_sessions_of_the_past_too(catalogue: None) -> None:
    last_year = timezone.now() - timedelta(days=365)

    assert ProtocolVersion.objects.in_effect(last_year).count() == Protocol.objects.count()
    assert ClinicalRule.objects.in_effect(last_year).filter(code="rescreen-hours").exists()


# --- validity --------------------------------------------------------------------------------


def test_every_row_is_valid(catalogue: None) -> None:
    for model in MODELS:
        for row in every(model):
            row.full_clean()


def test_every_number_has_a_version_and_a_source(catalogue: None) -> None:
    versioned = [model for model in MODELS if issubclass(model, Versioned)]
    sourced: list[type[models.Model]] = [*versioned, ConcernSubtype]
    nameless = [
        f"{model.__name__} {row}"
        for model in sourced
        for row in every(model)
        if len(row.source) < 10 or getattr(row, "version", 1) < 1
    ]

    assert len(versioned) == 12
    assert nameless == []


def test_no_number_is_written_as_a_float() -> None:
    """0.1 + 0.2 is not 0.3: decimals are quoted."""

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(floats(part) for part in value.values())
        if isinstance(value, list):
            return any(floats(part) for part in value)
        return isinstance(value, float)

    assert [row for _, row in shipped() if floats(row)] == []


def test_every_code_that_is_referred_to_exists(catalogue: None) -> None:
    zones = set(Zone.objects.values_list("code", flat=True))
    concerns = set(Concern.objects.values_list("code", flat=True))
    forms = set(ConcernSubtype.objects.values_list("code", flat=True))

    for clearance in DeviceClearance.objects.all():
        assert set(clearance.zones) <= zones, clearance
        assert set(clearance.concerns) <= concerns, clearance
        assert set(clearance.subtypes) <= forms, clearance


def test_every_rule_that_the_code_reads_exists(catalogue: None) -> None:
    source = "\n".join(
        path.read_text()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    )
    read_by_code = set(re.findall(r'rules\["([\w-]+)"\]', source))
    read_by_code |= set(re.findall(r'ClinicalRule\.objects[^\n]*code="([\w-]+)"', source))

    assert {"rescreen-hours", "deep-from", "screening-valid-days"} <= read_by_code
    assert read_by_code <= set(ClinicalRule.objects.values_list("code", flat=True))
    assert ScreeningRule.objects.filter(code=PIGMENT_CHECK).exists()
    for text in ConsentText.objects.filter(kind="TREATMENT"):
        assert text.clauses.filter(code=OFF_LABEL, is_required=False).exists()
