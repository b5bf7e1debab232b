"""The way from each table to its patients, read from the models' keys."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

# The names of the keys to follow, the last of which is the patient's; () is the row itself.
Way = tuple[str, ...]
FARTHEST = 3


@cache
def ways_to_patient(model: type[models.Model]) -> tuple[Way, ...]:
    """The shortest ways, of which there may be several: an exposure has two people."""
    if getattr(model, "is_patient", False):
        return ((),)
    level: list[tuple[Way, type[models.Model]]] = [((), model)]
    for _ in range(FARTHEST):
        level = [((*way, key.name), key.related_model) for way, at in level for key in _keys(at)]
        if found := [way for way, at in level if getattr(at, "is_patient", False)]:
            return tuple(found)
    return ()


@cache
def every_way_to_patient(model: type[models.Model]) -> tuple[Way, ...]:
    """For whoever looks for all rows of a patient: the shortest ways, and where a key on them may
    be empty, the longer ones that lead on where it is."""
    if getattr(model, "is_patient", False):
        return ((),)
    level: list[tuple[Way, type[models.Model], bool]] = [((), model, True)]
    found: list[Way] = []
    for _ in range(FARTHEST):
        level = [
            ((*way, key.name), key.related_model, certain and not key.null)
            for way, at, certain in level
            if not getattr(at, "is_patient", False)
            for key in _keys(at)
        ]
        here = [(way, certain) for way, at, certain in level if getattr(at, "is_patient", False)]
        found += [way for way, _ in here]
        if any(certain for _, certain in here):
            break
    return tuple(found)


def _keys(model: type[models.Model]) -> Iterator[Any]:
    for field in model._meta.concrete_fields:
        if field.many_to_one or field.one_to_one:
            yield field


def by_patients(model: type[models.Model], condition: Callable[[str], models.Q]) -> models.Q:
    """Rows of patients who meet a condition, which is given the path to them, and of nobody else
    beside them."""
    paths = ["__".join(way) or "pk" for way in ways_to_patient(model)]
    if len(paths) == 1:
        return condition(paths[0])
    found, only = models.Q(pk__in=[]), models.Q()
    for path in paths:
        theirs = condition(path)
        found |= theirs
        only &= theirs | models.Q((f"{path}__isnull", True))
    return found & only


@cache
def table_of_patients() -> type[models.Model]:
    (found,) = (model for model in apps.get_models() if getattr(model, "is_patient", False))
    return found
