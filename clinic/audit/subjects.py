"""Whose data a row is: the way from each table to its patient, read from the models.

A model that is a patient says so (`is_patient`). Of all others it is the nearest patient that their
keys lead to; a table whose keys lead to none holds no data of patients. A model that is about
patients whom no key of it names says who they are (`whose`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from django.db import models

from clinic.db.ways import Way, ways_to_patient

View = TypeVar("View", bound=Callable[..., Any])


def is_of_patients(model: type[models.Model] | None) -> bool:
    if model is None:
        return False
    return getattr(model, "tells_of_patients", False) or bool(ways_to_patient(model))


def about(model: type[models.Model]) -> Callable[[View], View]:
    """For a view of the admin that is no page of a model's own: what its address names."""

    def mark(view: View) -> View:
        view.about = model  # type: ignore[attr-defined]
        return view

    return mark


class Subjects:
    """The patients of what was touched. What their rows do not know by themselves is asked of the
    database in the statement that writes it down."""

    def __init__(self) -> None:
        self.ids: set[UUID] = set()
        self._unread: dict[type[models.Model], set[Any]] = {}

    def __bool__(self) -> bool:
        return bool(self.ids or self._unread)

    def add(self, rows: Iterable[Any]) -> None:
        """Rows of any table, or ids of patients."""
        for row in rows:
            if isinstance(row, models.Model):
                self._add_row(row)
            elif row is not None:
                self.ids.add(row if isinstance(row, UUID) else UUID(str(row)))

    def add_by_id(self, model: type[models.Model], *ids: Any) -> None:
        """Rows that were named and not read, if there are any."""
        if ids and is_of_patients(model):
            self._unread.setdefault(model, set()).update(ids)

    def _add_row(self, row: models.Model) -> None:
        if hasattr(row, "whose"):
            self._unread.setdefault(type(row), set()).add(row.pk)
            return
        for way in ways_to_patient(type(row)):
            found = _follow(row, way)
            if found is UNREAD:
                self._unread.setdefault(type(row), set()).add(row.pk)
            elif found is not None:
                self.ids.add(found)

    @property
    def are_read(self) -> bool:
        """Whether `ids` are all of them."""
        return not self._unread

    def expression(self, clinic_ids: Collection[UUID]) -> tuple[str, list[Any]]:
        """SQL for an array of them, where some are not read. Whom no key names is named at these
        clinics alone: nobody learns of a patient from another one."""
        parts, values = ["SELECT unnest(%s::uuid[])"], [sorted(self.ids)]
        for model, ids in self._unread.items():
            for found in _found(model, ids, clinic_ids):
                sql, given = found.query.sql_with_params()
                parts.append(sql)
                values += given
        union = " UNION ".join(parts)
        found = f"SELECT id FROM ({union}) AS of (id) WHERE id IS NOT NULL ORDER BY id"  # noqa: S608
        return f"ARRAY({found})", values


def _found(
    model: type[models.Model], ids: Collection[Any], clinic_ids: Collection[UUID]
) -> Iterator[Any]:
    rows = model._base_manager.filter(pk__in=ids).order_by()
    if clinic_ids and hasattr(model, "whose"):
        yield from model.whose(rows, clinic_ids=clinic_ids)
        return
    for way in ways_to_patient(model):
        yield rows.values_list("__".join(way) or "pk")


UNREAD = object()


def _follow(row: Any, way: Way) -> Any:
    """The patient's id at the end of a way, if it was read: else UNREAD."""
    if not way:
        return row.pk
    *keys, last = way
    for key in keys:
        field = row._meta.get_field(key)
        if getattr(row, field.attname) is None:
            return None
        if not field.is_cached(row):
            return UNREAD
        row = field.get_cached_value(row)
        if row is None:
            return None
    attname = row._meta.get_field(last).attname
    return getattr(row, attname) if attname in row.__dict__ else UNREAD
