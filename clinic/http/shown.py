"""What an answer of the API holds: rows that a serializer has shown, or patients by name."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import models
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

# Where answers that no serializer of a table has made name a patient.
BY_NAME = frozenset(
    {"patient", "patients", "patient_id", "source_patient", "candidates", "kept", "merged"}
)


def subjects_in(data: Any) -> Iterator[Any]:
    """The rows and the ids of patients in an answer."""
    if isinstance(data, ReturnDict | ReturnList):
        yield from (row for row in rows_of(data) if isinstance(row, models.Model))
    if isinstance(data, Mapping):
        for name, value in data.items():
            if name in BY_NAME:
                yield from _ids(value)
            if isinstance(value, Mapping | list):
                yield from subjects_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from subjects_in(value)


def rows_of(data: ReturnDict | ReturnList) -> list[Any]:  # type: ignore[type-arg]
    shown = data.serializer.instance
    if shown is None or isinstance(shown, models.manager.BaseManager):
        return []
    return [shown] if isinstance(data, ReturnDict) else list(shown)


def _ids(value: Any) -> Iterator[UUID]:
    for one in value if isinstance(value, list) else [value]:
        one = one.get("id") if isinstance(one, Mapping) else one
        if isinstance(one, UUID):
            yield one
        elif isinstance(one, str):
            try:
                yield UUID(one)
            except ValueError:
                continue


def listed_in(data: Any) -> Any:
    """The list that an answer is, or has as its page; None if it shows one thing."""
    if isinstance(data, Mapping) and isinstance(data.get("results"), list):
        return data["results"]
    return data if isinstance(data, list) else None


def names_in(data: Any) -> list[str]:
    """What is told of each row, by name."""
    listed = listed_in(data)
    row = data if listed is None else next(iter(listed), None)
    return sorted(map(str, row)) if isinstance(row, Mapping) else []
