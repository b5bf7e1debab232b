"""The words around the texts: variables, what was done in a session, and the foot of an e-mail.

What a clinic writes itself is in MessageTemplate. What stands here is put in by the product, once
per language in `settings.LANGUAGES`.
"""

from dataclasses import dataclass
from enum import Flag, auto


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

    says: str
    places: Place
    after_treatment: bool = False  # known once the session is completed


VARIABLES = {
    "given_name": Variable("What the patient is called: the given name, or the only one.", IN_MAIL),
    "clinic": Variable("The clinic's name.", Place.BODY),
    "clinic_short": Variable("The clinic's short name.", ANYWHERE),
    "clinic_phone": Variable("The number that patients call.", IN_MESSAGE),
    "clinic_email": Variable("The address for replies.", Place.BODY),
    "emergency_phone": Variable("The emergency number.", IN_MESSAGE),
    "date": Variable("The day of the session, on the clinic's clock.", ANYWHERE),
    "time": Variable(
        "The time of the session, on the clinic's clock; with “(Berlin time)” if the patient's "
        "differs.",
        ANYWHERE,
    ),
    "link": Variable("The patient's page: confirm, change, write to us.", IN_MESSAGE),
    "preferences_link": Variable("Which messages the patient wants.", IN_MESSAGE),
    "zones": Variable("What was treated, as “cheeks and nose”.", Place.BODY, True),
    "numbing": Variable("A paragraph if the skin was numbed; else nothing.", Place.BODY, True),
    "serum": Variable("A paragraph if a serum was used; else nothing.", Place.BODY, True),
    "days_since": Variable("Days since the session.", Place.BODY, True),
    "next_date": Variable("When the next session is due at the earliest.", Place.BODY, True),
}
# A paragraph or list item that holds nothing but one of these is left out when it is empty.
OPTIONAL = ("numbing", "serum")

DATE = {"en": "l j F", "es": "l j \\d\\e F"}
SMS_DATE = {"en": "D j F", "es": "j \\d\\e F"}  # “sáb” would not be in the SMS alphabet

ZONES = {
    "en": {
        "forehead": "forehead",
        "glabella": "the skin between the brows",
        "temples": "temples",
        "periorbital": "the skin around the eyes",
        "orbital-rim-inside": "eyelids",
        "nose": "nose",
        "cheeks": "cheeks",
        "perioral": "the skin around the mouth",
        "chin": "chin and jawline",
        "neck-front": "neck",
        "decolletage": "décolletage",
        "hand-backs": "backs of the hands",
        "abdomen": "abdomen",
        "flanks": "flanks",
        "thighs": "thighs",
        "buttocks": "buttocks",
        "breast": "breast",
        "scalp": "scalp",
    },
    "es": {
        "forehead": "la frente",
        "glabella": "el entrecejo",
        "temples": "las sienes",
        "periorbital": "el contorno de los ojos",
        "orbital-rim-inside": "los párpados",
        "nose": "la nariz",
        "cheeks": "las mejillas",
        "perioral": "el contorno de la boca",
        "chin": "el mentón y la línea de la mandíbula",
        "neck-front": "el cuello",
        "decolletage": "el escote",
        "hand-backs": "el dorso de las manos",
        "abdomen": "el abdomen",
        "flanks": "los flancos",
        "thighs": "los muslos",
        "buttocks": "los glúteos",
        "breast": "el pecho",
        "scalp": "el cuero cabelludo",
    },
}
AND = {"en": "and", "es": "y"}
SOME_ZONE = {"en": "the treated skin", "es": "la piel tratada"}

# clinical.md §1.5: signs of too much local anaesthetic; granulomas after serums.
NUMBING = {
    "en": "Your skin was numbed. The dull feeling fades within a few hours; until then, test heat "
    "with your hand first. A metallic taste, tingling lips, dizziness or twitching is an "
    "emergency.",
    "es": "Le hemos anestesiado la piel. El adormecimiento desaparece en unas horas; hasta "
    "entonces, compruebe con la mano que nada esté demasiado caliente. Un sabor metálico, "
    "hormigueo en los labios, mareo o sacudidas musculares son una urgencia.",
}
SERUM = {
    "en": "A serum was applied to your skin. Tell us if the skin itches, or if firm bumps appear, "
    "even weeks later.",
    "es": "Le hemos aplicado un sérum en la piel. Avísenos si le pica o si aparecen bultitos "
    "duros, aunque sea semanas después.",
}

FOOT = {
    "en": {
        "preheader": "A message for you from",
        "why": "You get this message because you are a patient of ours and agreed to it.",
        "preferences": "Choose which messages you get",
        "call": "Phone",
        "reply": "E-mail",
    },
    "es": {
        "preheader": "Un mensaje para usted de",
        "why": "Recibe este mensaje porque es paciente de nuestra clínica y así lo autorizó.",
        "preferences": "Elegir qué mensajes recibir",
        "call": "Teléfono",
        "reply": "Correo",
    },
}


def zones_in_words(zones: list[tuple[str, str]], language: str) -> str:
    """Codes and names of zones as “cheeks, nose and forehead”, each once. A zone that the clinic
    added has its own name."""
    known = ZONES[language]
    names = list(dict.fromkeys(known.get(code, name) for code, name in zones))
    if not names:
        return SOME_ZONE[language]
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {AND[language]} {names[-1]}"
