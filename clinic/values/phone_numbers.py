"""Telephone numbers as people type them: with a country's code, or as one dials within one."""

from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumberFormat, PhoneNumberType


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
            "This is no telephone number. Right would be for example "
            f"{' or '.join(ways) or '+49 151 23456789'}.",
            code="invalid",
        )
    return read
