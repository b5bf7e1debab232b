"""What the page of one row reads: that row once, together with the rows that it names."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.http import HttpRequest

Method = TypeVar("Method", bound=Callable[..., Any])
ONLY_READS = {"GET", "HEAD"}
READ = "_rows_read"


class ReadsOnce:
    """For the pages of the admin: everybody who asks for the row of a request gets the same one.

    Only while nothing is written, and only until `forget_rows`.
    """

    model: type[models.Model]
    # What the page names beside the rows of its own foreign keys, as in list_select_related.
    page_select_related: Sequence[str] = ()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        if request.method not in ONLY_READS or from_field is not None:
            return self._with_more(request, super().get_object(request, object_id, from_field))  # type: ignore[misc]
        known: dict[Any, Any] = request.__dict__.setdefault(READ, {})
        key = (self.model, str(object_id))
        if key not in known:
            row = self._read(self.get_queryset(request), object_id)  # type: ignore[attr-defined]
            known[key] = self._with_more(request, row)
        return known[key]

    def known_row(self, request: HttpRequest, object_id: str) -> Any:
        """The row without more than itself, if nobody has asked for it yet."""
        known: dict[Any, Any] = request.__dict__.get(READ, {})
        rows: models.QuerySet[Any] = self.get_queryset(request)  # type: ignore[attr-defined]
        return known.get((self.model, object_id)) or self._read(
            rows.prefetch_related(None), object_id
        )

    def read_more(self, request: HttpRequest, row: Any) -> None:
        """Read what the page shows beside the row, and set it on the row."""

    def _with_more(self, request: HttpRequest, row: Any) -> Any:
        if row is not None:
            self.read_more(request, row)
        return row

    def _read(self, rows: models.QuerySet[Any], object_id: str) -> Any:
        rows = rows.select_related(*named_by(self.model), *self.page_select_related)
        try:
            return rows.get(pk=self.model._meta.pk.to_python(object_id))
        except (ObjectDoesNotExist, ValidationError, ValueError):
            return None


def forget_rows(request: HttpRequest) -> None:
    """Whoever asks for a row after this gets it as it is now."""
    request.__dict__.pop(READ, None)


def named_by(model: type[models.Model], *, but: type[models.Model] | None = None) -> Iterator[str]:
    """The foreign keys of a model, except those to `but`."""
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model is not but:
            yield field.name


def once_each(column: Method) -> Method:
    """What is read to be shown: once for each row, or request, that is its last argument, though a
    page asks for it three times. Below `display`."""

    @wraps(column)
    def worked_out(*args: Any) -> Any:
        known, key = args[-1].__dict__.setdefault("_worked_out", {}), (column, *args[:-1])
        if key not in known:
            known[key] = column(*args)
        return known[key]

    return worked_out  # type: ignore[return-value]
