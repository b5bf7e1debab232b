"""What the record says about allergies in words, beside the questionnaire.

A question that they answer is answered by them: a no that the record contradicts is no answer, and
is as grave as a yes until somebody corrects one of them. What no question asks is mentioned.
Source: clinical.md §1.3.
"""

import re
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext, gettext_noop

from clinic.findings import OUR_DEFAULT, Finding, Severity
from patients.screening import Answer
from sessions.safety.facts import Facts
from sessions.safety.patient.contradictions import contradiction

# What the text may name, in English or Spanish, and the question that should have had a yes.
ALLERGIES = (
    (
        r"ca[ií]n[ae]?\b|an(?:a?esth|est[eé]s)|numbing|\bemla\b",
        "anaesthetic-allergy",
        gettext_noop("anaesthetic"),
    ),
    (r"steel|\bacero|\binox", "steel-allergy", gettext_noop("steel")),
    (r"n[ií](?:ck|qu)el|metal|cobalt|\bchrom|\bcromo", "metal-allergy", gettext_noop("a metal")),
    (
        r"l[aá]tex|rubber|\bcaucho|ch?lorhex|\biod|\byod|betadine|antis[eé]ptic|d(?:is|es)infe",
        "latex-cleansers",
        gettext_noop("latex or a cleanser of the skin"),
    ),
)
PATTERNS = [(re.compile(words, re.IGNORECASE), code, what) for words, code, what in ALLERGIES]
CLAUSES = re.compile(r"[,;.!?()\n]|\b(?:but|except|pero|salvo)\b", re.IGNORECASE)
# “No latex allergy”, “not allergic to steel”; but “no lidocaine” is an order.
DENIED = re.compile(
    r"\b(?:no|not|never|denies|without|sin|niega)\s+(?:known\s+)?(?:(?!only\b)\w+\s+)?"
    r"(?:al+[eé]rg|react|reacc|hypersens|hipersens)",
    re.IGNORECASE,
)
NOTHING = re.compile(
    r"\W*(?:none|no|nil|nothing|nk?d?a|unknown|no\s+known(?:\s+drug)?(?:\s+allergies)?|ningun[ao]s?"
    r"|no\s+conocidas?|(?:none|no)\s+known)?\W*",
    re.IGNORECASE,
)


def check_allergies(facts: Facts) -> list[Finding]:
    """What the text names against the questionnaire, and the text itself."""
    text = facts.record.allergies
    if NOTHING.fullmatch(text):
        return []
    asked = {a.code: a for a in (facts.screening.answers if facts.screening else ())}
    return [*_contradicted(text, asked), _mention(text)]


def _contradicted(text: str, asked: Mapping[str, Answer]) -> Iterable[Finding]:
    for words, code, what in PATTERNS:
        answer = asked.get(code)
        if not (answer and answer.answer) and is_named(words, text):
            allergy = gettext("an allergy to {what}").format(what=gettext(what))
            yield contradiction(code, allergy, answer)


def is_named(words: re.Pattern[str], text: str) -> bool:
    """In some clause that does not deny it."""
    return any(words.search(said) and not DENIED.search(said) for said in CLAUSES.split(text))


def _mention(text: str) -> Finding:
    words = " ".join(text.split())
    return Finding(
        code="allergies_on_record",
        severity=Severity.INFO,
        message=gettext("Allergies on record: {allergies}").format(
            allergies=words if len(words) <= 200 else f"{words[:199]}…"
        ),
        rule=gettext("allergies are read out before the treatment"),
        source=OUR_DEFAULT,
    )
