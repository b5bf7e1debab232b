"""What people type on phones, folded so that words can be compared."""

import unicodedata


def letters(text: str) -> str:
    """Upper-case words without accents, marks, emoji or invisible characters."""
    # Full-width letters become plain ones, and accents come off their letters.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).upper()
    kept = []
    for character in folded:
        category = unicodedata.category(character)
        if category[0] == "M" or category == "Cf" or character in "'’‘`´":
            continue  # combining accents, zero-width characters, DON'T → DONT
        kept.append(character if category[0] in "LN" else " ")
    return " ".join("".join(kept).split())
