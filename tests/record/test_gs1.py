"""Reading the GS1 code of a cartridge, as a scanner sends it or as a person types it."""

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.gs1 import CartridgeCode, UnreadableCode, read_cartridge_code

GTIN = "09506000134352"
PRINTED = f"(01){GTIN}(17)271231(10)LOT42(21)0001"
SCANNED = f"01{GTIN}1727123110LOT42\x1d210001"
CODE = CartridgeCode(gtin=GTIN, lot="LOT42", expires_on=date(2027, 12, 31), serial="0001")
LONGEST = "A" * 20


def printed(gtin: str = GTIN, expiry: str = "271231", lot: str = "LOT42", serial: str = "1") -> str:
    return f"(01){gtin}(17){expiry}(10){lot}(21){serial}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PRINTED, id="as printed"),
        pytest.param(SCANNED, id="as scanned"),
        pytest.param(f"\x1d{SCANNED}", id="with a leading FNC1"),
        pytest.param(f"{SCANNED}\x1d", id="with a trailing FNC1"),
        pytest.param(f"{SCANNED}\r\n", id="with the scanner's return key"),
        pytest.param(f"  {PRINTED} ", id="between blanks"),
        pytest.param(
            "(01) 09506000134352 (17) 271231 (10) LOT42 (21) 0001", id="typed with blanks"
        ),
        pytest.param(f"{PRINTED}(11)251231", id="with another element, printed"),
        pytest.param(f"{SCANNED}\x1d11251231", id="with another element, scanned"),
        pytest.param(f"01{GTIN}17271231210001\x1d10LOT42", id="serial before lot"),
        pytest.param(f"10LOT42\x1d210001\x1d01{GTIN}17271231", id="lot and serial first"),
    ],
)
def test_a_code_is_read(text: str) -> None:
    assert read_cartridge_code(text) == CODE


@pytest.mark.parametrize("order", list(permutations(["01", "17", "10", "21"])), ids="-".join)
def test_the_elements_may_come_in_any_order(order: tuple[str, ...]) -> None:
    values = {"01": GTIN, "17": "271231", "10": "LOT42", "21": "0001"}

    assert read_cartridge_code("".join(f"({ai}){values[ai]}" for ai in order)) == CODE
    assert read_cartridge_code("".join(f"{ai}{values[ai]}\x1d" for ai in order)) == CODE


@pytest.mark.parametrize(
    ("expiry", "expires_on"),
    [
        ("271200", date(2027, 12, 31)),
        ("270400", date(2027, 4, 30)),
        ("270200", date(2027, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("280229", date(2028, 2, 29)),
    ],
)
def test_day_00_is_the_end_of_the_month(expiry: str, expires_on: date) -> None:
    assert read_cartridge_code(printed(expiry=expiry)).expires_on == expires_on


def test_small_and_large_letters_are_not_the_same() -> None:
    assert read_cartridge_code(printed(lot="lot42", serial="aB")).lot == "lot42"
    assert read_cartridge_code(printed(lot="lot42", serial="aB")).serial == "aB"


def test_lot_and_serial_have_up_to_20_characters() -> None:
    code = read_cartridge_code(printed(lot=LONGEST, serial=LONGEST))

    assert (code.lot, code.serial) == (LONGEST, LONGEST)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (f"(01){GTIN}(17)271231(10)LOT42", "serial (21)"),
        (f"(01){GTIN}(17)271231(21)0001", "lot (10)"),
        (f"(01){GTIN}(10)LOT42(21)0001", "expiry (17)"),
        ("(17)271231(10)LOT42(21)0001", "GTIN (01)"),
        (f"01{GTIN}17271231", "lot (10), serial (21)"),
        (f"01{GTIN}1727123110LOT42210001", "serial (21)"),  # without FNC1 it is all lot
        (f"(01){GTIN}", "expiry (17), lot (10), serial (21)"),
        (f"(02){GTIN}(15)271231(10)LOT42(21)0001", "GTIN (01), expiry (17)"),
        ("", "GTIN (01), expiry (17), lot (10), serial (21)"),
        (" \t\r\n", "GTIN (01), expiry (17), lot (10), serial (21)"),
        ("\x1d", "GTIN (01), expiry (17), lot (10), serial (21)"),
    ],
)
def test_what_is_missing_is_named(text: str, missing: str) -> None:
    with pytest.raises(UnreadableCode) as refused:
        read_cartridge_code(text)

    assert refused.value.message == f"The code lacks {missing}."
    assert refused.value.field == "code"


def test_a_wrong_check_digit_is_told() -> None:
    with pytest.raises(UnreadableCode, match="check digit"):
        read_cartridge_code(printed(gtin="09506000134353"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hello", id="rubbish"),
        pytest.param("4006381333931", id="the code of a till"),
        pytest.param("https://id.gs1.org/01/09506000134352", id="an address"),
        pytest.param("(", id="a bracket"),
        pytest.param("()", id="brackets"),
        pytest.param("(01)", id="an element without a value"),
        pytest.param("(99999)1", id="no such element"),
        pytest.param("]", id="half a symbology identifier"),
        pytest.param("]Yx", id="a broken symbology identifier"),
        pytest.param(printed(gtin="9506000134352"), id="a GTIN that is too short"),
        pytest.param(printed(gtin=GTIN + "0"), id="a GTIN that is too long"),
        pytest.param(printed(expiry="271331"), id="month 13"),
        pytest.param(printed(expiry="270000"), id="month 0"),
        pytest.param(printed(expiry="270229"), id="29 February of another year"),
        pytest.param(printed(expiry="27123"), id="half a date"),
        pytest.param(printed(lot=LONGEST + "A"), id="a lot that is too long"),
        pytest.param(printed(serial=LONGEST + "A"), id="a serial that is too long"),
        pytest.param(printed(lot=""), id="an empty lot"),
        pytest.param(printed(lot="LÖT"), id="a letter that GS1 does not know"),
        pytest.param(printed(lot="LOT\x0042"), id="a NUL in a lot"),
        pytest.param(f"{PRINTED}\x00", id="a NUL at the end"),
        pytest.param("\x00", id="nothing but NUL"),
        pytest.param("\ud800", id="half a character"),
        pytest.param(printed(expiry="٢٧١٢٣١"), id="a date in other digits"),
        pytest.param("(٠١)09506000134352(17)271231(10)A(21)1", id="an element in other digits"),
        pytest.param(f"\ufeff{SCANNED}", id="a byte order mark"),
        pytest.param(SCANNED.replace("\x1d", "<GS>"), id="FNC1 in words"),
        pytest.param("x" * 100_000, id="far too long"),
        pytest.param("(" * 10_000, id="far too many brackets"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UnreadableCode) as refused:
        read_cartridge_code(text)

    assert refused.value.field == "code"


@pytest.mark.parametrize("identifier", ["]d2", "]C1", "]Q3", "]e0", "]J1"])
def test_a_scanner_may_say_what_kind_of_code_it_saw(identifier: str) -> None:
    assert read_cartridge_code(identifier + SCANNED) == CODE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(printed(gtin="٠٩٥٠٦٠٠٠١٣٤٣٥٢"), id="a GTIN in other digits"),
        pytest.param(printed(lot="AB(CD"), id="a bracket in a lot, of which AB would be left"),
        pytest.param(f"{PRINTED}(99", id="an element that breaks off"),
        pytest.param(printed(lot="A(10)B"), id="two lots"),
    ],
)
def test_what_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(UnreadableCode):
        read_cartridge_code(text)


PIECES = f"(01) (17) (10) (21) 01 17 10 21 (3103) 3922 8008 (7003) ]d2 ( ) é ٣ {GTIN} 271231 270200"
NEARLY = st.lists(
    st.sampled_from([*PIECES.split(), "LOT42", " ", "\x1d", "\x00"]) | st.text(max_size=8),
    max_size=12,
).map("".join)


@settings(max_examples=500)
@given(text=st.text() | NEARLY | st.text(alphabet="0123456789()]\x1d"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        code = read_cartridge_code(text)
    except UnreadableCode:
        return

    assert len(code.gtin) == 14
    assert 1 <= len(code.lot) <= 20
    assert 1 <= len(code.serial) <= 20


PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/."


@given(
    lot=st.text(PLAIN, min_size=1, max_size=20),
    serial=st.text(PLAIN, min_size=1, max_size=20),
    day=st.dates(date(2020, 1, 1), date(2049, 12, 31)),
)
def test_whatever_is_printed_is_read_back(lot: str, serial: str, day: date) -> None:
    code = CartridgeCode(GTIN, lot, day, serial)

    assert read_cartridge_code(printed(GTIN, f"{day:%y%m%d}", lot, serial)) == code
    assert read_cartridge_code(f"01{GTIN}17{day:%y%m%d}10{lot}\x1d21{serial}") == code
