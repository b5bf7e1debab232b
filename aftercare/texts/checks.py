"""What a text must not say, and how long it may be. Run on every version before it is saved.

Whoever holds the phone may not be the patient: a lock screen shows an SMS, the sender and the
subject of an e-mail. None of them names the treatment, what it is for, where on the body it was
done or with what, or how the skin looks; an SMS names no person at all.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.template import TemplateSyntaxError
from django.template.base import Node, Template, TextNode, VariableNode
from django.utils.formats import date_format
from django.utils.translation import gettext

from aftercare.models.sequence import TREATED, Anchor, MessageTemplate
from aftercare.texts import gsm7
from aftercare.texts.engine import ENGINE
from aftercare.texts.links import main_part
from aftercare.texts.variables import VARIABLES, ZONES, Place
from clinic.values.discretion import pattern, skin_words
from clinic.values.languages import override_language
from patients.models import Area, Channel, Concern, ConcernSubtype, Zone
from sessions.models import Product, Protocol

SPLIT = re.compile(r" of the | and | y (?:la |el )?|, | / |\(|\)|:")
# With an answer of the check-in, which is only chosen beforehand.
LINK = r"\{\{ *(preferences_)?link *\}\}|\{\{ *link *\}\}\?a=(better|same|worse)|https://\S+"
SHORTEST = 4  # letters of a catalogue's word

# Of what staff answer, in places of the SMS alphabet: with the words around it two parts. What is
# longer goes as a link (aftercare.texts.answers).
MOST_IN_SMS = 220
# The longest that a variable realistically becomes in an SMS. A clinic's short name is never
# longer; an international number has at most 15 digits.
LONGEST = {
    "clinic_short": "W" * 20,
    "clinic_phone": "+000 0000 0000 0000",
    "emergency_phone": "00000",
    "time": "00:00",
    "new_time": "00:00",
    "please_confirm": "Your appointment",
    "answer": "x" * MOST_IN_SMS,
}

A_DAY = date(2030, 1, 1)
TOKEN = "x" * 32  # see aftercare.texts.links


def check(template: MessageTemplate) -> None:
    """Raise ValidationError, at the field, for a version that must not be saved."""
    errors: dict[str, list[str]] = {}
    for field in ("subject", "body"):
        if found := list(complaints(template, field)):
            errors[field] = found
    if errors:
        raise ValidationError(errors)


def complaints(template: MessageTemplate, field: str) -> Iterator[str]:
    """What is wrong with the subject, or with the body."""
    text: str = getattr(template, field)
    is_sms = template.channel == Channel.SMS
    place = Place.SUBJECT if field == "subject" else Place.SMS if is_sms else Place.BODY
    try:
        anchor = template.step.anchor
        is_answer = anchor == Anchor.ANSWERED
        check_text(text, place, after_treatment=anchor in TREATED, is_answer=is_answer)
    except ValidationError as error:
        yield from error.messages
        return
    if place == Place.BODY:
        yield from _markup(text)
        return
    if telling := indiscreet(text):
        yield gettext("This is shown on a lock screen and must not say: {words}.").format(
            words=", ".join(telling)
        )
    if place == Place.SUBJECT and len(text.splitlines()) > 1:
        yield gettext("A subject is one line.")
    if place == Place.SMS:
        yield from _sms(template)


def _markup(text: str) -> Iterator[str]:
    if re.search(r"<[a-zA-Z/!]", text):
        yield gettext("No HTML here: the body is Markdown.")
    if re.search("[\ue000-\uf8ff]", text):
        yield gettext("There are characters in it that no font has.")
    if "![" in text:
        yield gettext("No pictures: they tell when and where a message is read.")
    for target in re.findall(r"\]\(([^)]*)\)", text):
        if not re.fullmatch(LINK, target):
            yield gettext(
                "A link goes to {variable} or to an https address, not to {target}."
            ).format(variable="{{ link }}", target=repr(target))


def _sms(template: MessageTemplate) -> Iterator[str]:
    if not re.match(r"\{\{ *clinic_short *\}\}", template.body):
        yield gettext("An SMS begins with {variable}: it says who writes.").format(
            variable="{{ clinic_short }}"
        )
    if not re.search(r"\bSTOP\b", template.body):
        yield gettext("An SMS says how to end them: STOP.")
    longest = at_longest(template)
    if (needed := parts_needed(template)) > template.max_parts:
        letters = "".join(gsm7.foreign_characters(longest))
        words = (
            gettext(
                "At its longest this has {length} characters and takes {needed} SMS parts because "
                "of “{letters}”, which the SMS alphabet lacks; allowed here: {allowed}."
            )
            if letters
            else gettext(
                "At its longest this has {length} characters and takes {needed} SMS parts; allowed "
                "here: {allowed}."
            )
        )
        yield words.format(
            length=len(longest), needed=needed, letters=letters, allowed=template.max_parts
        )


def parts_needed(template: MessageTemplate) -> int:
    """How many SMS it costs at its longest; an e-mail always counts as one."""
    return gsm7.parts(at_longest(template)) if template.channel == Channel.SMS else 1


def at_longest(template: MessageTemplate) -> str:
    """The SMS with the longest values that a clinic may have."""
    page = f"{settings.PUBLIC_URL}/p/{TOKEN}/"
    values = {
        **LONGEST,
        "date": longest_date(template.language),
        "link": page + main_part(template.step),
        "preferences_link": f"{page}settings/",
    }
    longest = re.sub(r"\{\{ *(\w+) *\}\}", lambda found: values[found[1]], template.body)
    return gsm7.plain_marks(longest.strip())


@lru_cache(maxsize=32)
def longest_date(language: str) -> str:
    """The day of a year that costs most in an SMS: by a letter that its alphabet lacks, or by its
    length."""
    with override_language(language):
        days = [date_format(A_DAY + timedelta(n), "VISIT_DATE_SMS_FORMAT") for n in range(365)]
    return max(days, key=lambda day: (len(gsm7.foreign_characters(day)), len(day)))


def check_text(
    text: str, place: Place, *, after_treatment: bool = True, is_answer: bool = True
) -> None:
    """Raise ValidationError for a text that does not render, or uses what is not allowed here."""
    try:
        nodes = Template(text, engine=ENGINE).nodelist.get_nodes_by_type(Node)
    except TemplateSyntaxError as error:
        told = gettext("The text cannot be read: {error}").format(error=error)
        raise ValidationError(told) from None
    known = {
        name: variable
        for name, variable in VARIABLES.items()
        if place in variable.places
        and (after_treatment or not variable.after_treatment)
        and (is_answer or not variable.of_answers)
    }
    for node in nodes:
        if isinstance(node, TextNode):
            continue
        if not isinstance(node, VariableNode):
            told = gettext("Only {variables} are allowed here, no tags.")
            raise ValidationError(told.format(variables="{{ variables }}"))
        name = str(node.filter_expression)
        if name not in known:
            told = (
                gettext("{variable} is not allowed here. Allowed: {known}.")
                if name in VARIABLES
                else gettext("{variable} is unknown. Allowed: {known}.")
            )
            raise ValidationError(told.format(variable=f"{{{{ {name} }}}}", known=", ".join(known)))


def indiscreet(text: str) -> list[str]:
    """The words in `text` that tell what the patient is treated for, where, how or with what, or
    how the skin looks."""
    plain = re.sub(r"\{\{.*?\}\}", " ", text).lower()
    telling = pattern(frozenset({*_catalogue(), *place_words()}))
    words = {found[0].strip() for found in telling.finditer(plain)}
    return sorted(words.union(skin_words(plain)))


def place_words() -> Iterator[str]:
    """Places on the body as mails call them, in every language."""
    for language, _ in settings.LANGUAGES:
        with override_language(language):
            yield from [_bare(str(words)) for words in ZONES.values()]


def _bare(words: str) -> str:
    """“las mejillas” → “mejillas”."""
    return re.sub(r"^(?:the skin |the |el |la |los |las )", "", words)


def _catalogue() -> Iterator[str]:
    """What the clinic's own catalogues call concerns, areas, protocols and products."""
    named: list[type[models.Model]] = [Area, Zone, Concern, ConcernSubtype, Protocol, Product]
    first, *others = (model._default_manager.order_by().values_list("name") for model in named)
    for (name,) in first.union(*others):
        for term in SPLIT.split(name.lower()):
            if len(term.strip()) >= SHORTEST:
                yield term.strip()
