"""SMS are counted as the network counts them, and folded where that costs no meaning."""

import unicodedata
from functools import cache

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from aftercare.models import MessageTemplate
from aftercare.replies.auto_replies import TEXTS, answer, confirmed
from aftercare.texts import checks, gsm7
from aftercare.texts.preview import preview
from aftercare.texts.render import render
from patients.models import Channel
from tests.factories import NINE, ClinicFactory, MessageFactory, PatientFactory, TemplateFactory

# The default alphabet of 3GPP TS 23.038 §6.2.1, code by code; 27 is the escape to the extension.
TABLE = (
    *("@", "£", "$", "¥", "è", "é", "ù", "ì", "ò", "Ç", "\n", "Ø", "ø", "\r", "Å", "å"),
    *("Δ", "_", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ", None, "Æ", "æ", "ß", "É"),
    *(" ", "!", '"', "#", "¤", "%", "&", "'", "(", ")", "*", "+", ",", "-", ".", "/"),
    *("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", ";", "<", "=", ">", "?"),
    *("¡", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O"),
    *("P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "Ä", "Ö", "Ñ", "Ü", "§"),
    *("¿", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"),
    *("p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "ä", "ö", "ñ", "ü", "à"),
)
EXTENSION = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]"} | {
    64: "|",
    101: "€",
}


def units_of(text: str) -> tuple[list[int], int, int]:
    """What is sent for each character, in bits, with the bits of a user data field (140 octets)
    and of one behind a header of six octets."""
    extension = set(EXTENSION.values())
    if all(character in TABLE or character in extension for character in text):
        return [14 if c in extension else 7 for c in text], 160 * 7, 153 * 7
    return [8 * len(c.encode("utf-16-be")) for c in text], 140 * 8, 134 * 8


def fewest_parts(text: str) -> int:
    """The slow way: of all ways to cut the text between characters, the one of fewest parts."""
    bits, alone, room = units_of(text)
    if sum(bits) <= alone:
        return 1

    @cache
    def from_here(start: int) -> int:
        if start == len(bits):
            return 0
        best, filled = len(bits), 0
        for end in range(start, len(bits)):
            filled += bits[end]
            if filled > room:
                break
            best = min(best, 1 + from_here(end + 1))
        return best

    for start in range(len(bits), -1, -1):  # so that no recursion is deep
        from_here(start)
    return from_here(0)


LETTERS = st.sampled_from("ax€[é")
FOREIGN = st.sampled_from("aá🙂€")


def test_the_alphabet_is_the_one_of_the_standard() -> None:
    assert set(TABLE) - {None} == gsm7.BASIC
    assert set(EXTENSION.values()) == gsm7.EXTENDED


@given(
    st.lists(LETTERS | FOREIGN, max_size=12).flatmap(
        lambda xs: st.tuples(st.just("".join(xs)), st.integers(0, 330))
    )
)
@example(("x" * 152 + "€" + "x" * 152, 0))
@example(("á" + "x" * 65 + "🙂" + "x" * 66, 0))
def test_parts_are_counted_as_by_the_slow_way(made: tuple[str, int]) -> None:
    seed, length = made
    text = seed + ("a" * length if seed else "")

    assert gsm7.parts(text) == fewest_parts(text)
    assert gsm7.parts(text[::-1]) == fewest_parts(text[::-1])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 159 + "€", 2),
        ("€" * 153, 3),  # 76 in a part, whose last place stays empty
        ("x" * 152 + "€" + "x" * 151, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" + "x" * 134, 3),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("🙂" * 67, 3),  # 33 in a part
        ("éñÑü¿¡", 1),
    ],
)
def test_parts_are_counted_as_networks_do(text: str, parts: int) -> None:
    assert gsm7.parts(text) == parts


def test_every_mark_of_typography_has_a_plain_one() -> None:
    for code in range(0x2000, 0x2070):
        mark = chr(code)
        if unicodedata.category(mark) in ("Pd", "Pi", "Pf", "Zs"):
            assert gsm7.ALPHABET.issuperset(gsm7.plain_marks(mark)), hex(code)
    assert gsm7.plain_marks("“Riverside’s” – 5\u202f€…") == '"Riverside\'s" - 5 €...'
    assert gsm7.plain_marks("sí, mañana, Łódź") == "sí, mañana, Łódź"
    assert gsm7.plain_marks("Jose\u0301") == "José"


@given(st.text(max_size=40))
def test_a_folded_name_costs_no_part_where_it_can_be_helped(name: str) -> None:
    folded = gsm7.fold_to_gsm7(name)

    assert gsm7.fold_to_gsm7(folded) == folded
    assert gsm7.parts(folded) <= gsm7.parts(name) + 1  # “…” becomes three


def test_latin_names_are_folded_and_others_stay() -> None:
    letters = [chr(code) for code in range(0xC0, 0x180) if chr(code).isalpha()]

    assert [
        letter for letter in letters if gsm7.foreign_characters(gsm7.fold_to_gsm7(letter))
    ] == []
    assert gsm7.fold_to_gsm7("Clínica Río “Łódź”") == 'Clinica Rio "Lodz"'
    assert gsm7.fold_to_gsm7("İğdır Çeşme Œuvre") == "Igdir Çesme OEuvre"
    assert gsm7.fold_to_gsm7("Клиника") == "Клиника"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "short", ["Dana’s Clinic", "Río “Uno”", "A–B\u00a0Clinic…", "Clínica İpek"]
)
def test_a_short_name_with_marks_and_accents_keeps_every_sms_in_its_parts(
    catalogue: None, short: str
) -> None:
    clinic = ClinicFactory(short_name=short)
    failures: list[tuple[object, str]] = []
    for template in MessageTemplate.objects.filter(channel=Channel.SMS).select_related("step"):
        message = MessageFactory(
            session__plan__patient=PatientFactory(clinic=clinic, language=template.language),
            step=template.step,
            channel=Channel.SMS,
        )
        for text in (render(message, template).text, preview(template, clinic).text):
            if gsm7.foreign_characters(text) or gsm7.parts(text) > template.max_parts:
                failures.append((template, text))
    for language, _ in settings.LANGUAGES:
        patient = PatientFactory(clinic=clinic, language=language, time_zone="Asia/Tokyo")
        replies = [
            answer(
                kind,
                clinic=clinic,
                language=language,
                at=NINE,
                link="https://clinic.example/p/" + "x" * 32 + "/",
            )
            for kind in KINDS
        ]
        for text in (*replies, confirmed(patient=patient, starts_at=NINE)):
            if gsm7.foreign_characters(text) or gsm7.parts(text) > 1:
                failures.append((language, text))

    assert failures == []


KINDS = sorted(set(TEXTS) - {"confirm"})


@pytest.mark.django_db
def test_marks_in_a_text_cost_nothing_and_accents_are_told() -> None:
    text = "{{ clinic_short }}: don’t come – call “us”… STOP to end" + "x" * 60
    template = TemplateFactory.build(channel=Channel.SMS, body=text)

    assert gsm7.foreign_characters(text) != []
    assert checks.parts_needed(template) == 1
    assert gsm7.foreign_characters(checks.at_longest(template)) == []


@pytest.mark.django_db
def test_an_answer_is_from_nobody_who_tells_what_is_treated() -> None:
    clinic = ClinicFactory(short_name="Needling Lab")

    assert answer("help", clinic=clinic, language="en", at=NINE).startswith(
        "+49 30 12345678: for help"
    )
