"""What is reported of a healing skin, in the words that the triage rules use."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models


class Level(models.TextChoices):
    """How soon a person must act. In the order of gravity: the last one is the gravest."""

    GREEN = "GREEN", "Green: as expected"
    AMBER = "AMBER", "Amber: by the end of the next working day"
    RED = "RED", "Red: today"
    EMERGENCY = "EMERGENCY", "Emergency: now"

    @property
    def gravity(self) -> int:
        return list(Level).index(self)


def gravest(*levels: str) -> Level:
    """The maximum; GREEN of none."""
    return max((Level(level) for level in levels), key=lambda one: one.gravity, default=Level.GREEN)


class Sign(models.TextChoices):
    """What somebody sees, feels or says."""

    BREATHING = "breathing", "Trouble breathing or swallowing"
    LIP_TONGUE_SWELLING = "lip_tongue_swelling", "Lips, tongue or throat swell"
    HIVES = "hives", "Hives"
    FAINT = "faint", "Fainting"
    BLUE_GREY = "blue_grey", "Blue or grey lips or skin"
    FITS = "fits_or_twitching", "Fits or twitching"
    METALLIC_TASTE = "metallic_taste", "Metallic taste"
    CHEST_PAIN = "chest_pain", "Chest pain"
    VISION_CHANGE = "vision_change", "Sight has changed"
    EYE_PAIN = "eye_pain", "Pain in the eye"
    LIDS_CLOSING = "lids_closing", "Eyelids nearly closed"
    PUS = "pus", "Pus"
    HONEY_CRUST = "honey_crust", "Yellow, honey-coloured crusts"
    SPREADING = "spreading", "Redness or warmth that spreads"
    STREAKS = "streaks", "Red lines or streaks"
    BLACK_OR_BLISTERED = "black_or_blistered", "Grey, white, black or blistered skin"
    FEVER = "fever", "Fever of 38 °C or more, shivering"
    VESICLES = "vesicles", "Groups of small blisters"
    TINGLING_MOUTH = "tingling_mouth", "Tingling at the mouth"
    FIRM_BUMPS = "firm_bumps", "Firm bumps, plaques or lumps"
    LINE_MARKS = "line_marks", "Lines of marks"
    RAISED_SCAR = "raised_scar", "Raised scar"
    TENSE_HAEMATOMA = "tense_haematoma", "Tense or growing bruise"
    BROWN_PATCHES = "brown_patches", "Darker patches"
    LIGHT_PATCHES = "light_patches", "Lighter patches"
    CRUSTS = "crusts", "Dry crusts"
    SPOTS = "spots", "Spots, milia"
    PAINFUL_PUSTULES = "painful_pustules", "Painful pustules"
    LYMPH_NODES = "lymph_nodes", "Swollen lymph nodes"
    BRUISE = "bruise", "Bruise"
    FLAKING = "flaking", "Flaking"
    RASH_ELSEWHERE = "rash_elsewhere", "Rash where nothing was treated"
    SHEDDING = "shedding", "Hair shedding after scalp work"
    REUSED_NEEDLE = "reused_needle_worry", "Worry about a used needle or a mixed-up blood product"
    WORRIED = "worried", "Worried"
    FREE_TEXT = "free_text", "Wrote something"
    RED_WORD = "red_word_in_text", "Wrote a red-flag word"


class Score(models.TextChoices):
    """What is scored from 0, none, to 10, the worst that one can think of."""

    REDNESS = "redness", "Redness"
    SWELLING = "swelling", "Swelling"
    PAIN = "pain", "Pain"
    ITCH = "itch", "Itch"


class HostRisk(models.TextChoices):
    """What makes the same sign graver on this person, or on this skin."""

    IMMUNOSUPPRESSED = "immunosuppressed", "Weak immune system"
    DIABETES = "diabetes", "Diabetes"
    ANTICOAGULATED = "anticoagulated", "Blood thinner"
    PERIORBITAL = "periorbital", "Treated beside the eye"
    SKIN_IV_VI = "skin_iv_vi", "Skin type IV to VI"


MAX_SCORE = 10


@dataclass(frozen=True)
class Report:
    """What is known of the skin on one day after a session.

    What was not answered is in none of these: an absent score is unknown, never 0. `before` are the
    scores of the last report of this session. `asked` is false while a red-flag question is open,
    `replied` is false if nobody answered on day 1 and day 3 after a session with a risk.
    """

    day: int
    signs: frozenset[str] = frozenset()
    scores: Mapping[str, int] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    bleeding_minutes: int = 0
    hosts: frozenset[str] = frozenset()
    asked: bool = True
    replied: bool = True
