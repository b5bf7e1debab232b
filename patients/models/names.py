"""How patients' names and numbers are folded for the search: functions of the database."""

from django.db import models
from django.db.models import Func


class PatientWords(Func):
    """The folded words of a given name, a family name and an e-mail's mailbox, with spaces around
    each: " gross juergen jurgen "."""

    function = "patient_words"
    arity = 3
    output_field = models.TextField()


class SearchText(Func):
    """Those words, the digits of the mobile number and the birth date: what `patients.search`
    compares with what was typed."""

    function = "patient_search_text"
    arity = 5
    output_field = models.TextField()


class NationalDigits(Func):
    """A telephone number without the country's code and the zeros that follow on it."""

    function = "national_digits"
    arity = 1
    output_field = models.TextField()
