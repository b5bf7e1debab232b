"""A typed date is the day that was meant, or it is refused."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.utils import translation

from clinic.values.dates import Days, Unreadable, days_of, read_date, split_dates
from clinic.values.moments import date_in_words

ROOT = Path(__file__).resolve().parents[2]
OURS = ("clinic", "patients", "sessions", "aftercare")
THIRD_OF_APRIL = date(1990, 4, 3)
FORMS = [
    *("1990-04-03", "03.04.1990", "3.4.1990", "3 Apr 1990", "03 apr 1990", "3 April 1990"),
    *("3. April 1990", "3 APR. 1990", "  1990-04-03 ", "3  Apr  1990"),
    *("3 abr 1990", "3 Abr. 1990", "3 abril 1990", "3 de abril de 1990", "3 de abril del 1990"),
]
MISREADABLE = [
    *("03/04/1990", "3/4/90", "04/03/1990", "3-4-1990", "03-04-1990", "3.4.90", "03.04.90"),
    *("90-04-03", "1990/04/03", "19900403", "1990-4-3", "3 Apr 90", "April 3", "Apr 3, 1990"),
    *("1990", "3 Nisan 1990", "yesterday", "", "1990-04-03T10:00", "1990-W14-2", "1990-093"),
    *("٠٣.٠٤.١٩٩٠", "3 Apr 1990\n4", "31.02.1990", "1990-13-01", "00.04.1990", "29 Feb 1900"),
    *("0001-01-01", "9999-12-31", "1899-12-31", "2101-01-01", "1.1.0000"),
]


@pytest.mark.parametrize("text", FORMS)
def test_what_cannot_be_misread_is_read(text: str) -> None:
    assert read_date(text) == THIRD_OF_APRIL


@pytest.mark.parametrize("text", MISREADABLE)
def test_everything_else_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(Unreadable, match=r"1990-04-03, 3 Apr 1990 or 03\.04\.1990|1900 to 2100"):
        read_date(text)


def test_the_first_and_the_last_day_are_read() -> None:
    assert read_date("1900-01-01") == days_of("1900").first == date(1900, 1, 1)  # type: ignore[union-attr]
    assert read_date("31.12.2100") == days_of("2100").last == date(2100, 12, 31)  # type: ignore[union-attr]


def test_every_month_is_known_by_its_english_name() -> None:
    names = "January February March April May June July August September October November December"
    for number, name in enumerate(names.split(), 1):
        assert read_date(f"9 {name} 1988") == read_date(f"9 {name[:3]} 1988")
        assert read_date(f"9 {name} 1988") == date(1988, number, 9)
    assert read_date("9 Sept 1988") == date(1988, 9, 9)


def test_every_month_is_known_by_its_spanish_name() -> None:
    names = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    for number, name in enumerate([*names.split(), "diciembre"], 1):
        day = date(1988, number, 9)
        assert read_date(f"9 de {name} de 1988") == read_date(f"9 {name[:3]} 1988") == day
        with translation.override("es"):
            assert (
                read_date(date_in_words(day, "j M Y"))
                == read_date(date_in_words(day, "j F Y"))
                == day
            )
    assert read_date("9 de setiembre de 1988") == read_date("9 set. 1988") == date(1988, 9, 9)


def test_a_search_term_is_a_day_or_a_year() -> None:
    assert days_of("2.4.1988") == Days(date(1988, 4, 2), date(1988, 4, 2))
    assert days_of("1988") == Days(date(1988, 1, 1), date(1988, 12, 31))
    assert days_of("2 Apr 1988") == days_of("02.04.1988") == days_of("1988-04-02")
    for no_day in ("19901231", "1899", "2101", "0151", "02/04/1988", "Meyer", "31.02.1988"):
        assert days_of(no_day) is None


def test_dates_are_taken_out_of_a_longer_search_text() -> None:
    second = date(1988, 4, 2)
    assert split_dates("Meyer 2 de abril de 1988") == ([second], "Meyer")

    assert split_dates("Meyer 2 Apr 1988") == ([second], "Meyer")
    assert split_dates("2.4.1988, Großmüller, Jürgen") == ([second], ", Großmüller, Jürgen")
    assert split_dates("Meyer 1988-04-02 Jo") == ([second], "Meyer Jo")
    assert split_dates("Meyer 1988") == ([], "Meyer 1988")
    assert split_dates("+49 151 19901231") == ([], "+49 151 19901231")
    assert split_dates("a2.4.1988 31.02.1988") == ([], "a2.4.1988 31.02.1988")


def test_days_are_written_one_way() -> None:
    """6 Dec 2026, as by the templates (clinic/formats), and not 06 Dec 2026 beside it."""
    files = [path for app in OURS for path in (ROOT / app).rglob("*.py")]
    texts = {path: path.read_text() for path in files if path.parent.name != "migrations"}
    written = [path for path, text in texts.items() if re.search(r"""["'][Dl]? ?j [FM]\b""", text)]

    assert len(written) > 50
    assert [path for path, text in texts.items() if re.search(r":[^{}\n]*%d %[bB]", text)] == []
    assert [path for path, text in texts.items() if re.search(r"""["']\w? ?d [FM]\b""", text)] == []
