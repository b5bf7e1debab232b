"""Dates and times in the words of whoever reads them."""

from datetime import date

from django.utils.formats import date_format


def date_in_words(value: date, form: str) -> str:
    """A day or a moment on its own clock, by the letters of Django's `date` filter: “D j M Y, H:i”
    is Mon 7 Jan 2030, 09:00 to one reader and lun 7 ene 2030, 09:00 to another."""
    return date_format(value, form)
