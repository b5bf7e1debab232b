"""Whose clock the admin is on: every time is typed and shown on that of the row's clinic.

A page about one row runs on its clinic's clock (`on_clock_of`), and a form about a new one on the
clock of the clinic that the typed plan, patient or clinic belongs to. Somebody who works in more
than one zone reads with every time whose it is.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext
from unfold.decorators import display

from clinic.admin.forms.fields import MomentField
from clinic.models import Clinic, User
from clinic.values.wallclock import offset_of
from clinic.values.zones import clock_of, several

register = template.Library()


def clinics_of(user: Any) -> list[Clinic]:
    """Those where somebody works, by name."""
    clinics = user.works_at if isinstance(user, User) else []
    return sorted(clinics, key=lambda clinic: clinic.name)


def has_several(request: HttpRequest) -> bool:
    """Whether the caller works on more than one clock."""
    return len({clinic.time_zone for clinic in clinics_of(request.user)}) > 1


def zones_of(row: Any, model: type[models.Model], request: HttpRequest) -> list[ZoneInfo]:
    """The clocks that a row is on: one, or those of the clinics where a practitioner works.

    The caller's own, if the row belongs to no clinic.
    """
    known = {clinic.pk: clinic for clinic in clinics_of(request.user)}
    found: list[Any] = []
    if isinstance(row, Clinic):
        found = [row]
    elif path := getattr(model._default_manager.none(), "clinic_path", ""):
        found = _follow(row, path.split("__"), known)
    if not found and getattr(row, "practitioner_id", None):
        found = [known[pk] for pk in row.practitioner.clinic_ids if pk in known]
    found = [clinic for clinic in found if clinic.time_zone] or list(known.values())[:1]
    names = [clinic.time_zone for clinic in found]
    return [ZoneInfo(name) for name in dict.fromkeys(names)]


def _follow(row: Any, path: list[str], known: dict[Any, Clinic]) -> list[Any]:
    """Along the path to the clinic."""
    for step in path[:-1]:
        row = getattr(row, f"{step}_id", None) and getattr(row, step)
        if row is None:
            return []
    clinic_id = getattr(row, f"{path[-1]}_id", None)
    if clinic_id is None:
        return []
    return [known.get(clinic_id) or getattr(row, path[-1])]


class OnClinicsClock(ModelForm):  # type: ignore[type-arg]
    """Reads typed times on the clock of the clinic that the form is about."""

    request: HttpRequest
    zones: list[ZoneInfo]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_several(self.request):
            return
        if self.instance._state.adding:
            own = {c.time_zone: clock_of(c.time_zone) for c in clinics_of(self.request.user)}
            whose = gettext("On the clinic's clock: {clocks}.").format(
                clocks=gettext(" or ").join(own.values())
            )
        else:
            whose = f"{clock_of(str(timezone.get_current_timezone()))}."
        for field in self._moments().values():
            field.help_text = f"{field.help_text} {whose}".strip()

    def _moments(self) -> dict[str, Any]:
        return {n: field for n, field in self.fields.items() if isinstance(field, MomentField)}

    def full_clean(self) -> None:
        self.zones = self._zones() if self.is_bound and self._moments() else []
        for field in self._moments().values():
            field.zone = self.zones[0] if self.zones else None
        super().full_clean()

    def clean(self) -> dict[str, Any] | None:
        if len(self.zones) > 1:
            for name in self._moments():
                self._require_offset(name, self.zones)
        return super().clean()

    def _zones(self) -> list[ZoneInfo]:
        """Of the row, or of what the form says that it will belong to."""
        model = type(self.instance)
        if not self.instance._state.adding:
            return zones_of(self.instance, model, self.request)
        head = getattr(model._default_manager.none(), "clinic_path", "").split("__")[0]
        ways = [head, *(n for n in ("plan", "session", "patient", "practitioner") if n != head)]
        for name in ways:
            field: Any = self.fields.get(name)
            typed = self[name].data if field else None
            row = field.queryset.filter(pk=typed).first() if typed and _is_id(typed) else None
            if isinstance(row, User):
                return zones_of(model(**{name: row}), model, self.request)
            if row is not None:
                return zones_of(row, type(row), self.request)
        return []

    def _require_offset(self, name: str, zones: list[ZoneInfo]) -> None:
        """A practitioner who works on several clocks: which one is meant, only the offset says."""
        moment = self.cleaned_data.get(name)
        typed = self.data.get(f"{self.add_prefix(name)}_1", "")
        if any(sign in typed for sign in "+-"):
            field, parts = self._moments()[name], self[name].data
            for zone in zones:
                field.zone = zone
                try:
                    self.cleaned_data[name] = field.clean(parts)
                except Exception:  # noqa: S112  another of the clocks may show it
                    continue
                self.errors.pop(name, None)
                return
        elif moment is not None:
            ways = gettext(" or ").join(
                f"{typed.strip()} {offset_of(moment.astimezone(zone))} ({clock_of(zone)})"
                for zone in zones
            )
            self.add_error(
                name,
                gettext("More than one clock is theirs. Type the offset too: {ways}.").format(
                    ways=ways
                ),
            )


def _is_id(typed: Any) -> bool:
    try:
        models.UUIDField().to_python(typed)
    except Exception:
        return False
    return True


class RowsClock:
    """For the pages of the admin: see above."""

    model: type[models.Model]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        view = partial(super().changeform_view, request, object_id)  # type: ignore[misc]
        return self._on_clock(request, object_id, view, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        view = partial(super().history_view, request, object_id)  # type: ignore[misc]
        return self._on_clock(request, object_id, view, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        view = partial(super().changelist_view, request)  # type: ignore[misc]
        return self._on_clock(request, None, view, extra_context)

    def _on_clock(
        self, request: HttpRequest, object_id: str | None, view: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if not has_several(request):
            plain: HttpResponse = view(*args, **kwargs)
            return plain
        row = self.get_object(request, object_id) if object_id else None  # type: ignore[attr-defined]
        zones = zones_of(row, self.model, request) if row is not None else []
        with timezone.override(zones[0] if zones else timezone.get_current_timezone()):
            answer: Any = view(*args, **kwargs)
            if hasattr(answer, "render"):
                answer.render()  # now: later the clock is another
        rendered: HttpResponse = answer
        return rendered

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)  # type: ignore[misc]
        return type(form.__name__, (OnClinicsClock, form), {"request": request})

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))  # type: ignore[misc]
        if not has_several(request):
            return columns
        return [self._told(column, request) for column in columns]

    def _told(self, column: Any, request: HttpRequest) -> Any:
        """The column, with whose clock it is if it is a moment."""
        fields = {field.name: field for field in self.model._meta.fields}
        field = fields.get(column) if isinstance(column, str) else None
        return moment_column(self.model, field, request) if is_moment(field) else column

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Also what leads to the row's clinic."""
        related = super().get_list_select_related(request)  # type: ignore[misc]
        path = getattr(self.model._default_manager.none(), "clinic_path", "clinic")
        way = path.rpartition("__")[0]
        if not way or not has_several(request) or isinstance(related, bool):
            return related
        return [*related, way]


def is_moment(field: Any) -> bool:
    return isinstance(field, models.DateTimeField)


def moment_column(
    model: type[models.Model], field: Any, request: HttpRequest
) -> Callable[[Any], str]:
    """A column of a list: the moment on the row's clock, and whose that is."""

    @display(description=field.verbose_name, ordering=field.name)
    def told(row: Any) -> str:
        moment = getattr(row, field.name)
        if moment is None:
            return "-"
        zone = zones_of(row, model, request)[0]
        return f"{localize(moment.astimezone(zone))} ({clock_of(zone)})"

    told.__name__ = field.name
    column: Callable[[Any], str] = told
    return column


@register.simple_tag
def clock_of_page() -> str:
    """Whose clock the times of a page are on that name none; nothing where there is one only."""
    return clock_of(str(timezone.get_current_timezone())) if several.get() else ""


class NamedClock:
    """Read-only moments of a page and of its inlines name their clock, where there are several."""

    @property
    def readonly_preprocess_fields(self) -> dict[str, Callable[[Any], str]]:
        model: Any = self.model  # type: ignore[attr-defined]
        return {field.name: with_zone_name for field in model._meta.fields if is_moment(field)}


def with_zone_name(contents: Any) -> Any:
    """What unfold is about to show of a moment, with its clock if that is not plain."""
    if not several.get() or not any(c.isdigit() for c in str(contents)):
        return contents
    return f"{contents} ({clock_of(str(timezone.get_current_timezone()))})"
