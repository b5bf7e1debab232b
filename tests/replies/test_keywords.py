"""Keywords in every spelling that people make, and sentences that only look like them."""

import pytest

from aftercare.models import Keyword
from aftercare.replies.keywords import read_reply

STOP = [
    "STOP", "stop", "Stop", " stop ", "stop.", "STOP!", "Stop!!!", "“STOP”", "'stop'", "«STOP»",
    '"Stop."', "S.T.O.P", "s t o p", "S-T-O-P", "STOP 🛑", "🛑stop🛑", "STOP\n", "\tSTOP\r\n",
    "st\u200bop", "\ufeffSTOP", "STOP\u00a0", "S\u00adTOP", "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "Stóp", "STÖP",
    "(stop)", "*STOP*", "stop stop stop", "STOPALL", "Stop all", "stop-all", "stop please",
    "Please stop", "pls stop", "Stop texting me", "stop sending me texts", "STOP, thanks",
    "Stop messages", "unsubscribe", "UNSUBSCRIBE me please", "Unsub", "END", "end.", "QUIT",
    "quit!", "REVOKE", "revoke", "OPT OUT", "opt-out", "OptOut", "opt_out", "REMOVE",
    "remove me", "Remove me from this list", "ARRET", "Arrêt", "ARRE\u0302T", "ALTO", "alto!",
    "PARAR", "parar por favor", "BAJA", "Baja, gracias", "No más", "no mas mensajes", "basta",
    "¡Basta!", "Pare",
]  # fmt: skip
OTHERS: dict[Keyword, list[str]] = {
    Keyword.CANCEL: [
        *("CANCEL", "cancel.", "cancel please", "Cancelar"),
        "¡Cancela!",
    ],
    Keyword.START: [
        *("START", "start!", "Start please", "UNSTOP", "Empezar", "comenzar", "resume"),
        *("subscribe", "ALTA"),
    ],
    Keyword.YES: [
        *("YES", "yes!", "Yes please", "yess", "Sí", "SI", "si\u0301", "¡Sí!", "Yes I confirm"),
        "yes thanks 😊",
    ],
    Keyword.CONFIRM: [
        *("C", "c", "c.", "Ⓒ", "Y", "y", "OK", "ok!", "O.K.", "Okay", "Confirm", "CONFIRMED"),
        *("I confirm", "Confirmo", "confirmar la cita", "OK 👍", "ok thank you", "vale"),
        *("👍", "👍🏽", "✅", "confirmd", "conferm", "Liked “Please confirm.”"),
    ],
    Keyword.CHANGE: [
        *("CHANGE", "change", "Change my appointment", "MOVE", "reschedule please"),
        *("Another time please", "Cambiar", "cambiar la cita", "Otra hora por favor", "otro día"),
    ],
    Keyword.HELP: [
        *("HELP", "help!", "Help please", "INFO", "info?", "AYUDA", "ayuda por favor"),
        "Información",
    ],
}
FALSE_FRIENDS = [
    "I can't stop smiling",
    "Help me please",  # a plea rather than a keyword
    "the bleeding won't stop",
    "It won't stop bleeding, please help",
    "When can I stop the cream?",
    "Should I stop using retinol",
    "The pain doesn't end",
    "How do I remove the redness",
    "When does the swelling end?",
    "I quit smoking!",
    "Cancel my appointment",  # the law knows a bare CANCEL only
    "CANCELAR LA CITA",
    "Can I start exercising?",
    "When may I start with make-up",
    "yes but I have a question about my skin today",
    "ok, but what about the sunscreen",
    "ok to wear make-up?",
    "Is it normal that my skin changed colour",
    "I have a cold sore",
    "no",
    "",
    "   ",
    "🙏",
    "???",
    "1",
    "Thanks!",
    "Can I come at ten instead",
    "do not worry, I am fine",
    "¿Cuándo puedo empezar a usar maquillaje?",
    "No para de sangrar",
    "me sigue doliendo",
]
MAYBE = [
    "please stop sending me these",
    "Stop sending me these messages every single day please",
    "I don't want any more texts from you people",
    "do not contact me again",
    "Don’t text this number again!!!",
    "Wrong number, who is this",
    "take me off your list",
    "I want to unsubscribe from this thing",
    "would like to opt out of all this",
    "This is spam",
    "leave me alone",
    "No me manden más mensajes",
    "dejen de escribirme",
    "quiero darme de baja",
]


@pytest.mark.parametrize("text", STOP, ids=ascii)
def test_an_opt_out_is_understood_in_every_spelling(text: str) -> None:
    assert read_reply(text).keyword == Keyword.STOP


@pytest.mark.parametrize(
    ("text", "keyword"), [(text, keyword) for keyword, texts in OTHERS.items() for text in texts]
)
def test_the_other_keywords_are_understood(text: str, keyword: Keyword) -> None:
    assert read_reply(text).keyword == keyword


@pytest.mark.parametrize("text", FALSE_FRIENDS, ids=ascii)
def test_a_sentence_is_no_keyword(text: str) -> None:
    reading = read_reply(text)

    assert reading.keyword is None
    assert not reading.maybe_opt_out


@pytest.mark.parametrize("text", MAYBE, ids=ascii)
def test_what_reads_like_an_opt_out_is_for_people_to_decide(text: str) -> None:
    reading = read_reply(text)

    assert reading.keyword in (None, Keyword.STOP)
    assert reading.keyword or reading.maybe_opt_out


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(STOP) >= 40
    assert len(set(STOP)) == len(STOP)


def test_eight_words_may_be_a_keyword_and_nine_are_a_sentence() -> None:
    assert read_reply("stop " * 8).keyword == Keyword.STOP
    assert read_reply("stop " * 9).keyword is None


def test_a_very_long_text_is_read_at_once() -> None:
    assert read_reply("stop " * 100_000).keyword is None
    assert read_reply("STOP CALL " * 50_000).keyword is None
