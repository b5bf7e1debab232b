"""What is reported of a healing skin, in the words that the triage rules use."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    """How soon a person must act. In the order of gravity: the last one is the gravest."""

    GREEN = "GREEN", _("Green: as expected")
    AMBER = "AMBER", _("Amber: by the end of the next working day")
    RED = "RED", _("Red: today")
    EMERGENCY = "EMERGENCY", _("Emergency: now")

    @property
    def gravity(self) -> int:
        return list(Level).index(self)


def gravest(*levels: str) -> Level:
    """The maximum; GREEN of none."""
    return max((Level(level) for level in levels), key=lambda one: one.gravity, default=Level.GREEN)


class Sign(models.TextChoices):
    """What somebody sees, feels or says."""

    BREATHING = "breathing", _("Trouble breathing or swallowing")
    LIP_TONGUE_SWELLING = "lip_tongue_swelling", _("Lips, tongue or throat swell")
    HIVES = "hives", _("Hives")
    FAINT = "faint", _("Fainting")
    BLUE_GREY = "blue_grey", _("Blue or grey lips or skin")
    FITS = "fits_or_twitching", _("Fits or twitching")
    METALLIC_TASTE = "metallic_taste", _("Metallic taste")
    CHEST_PAIN = "chest_pain", _("Chest pain")
    VISION_CHANGE = "vision_change", _("Sight has changed")
    EYE_PAIN = "eye_pain", _("Pain in the eye")
    LIDS_CLOSING = "lids_closing", _("Eyelids nearly closed")
    PUS = "pus", _("Pus")
    HONEY_CRUST = "honey_crust", _("Yellow, honey-coloured crusts")
    SPREADING = "spreading", _("Redness or warmth that spreads")
    STREAKS = "streaks", _("Red lines or streaks")
    BLACK_OR_BLISTERED = "black_or_blistered", _("Grey, white, black or blistered skin")
    FEVER = "fever", _("Fever of 38 °C or more, shivering")
    VESICLES = "vesicles", _("Groups of small blisters")
    TINGLING_MOUTH = "tingling_mouth", _("Tingling at the mouth")
    FIRM_BUMPS = "firm_bumps", _("Firm bumps, plaques or lumps")
    LINE_MARKS = "line_marks", _("Lines of marks")
    RAISED_SCAR = "raised_scar", _("Raised scar")
    TENSE_HAEMATOMA = "tense_haematoma", _("Tense or growing bruise")
    BROWN_PATCHES = "brown_patches", _("Darker patches")
    LIGHT_PATCHES = "light_patches", _("Lighter patches")
    CRUSTS = "crusts", _("Dry crusts")
    SPOTS = "spots", _("Spots, milia")
    PAINFUL_PUSTULES = "painful_pustules", _("Painful pustules")
    LYMPH_NODES = "lymph_nodes", _("Swollen lymph nodes")
    BRUISE = "bruise", _("Bruise")
    FLAKING = "flaking", _("Flaking")
    RASH_ELSEWHERE = "rash_elsewhere", _("Rash where nothing was treated")
    SHEDDING = "shedding", _("Hair shedding after scalp work")
    REUSED_NEEDLE = (
        "reused_needle_worry",
        _("Worry about a used needle or a mixed-up blood product"),
    )
    WORRIED = "worried", _("Worried")
    FREE_TEXT = "free_text", _("Wrote something")
    RED_WORD = "red_word_in_text", _("Wrote a red-flag word")


class Score(models.TextChoices):
    """What is scored from 0, none, to 10, the worst that one can think of."""

    REDNESS = "redness", _("Redness")
    SWELLING = "swelling", _("Swelling")
    PAIN = "pain", _("Pain")
    ITCH = "itch", _("Itch")


class HostRisk(models.TextChoices):
    """What makes the same sign graver on this person, or on this skin."""

    IMMUNOSUPPRESSED = "immunosuppressed", _("Weak immune system")
    DIABETES = "diabetes", _("Diabetes")
    ANTICOAGULATED = "anticoagulated", _("Blood thinner")
    PERIORBITAL = "periorbital", _("Treated beside the eye")
    SKIN_IV_VI = "skin_iv_vi", _("Skin type IV to VI")


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
