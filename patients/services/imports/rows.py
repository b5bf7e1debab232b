"""From the cells of a row to the details of a patient, and what is wrong with them, in words."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from clinic.models import Clinic
from patients.models import Patient, Sex
from patients.services.imports.files import UnreadableFile

# What a column may be called, in small letters and without signs; the first is what we call it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "given_name": ("given name", "first name", "forename", "nombre"),
    "family_name": ("family name", "last name", "surname", "name", "apellidos"),
    "date_of_birth": ("birth date", "date of birth", "born", "birthday", "dob"),
    "email": ("e mail", "email", "e mail address", "email address", "mail"),
    "mobile": ("mobile", "mobile number", "phone", "phone number", "telephone", "mobile phone"),
    "language": ("language", "idioma"),
    "sex": ("sex", "gender"),
}
TITLES = {
    "given_name": "Given name",
    "family_name": "Family name",
    "date_of_birth": "Birth date",
    "email": "E-mail",
    "mobile": "Mobile",
    "language": "Language",
    "sex": "Sex",
}
DAYS = (
    (re.compile(r"\d{4}-\d{1,2}-\d{1,2}"), "%Y-%m-%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), "%d.%m.%Y"),
    (re.compile(r"\d{1,2} [A-Za-z]{3} \d{4}"), "%d %b %Y"),
)
NAMES = {"english": "en", "spanish": "es", "español": "es", "inglés": "en"}
Problem = tuple[str, str]  # of which column, in words


def columns_of(heading: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    """Which column holds what, by its place, and those that nobody knows. Raises UnreadableFile."""
    known = {name: field for field, names in COLUMNS.items() for name in names}
    found: dict[int, str] = {}
    left_out = []
    for place, cell in enumerate(heading):
        name = " ".join(re.sub(r"[\W_]+", " ", cell.lower()).split())
        if field := known.get(name):
            if field in found.values():
                raise UnreadableFile(f"Two columns are “{TITLES[field]}”.", field="file")
            found[place] = field
        elif name:
            left_out.append(cell)
    if not {"given_name", "family_name"} & set(found.values()):
        raise UnreadableFile(
            "The first row must be a heading, with at least “Given name” or “Family name”.",
            field="file",
        )
    return found, left_out


def patient_of(values: Mapping[str, str], clinic: Clinic) -> tuple[Patient, list[Problem]]:
    """Not saved. The rules of a record are those of registering one."""
    details: dict[str, Any] = {name: text for name, text in values.items() if text}
    problems: list[Problem] = []
    for name, text in values.items():
        if text.startswith("="):
            problems.append((TITLES[name], "This is a formula: put its value there."))
            details.pop(name)
    for name, read in (("date_of_birth", _day), ("language", _language), ("sex", _sex)):
        if name in details:
            try:
                details[name] = read(details[name])
            except ValueError as error:
                problems.append((TITLES[name], str(error)))
                details.pop(name)
    patient = Patient(clinic=clinic, **details)
    for check in (partial(patient.clean_fields, exclude={"clinic"}), patient.clean):
        try:
            check()
        except ValidationError as error:
            wrong = {title for title, _ in problems}
            for name, words in error.message_dict.items():
                if (title := TITLES.get(name, name)) not in wrong:
                    problems.append((title, " ".join(words)))
    return patient, problems


def _day(text: str) -> date:
    for pattern, form in DAYS:
        if pattern.fullmatch(text):
            try:
                return datetime.strptime(text, form).replace(tzinfo=UTC).date()
            except ValueError:
                break
    raise ValueError(f"“{text[:40]}” is no day that can be understood: write 1990-05-17.")


def _language(text: str) -> str:
    code = NAMES.get(text.lower(), text.lower()[:2] if len(text) in (2, 5) else "")
    if code not in dict(settings.LANGUAGES):
        raise ValueError(f"“{text[:40]}” is not offered: write en or es.")
    return code


def _sex(text: str) -> str:
    for sex in Sex:
        if text.lower() in (sex.value.lower(), sex.value[0].lower(), str(sex.label).lower()):
            return sex.value
    raise ValueError(f"“{text[:40]}” is not known: write female, male or other.")
