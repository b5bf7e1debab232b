"""Lists of tables of any size: no more is counted, sorted or searched than is shown."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext

from clinic.audit.subjects import is_of_patients

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PAGE = 50
MOST_COUNTED = 20 * PAGE  # nobody leafs further; filters and the search lead to what is older


class NearPages(Paginator):  # type: ignore[type-arg]
    """Pages of a table that grows for ever: no more rows are counted than anybody leafs through."""

    template_name = "clinic/admin/near_pages.html"

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found: int = rows.order_by().values("pk")[:MOST_COUNTED].count()
        return found

    @property
    def has_more(self) -> bool:
        """More than are counted."""
        return self.count == MOST_COUNTED


class NewestPages(NearPages):
    """The same for rows of which only the newer ones are likely to be shown: counted from there."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found: int = rows.values("pk")[:MOST_COUNTED].count()
        return found


class NearLists:
    """For the pages of the admin: lists in near pages, sorted only as an index is."""

    model: type[models.Model]
    paginator = NearPages
    list_per_page = PAGE
    list_max_show_all = PAGE
    everything = ""  # what an address says that shows more than the list does by itself
    nothing: "StrOrPromise" = ""  # what it says if it is empty, in the place of "Nothing here yet"

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """What is done to all that a filter finds is done to no more than its list counts."""
        if request.POST.get("select_across") == "1" and NearPages(queryset, PAGE).has_more:
            words = gettext("These are more than {most}: narrow them by a filter first.").format(
                most=f"{MOST_COUNTED:,}"
            )
            self.message_user(request, words, messages.ERROR)  # type: ignore[attr-defined]
            return None
        return super().response_action(request, queryset)  # type: ignore[misc]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Of what grows with the patients, the moments that an index of the clinic has; everything
        else of the clinic is few, and sorted at once."""
        names = super().get_sortable_by(request)  # type: ignore[misc]
        if not is_of_patients(self.model):
            return names
        indexed = {
            index.fields[1]
            for index in self.model._meta.indexes
            if index.fields[:1] == ["clinic"] and len(index.fields) > 1 and not index.condition
        }
        moments = {
            field.name
            for field in self.model._meta.concrete_fields
            if isinstance(field, models.DateField)
        }
        return [name for name in names if self._order_of(name) in indexed & moments]

    def _order_of(self, name: Any) -> Any:
        """The field by which a column is sorted."""
        column = getattr(self, name, None) if isinstance(name, str) else name
        return getattr(column, "admin_order_field", None) or name
