"""Rows that exclude each other by ranges of time, with every end before its beginning: what is told
is the check of the model, never that PostgreSQL cannot make such a range."""

from datetime import time
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.exceptions import ValidationError
from django.db import models, transaction

from tests.factories import DAY, HOUR, NINE

pytestmark = pytest.mark.django_db
MODELS = [
    model
    for model in apps.get_models()
    if any(isinstance(one, ExclusionConstraint) for one in model._meta.constraints)
]


def backwards(model: Any) -> Any:
    row = model()
    for number, field in enumerate(model._meta.concrete_fields):
        if field.is_relation:
            setattr(row, field.attname, uuid4())
        elif isinstance(field, models.DateTimeField):
            setattr(row, field.attname, NINE - number * HOUR)
        elif isinstance(field, models.DateField):
            setattr(row, field.attname, (NINE - number * DAY).date())
        elif isinstance(field, models.TimeField):
            setattr(row, field.attname, time(22 - number))
    return row


@pytest.mark.parametrize("model", MODELS)
def test_an_end_before_its_beginning_is_told_by_its_check(model: Any) -> None:
    with transaction.atomic(), pytest.raises(ValidationError):
        backwards(model).validate_constraints()


def test_there_are_such_models() -> None:
    assert len(MODELS) >= 4
