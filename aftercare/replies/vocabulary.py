"""Words in sentences: what a reply may be about, in English and Spanish. Reading only sorts: who
reads a text and what is answered at once. A person decides what it means."""

import re
from enum import Enum, auto

ALL = 0  # of `numbers_in`: whoever writes “both”


class Topic(Enum):
    """What somebody wants of a visit, in words of their own."""

    CANCEL = auto()
    LATE = auto()
    CHANGE = auto()


CANCELS = re.compile(
    r"\b(CANCEL\w*|CANSEL\w*|ANUL(AR|O|EN|E)\w*"
    r"|(CANT|CAN ?NOT|WONT|WILL NOT|UNABLE TO|NOT ABLE TO|NOT GOING TO) (BE ABLE TO )?"
    r"(COME|MAKE|ATTEND|BE THERE|GET THERE)|NOT COMING|NOT ATTENDING"
    r"|NO (PUEDO|PODRE|PODEMOS|VOY A PODER|VOY A|ME ES POSIBLE) (IR|ASISTIR|ACUDIR|VENIR|LLEGAR)"
    r"|NO (IRE|VOY|VENDRE|ASISTIRE|ACUDIRE|LLEGO|LLEGARE))\b"
)
LATE = re.compile(
    r"\b(LATE|LATER THAN|DELAYED|RUNNING BEHIND|STUCK IN|TRAFFIC|ON MY WAY|TARDE|RETRAS\w+"
    r"|ATASC\w+|TRAFICO|EN CAMINO|LLEGO EN|LLEGARE)\b"
)
CHANGES = re.compile(
    r"\b(RESCHEDUL\w*|POSTPON\w*|REPROGRAM\w*|APLAZ\w*|POSPON\w*|(ANOTHER|DIFFERENT|OTHER|NEW|"
    r"EARLIER|LATER) (TIME|DAY|DATE|SLOT|APPOINTMENT|APPT)|(MOVE|CHANGE|SWITCH) (MY|THE|IT|TO|OUR)"
    r"|CAMBI\w+ (LA|MI|DE|EL)|OTRA (HORA|FECHA|CITA)|OTRO (DIA|HORARIO)|COME (AT|EARLIER|LATER))\b"
)
VISIT = re.compile(
    r"\b(APPOINTMENT\w*|APPT|VISIT|BOOKING|BOOKED|BOOK|TOMORROW|COME IN|COMING (IN|AT)"
    r"|WHAT TIME|WHEN IS|ADDRESS|PARKING|PARK|MONDAY|TUESDAY|WEDNESDAY|THURSDAY|FRIDAY"
    r"|SATURDAY|SUNDAY|\d+ ?(AM|PM)"
    r"|CITA|CITAS|VISITA|TURNO|RESERVA|RESERVAR|MANANA|QUE HORA|DIRECCION|APARCAR|LUNES|MARTES"
    r"|MIERCOLES|JUEVES|VIERNES|SABADO|DOMINGO)\b"
)
BODY = re.compile(
    r"\b(SKIN|FACE|FACIAL|CHEEK\w*|CHIN|FOREHEAD|NOSE|LIPS?|MOUTH|TONGUE|THROAT|EYE\w*|NECK|SCALP"
    r"|HAIR|ITCH\w*|HURT\w*|PAIN\w*|ACH(E|ES|ING)|SORE\w*|BURN\w*|STING\w*|TENDER|RED|REDNESS"
    r"|RASH\w*|SWEL\w*|SWOL\w*|BLE?E?D\w*|BLOOD\w*|BRUIS\w*|BUMP\w*|LUMP\w*|SPOTS?|PATCH\w*"
    r"|SCAB\w*|CRUST\w*|PEEL\w*|FLAK\w*|DRY|PUS\w*|OOZ\w*|WEEPING|BLISTER\w*|FEVER\w*|SICK|ILL"
    r"|UNWELL|DIZZY|NUMB|HEAL\w*|SCAR\w*|MARKS?|ACNE|PIMPLE\w*|INFECT\w*|PREGNANT|ALLERG\w*"
    r"|REACTION|BREATH\w*|SUNBURN\w*|MAKE ?UP|SUNSCREEN|CREAM|SERUM|RETINOL|IBUPROFEN|WORSE|BETTER"
    r"|PIEL|CARA|ROSTRO|MEJILLA\w*|FRENTE|NARIZ|LABIO\w*|BOCA|LENGUA|GARGANTA|OJOS?|CUELLO|PELO"
    r"|CABELLO|DUEL\w*|DOL(OR|IA|IENDO)\w*|PICA\w*|PICOR|ARD(E|EN|OR|IENDO)|QUEM\w*|ROJ[AEO]\w*"
    r"|ENROJEC\w*|HINCH\w*|INCHA\w*|INFLAM\w*|SANGR\w*|MORET\w*|MORAD\w*|GRAN(O|OS|ITOS?)"
    r"|BULTO\w*|MANCH\w*|COSTR\w*|AMPOLL\w*|FIEBRE|MARE(O|OS|ADA|ADO)|ENFERM[AO]|HERPES|INFEC\w*"
    r"|CICATRI\w*|ALERGI\w*|EMBARAZ\w*|SARPULLIDO|RONCHA\w*|RESPIR\w*|MAQUILLA\w*|CREMA|PEOR"
    r"|PELA(NDO)?|ESCUEC\w*|ESCOZOR|SECA)\b"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FRIENDLY_WORDS = _words(
    "THANKS THANK THX TY GRACIAS FINE GREAT GOOD WELL PERFECT PERFECTO PERFECTA BIEN GENIAL "
    "COOL NICE EXCELENTE AWESOME NOTED SUPER LOVELY WELCOME VEMOS SEE"
)
AROUND = FRIENDLY_WORDS | _words(
    "YOU U SO MUCH VERY A LOT ALL IM I AM IT ITS IS DOING FEEL FEELING EVERYTHING EVERYONE "
    "LOOKS THE MY OK OKAY GOT RECEIVED THEN TOMORROW SOON FOR YOUR HELP REMINDER INFO HI "
    "HELLO MUCHAS MIL MUY TODO TODA ESTOY ESTA ME SIENTO VA DE NADA POR EL LA AVISO LO NOS "
    "HASTA MANANA PRONTO HOLA YES SI VALE TEAM YA ENTENDIDO"
)
ONES = {"ONE": 1, "UNO": 1, "UNA": 1, "TWO": 2, "THREE": 3, "TRES": 3, "FOUR": 4, "CUATRO": 4}
EVERY = {"BOTH", "ALL", "AMBAS", "AMBOS", "TODAS", "TODOS"}
BESIDE_NUMBERS = _words(
    "AND Y E THE LAS LOS LA EL NUMBER NUMERO OPTION OPCION PLEASE PLS POR FAVOR THANKS "
    "GRACIAS OF THEM CONFIRM C"
)


def topic_of(plain: str) -> Topic | None:
    """What a sentence in plain capitals wants of a visit."""
    if CANCELS.search(plain):
        return Topic.CANCEL
    if CHANGES.search(plain):
        return Topic.CHANGE
    return Topic.LATE if LATE.search(plain) else None


def is_friendly(words: list[str]) -> bool:
    """Thanks, or that all is well, and nothing else."""
    return bool(FRIENDLY_WORDS & set(words)) and AROUND.issuperset(words)


def numbers_in(words: list[str]) -> frozenset[int]:
    """Which of the things that we listed, if a reply has nothing else in it."""
    if words in (["LAS", "DOS"], ["LOS", "DOS"]):
        return frozenset({ALL})
    found = set()
    for word in words:
        if word in EVERY:
            found.add(ALL)
        elif word in ONES or word == "DOS":
            found.add(ONES.get(word, 2))
        elif len(word) == 1 and word in "123456789":
            found.add(int(word))
        elif word not in BESIDE_NUMBERS:
            return frozenset()
    return frozenset(found)
