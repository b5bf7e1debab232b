"""What all endpoints share: view sets, ids that are visible, moments, reasons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from clinic.api.forms import BAD_YEAR, YEARS, Form, RowField, TextField
from clinic.api.paging import NewestFirst
from clinic.api.queries import StrictQuery
from clinic.http.writes import SafeWrites
from clinic.models import Clinic
from clinic.permissions import actor
from clinic.values.wallclock import Doubled, Skipped, exact_instant


class ClinicViewSet(SafeWrites, StrictQuery, GenericViewSet[Any]):
    """A view set that sees only the caller's clinics and refuses query parameters it ignores."""

    resource: str | None = None
    permissions: Mapping[str, str] = {}
    pagination_class: type[NewestFirst] | None = NewestFirst
    lookup_value_converter = "uuid"
    model: Any

    def get_queryset(self) -> models.QuerySet[Any]:
        rows: Any = self.model._default_manager.all()
        return rows.visible_to(self.request.user)  # type: ignore[no-any-return]

    def known_query_params(self) -> set[str]:
        # an action that answers pages has a pagination of its own
        paged = self.action == "list" or self.pagination_class is not type(self).pagination_class
        pages = NewestFirst.query_params if paged and self.pagination_class else frozenset()
        return (set(self._filters()) if self.action == "list" else set()) | pages

    def repeatable_query_params(self) -> set[str]:
        return {
            name
            for name, found in self._filters().items()
            if isinstance(found, filters.MultipleChoiceFilter)
        }

    def _filters(self) -> Mapping[str, Any]:
        return getattr(getattr(self, "filterset_class", None), "base_filters", {})


class CatalogueViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Rows that are the same for every clinic, such as zones and protocols."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._default_manager.all()
        return rows


def acting_clinic(request: Request, clinic_id: Any = None) -> Clinic:
    """The clinic that the caller acts for: the one named, or the only one they work at."""
    clinics = actor(request).works_at
    named = [clinic for clinic in clinics if clinic_id is None or clinic.pk == clinic_id]
    if len(named) != 1:
        yours = ", ".join(clinic.name for clinic in clinics)
        words = {"clinic": [f"Name one of your clinics: {yours or 'none'}."]}
        raise ValidationError(words, code="does_not_exist" if clinic_id else "required")
    return named[0]


class VersionedViewSet(ListModelMixin, ClinicViewSet):
    """The versions that are in effect now. A short list: it comes as one page."""

    pagination_class = None

    def get_queryset(self) -> models.QuerySet[Any]:
        manager: Any = self.model._default_manager
        rows: models.QuerySet[Any] = manager.in_effect(timezone.now())
        return rows


class VisibleField(RowField):
    """The id of a row that the caller may see; any other id does not exist."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["request"].user)  # type: ignore[no-any-return]


def unknown_ids(ids: Mapping[str, Any]) -> ValidationError:
    """The refusal of a VisibleField, for the ids in fields that were looked up otherwise."""
    words: Any = VisibleField.default_error_messages["does_not_exist"]
    errors = {field: [words.format(pk_value=pk)] for field, pk in ids.items()}
    return ValidationError(errors, code="does_not_exist")


class InstantField(serializers.DateTimeField):
    """A moment with its UTC offset: without one, two desks could read two times."""

    default_error_messages = {
        "offset": "Give the UTC offset too, as in 2027-03-01T10:00:00+01:00.",
        "range": BAD_YEAR,
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("offset")
        if value.year not in YEARS:
            self.fail("range")
        return super().enforce_timezone(value)


class WallClockField(InstantField):
    """A moment with its UTC offset, or the time on the clinic's wall clock without one.

    Which clinic that is, only the view knows: it passes the value on to `on_clock_of`.
    """

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is not None:
            return super().enforce_timezone(value)
        if value.year not in YEARS:
            self.fail("range")
        return value


def on_clock_of(row: Any, value: datetime, *, field: str = "starts_at") -> datetime:
    """The instant of a `WallClockField`, on the wall clock of the clinic that `row` belongs to.

    Raises ValidationError for a time that the clock skips or shows twice.
    """
    if value.tzinfo is not None:
        return value
    try:
        return exact_instant(value, row.clinic.zone, grid=row.clinic.slot_minutes)
    except Skipped as error:
        raise ValidationError({field: [str(error)]}, code="skipped_time") from error
    except Doubled as error:
        raise ValidationError({field: [str(error)]}, code="doubled_time") from error


class ReasonIn(Form):
    reason = TextField(required=False, allow_blank=True, max_length=500, default="")
