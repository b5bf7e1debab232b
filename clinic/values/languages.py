"""The languages that patients read: English stands in the code, each other one in a catalogue."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import translation

CLINIC = Path(__file__).parents[1]


def override_language(code: str) -> translation.override:
    """Words and dates in a patient's language; all in English if it has no catalogue or no formats.

    Django alone would mix them: it brings names of days, and words such as “Save”, in a hundred
    languages.
    """
    return translation.override(available_language(code))


@cache
def available_language(code: str) -> str:
    locale = translation.to_locale(code)
    is_there = all((CLINIC / part / locale).is_dir() for part in ("locale", "formats"))
    return code if is_there else settings.LANGUAGE_CODE


def other_languages() -> list[str]:
    """All but the active one, for who reads that a link is unknown: so is their language."""
    codes = {available_language(code): code for code, _ in settings.LANGUAGES}
    return [code for code in codes if code != translation.get_language()]
