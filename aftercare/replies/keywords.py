"""What a short reply means: the words that patients send, in any spelling that phones make of them.

A reply is a keyword when nothing is left of it beside the keyword but politeness and words such as
“texting me”. Everything else goes to people, marked when it may be meant as an opt-out.
"""

import re
from dataclasses import dataclass

from aftercare.models import Keyword
from clinic.values.letters import letters

# The words that the law and carriers name ([47 CFR 64.1200] [CTIA words] [AWS opt-out words] of
# docs/references.md), and their Spanish sisters.
# CANCEL ends messages too, because the law reads it so; but whoever sends it may mean the
# appointment. YES starts messages after a STOP, and else confirms: the caller knows which.
WORDS: dict[Keyword, str] = {
    Keyword.STOP: (
        "STOP, STOPALL, STOP ALL, UNSUBSCRIBE, END, QUIT, REVOKE, OPTOUT, OPT OUT, REMOVE, ARRET,"
        "ALTO, PARAR, PARA, PARE, BAJA, BASTA, NO MAS, NO MORE, DETENER, TERMINAR, UNSUB, STP"
    ),
    Keyword.CANCEL: "CANCEL, CANCELAR, CANCELA, CANCELED, CANCELLED",
    Keyword.START: "START, UNSTOP, RESUME, SUBSCRIBE, EMPEZAR, COMENZAR, INICIAR, ALTA, REANUDAR",
    Keyword.YES: "YES, SI",
    Keyword.CONFIRM: "C, Y, OK, OKAY, YEP, YEAH, CONFIRM, CONFIRMED, CONFIRMO, CONFIRMAR, VALE",
    Keyword.CHANGE: (
        "CHANGE, MOVE, RESCHEDULE, POSTPONE, ANOTHER TIME, DIFFERENT TIME, CAMBIAR, CAMBIO,"
        "MOVER, REPROGRAMAR, OTRA HORA, OTRO DIA, APLAZAR"
    ),
    Keyword.HELP: "HELP, INFO, AYUDA, INFORMACION",
}
MEANING = {word.strip(): keyword for keyword, words in WORDS.items() for word in words.split(",")}
# What may stand around a keyword without changing it: politeness…
POLITE = "PLEASE PLS PLZ THANKS THANK YOU THX POR FAVOR GRACIAS NOW YA AHORA HI HELLO HOLA TO"
# …and for some of them what they are said of.
OBJECTS: dict[Keyword, str] = {
    Keyword.STOP: (
        "ALL MY ME FROM THE THESE THIS IT TEXTING TEXT TEXTS MESSAGING MESSAGE MESSAGES MSG MSGS "
        "SMS SENDING CONTACTING REMINDERS NUMBER LIST OF "
        "TODO LOS MENSAJES MENSAJE TEXTOS ENVIAR ESCRIBIR ENVIOS DE SMS"
    ),
    Keyword.CANCEL: "MY THE IT APPOINTMENT APPT BOOKING MI LA CITA",
    Keyword.CHANGE: "MY THE IT APPOINTMENT APPT BOOKING TIME DATE MI LA EL CITA HORA",
    Keyword.CONFIRM: "MY THE IT APPOINTMENT APPT MI LA CITA I",
    Keyword.YES: "I CONFIRM CONFIRMED CONFIRMO OK",
}
FILLER = {keyword: {*POLITE.split(), *OBJECTS.get(keyword, "").split()} for keyword in Keyword}
# A person decides about these: they read like an opt-out, but need not be one.
MAYBE_OPT_OUT = re.compile(
    r"\b(STOP|QUIT|END|STOPP?ING|CEASE|NO MORE|DO ?NT|DO NOT|NEVER|DEJEN?|DEJA|PAREN?|NO ME"
    r"|NO MAS)\b.{0,60}\b(SEND\w*|TEXT\w*|MESSAG\w*|MSGS?|SMS|CONTACT\w*|WRIT\w+|EMAIL\w*|CALL\w*"
    r"|SPAM\w*|REMIND\w*|ENVI\w+|MAND\w+|MENSAJ\w+|ESCRIB\w+|MOLEST\w+)\b"
    r"|\b(UNSUBSCRIBE|UNSUB|OPT ?(ME )?OUT|OPTING OUT|STOPALL|SPAM|LEAVE ME ALONE|WRONG NUMBER"
    r"|REMOVE ME|TAKE ME OFF|DELETE MY NUMBER|NUMERO EQUIVOCADO|DAR\w* DE BAJA|BORR\w+ MI NUMERO)\b"
)
LONGEST = 8  # words: longer texts are sentences, for people to read
READ = 2_000  # characters: nobody asks for an end after that


@dataclass(frozen=True)
class ReplyMeaning:
    """What a reply means: a keyword, or none, and then perhaps an opt-out."""

    keyword: Keyword | None
    maybe_opt_out: bool = False


def read_reply(text: str) -> ReplyMeaning:
    """The meaning of a reply."""
    plain = letters(text[:READ])
    words = plain.split()
    keyword = _keyword(words)
    if keyword is not None:
        return ReplyMeaning(keyword)
    return ReplyMeaning(None, maybe_opt_out=bool(MAYBE_OPT_OUT.search(plain)))


def _keyword(words: list[str]) -> Keyword | None:
    """The one keyword of the words, if all the others are filler."""
    if not 0 < len(words) <= LONGEST:
        return None
    joined = "".join(words)
    if len(words) > 1 and all(len(word) == 1 for word in words):
        return MEANING.get(joined)  # S.T.O.P
    found = {
        (MEANING[phrase], start, end)
        for start in range(len(words))
        for end in (start + 1, start + 2)
        if (phrase := " ".join(words[start:end])) in MEANING and end <= len(words)
    }
    for keyword, start, end in sorted(found, key=lambda hit: hit[1] - hit[2]):
        rest = words[:start] + words[end:]
        if all(word in FILLER[keyword] or MEANING.get(word) == keyword for word in rest):
            return keyword
    return None
