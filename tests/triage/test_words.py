"""What patients write, and what of it is a red flag: in two languages, misspelt, denied."""

import pytest

from bench.rules.triage import SHIPPED
from clinic.catalogue import read
from sessions.triage import BadRules, Sign, read_vocabulary, signs_in

WORDS = read(SHIPPED)[-1]["words"]
VOCABULARY = read_vocabulary(WORDS)
# What is written, and the sign that it must name.
RED = """
I can't breathe, my tongue is swelling | breathing
I can't breathe, my tongue is swelling | lip_tongue_swelling
HELP my face is swelling | red_word_in_text
my tounge is swolen | lip_tongue_swelling
cant breath | breathing
No I cant breathe | breathing
no, it is hard to swallow | breathing
swelling of my lips | lip_tongue_swelling
no answer my tongue is swelling | lip_tongue_swelling
no puedo respirar | breathing
me cuesta respirar un poco | breathing
se me hincha la lengua | lip_tongue_swelling
tengo los labios inchados | lip_tongue_swelling
I have hives all over | hives
tengo ronchas | hives
I passed out this morning | faint
me desmayé | faint
my lips are blue | blue_grey
los labios azules | blue_grey
she had a seizure | fits_or_twitching
my chest hurts | chest_pain
me duele el pecho | chest_pain
i cant see properly | vision_change
everything is blurry | vision_change
veo borroso | vision_change
my eye hurts | eye_pain
there is pus coming out | pus
It's not only red, there is puss | pus
no sé si es pus | pus
no fever and pus coming out | pus
I have no pain but I have blisters | vesicles
ampollas en la cara | vesicles
hard lumps under the skin | firm_bumps
the redness is spreading | spreading
red streaks on my neck | streaks
I have a feaver | fever
fevr since last night | fever
my temp is 38.6 | fever
temperature 38,5 | fever
fever won't go away | fever
no me baja la fiebre | fever
none of you answers, fever 39 | fever
fiebre y escalofrios | fever
not sure but it may be infected | red_word_in_text
creo que está infectado | red_word_in_text
not getting better, yellow discharge | pus
it wont stop bleeding | red_word_in_text
no deja de sangrar | red_word_in_text
unbearable pain | red_word_in_text
it is getting worse | red_word_in_text
está peor | red_word_in_text
Was the needle used before? | reused_needle_worry
"""
CALM = """
thanks, all good
no fever, no pus
no fever or pus
no fever, pus or blisters
I have not noticed any blisters, pus or fever
I don't have a fever
neither fever nor pus
without any fever
I never had a fever
no trouble breathing
no swelling of lips
my lips are not swollen
not swollen any more
sin fiebre ni pus
no tengo fiebre
no hay pus ni ampollas
nada de fiebre
la piel no está hinchada
mi cara está un poco roja
gracias, todo bien
faint pink lines
slight redness
skin is a bit dry and flaking
dead skin coming off
blackheads came back
can I wear makeup tomorrow?
do me a favor
I took a deep breath and relaxed
I can't see any difference
when can I see results
running 10 min late
cancel my appointment please
no puedo ir mañana
puedo ir al gimnasio
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("line", lines(RED))
def test_a_red_flag_in_words_is_found(line: str) -> None:
    text, _, sign = line.partition(" | ")

    assert {sign, Sign.RED_WORD, Sign.FREE_TEXT} <= signs_in(text, VOCABULARY)
    assert {sign, Sign.RED_WORD} <= signs_in(text.upper() + "!!", VOCABULARY)


@pytest.mark.parametrize("text", lines(CALM))
def test_what_is_denied_or_ordinary_is_only_words_that_a_person_reads(text: str) -> None:
    assert signs_in(text, VOCABULARY) == {Sign.FREE_TEXT}


def test_more_words_only_add_signs() -> None:
    calm, red = lines(CALM), [line.partition(" | ")[0] for line in lines(RED)]
    for before, after in zip([*calm, *red], [*red, *calm], strict=True):
        both = signs_in(f"{before}. {after}", VOCABULARY)
        assert signs_in(before, VOCABULARY) | signs_in(after, VOCABULARY) <= both


def test_nothing_is_no_word() -> None:
    assert signs_in("", VOCABULARY) == signs_in(" \n", VOCABULARY) == frozenset()
    assert signs_in("👍", VOCABULARY) == {Sign.FREE_TEXT}


def test_both_languages_name_every_sign_that_either_names() -> None:
    assert [row["sign"] for row in WORDS if not {"en", "es"} <= set(row)] == []
    emergencies = {"breathing", "lip_tongue_swelling", "faint", "blue_grey", "chest_pain"}
    assert emergencies < {row["sign"] for row in WORDS}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "a list of objects"),
        ([{"sign": "unicorns"}], "'unicorns' is unknown"),
        ([{"sign": "pus", "en": "pus"}], "a list of phrases"),
        ([{"sign": "pus", "en": [""]}], "'' is no phrase"),
        ([{"sign": "pus", "es": ["ampolla (grande)"]}], "is no phrase"),
        ([{"sign": "pus", "es": ["salió"]}], "accents are left out"),
    ],
)
def test_words_that_cannot_be_read_say_where(words: object, complaint: str) -> None:
    with pytest.raises(BadRules, match=complaint.replace("(", r"\(")):
        read_vocabulary(words)
