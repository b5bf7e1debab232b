"""How the lists and the choices of the admin are searched."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.http import HttpRequest

from clinic.admin.lists.any_size import MOST_COUNTED
from clinic.audit.subjects import is_of_patients
from clinic.db import folding as _folding  # noqa: F401  registers the lookup
from clinic.db.encryption import EncryptedTextField
from clinic.permissions import TOO_SHORT, actor, is_too_short, most_found
from clinic.values.letters import letters

SEARCHED = 500  # rows whose own words are looked through
_SHORT = re.compile("(?<=[AOU])E|(?<=A)A")
_NUMBER = re.compile(r"[\d\s()+/.–-]*\d[\d\s()+/.–-]*")


class FoldedSearch:
    """Finds by `search_fields`, however it is typed: `clinic.db.folding`.

    Fields of a model that has a search of its own, which is to say of a patient, are searched by
    that one, wherever the path to it leads; its best hits come first in lists of these rows
    themselves and where one of them is chosen. Of several words, the first ones may name the
    patient and the others something else, or the other way round.

    Of what grows with the patients, the newest rows alone are searched for what stands in them, and
    fields of what is few, such as a protocol, are looked up first; so is who is searched for alone,
    such as a practitioner with a dozen working hours.
    """

    model: type[models.Model]
    search_fields: ClassVar[Any]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not self.search_fields or not search_term.strip():
            return queryset, False
        people, fields = self._search_paths()
        if people and is_too_short(search_term, actor(request)):
            _say(request, TOO_SHORT)
            return queryset.none(), False
        best = {path: self._people(request, path, search_term) for path in people}
        found = self._of(best) | self._hold(queryset, fields, search_term)
        if people and fields and not any(best.values()):
            for person, rest in _parted(search_term):
                ids = {path: self._people(request, path, person) for path in people}
                found |= self._of(ids) & self._hold(queryset, fields, rest)
        most = most_found(actor(request))
        if most and any(len(ids) >= most for ids in best.values()):
            _say(request, f"No more than {most} patients are looked up: type more to narrow it.")
        return self._ordered(request, queryset.filter(found), best), False

    def _hold(self, rows: Any, fields: list[str], text: str) -> Q:
        """What stands in the row itself, or in what it refers to."""
        if not (fields and is_of_patients(self.model)):
            return _looked_up(self.model, fields, text)
        newest = rows.order_by("-pk").values("pk")[:SEARCHED]
        own = [name for name in fields if "__" not in name]
        holds = _hold(
            own, text, "contained", near=self.model._default_manager.filter(pk__in=newest)
        )
        near = self.model._default_manager.filter(holds, pk__in=newest)
        found = Q(pk__in=list(near.values_list("pk", flat=True)) if own else [])
        for path, model, names in _referred(self.model, fields):
            few = model._default_manager.filter(_hold(names, text)).values_list("pk", flat=True)
            found |= Q(**{f"{path}__in": list(few[:SEARCHED])})
        return found

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
        by = actor(request)
        rows = model._default_manager.search(text, clinics=by.clinic_ids, most=most_found(by))
        return list(rows.values_list("pk", flat=True))

    def _of(self, people: dict[str, list[Any]]) -> Q:
        """The rows of these patients, of very many some. Looked up first: asked for the newest rows
        of hundreds of patients, PostgreSQL reads the rows of all until it has a page."""
        found = Q(pk__in=[])
        for path, ids in people.items():
            if path == "pk" or not ids or not is_of_patients(self.model):
                found |= Q(**{f"{path}__in": ids})
            else:
                rows = self.model._default_manager.filter(**{f"{path}__in": ids}).order_by()
                found |= Q(pk__in=list(rows.values_list("pk", flat=True)[:MOST_COUNTED]))
        return found

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


def _say(request: HttpRequest, text: str) -> None:
    """On a page; choices that are fetched by a script show nothing but rows."""
    match = request.resolver_match
    if match and match.view_name.endswith("_changelist"):
        messages.info(request, text)


def _referred(model: Any, fields: list[str]) -> Iterator[tuple[str, Any, list[str]]]:
    """Paths to other models, and which of their fields are searched."""
    by_path: dict[str, list[str]] = {}
    for name in fields:
        path, _, last = name.rpartition("__")
        if path:
            by_path.setdefault(path, []).append(last)
    for path, names in by_path.items():
        target = model
        for part in path.split("__"):
            target = target._meta.get_field(part).related_model
        yield path, target, names


def _looked_up(model: Any, fields: list[str], text: str) -> Q:
    """What refers to the rows that hold a text, if it is looked for in these alone."""
    referred = list(_referred(model, fields))
    if len(referred) != 1 or len(referred[0][2]) < len(fields):
        return _hold(fields, text)
    ((path, target, names),) = referred
    found = target._default_manager.filter(_hold(names, text)).values_list("pk", flat=True)
    return Q(**{f"{path}__in": list(found)})


def _hold(fields: list[str], text: str, lookup: str = "folded", *, near: Any = None) -> Q:
    """Each word stands in one of the fields; a telephone number is one word. What is encrypted is
    read from the rows `near`, and looked through here."""
    words = text.replace(",", " ").split()
    if _NUMBER.fullmatch(text):
        words = [re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0") or text]
    encrypted = [name for name in fields if near is not None and _is_encrypted(near.model, name)]
    written = {
        key: "\n".join(_plain(one) for one in texts)
        for key, *texts in (near.values_list("pk", *encrypted) if encrypted else ())
    }
    found = Q(pk__isnull=not fields)
    for word in words:
        holds = Q(pk__in=[key for key, texts in written.items() if _plain(word) in texts])
        for name in fields:
            if name not in encrypted:
                holds |= Q(**{f"{name}__{lookup}": word})
        found &= holds
    return found


def _is_encrypted(model: Any, name: str) -> bool:
    return isinstance(model._meta.get_field(name), EncryptedTextField)


def _plain(words: str) -> str:
    """Much as PostgreSQL does it (clinic.db.folding): Mueller, Müller and Muller are one."""
    return _SHORT.sub("", letters(words).replace(" ", ""))


def _parted(text: str) -> Iterator[tuple[str, str]]:
    """The words in two parts, each of which may be the first."""
    words = text.split()[:4]
    for cut in range(1, len(words)):
        before, behind = " ".join(words[:cut]), " ".join(words[cut:])
        yield before, behind
        yield behind, before
