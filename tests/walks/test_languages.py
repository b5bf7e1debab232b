"""Whatever ships in one language ships in all of them: questions, consents, messages, names, words.

What is found is derived from the models and the files, so a new kind of text is walked by itself.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from clinic.models import User
from patients.models import Patient, ScreeningRule, ScreeningWording
from tests.factories import ClinicFactory
from tests.support.catalogue import shipped

LANGUAGES = {code for code, _ in settings.LANGUAGES}
# Their English stands in the row that they are a part of.
OF_ENGLISH: dict[type[models.Model], type[models.Model]] = {ScreeningWording: ScreeningRule}
NO_TEXT = {Patient, User}  # the language that somebody reads


def of_a_language() -> list[type[models.Model]]:
    """Every model of ours whose rows are texts in one language."""
    return [
        model
        for model in apps.get_models()
        if any(field.name == "language" for field in model._meta.fields)
        and model not in NO_TEXT
        and not model.__name__.endswith("History")
    ]


def same_text(model: type[models.Model]) -> list[str]:
    """The fields that name a text in whatever language and version, of its unique constraint."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and "language" in constraint.fields:
            return [name for name in constraint.fields if name not in ("language", "version")]
    raise AssertionError(f"{model.__name__} may have two texts in one language")


@pytest.mark.django_db
def test_every_text_that_ships_is_there_in_each_language(catalogue: None) -> None:
    ClinicFactory()  # gets visit types
    missing = []
    for model in of_a_language():
        found: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        rows = model._default_manager.values_list("language", *same_text(model))
        for language, *key in rows:
            found[tuple(key)].add(language)
        if model in OF_ENGLISH:
            for pk in OF_ENGLISH[model]._default_manager.values_list("pk", flat=True):
                found[(pk,)].add(settings.LANGUAGE_CODE)
        assert found, f"no {model.__name__} ships"
        missing += [
            (model.__name__, key, LANGUAGES - languages)
            for key, languages in found.items()
            if languages != LANGUAGES
        ]

    assert len(of_a_language()) >= 5
    assert missing == []


def test_whatever_a_catalogue_says_by_language_it_says_in_each() -> None:
    """`names: {en: …, es: …}` and the like."""
    partly = [
        f"{path}: {sorted(map(str, mapping))}"
        for path, row in shipped()
        for mapping in mappings(row)
        if LANGUAGES & set(mapping) and not set(mapping) >= LANGUAGES
    ]

    assert partly == []


def mappings(value: Any) -> Iterator[dict[Any, Any]]:
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, dict | list) else ():
        yield from mappings(child)
