"""Load the catalogues that ship with the product. Safe to repeat: see clinic.catalogue."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import models, transaction
from django.utils.dateparse import parse_duration

from aftercare.models import CareStep, MessageTemplate
from clinic.catalogue import Row, add_missing, read
from patients.models import Concern
from sessions.models import Area, Protocol, Zone

ROOT = Path(settings.BASE_DIR)
BY_CODE = ("code",)


class Command(BaseCommand):
    help = "Load concerns, areas, zones, protocols, care steps and message templates."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            added = {
                "concerns": add_missing(
                    Concern, read(ROOT / "patients/catalogue/concerns.yaml"), key=BY_CODE
                ),
                **load_treatment(ROOT / "sessions/catalogue"),
                **load_sequence(ROOT / "aftercare/catalogue"),
            }
        self.stdout.write("added " + ", ".join(f"{n} {what}" for what, n in added.items()))


def load_treatment(folder: Path) -> dict[str, int]:
    areas = read(folder / "areas.yaml")
    zones = [{**zone, "area": area["code"]} for area in areas for zone in area.pop("zones")]
    return {
        "areas": add_missing(Area, areas, key=BY_CODE),
        "zones": add_missing(Zone, linked(zones, area=Area), key=BY_CODE),
        "protocols": add_missing(
            Protocol,
            linked(read(folder / "protocols.yaml"), area=Area, concern=Concern),
            key=BY_CODE,
        ),
    }


def load_sequence(folder: Path) -> dict[str, int]:
    steps = [
        {**row, "offset": duration(row["offset"]), "useful_for": duration(row["useful_for"])}
        for row in read(folder / "steps.yaml")
    ]
    added = {"steps": add_missing(CareStep, steps, key=BY_CODE)}
    texts = linked(read(folder / "templates.yaml"), step=CareStep)
    rows = [{"version": 1, **text, "step_id": text["step"].pk} for text in texts]
    key = ("step_id", "channel", "language", "version")
    return {**added, "templates": add_missing(MessageTemplate, rows, key=key)}


def linked(rows: list[Row], **models_by_field: type[models.Model]) -> list[Row]:
    """The rows with codes replaced by the objects that they name."""
    by_code = {
        field: {thing.code: thing for thing in model._default_manager.all()}  # type: ignore[attr-defined]
        for field, model in models_by_field.items()
    }
    return [
        {**row, **{field: found[row[field]] for field, found in by_code.items()}} for row in rows
    ]


def duration(text: str) -> timedelta:
    parsed = parse_duration(text)
    if parsed is None:
        raise ValueError(f"{text!r} is no duration; right would be “3 00:00:00”.")
    return parsed
