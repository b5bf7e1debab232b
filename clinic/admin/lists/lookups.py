"""Filtering is reading: a list is narrowed by what its page offers, and by nothing else."""

from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from unfold.views import ChangeList

HIERARCHY = ("year", "month", "day", "gte", "lt")


class OwnFilters(ChangeList):
    """A list that takes the parameters of its own filters only.

    Django applies whatever else stands in the address as a condition on the rows, so that somebody
    who may see a list can ask for what they may not see: `?allergies__istartswith=l`.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters("NUL cannot be stored, so nothing has it.")
        super().__init__(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        by_date = {f"{self.date_hierarchy}__{part}" for part in HIERARCHY}
        for name in set(found[2]) - by_date:  # what no filter has taken for its own
            raise DisallowedModelAdminLookup(f"Filtering by {name} not allowed")
        return found


class OwnLookups:
    """For the pages of the admin: what their lists, and the addresses of their forms, may ask."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OwnFilters

    def hidden_from(self, request: HttpRequest) -> frozenset[str]:
        """The fields that the caller may not see: not in a form, a column, a filter or a search."""
        return frozenset()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether it begins like a filter of the list; `OwnFilters` then takes exactly those."""
        hierarchy = self.date_hierarchy or "-"  # type: ignore[attr-defined]
        return lookup.startswith(tuple(map(_path, [*self.get_list_filter(request), hierarchy])))

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._shown(request, super().get_list_display(request))  # type: ignore[misc]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self._shown(request, super().get_list_filter(request))  # type: ignore[misc]

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self._shown(request, super().get_search_fields(request))  # type: ignore[misc]

    def _shown(self, request: HttpRequest, names: Any) -> list[Any]:
        hidden = self.hidden_from(request)
        return [name for name in names if _path(name).split("__")[0] not in hidden]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """An address may say what a new row belongs to, if that exists, and nothing else."""
        initial: dict[str, Any] = {}
        for field in self.opts.concrete_fields:  # type: ignore[attr-defined]
            value = request.GET.get(field.name)
            if field.many_to_one and value and is_key(field.target_field, value):
                initial[field.name] = value
        return initial


def _path(name: Any) -> str:
    """What the parameters of a filter, named in any of Django's ways, begin with."""
    if isinstance(name, tuple | list):
        name = name[0]
    return str(getattr(name, "parameter_name", name))


class OwnAutocomplete(AutocompleteJsonView):
    """What a relation may be set to. A name that is no such field is refused, not stumbled over."""

    def process_request(self, request: HttpRequest) -> Any:
        term, page, field, to_field = super().process_request(request)
        if not field.concrete or "\0" in term:
            raise PermissionDenied
        return term, page, field, to_field

    def get_queryset(self) -> Any:
        """With what the words of a row are made of, as in the list of these rows."""
        related = self.model_admin.get_list_select_related(self.request)
        rows = super().get_queryset()
        return rows.select_related(*related) if isinstance(related, list | tuple) else rows


class OnlyKeys:
    """A form that was sent with something that is no id is shown again, with nothing chosen."""

    field: Any

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        key = self.field.target_field
        keys = [one for one in value if is_key(key, one)]
        return super().optgroups(name, keys, attrs)  # type: ignore[misc]


class OwnAutocompleteSelect(OnlyKeys, AutocompleteSelect):
    pass


class OwnAutocompleteSelectMultiple(OnlyKeys, AutocompleteSelectMultiple):
    pass


def is_key(field: Any, value: Any) -> bool:
    """Whether a value could be one of a primary key."""
    try:
        field.to_python(value)
    except ValidationError:
        return False
    return True
