"""How the lists and the choices of the admin are searched."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.http import HttpRequest

from clinic.db import folding as _folding  # noqa: F401  registers the lookup
from clinic.permissions import actor

_NUMBER = re.compile(r"[\d\s()+/.–-]*\d[\d\s()+/.–-]*")


class FoldedSearch:
    """Finds by `search_fields`, however it is typed: `clinic.db.folding`.

    Fields of a model that has a search of its own, which is to say of a patient, are searched by
    that one, wherever the path to it leads; its best hits come first in lists of these rows
    themselves and where one of them is chosen. Of several words, the first ones may name the
    patient and the others something else, or the other way round.
    """

    model: type[models.Model]
    search_fields: ClassVar[Any]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not self.search_fields or not search_term.strip():
            return queryset, False
        people, fields = self._search_paths()
        best = {path: self._people(request, path, search_term) for path in people}
        found = _of(best) | _hold(fields, search_term)
        if people and fields and not any(best.values()):
            for person, rest in _parted(search_term):
                ids = {path: self._people(request, path, person) for path in people}
                found |= _of(ids) & _hold(fields, rest)
        return self._ordered(request, queryset.filter(found), best), False

    def _search_paths(self) -> tuple[list[str], list[str]]:
        """The paths to models with a search of their own, and the fields of all others."""
        people, fields = [], []
        for name in self.search_fields:
            *path, _ = name.split("__")
            model: Any = self.model
            for part in path:
                model = model._meta.get_field(part).related_model
            if hasattr(model._default_manager.all(), "search"):
                people.append("__".join(path) or "pk")
            else:
                fields.append(name)
        return list(dict.fromkeys(people)), fields

    def _people(self, request: HttpRequest, path: str, text: str) -> list[Any]:
        model: Any = self.model
        for part in path.split("__") if path != "pk" else ():
            model = model._meta.get_field(part).related_model
        rows = model._default_manager.search(text, clinics=actor(request).clinic_ids)
        return list(rows.values_list("pk", flat=True))

    def _ordered(self, request: HttpRequest, rows: Any, best: dict[str, list[Any]]) -> Any:
        """The best hit first, unless somebody has chosen another order."""
        chosen = request.path.endswith("/autocomplete/")
        if "o" in request.GET or not (chosen or "pk" in best):
            return rows
        places = [
            Func(Value(ids, ArrayField(models.UUIDField())), F(path), function="array_position")
            for path, ids in best.items()
            if ids
        ]
        return rows.order_by(*places, *rows.query.order_by)


def _of(people: dict[str, list[Any]]) -> Q:
    found = Q(pk__in=[])
    for path, ids in people.items():
        found |= Q(**{f"{path}__in": ids})
    return found


def _hold(fields: list[str], text: str) -> Q:
    """Each word stands in one of the fields; a telephone number is one word."""
    words = text.replace(",", " ").split()
    if _NUMBER.fullmatch(text):
        words = [re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0") or text]
    found = Q(pk__isnull=not fields)
    for word in words:
        holds = Q(pk__in=[])
        for name in fields:
            holds |= Q(**{f"{name}__folded": word})
        found &= holds
    return found


def _parted(text: str) -> Iterator[tuple[str, str]]:
    """The words in two parts, each of which may be the first."""
    words = text.split()[:4]
    for cut in range(1, len(words)):
        before, behind = " ".join(words[:cut]), " ".join(words[cut:])
        yield before, behind
        yield behind, before
