"""What staff answer to a patient: what it must not say, and how it travels.

The words are read on a lock screen, in a mail, or on a page that asks for nothing but the link. So
they never name where on the body something was done, or what with; that is told by telephone. An
SMS has the words themselves if they are short and tell nothing of skin, and else the link to them.
"""

import re
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from aftercare.models import LONGEST_ANSWER, Message
from aftercare.texts import gsm7, links
from aftercare.texts.checks import MOST_IN_SMS, indiscreet, place_words
from patients.models import Channel, Patient, Zone
from sessions.models import Product

# As they are put on the skin: beginnings of words.
MEANS = ("numbing", "numbed", "lidoca", "anaesthe", "anesthe", "anestes", "serum", "sérum", "suero")


def check_answer(text: str) -> None:
    """Raise ValidationError, at `text`, for words that must not be sent."""
    if not text.strip():
        raise ValidationError({"text": gettext("Write something first.")})
    if len(text) > LONGEST_ANSWER:
        raise ValidationError(
            {
                "text": gettext("At most {most} characters; this has {length}.").format(
                    most=LONGEST_ANSWER, length=len(text)
                )
            }
        )
    if told := named_in(text):
        raise ValidationError(
            {
                "text": gettext(
                    "Whoever holds the link can read this, so it must not name places on the body "
                    "or what was put on them: {words}. Say “the treated skin”, or call."
                ).format(words=", ".join(told))
            }
        )


def named_in(text: str) -> list[str]:
    """The words in `text` that name a place on the body, or what was put on it."""
    zones = Zone.objects.values_list("name", flat=True)
    places = {word.lower().removesuffix("s") for word in [*place_words(), *zones]}
    products = {name.lower() for name in Product.objects.values_list("name", flat=True)}
    found = _pattern(frozenset(places | products)).finditer(text.lower())
    return sorted({one[0] for one in found})


@lru_cache(maxsize=8)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    whole = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    stems = "|".join(map(re.escape, MEANS))
    return re.compile(rf"\b(?:(?:{stems})\w*|(?:{whole})(?:e?s)?\b)")


def fits_sms(text: str, patient: Patient) -> bool:
    """Whether an SMS has the words themselves. It names no person."""
    if names_of(patient) & set(re.findall(r"\w+", text.lower())):
        return False
    folded = gsm7.fold_to_gsm7(text)
    is_short = not gsm7.foreign_characters(folded) and sum(gsm7.septets(folded)) <= MOST_IN_SMS
    return is_short and not indiscreet(text)


def names_of(patient: Patient) -> set[str]:
    return set(re.findall(r"\w+", f"{patient.given_name} {patient.family_name}".lower()))


def words_of(message: Message) -> str:
    """What a message says of the answer that it tells; in the language around it."""
    text = message.answer.text if message.answer else ""
    if message.channel == Channel.EMAIL:
        return text
    if fits_sms(text, message.patient):
        return gsm7.fold_to_gsm7(text)
    return gettext("we have answered you: %(link)s") % {"link": links.main_page(message)}
