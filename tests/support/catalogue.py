"""What ships as data, by file and by model."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, models

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
    ProductDrug,
    Protocol,
    ProtocolVersion,
    ReportingRule,
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
    "sessions/catalogue/reporting_rules.yaml": ReportingRule,
    "sessions/catalogue/side_effects.yaml": SideEffectExpectation,
    "sessions/catalogue/triage.yaml": TriageVersion,
    "sessions/catalogue/zone_limits.yaml": ZoneLimit,
}
NESTED: dict[str, type[models.Model]] = {
    "clauses": ConsentClause,
    "specs": DeviceSpec,
    "drugs": ProductDrug,
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

# What the command has stored, by table, in its order; for each PUBLIC_URL, on which the number of
# parts of an SMS depends.
_copies: dict[str, dict[str, bytes]] = {}


def load_catalogue() -> None:
    """Everything that ships as data: by the product's command, and where nothing of it is there
    yet, from the second time on by a copy of what the command has stored then."""
    is_empty = not any(every(model).exists() for model in MODELS)
    if is_empty and settings.PUBLIC_URL in _copies:
        _restore(_copies[settings.PUBLIC_URL])
        return
    call_command("seed_catalogue", verbosity=0, stdout=io.StringIO())
    if is_empty:
        _copies[settings.PUBLIC_URL] = _copy()


def _copy() -> dict[str, bytes]:
    copy = {}
    first = {str(every(m).earliest("id").pk): m._meta.db_table for m in MODELS}
    with connection.cursor() as cursor:
        for _, table in sorted(first.items()):  # as they were stored: parents first
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                copy[table] = b"".join(rows)
    return copy


def _restore(copy: dict[str, bytes]) -> None:
    with connection.cursor() as cursor:
        for table, stored in copy.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as rows:
                rows.write(stored)


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
