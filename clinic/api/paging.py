"""Lists in pages, each with the addresses of the next one and the one before."""

import operator
import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class NewestFirst(CursorPagination):
    """Pages by UUIDv7, that is by creation: nothing is skipped or repeated while rows come in."""

    ordering: Any = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    query_params = frozenset({"cursor", "page_size"})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**address, "description": "The address of the next page; null: none."},
                "previous": {**address, "description": "Of the page before; null: none."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limits = {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "Which page: see `next` and `previous` of an answer.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_query_param,
                "in": "query",
                "description": "How many rows a page has.",
                "schema": {"type": "integer", **limits},
            },
        ]

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not re.fullmatch("[1-9][0-9]{0,3}", asked) or int(asked) > self.max_page_size:
            words = f"Must be a whole number from 1 to {self.max_page_size}."
            raise ValidationError({self.page_size_query_param: [words]})
        return int(asked)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ModelValidationError, ValueError, OverflowError) as error:
            if isinstance(error, ValidationError) or "cursor" not in request.query_params:
                raise
            raise no_such_page() from error


def page_of(view: Any, rows: Any, serializer: Any) -> Response:
    """The page that was asked for, of what belongs to one object."""
    pages = view.pagination_class()
    page = pages.paginate_queryset(rows, view.request, view=view)
    return Response(pages.get_paginated_response(serializer(page, many=True).data).data)


def pages_by(*ordering: str) -> type[NewestFirst]:
    """Pages by other columns."""
    return type("Ordered", (NewestFirst,), {"ordering": ordering})


class ListPages(NewestFirst):
    """Pages of what is put together in memory, from several tables: a list that is sorted."""

    descending = True

    def position_of(self, row: Any) -> str:
        """A text that no two rows share, and that is sorted as the rows are."""
        raise NotImplementedError

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        rows: Sequence[Any] = queryset
        self.request, self.base_url = request, request.build_absolute_uri()
        size = self.get_page_size(request)
        start, end = self._bounds([self.position_of(row) for row in rows], size)
        self._ends = (
            self.position_of(rows[end - 1]) if end < len(rows) else None,
            self.position_of(rows[start]) if 0 < start < end else None,
        )
        return list(rows[start:end])

    def _bounds(self, positions: list[str], size: int) -> tuple[int, int]:
        cursor = self._cursor()
        if cursor is None:
            return 0, min(size, len(positions))
        before = operator.gt if self.descending else operator.lt
        end = sum(before(position, cursor.position) for position in positions)
        if cursor.reverse:
            return max(0, end - size), end
        start = end + (cursor.position in positions)
        return start, min(start + size, len(positions))

    def _cursor(self) -> Any:
        try:
            cursor = self.decode_cursor(self.request)
        except NotFound as error:
            raise no_such_page() from error
        if cursor and cursor.position is None:  # made by hand: ours have one
            raise no_such_page()
        return cursor

    def get_next_link(self) -> str | None:
        return self._link(self._ends[0], reverse=False)

    def get_previous_link(self) -> str | None:
        return self._link(self._ends[1], reverse=True)

    def _link(self, position: str | None, *, reverse: bool) -> str | None:
        at: Any = position  # DRF's types know numbers only
        return at and self.encode_cursor(Cursor(offset=0, reverse=reverse, position=at))


def no_such_page() -> ValidationError:
    words = "Follow the links next and previous of an answer; this leads nowhere."
    return ValidationError({"cursor": [words]})
