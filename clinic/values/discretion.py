"""Names that tell nothing to whoever looks over a patient's shoulder.

A lock screen shows an SMS, the sender and the subject of an e-mail; a calendar lies on a shared
screen. A clinic or a room whose own name says what it treats is not named there.
"""

import re
from functools import lru_cache
from itertools import chain

# By language, but looked for in all of them: a clinic's name may be in any. Rules, not words that
# anybody reads, so they are in no catalogue. Beginnings of words, with and without accents.
STEMS = {
    "en": (
        *("microneed", "micro-need", "needl", "derma roll", "dermaroll", "dermapen", "collagen"),
        *("acne", "scar", "wrinkl", "pigment", "melasma", "stria", "stretch mark", "alopecia"),
        *("keloid", "herpes", "cold sore", "isotretinoin", "retino", "botox", "botulin", "filler"),
        *("laser", "inject", "serum", "lidoca", "numbed", "numbing", "anaesthe", "anesthe"),
        *("treatment", "session", "diagnos", "cosmetic", "aesthetic", "procedure", "biops"),
    ),
    "es": (
        *("microaguj", "aguj", "cicatri", "arrug", "acné", "mancha", "estría", "estria"),
        *("colágeno", "colageno", "queloid", "isotretino", "relleno", "láser", "inyec", "sérum"),
        *("suero", "anestes", "tratamiento", "sesión", "sesion", "diagnós", "estétic", "estetic"),
        *("cosmétic", "dermaroller", "procedimiento", "calvicie"),
    ),
}
# Whole words, where a beginning would catch too much.
WORDS = {
    "en": (
        *("face", "cheek", "chin", "nose", "forehead", "neck", "scalp", "belly", "breast", "thigh"),
        *("temples", "eyelid", "flank", "buttock", "décolletage", "decolletage", "jawline"),
        *("upper arm", "upper back", "lower back", "knee"),
        *("pore", "peeling", "numb"),
    ),
    "es": (
        *("cara", "rostro", "frente", "nariz", "mejilla", "cuello", "escote", "manos", "abdomen"),
        *("sien", "párpado", "parpado", "flanco", "glúteo", "gluteo", "entrecejo", "cabelludo"),
        *("muslo", "pecho", "mama", "labio", "mentón", "poro", "brazo", "espalda", "rodilla"),
    ),
}

# What a lock screen must not show of how somebody looks. A clinic may be called Skin Clinic.
SKIN = {
    "en": ("skin", "flak", "peel", "patch", "redness", "blemish", "rash", "itch", "pimpl"),
    "es": ("piel", "descam", "pelar", "parche", "rojez", "enrojec", "sarpullido", "picor", "grano"),
}


def discreet_name(*names: str) -> str:
    """The first name that tells nothing: “Riverside”, not “Riverside Needling”."""
    return next((name for name in names if name and not tells(name)), names[-1])


def discreet_address(address: str, *names: str) -> str:
    """The address without its parts that tell: “Hauptstr. 1, Berlin” of “Laser Centre, Hauptstr.
    1, Berlin”. Where nothing is left of it, a name."""
    parts = [part.strip() for part in address.split(",")]
    return discreet_name(", ".join(part for part in parts if not tells(part)), *names)


@lru_cache(maxsize=1024)
def tells(name: str) -> bool:
    """Whether a name tells of treatments, places on the body, or what is used on them."""
    return pattern(frozenset()).search(name.lower()) is not None


def skin_words(text: str) -> list[str]:
    """The words of `text` that tell how somebody's skin looks."""
    stems = "|".join(map(re.escape, chain.from_iterable(SKIN.values())))
    return re.findall(rf"\b(?:{stems})\w*", text.lower())


@lru_cache(maxsize=8)
def pattern(terms: frozenset[str]) -> re.Pattern[str]:
    """What finds the words that tell, and `terms` too, in a text of small letters."""
    words = chain.from_iterable(WORDS.values())
    whole = "|".join(sorted({*map(re.escape, terms), *words}, key=len, reverse=True))
    stems = "|".join(map(re.escape, chain.from_iterable(STEMS.values())))
    return re.compile(rf"\b(?:(?:{stems})\w*|(?:{whole})(?:e?s)?\b)")
