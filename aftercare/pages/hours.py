"""Whether somebody answers the telephone now, until when, and the number to call."""

from datetime import datetime, time
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from aftercare.replies.promise import in_words, open_from
from clinic.models import Clinic


def hours_now(clinic: Clinic, *, at: datetime) -> dict[str, Any]:
    """Where nobody has said the hours it counts as open, and nothing is said of them."""
    stretch = next(open_from(clinic, at), None)
    if stretch is None:
        is_open, hours = not clinic.opening_hours.exists(), ""
    else:
        opens, closes = stretch
        is_open = opens <= at
        until = closes if is_open else opens
        words = _("We are open until {time}.") if is_open else _("We are closed until {time}.")
        ends_at_midnight = is_open and closes.astimezone(clinic.zone).time() == time(0)
        hours = "" if ends_at_midnight else words.format(time=in_words(until, clinic, at))
    number = clinic.phone if is_open else clinic.out_of_hours_phone or clinic.phone
    return {
        "is_open": is_open,
        "hours": hours,
        "number": number,
        # In one piece: a number that breaks at the end of a line is hard to read.
        "call": format_html(
            _("Call {phone}"),
            phone=format_html('<span class="whole">{}</span>', number.as_international),
        ),
    }
