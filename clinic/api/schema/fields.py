"""What the API's values may be, where drf-spectacular says less than the truth."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from rest_framework import serializers
from rest_framework.fields import empty

from clinic.api.schema.answers import ETAG
from clinic.api.schema.operations import collection, in_words, operation_name
from clinic.api.schema.words import operation_words
from clinic.http.writes import SafeWrites, write_headers

# OpenAPI's "time" is a time with an offset. Ours stand on the wall clock of a clinic.
WALL_CLOCK = r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$"


class ClinicSchema(AutoSchema):
    """Describes one operation of the API."""

    def get_operation_id(self) -> str:
        return operation_name(self.view, self.method, self.path, is_list=self._is_list_view())

    def get_summary(self) -> str:
        return in_words(self.get_operation_id())

    def get_description(self) -> str:  # type: ignore[override]
        verb = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return operation_words(self.get_operation_id()) or get_doc(verb)

    def get_tags(self) -> list[str]:
        return [collection(self.path)]

    def get_override_parameters(self) -> list[Any]:
        return (
            write_headers(self.view, self.method, self.path)
            if isinstance(self.view, SafeWrites)
            else []
        )

    def _get_response_for_code(self, serializer: Any, *args: Any, **kwargs: Any) -> Any:
        inherited: Any = super()._get_response_for_code
        response = inherited(serializer, *args, **kwargs)
        is_object = isinstance(self.view, SafeWrites) and self.view.tags(serializer)
        if is_object and not self._is_list_view(serializer):
            response.setdefault("headers", {})["ETag"] = ETAG
        return response

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: bool = False
    ) -> Any:
        if field.read_only and hasattr(field, "allow_blank"):
            field.allow_blank = may_be_blank(field)
        inherited: Any = super()._map_serializer_field
        schema = inherited(field, direction, bypass_extensions)
        if isinstance(field, serializers.TimeField):
            del schema["format"]
            schema["pattern"] = WALL_CLOCK
        return schema

    def _get_paginator(self) -> Any:  # a POST that answers rows answers all of them
        inherited: Any = super()._get_paginator
        return inherited() if self.method == "GET" else None

    def get_filter_backends(self) -> list[Any]:
        return super().get_filter_backends() if self.method == "GET" else []

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name.removesuffix('Out')}Page"


def may_be_blank(field: Any) -> bool:
    """Whether "" can be the answer: ModelSerializer does not say so of what is only read."""
    if field.default is not empty:
        return bool(field.default == "")
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    for name in field.source.split("."):
        found = model and next((f for f in model._meta.get_fields() if f.name == name), None)
        model = getattr(found, "related_model", None)
    return bool(getattr(found, "blank", True))
