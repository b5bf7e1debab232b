"""Catalogues: rows that ship as YAML in the app that owns them and that a clinic edits later.

Loading is idempotent and never overwrites: a row that exists, by its key, is the clinic's own.
"""

from pathlib import Path
from typing import Any

import yaml
from django.db import models

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    """The rows of one YAML file, in the order of the file."""
    with path.open(encoding="utf-8") as file:
        rows: list[Row] = yaml.safe_load(file)
    return rows


def add_missing(model: type[models.Model], rows: list[Row], *, key: tuple[str, ...]) -> int:
    """Create the rows whose `key` fields are not yet in the table; returns how many."""
    manager = model._default_manager
    known = set(manager.values_list(*key))
    new = [model(**row) for row in rows if tuple(row[name] for name in key) not in known]
    for instance in new:
        instance.full_clean()
    manager.bulk_create(new)
    return len(new)
