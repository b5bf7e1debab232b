"""How many parts an SMS takes: the alphabet of GSM 03.38, and UCS-2 for all that is not in it."""

import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")  # two places each


def foreign(text: str) -> list[str]:
    """The characters that force UCS-2, each once, as á and í do in Spanish."""
    return sorted(set(text) - BASIC - EXTENDED)


def parts(text: str) -> int:
    """160 places in one part, 153 in each of several; 70 and 67 once one character is foreign."""
    if foreign(text):
        length, single, several = len(text.encode("utf-16-be")) // 2, 70, 67
    else:
        length, single, several = len(text) + sum(c in EXTENDED for c in text), 160, 153
    return 1 if length <= single else -(-length // several)


def folded(text: str) -> str:
    """The same with its foreign letters unaccented, so that a name does not cost a part."""
    return "".join(
        unicodedata.normalize("NFKD", c)[0] if c not in BASIC | EXTENDED else c for c in text
    )
