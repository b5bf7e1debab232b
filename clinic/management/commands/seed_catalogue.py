"""Load the catalogues that ship with the product. Safe to repeat: see clinic.catalogue."""

from datetime import time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.dateparse import parse_duration

from aftercare.models import CareStep, MessageTemplate
from aftercare.texts.checks import check, parts_needed
from clinic.catalogue import add_missing, pop_parts, read, resolve_codes
from clinic.models import ClinicalRule, DeviceModel, DeviceSpec
from patients.models import Area, Concern, ConcernSubtype, ConsentText, ScreeningRule, Zone
from sessions.models import (
    DeviceClearance,
    OutcomeScale,
    Product,
    Protocol,
    ProtocolVersion,
    ReportingRule,
    SideEffectExpectation,
    TriageVersion,
    ZoneLimit,
)

ROOT = Path(settings.BASE_DIR)


class Command(BaseCommand):
    help = "Load all catalogues: rules, devices, zones, screening, consents, protocols, messages…"

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            added = {
                **load_clinic(ROOT / "clinic/catalogue"),
                **load_patients(ROOT / "patients/catalogue"),
                **load_treatment(ROOT / "sessions/catalogue"),
                **load_sequence(ROOT / "aftercare/catalogue"),
            }
        new = ", ".join(f"{number} {what}" for what, number in added.items() if number)
        self.stdout.write(f"added {new}" if new else "the catalogues are there already")


def load_clinic(folder: Path) -> dict[str, int]:
    devices = read(folder / "devices.yaml")
    specs = pop_parts(devices, "specs", parent="model")
    return {
        "clinical rules": add_missing(ClinicalRule, read(folder / "rules.yaml")),
        "device models": add_missing(DeviceModel, devices),
        "device specs": add_missing(DeviceSpec, resolve_codes(specs, model=DeviceModel)),
    }


def load_patients(folder: Path) -> dict[str, int]:
    areas, concerns = read(folder / "areas.yaml"), read(folder / "concerns.yaml")
    zones = pop_parts(areas, "zones", parent="area")
    subtypes = pop_parts(concerns, "subtypes", parent="concern")
    texts = read(folder / "consent_texts.yaml")
    return {
        "areas": add_missing(Area, areas),
        "zones": add_missing(Zone, resolve_codes(zones, area=Area)),
        "concerns": add_missing(Concern, concerns),
        "subtypes": add_missing(ConcernSubtype, resolve_codes(subtypes, concern=Concern)),
        "screening rules": add_missing(
            ScreeningRule, read(folder / "screening_rules.yaml"), parts="wordings"
        ),
        "consent texts": add_missing(ConsentText, texts, parts="clauses"),
    }


def load_treatment(folder: Path) -> dict[str, int]:
    limits = resolve_codes(read(folder / "zone_limits.yaml"), zone=Zone)
    clearances = resolve_codes(read(folder / "clearances.yaml"), model=DeviceModel)
    protocols = read(folder / "protocols.yaml")
    versions = pop_parts(protocols, "versions", parent="protocol")
    for version in versions:
        version["zone_ranges"] = resolve_codes(version.get("zone_ranges", []), zone=Zone)
    return {
        "zone limits": add_missing(ZoneLimit, limits),
        "protocols": add_missing(Protocol, resolve_codes(protocols, concern=Concern, area=Area)),
        "protocol versions": add_missing(
            ProtocolVersion, resolve_codes(versions, protocol=Protocol), parts="zone_ranges"
        ),
        "clearances": add_missing(DeviceClearance, clearances),
        "products": add_missing(Product, read(folder / "products.yaml"), parts="drugs"),
        "outcome scales": add_missing(
            OutcomeScale, read(folder / "outcome_scales.yaml"), parts="labels"
        ),
        "side effect courses": add_missing(
            SideEffectExpectation, read(folder / "side_effects.yaml")
        ),
        "reporting rules": add_missing(ReportingRule, read(folder / "reporting_rules.yaml")),
        "triage rules": add_missing(TriageVersion, read(folder / "triage.yaml")),
    }


def load_sequence(folder: Path) -> dict[str, int]:
    steps = [{**row, **times_of(row)} for row in read(folder / "steps.yaml")]
    added = {"steps": add_missing(CareStep, steps, key=("code", "protocol_id"))}
    by_code = {step.code: step for step in CareStep.objects.filter(protocol=None)}
    texts = [{**row, "step": by_code[row["step"]]} for row in read(folder / "templates.yaml")]
    for text in texts:  # a long PUBLIC_URL makes longer SMS, and must not stop the loading
        needed = parts_needed(MessageTemplate(**text))
        text["max_parts"] = max(text.get("max_parts", 1), needed)
    key = ("step_id", "channel", "language", "version")
    rows = [{"version": 1, **text} for text in texts]
    templates = add_missing(MessageTemplate, rows, key=key, check=check)
    return {**added, "templates": templates}


def times_of(row: dict[str, Any]) -> dict[str, Any]:
    """What a step of the file says in words of times, as the model takes it."""
    at = {"at_time": time.fromisoformat(row["at_time"])} if "at_time" in row else {}
    return {**at, "offset": duration(row["offset"]), "useful_for": duration(row["useful_for"])}


def duration(text: str) -> timedelta:
    parsed = parse_duration(text)
    if parsed is None:
        raise ValueError(f"{text!r} is no duration; right would be “3 00:00:00”.")
    return parsed
