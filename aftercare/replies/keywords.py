"""What a short reply means: the words that patients send, in any spelling that phones make of them.

A reply is a keyword when nothing is left of it beside the keyword but politeness and words such as
“texting me”. Everything else goes to people, marked when it may be meant as an opt-out.
"""

import re
import unicodedata
from dataclasses import dataclass

from aftercare.models import Keyword
from aftercare.replies.vocabulary import BODY, VISIT, Topic, is_friendly, numbers_in, topic_of
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
# Words as thumbs type them: “yess”, “confirmd”, “conferm”.
SPELLINGS = [
    (re.compile(r"Y+E+S+"), "YES"),
    (re.compile(r"Y+[EU]+P+"), "YEP"),
    (re.compile(r"S+I+"), "SI"),
    (re.compile(r"C[O0][NM]F?(IR|ER|RI|I|R)M(E?D|O|AR|AD[OA])?"), "CONFIRM"),
]
AGREES = set("👍👌✅☑✔🆗")
FRIENDLY = AGREES | set("🙏❤😊🙂😀😃😄😁🥰😍👏💪🎉😘🤗🤩💕💖🫶")
# iPhones send “Liked “<what we wrote>”” for a thumbs-up.
LIKED = re.compile(r"\s*(liked|loved|le gust[aó]|le ha gustado|le encanta)\s*[“\"«]", re.IGNORECASE)
SAYS_YES = {"YES", "SI", "Y", "YEP", "YEAH", "CLARO"}
ONLY_CONFIRMS = {"C", "CONFIRM", "CONFIRMED", "CONFIRMO", "CONFIRMAR"}


@dataclass(frozen=True)
class ReplyMeaning:
    """What a reply means: a keyword, or none, and then perhaps something of what follows."""

    keyword: Keyword | None
    maybe_opt_out: bool = False
    says_yes: bool = False  # an answer to any question
    only_confirms: bool = False  # nothing but a visit can be meant
    is_friendly: bool = False  # thanks, “fine”, a heart
    numbers: frozenset[int] = frozenset()  # of what we listed; ALL for all of it
    topic: Topic | None = None
    may_be_about_a_visit: bool = False
    is_about_the_body: bool = False
    is_empty: bool = False


def read_reply(text: str) -> ReplyMeaning:
    """The meaning of a reply."""
    text = text[:READ]
    plain = letters(text)
    words = [_spelt(word) for word in plain.split()]
    if not words:
        return _without_words(text)
    if LIKED.match(text):
        return ReplyMeaning(Keyword.CONFIRM)
    keyword = _keyword(words)
    if keyword is not None:
        said = set(words)
        return ReplyMeaning(
            keyword,
            says_yes=bool(said & SAYS_YES),
            only_confirms=bool(said & ONLY_CONFIRMS),
        )
    topic = topic_of(plain)
    return ReplyMeaning(
        None,
        maybe_opt_out=bool(MAYBE_OPT_OUT.search(plain)),
        is_friendly=is_friendly(words),
        numbers=numbers_in(words),
        topic=topic,
        may_be_about_a_visit=topic is not None or bool(VISIT.search(plain)),
        is_about_the_body=bool(BODY.search(plain)),
    )


def _without_words(text: str) -> ReplyMeaning:
    """A thumbs-up, a heart, or nothing at all."""
    signs = {c for c in text if unicodedata.category(c) in ("So", "Cs")}
    if signs and signs <= FRIENDLY:
        return ReplyMeaning(Keyword.CONFIRM if signs & AGREES else None, is_friendly=True)
    return ReplyMeaning(None, is_empty=not text.strip())


def _spelt(word: str) -> str:
    return next((right for form, right in SPELLINGS if form.fullmatch(word)), word)


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
