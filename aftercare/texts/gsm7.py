"""An SMS as the network counts it: the alphabet of GSM 03.38, or UCS-2 for all that is not in it.

A single character that the alphabet lacks makes parts of 70 characters out of parts of 160. So
what only looks better is folded in every SMS (`plain_marks`: quotes, dashes, spaces), and letters
lose the accents that the alphabet lacks where a name stands (`folded`). The words of a text keep
theirs: in Spanish “sí” is not “si”, and whoever writes the text is told what it costs.
"""

import unicodedata
from collections.abc import Iterator

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")  # two places each: an escape stands before them
ALPHABET = BASIC | EXTENDED
# Places in a message of one part, and in each part of several, which begins with their number.
GSM, GSM_OF_SEVERAL = 160, 153
UCS2, UCS2_OF_SEVERAL = 70, 67

MARKS = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞＂", '"'),
        **dict.fromkeys("‘’‚‛‹›′`´ʹʻʼʽˈ＇", "'"),
        **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"),
        **dict.fromkeys("•·‧∙●▪", "-"),
        **dict.fromkeys("\t\u00a0\u1680\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        **dict.fromkeys("\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
        "…": "...",
        "⁄": "/",
    }
)
# Letters that are more than a letter and its accent.
LETTERS = str.maketrans(
    {
        **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H"},
        **{"ı": "i", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ŧ": "t", "Ŧ": "T", "ẞ": "SS"},
        **{"ŋ": "n", "Ŋ": "N", "ə": "e", "Ə": "E", "ĸ": "k", "×": "x"},
    }
)


def foreign_characters(text: str) -> list[str]:
    """The characters that force UCS-2, each once, as á and í do in Spanish."""
    return sorted(set(text) - ALPHABET)


def parts(text: str) -> int:
    """How many SMS the network makes of it. A character of two places, of the extension or above
    U+FFFF, is never cut in two: what is left of a part stays empty then."""
    if foreign_characters(text):
        places, single, several = _code_units(text), UCS2, UCS2_OF_SEVERAL
    else:
        places, single, several = septets(text), GSM, GSM_OF_SEVERAL
    sizes = list(places)
    if sum(sizes) <= single:
        return 1
    count, filled = 1, 0
    for size in sizes:
        if filled + size > several:
            count, filled = count + 1, 0
        filled += size
    return count


def septets(text: str) -> Iterator[int]:
    """How many places each character takes, if all are of the alphabet."""
    return (2 if character in EXTENDED else 1 for character in text)


def _code_units(text: str) -> Iterator[int]:
    return (2 if ord(character) > 0xFFFF else 1 for character in text)


def plain_marks(text: str) -> str:
    """The same with the quotes, dashes and spaces of a typewriter. No letter changes."""
    return unicodedata.normalize("NFC", text).translate(MARKS)


def fold_to_gsm7(name: str) -> str:
    """The same with its foreign letters unaccented too, so that a name does not cost a part.
    What has no likeness in the alphabet, such as Cyrillic, stays."""
    return "".join(map(_likeness, plain_marks(name).translate(LETTERS)))


def _likeness(character: str) -> str:
    if character in ALPHABET:
        return character
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
    )
    likeness = bare.translate(MARKS)
    return likeness if ALPHABET.issuperset(likeness) else character
