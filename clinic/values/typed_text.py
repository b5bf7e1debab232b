"""What people may type: text that everybody sees as it is stored."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

JOINERS = "\u200c\u200d"  # within words of Persian and of Indian scripts, and in emoji
BLANKS = "\u034f\u115f\u1160\u180e\u2800\u3164\uffa0"  # letters and marks that show nothing


def clean_text(text: str, *, lines: bool) -> str:
    """The text in its composed form; blank if nothing of it shows. Only with `lines` may it have
    line breaks and tabs. Raises ValidationError for what nobody sees, with its place."""
    text = unicodedata.normalize("NFC", text)
    for place, sign in enumerate(text, 1):
        within = 1 < place < len(text) and not text[place - 2].isspace()
        if (sign in JOINERS and within) or (lines and sign in "\n\r\t"):
            continue
        if sign in "\n\r":
            raise ValidationError(
                gettext("This is one line: remove the line break at character {place}.").format(
                    place=place
                ),
                code="invisible",
            )
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs") or sign in BLANKS:
            raise ValidationError(
                gettext("Character {place} (U+{code}) cannot be seen: remove it.").format(
                    place=place, code=f"{ord(sign):04X}"
                ),
                code="invisible",
            )
    if not lines:
        return text.strip()
    return text if text.strip() else ""
