"""A JSON schema of the file, derived from the models as the file is."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from aftercare.records.export.tables import exported_fields, exported_models, is_named
from clinic.db.encryption import EncryptedJSONField

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: dict[str, Any] = {"type": "string"}
# By the kind of column, the more particular first.
KINDS: list[tuple[type[Any], dict[str, Any]]] = [
    (models.BooleanField, {"type": "boolean"}),
    (models.DecimalField, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
    (models.IntegerField, {"type": "integer"}),
    (models.AutoField, {"type": "integer"}),
    (models.FloatField, {"type": "number"}),
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.TimeField, {"type": "string"}),
    (models.DurationField, {"type": "string", "format": "duration"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.JSONField, {}),
    (EncryptedJSONField, {}),
    (models.GenericIPAddressField, TEXT),
    (models.FileField, {"type": "string", "description": "The name of the file in this ZIP."}),
    (models.CharField, TEXT),
    (models.TextField, TEXT),
]
ID = {"type": "string", "format": "uuid"}
NAMED = {
    "type": "object",
    "properties": {"id": {"type": ["string", "integer"]}, "name": TEXT},
    "required": ["id", "name"],
    "additionalProperties": False,
}


class NoKind(TypeError):
    """A kind of column that the schema does not know: add it to KINDS."""


def schema() -> dict[str, Any]:
    tables = {model._meta.label: _table(model) for model in exported_models()}
    return {
        "$schema": DRAFT,
        "title": "All that a clinic holds about one patient",
        **_object(
            {
                "made_at": {"type": "string", "format": "date-time"},
                "patient": ID,
                "clinic": _object(dict.fromkeys(("name", "address", "phone", "email"), TEXT)),
                "tables": _object(tables),
                "messages": {"type": "array", "items": _message()},
                "left_out": {"type": "array", "items": _object({"what": TEXT, "why": TEXT})},
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _message() -> dict[str, Any]:
    words = dict.fromkeys(("id", "channel", "status", "sent_at", "subject"), TEXT)
    return _object({**words, "text": {"type": ["string", "null"]}})


def _table(model: type[models.Model]) -> dict[str, Any]:
    return {
        "title": str(model._meta.verbose_name),
        "description": " ".join((model.__doc__ or "").split()),
        "type": "array",
        "items": _object({field.name: _field(field) for field in exported_fields(model)}),
    }


def _field(field: Any) -> dict[str, Any]:
    words = {"title": str(field.verbose_name), "description": str(field.help_text)}
    shape = {**{k: v for k, v in words.items() if v}, **_shape(field)}
    # Of another patient, a key is told as empty.
    may_be_empty = field.null or getattr(field.related_model, "is_patient", False)
    return {"anyOf": [shape, {"type": "null"}]} if may_be_empty else shape


def _shape(field: Any) -> dict[str, Any]:
    if field.is_relation:
        if is_named(field):
            return NAMED
        return ID
    if field.choices and not isinstance(field, ArrayField):
        known = [{"const": value, "title": str(title)} for value, title in field.flatchoices]
        return {"oneOf": [*known, {"const": ""}] if field.blank else known}
    if isinstance(field, ArrayField):
        return {"type": "array", "items": _shape(field.base_field)}
    for kind, shape in KINDS:
        if isinstance(field, kind):
            return shape
    raise NoKind(f"{field.model.__name__}.{field.name}")
