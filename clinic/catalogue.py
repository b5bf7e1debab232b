"""Catalogues: rows that ship as YAML in the app that owns them and that a clinic edits later.

Loading is idempotent and never overwrites: a row that exists, by its key, is the clinic's own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from django.db import models

from clinic.models import Versioned

Row = dict[str, Any]

# What ships holds from here on, so that sessions of the past can be entered and checked as well.
# The versions that a clinic adds take effect later.
SHIPPED_FROM = datetime(2020, 1, 1, tzinfo=UTC)


def read(path: Path) -> list[Row]:
    """The rows of one YAML file, in the order of the file."""
    with path.open(encoding="utf-8") as file:
        rows: list[Row] = yaml.load(file, Loader=yaml.CSafeLoader)  # ten times as fast
    return rows


def pop_parts(rows: list[Row], name: str, *, parent: str) -> list[Row]:
    """The lists that the rows hold under `name`, as rows that name their parent by its code."""
    return [{parent: row["code"], **child} for row in rows for child in row.pop(name, [])]


def resolve_codes(rows: list[Row], **models_by_field: type[models.Model]) -> list[Row]:
    """The rows with codes replaced by the objects that they name."""
    by_code = {
        field: {thing.code: thing for thing in model._default_manager.all()}  # type: ignore[attr-defined]
        for field, model in models_by_field.items()
    }
    return [
        {**row, **{field: found[row[field]] for field, found in by_code.items()}} for row in rows
    ]


def add_missing(
    model: type[models.Model],
    rows: list[Row],
    *,
    key: tuple[str, ...] = (),
    parts: str = "",
    check: Callable[[Any], object] = lambda row: None,
) -> int:
    """Create the rows that are not yet in the table; returns how many.

    A row is known by its `key`: its code, or what its versions have in common and the version.
    `parts` is the name of a relation whose rows come with their own row or not at all, such as
    the clauses of a consent text. `check` raises ValidationError for a row that must not be stored.
    """
    usual: Row = {"effective_from": SHIPPED_FROM} if issubclass(model, Versioned) else {}
    key = key or _key(model)
    known = set(model._default_manager.values_list(*key))
    added = 0
    for row in rows:
        own = {name: value for name, value in row.items() if name != parts}
        instance = model(**{**usual, **own})
        if tuple(getattr(instance, name) for name in key) in known:
            continue
        check(instance)
        _save(instance)
        for part in row.get(parts, []):
            relation = getattr(instance, parts)
            _save(relation.model(**{relation.field.name: instance, **part}))
        added += 1
    return added


def _key(model: type[models.Model]) -> tuple[str, ...]:
    return (*model.version_key, "version") if issubclass(model, Versioned) else ("code",)


def _save(instance: models.Model) -> None:
    """One by one: bulk_create would pass by what `save` adds, such as the hash of a text.

    Constraints and what rows point to are left to the database, which says the same without being
    asked twice.
    """
    pointing = [field.name for field in instance._meta.concrete_fields if field.is_relation]
    instance.full_clean(exclude=pointing, validate_unique=False, validate_constraints=False)
    instance.save(force_insert=True)
