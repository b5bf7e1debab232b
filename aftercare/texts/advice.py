"""What a text says by where the skin is treated, and by what was put on it.

A scalp wants no word on make-up, an abdomen none on shampoo. The words are put in by the product,
in the language of the text around them (`aftercare/locale`). A clinic that says it in another way
writes it into its own text instead of the variable.
"""

from collections.abc import Collection
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _


class Place(StrEnum):
    """Parts of the body that are cared for alike."""

    FACE = "face"
    SCALP = "scalp"
    BODY = "body"


# By the codes of patients/catalogue/areas.yaml; all others are cared for as the body.
PLACES = {
    "face": Place.FACE,
    "neck": Place.FACE,
    "decolletage": Place.FACE,
    "scalp": Place.SCALP,
}

# By variable. clinical.md §1.6.
CARE: dict[str, dict[Place, Promise]] = {
    "care_before": {
        Place.FACE: _("Come without make-up, and do not shave on that day."),
        Place.SCALP: _("Come with clean hair, with no gel or spray in it."),
        Place.BODY: _("Come in loose clothes, and do not shave there on that day."),
    },
    "care_today": {
        Place.FACE: _(
            "A mild cleanser, lukewarm water and a bland moisturiser: no more than that. No "
            "make-up and no perfume."
        ),
        Place.SCALP: _(
            "Leave your hair alone: do not wash or dye it, use no gel or spray, and wear no tight "
            "hat or helmet. Ask us when to use minoxidil again."
        ),
        Place.BODY: _(
            "A mild cleanser, lukewarm water and a bland moisturiser: no more than that. Wear "
            "loose, clean clothes that do not rub."
        ),
    },
    "care_day_one": {
        Place.FACE: _(
            "From today: a mineral sunscreen, SPF 30 or more, each morning and again at noon. "
            "Keep to the mild cleanser and moisturiser. Light make-up only if your skin is calm."
        ),
        Place.SCALP: _(
            "From today you may wash your hair with a mild shampoo. Use your fingers and do not "
            "rub. No dye, gel or spray yet. In the sun, wear a loose hat."
        ),
        Place.BODY: _(
            "From today: a mineral sunscreen, SPF 30 or more, where the sun gets to your skin. "
            "Keep to the mild cleanser and moisturiser. Wear loose clothes that do not rub."
        ),
    },
    "sun": {
        Place.FACE: _("Please use sunscreen every day."),
        Place.SCALP: _("Please wear a hat in the sun."),
        Place.BODY: _("Please use sunscreen where the sun gets to your skin."),
    },
}

# clinical.md §1.5: signs of too much local anaesthetic; granulomas after serums.
NUMBING = _(
    "Your skin was numbed. It feels dull for a few hours. Until then, test heat with your hand "
    "first. Blue or grey lips, fits, chest pain, a taste of metal, tingling lips, or feeling dizzy "
    "or faint: call {phone} at once."
)
SERUM = _(
    "A serum was put on your skin. Call us on {phone} if the skin itches, or if firm bumps show "
    "up, even weeks later."
)
# clinical.md §1.3: from one or two days before.
ANTIVIRAL = _(
    "You told us that you have had cold sores. We may give you a medicine against them. You begin "
    "with it one or two days before you come. If you have none yet, or do not know when to start, "
    "call us now on {phone}."
)


# What plans agree on: HomeCare. clinical.md §1.6.
HOME_CARE: dict[str, Promise] = {
    "SUNSCREEN": _("sunscreen each morning"),
    "HAT": _("a hat in the sun"),
    "MOISTURISER": _("a bland moisturiser"),
    "RETINOID": _("a retinoid at night"),
    "VITAMIN_C": _("vitamin C in the morning"),
    "AZELAIC_ACID": _("azelaic acid"),
    "MINOXIDIL": _("minoxidil"),
}


def home_care(agreed: Collection[str]) -> str:
    """What the patient agreed to do at home, in the order of the list; empty if it is nothing."""
    named = [str(words) for code, words in HOME_CARE.items() if code in agreed]
    if not named:
        return ""
    listed = get_text_list(named, pgettext("cheeks and nose", "and"))
    return gettext("What we agreed on for home: %(care)s. Please keep on with it.") % {
        "care": listed
    }


def care(*areas: str) -> dict[str, str]:
    """The variables of `CARE` for areas, by their codes; what is cared for alike is said once."""
    treated = {PLACES.get(area, Place.BODY) for area in areas}
    places = [place for place in Place if place in treated]
    return {name: " ".join(str(words[p]) for p in places) for name, words in CARE.items()}
