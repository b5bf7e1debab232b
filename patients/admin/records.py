"""Pages of what belongs to a patient: read only while the record is archived or merged."""

from operator import attrgetter
from typing import Any

from django.db.models import Model
from django.http import HttpRequest


class OfOpenRecord:
    """`record_path` leads from a row to its patient. For rows that the page changes itself; what is
    done by a service's button is refused by the service."""

    record_path = "patient"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if isinstance(obj, Model) and attrgetter(self.record_path)(obj).archived_at:
            return False
        return bool(super().has_change_permission(request, obj))  # type: ignore[misc]
