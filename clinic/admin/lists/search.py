"""How the lists and the choices of the admin are searched."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext

from clinic.admin.lists.any_size import MOST_COUNTED
from clinic.audit.subjects import is_of_patients
from clinic.db import folding as _folding  # noqa: F401  registers the lookup
from clinic.db.among import Listed
from clinic.permissions import TOO_SHORT, actor, is_too_short, most_found
from clinic.values.letters import letters

SEARCHED = 500  # rows whose own words are looked through
_SHORT = re.compile("(?<=[AOU])E|(?<=A)A")
_OWN = str.maketrans(
    {**dict(zip("ŁØĐÐĦŦŊ", "LODDHTN", strict=True)), "Æ": "AE", "Œ": "OE", "Þ": "TH"}
)
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
            _say(request, gettext(TOO_SHORT))
            return queryset.none(), False
        if not is_of_patients(self.model):  # looked for once, and not for the count and the page
            few = queryset.order_by().filter(_looked_up(self.model, fields, search_term))
            return queryset.filter(pk__in=list(few.values_list("pk", flat=True))), False
        newest = Newest(queryset, self.model, fields)
        best = {path: self._people(request, path, search_term) for path in people}
        found = self._of(best) | newest.that_hold(search_term)
        if people and fields and not any(best.values()):
            for person, rest in _parted(search_term):
                ids = {path: self._people(request, path, person) for path in people}
                if any(ids.values()):
                    found |= self._of(ids) & newest.that_hold(rest)
        most = most_found(actor(request))
        if most and any(len(ids) >= most for ids in best.values()):
            _say(
                request,
                gettext(
                    "No more than {most} patients are looked up: type more to narrow it."
                ).format(most=most),
            )
        return self._ordered(request, queryset.filter(Listed("pk", found)), best), False

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

    def _of(self, people: dict[str, list[Any]]) -> set[Any]:
        """The rows of these patients, of very many some. Looked up first: asked for the newest rows
        of hundreds of patients, PostgreSQL reads the rows of all until it has a page."""
        found: set[Any] = set()
        for path, ids in people.items():
            if path == "pk":
                found.update(ids)
            elif ids:
                # in the order of an index: PostgreSQL may otherwise look up all of it first
                rows = self.model._default_manager.filter(Listed(path, ids)).order_by(F(path))
                found.update(rows.values_list("pk", flat=True)[:MOST_COUNTED])
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


def _hold(fields: list[str], text: str) -> Q:
    """Each word stands in one of the fields."""
    found = Q(pk__isnull=not fields)
    for word in _words(text):
        holds = Q()
        for name in fields:
            holds |= Q(**{f"{name}__folded": word})
        found &= holds
    return found


def _words(text: str) -> list[str]:
    """As they were typed; a telephone number is one word."""
    if _NUMBER.fullmatch(text):
        return [re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0") or text]
    return text.replace(",", " ").split()


class Newest:
    """The newest rows of a list of what grows with the patients, and the words that stand in them
    or in what they refer to. Read once, however often a search looks through them."""

    def __init__(self, rows: Any, model: Any, fields: list[str]) -> None:
        self.rows = rows.order_by("-pk")
        self.own = [name for name in fields if "__" not in name]
        self.referred = list(_referred(model, fields))

    @cached_property
    def written(self) -> dict[Any, str]:
        rows = self.rows.values_list("pk", *self.own)[:SEARCHED] if self.own else ()
        return {key: "\n".join(_plain(one) for one in texts) for key, *texts in rows}

    def that_hold(self, text: str) -> set[Any]:
        words = [_plain(word) for word in _words(text)]
        found = {key for key, texts in self.written.items() if all(one in texts for one in words)}
        for path, model, names in self.referred:
            few = model._default_manager.filter(_hold(names, text)).values_list("pk", flat=True)
            if ids := list(few[:SEARCHED]):
                rows = self.rows.filter(**{f"{path}__in": ids}).values_list("pk", flat=True)
                found.update(rows[:MOST_COUNTED])
        return found


def _plain(words: str) -> str:
    """Much as PostgreSQL does it (clinic.db.folding): Mueller, Müller and Muller are one."""
    return _SHORT.sub("", letters(words).translate(_OWN).replace(" ", ""))


def _parted(text: str) -> Iterator[tuple[str, str]]:
    """The words in two parts, each of which may be the first."""
    words = text.split()[:4]
    for cut in range(1, len(words)):
        before, behind = " ".join(words[:cut]), " ".join(words[cut:])
        yield before, behind
        yield behind, before
