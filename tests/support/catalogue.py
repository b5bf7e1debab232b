"""What ships as data, by file and by model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from aftercare.models import CareStep, MessageTemplate
from clinic.catalogue import read
from clinic.models import ClinicalRule, DeviceModel, DeviceSpec
from patients.models import (
    Area,
    Concern,
    ConcernSubtype,
    ConsentClause,
    ConsentText,
    ScreeningRule,
    ScreeningWording,
    Zone,
)
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    Protocol,
    ProtocolVersion,
    ScoreLabel,
    SideEffectExpectation,
    TriageVersion,
    ZoneLimit,
    ZoneRange,
)

ROOT = Path(settings.BASE_DIR)
APPS = ["clinic", "patients", "sessions", "aftercare"]

FILES: dict[str, type[models.Model]] = {
    "aftercare/catalogue/steps.yaml": CareStep,
    "aftercare/catalogue/templates.yaml": MessageTemplate,
    "clinic/catalogue/devices.yaml": DeviceModel,
    "clinic/catalogue/rules.yaml": ClinicalRule,
    "patients/catalogue/areas.yaml": Area,
    "patients/catalogue/concerns.yaml": Concern,
    "patients/catalogue/consent_texts.yaml": ConsentText,
    "patients/catalogue/screening_rules.yaml": ScreeningRule,
    "sessions/catalogue/clearances.yaml": DeviceClearance,
    "sessions/catalogue/outcome_scales.yaml": OutcomeScale,
    "sessions/catalogue/products.yaml": Product,
    "sessions/catalogue/protocols.yaml": Protocol,
    "sessions/catalogue/side_effects.yaml": SideEffectExpectation,
    "sessions/catalogue/triage.yaml": TriageVersion,
    "sessions/catalogue/zone_limits.yaml": ZoneLimit,
}
NESTED: dict[str, type[models.Model]] = {
    "clauses": ConsentClause,
    "specs": DeviceSpec,
    "labels": ScoreLabel,
    "subtypes": ConcernSubtype,
    "versions": ProtocolVersion,
    "wordings": ScreeningWording,
    "zone_ranges": ZoneRange,
    "zones": Zone,
}
# What is not a row of its own but a part of one, as JSON.
PARTS = {"cases", "curves", "rules", "words"}
MODELS = [*FILES.values(), *NESTED.values()]


def every(model: type[models.Model]) -> "models.QuerySet[Any]":
    return model._default_manager.all()


def shipped() -> Iterator[tuple[str, Any]]:
    """Every row of every file, as it is written."""
    for app in APPS:
        for path in sorted((ROOT / app / "catalogue").iterdir()):
            for row in read(path):
                yield str(path.relative_to(ROOT)), row


def nested(row: Any) -> Iterator[tuple[str, Any]]:
    """The rows inside of a row, with the name that they stand under."""
    for name, value in row.items():
        if isinstance(value, list):
            for child in value:
                if isinstance(child, dict):
                    yield name, child
                    yield from nested(child)
