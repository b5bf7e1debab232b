"""Telephone numbers as people type them: with a country's code, or as one dials within one."""

from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumberFormat, PhoneNumberType, shortnumberinfo


def country_of(number: PhoneNumber) -> str:
    """The country whose code a number has, as ISO 3166 names it: DE for +49. Of several with one
    code it is the largest, which reads national numbers as the others do."""
    return phonenumbers.region_code_for_country_code(number.country_code)


def read_number(number: Any, *, country: str) -> Any:
    """The number as it is dialled from anywhere; one without a country's code is of `country`.

    Raises ValidationError, which says what would be right there.
    """
    if not number or number.is_valid():
        return number
    read = to_python(number.raw_input, region=country)
    if not read.is_valid():
        example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
        forms = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
        ways = [phonenumbers.format_number(example, form) for form in forms if example]
        raise ValidationError(
            gettext("This is no telephone number. Right would be for example {ways}.").format(
                ways=gettext(" or ").join(ways) or "+49 151 23456789"
            ),
            code="invalid",
        )
    return read


# Emergency numbers that are in use somewhere, the most frequent first.
EMERGENCY_NUMBERS = (
    *("112", "911", "999", "000", "111", "110", "119", "190", "192", "123", "100", "101", "113"),
    *("115", "117", "118", "120", "995", "998", "122", "107", "1122"),
)


def check_emergency_number(number: str, *, country: str) -> None:
    """Raise ValidationError for a number that reaches no emergency service in `country`."""
    digits = number.strip()
    if digits.isdecimal() and shortnumberinfo.is_emergency_number(digits, country):
        return
    right = [one for one in EMERGENCY_NUMBERS if shortnumberinfo.is_emergency_number(one, country)]
    raise ValidationError(
        gettext(
            "This is no emergency number of the country of the clinic's phone ({country}). "
            "Right would be {right}."
        ).format(
            country=country,
            right=gettext(" or ").join(right) or gettext("the number that is dialled there"),
        ),
        code="invalid",
    )
