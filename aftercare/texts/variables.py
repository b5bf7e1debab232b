"""The words around the texts: variables, what was done in a session, and the foot of an e-mail.

What a clinic writes itself is in MessageTemplate. What stands here is put in by the product, in
the language of the text around it (`aftercare/locale`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _


class Place(Flag):
    SMS = auto()
    SUBJECT = auto()
    BODY = auto()  # of an e-mail


ANYWHERE = Place.SMS | Place.SUBJECT | Place.BODY
IN_MESSAGE = Place.SMS | Place.BODY
IN_MAIL = Place.SUBJECT | Place.BODY


@dataclass(frozen=True)
class Variable:
    """What a variable says, and where it may stand: a lock screen shows subject and SMS."""

    says: Promise
    places: Place
    after_treatment: bool = False  # known once the session is completed
    of_answers: bool = False  # only where staff answer


VARIABLES = {
    "given_name": Variable(
        _("What the patient is called: the given name, or the only one."), IN_MAIL
    ),
    "clinic": Variable(_("The clinic's name."), Place.BODY),
    "clinic_short": Variable(_("The clinic's short name."), ANYWHERE),
    "clinic_phone": Variable(_("The number that patients call."), IN_MESSAGE),
    "clinic_email": Variable(_("The address for replies."), Place.BODY),
    "emergency_phone": Variable(_("The emergency number."), IN_MESSAGE),
    "date": Variable(_("The day of the session, on the clinic's clock."), ANYWHERE),
    "time": Variable(
        _(
            "The time of the session, on the clinic's clock; with “(Berlin time)” if "
            "the patient's differs."
        ),
        ANYWHERE,
    ),
    "new_time": Variable(_("The time at which a visit begins that is running late."), ANYWHERE),
    "please_confirm": Variable(
        _("“Please confirm”, or “Your appointment” once it is confirmed."), ANYWHERE
    ),
    "old_date": Variable(_("The day that a visit has moved from."), Place.BODY),
    "old_time": Variable(_("The time that a visit has moved from."), Place.BODY),
    "answer": Variable(
        _("What staff have written; in an SMS a link to it, if it is long or tells of skin."),
        IN_MESSAGE,
        of_answers=True,
    ),
    "link": Variable(_("The patient's page: confirm, change, write to us."), IN_MESSAGE),
    "preferences_link": Variable(_("Which messages the patient wants."), IN_MESSAGE),
    "zones": Variable(_("What was treated, as “cheeks and nose”."), Place.BODY, True),
    "areas": Variable(
        _(
            "What the course of treatment is about, as “face and neck”: what was "
            "treated and has appointments left, or is looked at late."
        ),
        Place.BODY,
        True,
    ),
    "numbing": Variable(_("A paragraph if the skin was numbed; else nothing."), Place.BODY, True),
    "serum": Variable(_("A paragraph if a serum was used; else nothing."), Place.BODY, True),
    "care_before": Variable(
        _("How to come: without make-up, with clean hair or in loose clothes, by the area."),
        Place.BODY,
    ),
    "care_today": Variable(_("What to do on the first day, by the area."), Place.BODY),
    "care_day_one": Variable(_("What to do from the day after, by the area."), Place.BODY),
    "sun": Variable(_("Sunscreen or a hat, by the area."), Place.BODY),
    "meeting": Variable(
        _("A paragraph for a visit by video, with its link, or by phone; else nothing."), Place.BODY
    ),
    "antiviral": Variable(
        _("A paragraph for who has had cold sores, if the mouth's area is treated; else nothing."),
        Place.BODY,
    ),
    "home_care": Variable(
        _("A paragraph with the sun protection and care at home that were agreed; else nothing."),
        Place.BODY,
    ),
    "days_since": Variable(_("Days since the session."), Place.BODY, True),
    "next_date": Variable(_("When the next session is due at the earliest."), Place.BODY, True),
}
# A paragraph or list item that holds nothing but one of these is left out when it is empty.
OPTIONAL = ("numbing", "serum", "meeting", "antiviral", "home_care")

# By the codes of patients/catalogue/areas.yaml, as are the areas below.
ZONES = {
    "forehead": pgettext_lazy("what was treated", "forehead"),
    "glabella": pgettext_lazy("what was treated", "the skin between the brows"),
    "temples": pgettext_lazy("what was treated", "temples"),
    "periorbital": pgettext_lazy("what was treated", "the skin around the eyes"),
    "orbital-rim-inside": pgettext_lazy("what was treated", "eyelids"),
    "nose": pgettext_lazy("what was treated", "nose"),
    "cheeks": pgettext_lazy("what was treated", "cheeks"),
    "perioral": pgettext_lazy("what was treated", "the skin around the mouth"),
    "chin": pgettext_lazy("what was treated", "chin and jawline"),
    "neck-front": pgettext_lazy("what was treated", "neck"),
    "decolletage": pgettext_lazy("what was treated", "décolletage"),
    "hand-backs": pgettext_lazy("what was treated", "backs of the hands"),
    "abdomen": pgettext_lazy("what was treated", "abdomen"),
    "flanks": pgettext_lazy("what was treated", "flanks"),
    "thighs": pgettext_lazy("what was treated", "thighs"),
    "buttocks": pgettext_lazy("what was treated", "buttocks"),
    "upper-arms": pgettext_lazy("what was treated", "upper arms"),
    "upper-back": pgettext_lazy("what was treated", "upper back"),
    "lower-back": pgettext_lazy("what was treated", "lower back"),
    "knees": pgettext_lazy("what was treated", "knees"),
    "breast": pgettext_lazy("what was treated", "breast"),
    "scalp": pgettext_lazy("what was treated", "scalp"),
}


AREAS = {
    "face": pgettext_lazy("what was treated", "face"),
    "neck": ZONES["neck-front"],
    "decolletage": ZONES["decolletage"],
    "hands": pgettext_lazy("what was treated", "hands"),
    "abdomen": ZONES["abdomen"],
    "thighs": pgettext_lazy("what was treated", "thighs and buttocks"),
    "arms": ZONES["upper-arms"],
    "back": pgettext_lazy("what was treated", "back"),
    "knees": ZONES["knees"],
    "breast": ZONES["breast"],
    "scalp": ZONES["scalp"],
}


# A product that the clinic added has its own name.
PRODUCTS = {
    "lidocaine-4": pgettext_lazy("what was put on the skin", "lidocaine cream (4 %)"),
    "lidocaine-prilocaine-5": pgettext_lazy(
        "what was put on the skin", "cream with lidocaine and prilocaine (each 2.5 %)"
    ),
    "lidocaine-tetracaine-7-7": pgettext_lazy(
        "what was put on the skin", "cream with lidocaine and tetracaine (each 7 %)"
    ),
    "lidocaine-tetracaine-23-7": pgettext_lazy(
        "what was put on the skin", "cream with lidocaine (23 %) and tetracaine (7 %)"
    ),
    "hyaluronic-acid-dermal": pgettext_lazy("what was put on the skin", "sterile hyaluronic acid"),
    "hyaluronic-acid-cosmetic": pgettext_lazy("what was put on the skin", "hyaluronic acid serum"),
    "vitamin-c-serum": pgettext_lazy("what was put on the skin", "vitamin C serum"),
    "saline-sterile": pgettext_lazy("what was put on the skin", "sterile salt water"),
    "prp": pgettext_lazy(
        "what was put on the skin", "platelet-rich plasma (PRP) from your own blood"
    ),
    "hydrogel-dressing": pgettext_lazy("what was put on the skin", "gel dressing"),
    "bland-moisturiser": pgettext_lazy("what was put on the skin", "plain moisturiser"),
    "mineral-sunscreen-30": pgettext_lazy(
        "what was put on the skin", "mineral sunscreen, SPF 30 or more"
    ),
}


def zones_in_words(zones: list[tuple[str, str]]) -> str:
    """Codes and names of zones as “cheeks, nose and forehead”, each once. A zone that the clinic
    added has its own name."""
    return _listed(ZONES, zones)


def areas_in_words(areas: list[tuple[str, str]]) -> str:
    """The same for areas, as “face and neck”."""
    return _listed(AREAS, areas)


def _listed(words: Mapping[str, Any], rows: list[tuple[str, str]]) -> str:
    names = list(dict.fromkeys(str(words.get(code, name)) for code, name in rows))
    if not names:
        return gettext("the treated skin")
    return get_text_list(names, pgettext("cheeks and nose", "and"))
