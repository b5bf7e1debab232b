"""Signs that somebody writes about in their own words: misspelt, in any order, English or Spanish.

A phrase is a row of words that stand near each other in one sentence, in any order: `a|b` is either
word, `swel*` whatever begins so, `passed_out` two words in a row. Longer words may have one typing
error. What is denied (“no fever or pus”, “sin fiebre”) does not count, but only if nothing but
small words stands between: in doubt it counts. Reading can only add signs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clinic.values.letters import letters
from sessions.triage.facts import Sign
from sessions.triage.rules import BadRules

READ = 4_000  # characters
NEAR = 8  # words from the first to the last of a phrase
LONG = 5  # letters from which on a word may have a typing error
COMMA = ","


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# A new sentence or turn: what is denied before it is not denied after it.
TURNS = re.compile(
    r"[.!?;:\n…¡¿()]+|\b(?:but|although|however|though|except|and|pero|aunque|excepto|salvo|y)\b",
    re.IGNORECASE,
)
DENIALS = _set(
    "NO NOT NOR NEITHER WITHOUT NEVER NONE DONT DOESNT DIDNT ISNT ARENT WASNT WERENT HAVENT HASNT "
    "HADNT NI NADA SIN NUNCA TAMPOCO NINGUN NINGUNA NINGUNO DENY DENIES NIEGO"
)
OR = _set("OR NOR NI O U")
# What may stand between the denial and the word without ending it.
SMALL = _set(
    "A AN ANY THE OF AT ALL REALLY SIGN SIGNS SYMPTOM SYMPTOMS HAVE HAVING HAD HAS GOT GET GETTING "
    "SEE SEEING FEEL FEELING NOTICE NOTICED MUCH MORE LONGER BEEN VERY SO SUCH ANYMORE YET OTHER "
    "IS ARE BE BEING EXPERIENCING EXPERIENCED SEVERE SERIOUS BAD REAL NEW KIND SORT "
    "TENGO TIENE TENER HAY HE HA HAN TENIDO TUVE VEO VE SIENTO NOTO NOTADO NADA DE DEL NINGUN "
    "NINGUNA NINGUNO MAS ESTA ESTAN ESTOY ES SON MUY TAN SE ME LA EL LOS LAS UN UNA UNOS UNAS "
    "SIGNO SIGNOS SINTOMA SINTOMAS GRAVE NUEVO NUEVA TIPO NI NOR OR O U"
)
# Words that deny by themselves: “no, I can't breathe” is not a denial of it.
OWN_DENIALS = _set("CANT CANNOT CNT COULDNT WONT UNABLE BARELY NO NOT")
# Ordinary words one typing error away from a grave one.
ORDINARY = _set(
    "FEWER FAVOR FEVERFEW BUMPS BUMP BLISTEX BREADTH BREAD THROUGH THREAT THOUGHT LIPSTICK LIQUID "
    "SPREADSHEET TONGS SHIRT RUSH CHEAT CHEST HONEST CHESS PECHUGA LABOR LABORAL SANGRIA RESPETO "
    "FIEL LENGUAJE GARANTIA PIERDO LUMP LAMPS GRASP SIGHT SIGHTS SLIGHT SLIGHTLY"
)

Member = tuple[tuple[str, ...], ...]  # either of these rows of words
Phrase = tuple[Member, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The phrases for each sign."""

    phrases: tuple[tuple[str, Phrase], ...]


def read_vocabulary(rows: Any) -> Vocabulary:
    """As it is stored: a list of a sign and its phrases by language. Raises BadRules."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadRules("words: a list of objects is needed, at least one.")
    found = []
    for row in rows:
        sign = row.get("sign")
        if sign not in Sign.values:
            raise BadRules(f"words: {sign!r} is unknown; right are {', '.join(Sign.values)}.")
        for language, phrases in row.items():
            if language == "sign":
                continue
            if not isinstance(phrases, list) or not all(isinstance(one, str) for one in phrases):
                raise BadRules(f"words of {sign}, {language}: a list of phrases is needed.")
            found += [(sign, _phrase(words, f"words of {sign}, {language}")) for words in phrases]
    return Vocabulary(tuple(found))


def _phrase(words: str, where: str) -> Phrase:
    members = tuple(
        tuple(tuple(part.split("_")) for part in member.split("|"))
        for member in words.upper().split()
    )
    forms = [form for member in members for row in member for form in row]
    if not forms or not all(re.fullmatch(r"[A-Z0-9Ñ]+\*?", form) for form in forms):
        raise BadRules(f"{where}: {words!r} is no phrase; accents are left out.")
    return members


def signs_in(text: str, vocabulary: Vocabulary) -> frozenset[str]:
    """The signs that a text speaks of: `free_text` for any text, and what its words name.

    Whatever is found is a red-flag word too, for which there is a rule of its own.
    """
    if not text.strip():
        return frozenset()
    found = {Sign.FREE_TEXT.value}
    for words in sentences(text[:READ]):
        hits = [
            (sign, hit)
            for sign, phrase in vocabulary.phrases
            if (hit := _find(phrase, words)) is not None
        ]
        named = {place for _, hit in hits for place in hit}
        for sign, hit in hits:
            if not _is_denied(hit, words, named):
                found |= {sign, Sign.RED_WORD.value}
    return frozenset(found)


def sentences(text: str) -> list[tuple[str, ...]]:
    """The words of each sentence, commas among them."""
    # 38,5 and 38.5 are one number, and no end of a sentence.
    text = re.sub(r"(\d)[.,](\d)", r"\1\2", text)
    parts = []
    for part in TURNS.split(text):
        words: list[str] = []
        for piece in part.split(COMMA):
            words += [*letters(piece).split(), COMMA]
        if len(words) > 1:
            parts.append(tuple(words[:-1]))
    return parts


def _find(phrase: Phrase, words: tuple[str, ...]) -> tuple[int, ...] | None:
    """Where the phrase stands, nearest together; None if it does not."""
    places = [_places(member, words) for member in phrase]
    if not all(places):
        return None
    best: tuple[int, ...] | None = None
    for start in places[0]:
        hit = list(start)
        for others in places[1:]:
            nearest = min(others, key=lambda row: abs(row[0] - start[0]))
            hit += nearest
        if max(hit) - min(hit) < NEAR and (
            best is None or max(hit) - min(hit) < max(best) - min(best)
        ):
            best = tuple(sorted(set(hit)))
    return best


def _places(member: Member, words: tuple[str, ...]) -> list[tuple[int, ...]]:
    return [
        tuple(range(start, start + len(row)))
        for row in member
        for start in range(len(words) - len(row) + 1)
        if all(_is_form(words[start + step], form) for step, form in enumerate(row))
    ]


@lru_cache(maxsize=100_000)
def _is_form(word: str, form: str) -> bool:
    """Whether a word is this one, or this one with a typing error."""
    stem = form.rstrip("*")
    if word == form or (form != stem and word.startswith(stem)):
        return True
    if len(stem) < LONG or word[0] != stem[0] or word in ORDINARY:
        return False
    if form == stem:
        return _is_one_off(word, stem)
    return any(_is_one_off(word[:size], stem) for size in range(len(stem) - 1, len(stem) + 2))


def _is_one_off(word: str, form: str) -> bool:
    """One letter more, less, other, or two that changed places."""
    if abs(len(word) - len(form)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, form, strict=False)) if a != b), None)
    if start is None:
        return True
    left, right = word[start:], form[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) > 1)
    )


def _is_denied(hit: Iterable[int], words: tuple[str, ...], named: set[int]) -> bool:
    own = set(hit)
    if any(words[place] in OWN_DENIALS for place in own):
        return False
    return any(_denial_before(place, words, own, named) for place in own)


def _denial_before(place: int, words: tuple[str, ...], own: set[int], named: set[int]) -> bool:
    """Whether a denial reaches a word: over small words, other signs, and commas of one list."""
    in_list = _is_followed_by_or(place, words, named)
    for before in range(place - 1, -1, -1):
        word = words[before]
        if before in own:
            continue
        if word in DENIALS:
            return True
        if word in OR:
            in_list = True
        elif word == COMMA:
            if not in_list:
                return False
        elif word not in SMALL and before not in named:
            return False
    return False


def _is_followed_by_or(place: int, words: tuple[str, ...], named: set[int]) -> bool:
    """“, pus or blisters”: the word is in a list that ends with “or”."""
    for word_place in range(place + 1, len(words)):
        word = words[word_place]
        if word in OR:
            return True
        if word != COMMA and word not in SMALL and word_place not in named:
            return False
    return False
