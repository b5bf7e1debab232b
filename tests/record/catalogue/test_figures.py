"""Every number of the clinical reference is in the catalogues, where the table says."""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import models

from clinic.models import ClinicalRule, DeviceSpec
from patients.models import (
    ConcernSubtype,
    ScreeningRule,
)
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    ProtocolVersion,
    ReportingRule,
    SideEffectExpectation,
    ZoneLimit,
    ZoneRange,
)
from tests.support.catalogue import every

FIGURES = Path(__file__).with_name("figures.txt")
PLACES: dict[str, tuple[type[models.Model], str]] = {
    "clearance": (DeviceClearance, "reference"),
    "course": (SideEffectExpectation, "kind"),
    "device": (DeviceSpec, "model__code"),
    "on-zone": (ZoneRange, "zone__code"),
    "product": (Product, "code"),
    "protocol": (ProtocolVersion, "protocol__code"),
    "question": (ScreeningRule, "code"),
    "report": (ReportingRule, "code"),
    "rule": (ClinicalRule, "code"),
    "scale": (OutcomeScale, "code"),
    "subtype": (ConcernSubtype, "code"),
    "zone": (ZoneLimit, "zone__code"),
}
SECTIONS = ["1.1", "1.2", "1.3", "1.4", "1.5", "1.8"]


def figures() -> list[list[str]]:
    """Section, what, number, place, code, field."""
    lines = FIGURES.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line[0] != "#"]
    return [[section, what, number, *where.split()] for section, what, number, where in rows]


def says(value: Any, number: str) -> bool:
    """Whether a field is this number, holds it, or names it in its words."""
    if isinstance(value, str):
        return re.search(rf"(?<![\d.]){re.escape(number)}(?!\.?\d)", value) is not None
    if isinstance(value, list):
        return bool(int(number) == max(value))
    return value is not None and Decimal(str(value)) == Decimal(number)


def test_every_number_of_the_reference_is_in_the_catalogue(catalogue: None) -> None:
    wrong = []
    for section, what, number, place, code, field in figures():
        model, named_by = PLACES[place]
        row = every(model).filter(**{named_by: code}).first()
        if row is None or not says(getattr(row, field), number):
            wrong.append(f"§{section} {what}: {number} in {place} {code} {field}")

    assert wrong == []


def test_the_table_covers_the_sections_and_leaves_out_no_rule_or_limit(catalogue: None) -> None:
    listed = {(place, code) for _, _, _, place, code, _ in figures()}
    sections = Counter(section for section, *_ in figures())

    assert min(sections[section] for section in SECTIONS) >= 8
    assert sum(sections[section] for section in SECTIONS) > 150
    for place in ("rule", "clearance", "protocol", "zone", "on-zone"):
        model, named_by = PLACES[place]
        codes = every(model).values_list(named_by, flat=True)
        assert {(place, code) for code in codes} - listed == set()
    washouts = ScreeningRule.objects.exclude(washout_days=None).values_list("code", flat=True)
    assert {("question", code) for code in washouts} - listed == set()
