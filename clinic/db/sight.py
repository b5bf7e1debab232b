"""Whose clinical record somebody sees (decisions 0070 and 0102).

The permissions name what is seen of some patients alone: they begin with BREAK_GLASS. Whose rows
that are, is asked here of tables, and of one patient by `User.sees`.
"""

from functools import cache, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from clinic.db.ways import by_patients

BREAK_GLASS = "break_glass:"


def permission_to_view(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def opened_to(user: Any, rows: Any) -> Any:
    """Of these rows, those whose content `user` is given."""
    if user.has_perm(BREAK_GLASS + permission_to_view(rows.model)):
        return rows.filter(of_seen(user, rows.model))
    return rows


def of_seen(user: Any, model: type[models.Model]) -> Q:
    """Rows of a table of patients whose record is open to `user`, and of nobody else beside."""
    return by_patients(model, lambda path: seen(user, path))


def seen(user: Any, path: str) -> Q:
    """What leads by `path` to a patient whose record is open to `user`: they have opened it, or the
    clinic shows it to whoever treats there, or to its care team, of which they are."""
    found = Q((f"{path}__in", user.opened))
    if not user.narrowed:
        return found
    if others := [pk for pk in user.clinic_ids if pk not in user.narrowed]:
        found |= Q((f"{path}__clinic__in" if path != "pk" else "clinic__in", others))
    teams = (rows.filter(practitioner=user.pk, patient=OuterRef(path)) for rows in care_teams())
    return reduce(or_, (Q(probe(rows)) for rows in teams), found)


def treated_by_nobody(path: str) -> Q:
    """What leads to a patient of whose care team nobody is who works here."""
    theirs = {"practitioner__is_active": True, "patient": OuterRef(path)}
    return ~reduce(or_, (Q(Exists(rows.filter(**theirs))) for rows in care_teams()))


def care_teams() -> list[Any]:
    """The rows by which somebody is of a care team, table by table."""
    return [model._base_manager.filter(model.care_team) for model in _tables()]


@cache
def _tables() -> tuple[Any, ...]:
    found = (model for model in apps.get_models() if hasattr(model, "care_team"))
    return tuple(model for model in found if model.care_team is not None)


def probe(rows: "models.QuerySet[Any]") -> Subquery:
    """Whether there is a row of a correlated subquery, by one look into an index for each row of
    the outer one. Of an EXISTS that stands in an OR, PostgreSQL may rather read all there are."""
    return Subquery(rows.values(yes=models.Value(True))[:1], output_field=models.BooleanField())
