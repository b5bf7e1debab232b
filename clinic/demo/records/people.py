"""Who the demo's patients are, what is done to them, and what a clinician says about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sessions.lifecycle import PlanStatus

WHY_NOT = {
    "depth_below_range": "First session on this skin type: kept shallow on purpose.",
    "no_depth_fits": "First session on this skin type: kept shallow on purpose.",
    "screening_hsv_history": "Valaciclovir prophylaxis, from yesterday to the third day.",
    "screening_anticoagulants": "Stays on it, as the prescribing doctor wishes; shallow.",
    "anaesthetic_near_eyes": "It was put on the cheeks and the forehead only.",
}
# What is done on each area, by protocol: zone, depth (mm), passes, endpoint.
RED, BLEEDS = "ERYTHEMA", "PINPOINT_BLEEDING"
CHARTS: dict[str, list[tuple[str, str, int, str]]] = {
    "acne-scars-face": [
        ("cheeks", "1.75", 6, BLEEDS),
        ("chin", "1.25", 4, BLEEDS),
        ("forehead", "0.75", 4, RED),
    ],
    "wrinkles-face": [("forehead", "0.75", 4, RED), ("cheeks", "1.25", 6, RED)],
    "fine-lines-face": [("periorbital", "0.50", 2, RED), ("cheeks", "0.75", 4, RED)],
    "texture-face": [("cheeks", "0.75", 4, RED), ("nose", "0.50", 3, RED)],
    "pores-face": [("nose", "0.75", 4, RED), ("cheeks", "1.00", 6, RED)],
    "pigment-face": [("cheeks", "0.75", 4, RED)],
    "melasma-face": [("cheeks", "0.50", 3, RED), ("perioral", "0.50", 3, RED)],
    "wrinkles-neck": [("neck-front", "0.75", 4, RED)],
    "fine-lines-decolletage": [("decolletage", "0.75", 4, RED)],
    "fine-lines-hands": [("hand-backs", "0.50", 4, RED)],
    "scar-abdomen": [("abdomen", "1.75", 6, BLEEDS)],
    "stretch-marks-abdomen": [("abdomen", "1.75", 6, BLEEDS), ("flanks", "1.50", 6, BLEEDS)],
    "stretch-marks-thighs": [("thighs", "1.50", 6, BLEEDS)],
    "stretch-marks-breast": [("breast", "1.00", 4, RED)],
    "stretch-marks-arms": [("upper-arms", "1.00", 4, RED)],
    "stretch-marks-back": [("lower-back", "1.75", 6, BLEEDS)],
    "stretch-marks-knees": [("knees", "1.00", 4, RED)],
    "hair-scalp": [("scalp", "0.75", 4, RED)],
}
NOSE = ("nose", "0.50", 3, RED)
AFTER = {PlanStatus.COMPLETED: 30, PlanStatus.STOPPED: 5, PlanStatus.ON_HOLD: 14}  # days


@dataclass(frozen=True)
class Person:
    """A row of patients.yaml; the fields are explained there."""

    name: str
    sex: str
    skin: int
    protocol: str
    done: int
    born: date | None = None
    age: int = 0
    guardian: str = ""
    then: str = ""
    last: int = 0
    language: str = "en"
    also: str = ""
    subtype: str = ""
    grade: int | None = None
    plan: str = PlanStatus.ACTIVE.value
    why: str = ""
    decided: str = ""
    answers: Mapping[str, int] = field(default_factory=dict)
    heals: tuple[Any, ...] = ()
    allergies: str = ""
    keloids: bool = False
    photos: bool = False
    revoked: str = ""
    results: tuple[str, ...] = ()
    archived: bool = False
    others: Mapping[str, int] = field(default_factory=dict)
    keeps_up: int = 0


def people() -> Iterator[tuple[str, int, Person]]:
    """Clinic, number within the clinic, person: as patients.yaml has them."""
    text = Path(__file__).with_name("patients.yaml").read_text(encoding="utf-8")
    for group in yaml.safe_load(text):
        for number, row in enumerate(group["patients"]):
            yield group["clinic"], number, Person(**row)
