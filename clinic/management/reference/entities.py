"""docs/entities.md: a diagram of the models of each app, and what each of them is."""

from typing import Any

from django.apps import apps
from django.db.models import Field, Model

APPS = ("clinic", "patients", "treatment_sessions", "aftercare")
HEAD = """# Entities

One diagram for each app; what it borrows from the apps below stands in theirs. A line is a foreign
key and bears its name; a circle means that there may be none. Nearly every row names its clinic
and who wrote it: lines to `Clinic` and `User` are drawn only where these have a name for the other
side. A table marked with ⟲ has its whole history beside it, in a table of its name and `_history`
([decision 0007](decisions/0007-versions-and-history.md)); those tables are left out here.
"""


def entities() -> str:
    return "\n".join([HEAD, *(_app(label) for label in APPS)])


def _app(label: str) -> str:
    config = apps.get_app_config(label)
    folder = config.name.rpartition(".")[2]
    models = [m for m in config.get_models() if not hasattr(m, "pgh_tracked_model")]
    lines = [line for model in models for line in _lines(model) or [model.__name__]]
    return "\n".join(
        [
            f"## `{folder}`\n",
            "```mermaid",
            "erDiagram",
            *(f"    {line}" for line in lines),
            "```\n",
            "| entity | table | what it is |",
            "|---|---|---|",
            *(_row(model) for model in sorted(models, key=lambda model: model.__name__)),
            "",
        ]
    )


def _lines(model: type[Model]) -> list[str]:
    fields: list[Any] = [*model._meta.fields, *model._meta.many_to_many]
    return [
        f"{field.related_model.__name__} {_cardinality(field)} {model.__name__} : {field.name}"
        for field in fields
        if _is_drawn(field)
    ]


def _is_drawn(field: Any) -> bool:
    target = field.related_model
    if target is None or target._meta.app_label not in APPS:
        return False
    if target.__name__ not in ("Clinic", "User"):
        return True
    return field.remote_field.related_name not in (None, "+")


def _cardinality(field: "Field[Any, Any]") -> str:
    if field.many_to_many:
        return "}o--o{"
    one = "|o" if field.null else "||"
    return f"{one}--o|" if field.one_to_one else f"{one}--o{{"


def _row(model: type[Model]) -> str:
    tracked = " ⟲" if hasattr(model, "pgh_event_model") or hasattr(model, "history") else ""
    says = " ".join((model.__doc__ or "").strip().partition("\n\n")[0].split())
    return f"| {model.__name__} | `{model._meta.db_table}`{tracked} | {says} |"
