"""Every list there is, and every way in which it can be asked: from resolver, filters, registry."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.base import SessionBase
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver, reverse
from django_filters import rest_framework as filters
from knox.models import AuthToken

from bench.clinic_of import BASE
from clinic.api.queries import DayFilter, YesNoFilter
from clinic.celery import app
from clinic.models import Room, User
from patients.models import Patient, StaffTask
from sessions.models import CheckIn, SideEffect, TreatmentPlan, TreatmentSession, VisitType

PROBES = ("/healthz", "/healthz/dispatch", "/readyz", "/metrics")
# What the id in a filter of that name belongs to.
NAMED: dict[str, Any] = {
    "patient": Patient,
    "session": TreatmentSession,
    "sitting": TreatmentSession,
    "plan": TreatmentPlan,
    "side_effect": SideEffect,
    "check_in": CheckIn,
    "task": StaffTask,
    "room": Room,
    "visit_type": VisitType,
    **dict.fromkeys(("practitioner", "person", "actor"), User),
}
TYPED = {"address": "patient7@mail.example", "gtin": "00000000000000", "lot": "RECALLED"}
TERMS = {
    "the name of every eighth": "ada",
    "one of all": "family0000123",
    "two letters": "fa",
    "nobody": "qqqqxqqq",
    "%%%": "%%%",
    "an e-mail": "patient123@mail.example",
    "its beginning": "patient1",
    "digits": "0151",
    "twenty words": "an be ch da er fr ge ha in jo ka la ma ne ol pe ra sc th ul",
}


def with_token(user: User) -> Any:
    _, token = AuthToken.objects.create(user)
    return lambda url: Client().get(url, headers={"Authorization": f"Token {token}"})


def in_the_admin(user: User) -> Any:
    client = Client()
    client.force_login(user)
    return client.get


def api_lists(found: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address below /api/v1/ that lists something without an id in it, and its view."""
    for entry in (found or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from api_lists(entry, route)
        elif route.startswith("api/v1/") and "<" not in route:
            methods = getattr(entry.callback, "actions", None) or {}
            if methods.get("get") == "list":
                yield f"/{route}", entry.callback.cls  # type: ignore[attr-defined]


def api_pages(user: User, found: Any = None, prefix: str = "") -> Iterator[str]:
    """Every address below /api/v1/ that shows something of one row, for a row that they may see."""
    for entry in (found or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from api_pages(user, entry, route)
        elif route.startswith("api/v1/") and route.count("<") == 1 and "<uuid:pk>" in route:
            methods = getattr(entry.callback, "actions", None) or {}
            if "get" in methods and (row := _one_row(entry.callback.cls, user)):  # type: ignore[attr-defined]
                yield f"/{route.replace('<uuid:pk>', str(row.pk))}"


def _one_row(view: Any, user: User) -> Any:
    """The newest row of the kind that a view shows, of those that somebody may see."""
    request = RequestFactory().get("/")
    request.user = user
    seen = view(request=request, action="retrieve", kwargs={}, format_kwarg=None)
    return seen.get_queryset().order_by("-pk").first()


def admin_pages() -> Iterator[str]:
    """The form of a new row and of the newest row of each kind."""
    for model, _ in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_add")
        if row := model._default_manager.order_by("-pk").first():
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_history", args=[row.pk])


def jobs() -> Iterator[str]:
    """What beat wakes a worker for, by name."""
    yield from settings.CELERY_BEAT_SCHEDULE


def work_off(job: str) -> HttpResponse:
    """One wake-up of a job, here."""
    app.tasks[job].run()
    return HttpResponse()


def api_queries(user: User) -> Iterator[str]:
    """Each list bare, and with each value of each of its filters alone."""
    for url, view in api_lists():
        yield url
        filterset = getattr(view, "filterset_class", None)
        for name, one in (filterset.base_filters if filterset else {}).items():
            for value in _values(name, one, user):
                yield f"{url}?{urlencode({name: value})}"


def _values(name: str, one: Any, user: User) -> list[Any]:
    if isinstance(one, filters.ChoiceFilter | filters.MultipleChoiceFilter):
        return [value for value, _ in one.extra["choices"]]
    if isinstance(one, YesNoFilter):
        return ["true", "false"]
    if isinstance(one, DayFilter):
        return [BASE]
    if name == "q":
        return list(TERMS.values())
    if name in TYPED:
        return [TYPED[name]]
    rows: Any = NAMED[name]._default_manager.all()
    found = rows.visible_to(user).order_by("pk").first()
    return [found.pk] if found else []


def admin_lists() -> Iterator[tuple[str, Any]]:
    for model, pages in admin.site._registry.items():
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), pages


def admin_queries(url: str, found: Any) -> Iterator[str]:
    """What else can be asked of a list that was opened: its second page, each choice of its
    filters, each order that it offers, and what is typed into its search."""
    yield f"{url}?p=2"
    for spec in found.filter_specs:
        for choice in spec.choices(found):
            if query := choice.get("query_string", "").lstrip("?"):
                yield f"{url}?{query}"
            for name, field in getattr(choice.get("form"), "fields", {}).items():
                values = (value for value, _ in getattr(field, "choices", ()) if value)
                yield from (f"{url}?{urlencode({name: value})}" for value in values)
    for number, name in enumerate(found.list_display):
        offered = found.sortable_by is None or name in found.sortable_by
        if offered and name != "action_checkbox" and found.get_ordering_field(name):
            yield from (f"{url}?o={number}", f"{url}?o=-{number}")
    for term in TERMS.values() if found.search_fields else ():
        yield f"{url}?{urlencode({'q': term})}"


def change_list(pages: Any, user: User) -> Any:
    """The list of a page of the admin without its frame: what reads its rows, and nothing else."""

    def get(url: str) -> Any:
        request = RequestFactory().get(url)
        request.user, request.session = user, SessionBase()
        request._messages = default_storage(request)  # type: ignore[attr-defined]
        answer = pages.changelist_view(request)
        if answer.status_code == 200:
            found = answer.context_data["cl"]
            list(found.result_list)
            for spec in found.filter_specs:
                list(spec.choices(found))
        return answer

    return get


def autocompletes() -> Iterator[str]:
    """The choices of every field that is typed into."""
    asked = set()
    for model, pages in admin.site._registry.items():
        forms: list[tuple[type[models.Model], Any]] = [(model, pages.autocomplete_fields)]
        forms += [(inline.model, inline.autocomplete_fields) for inline in pages.inlines]
        asked |= {
            (of._meta.app_label, of._meta.model_name, name) for of, names in forms for name in names
        }
    for label, model_name, field in sorted(asked):
        for term in ("", *TERMS.values()):
            named = {"app_label": label, "model_name": model_name, "field_name": field}
            yield f"{reverse('admin:autocomplete')}?{urlencode({**named, 'term': term})}"


def sparing(urls: Iterator[str]) -> Iterator[str]:
    """Of many values of one filter the first two and the last one, which no row has; every term."""
    waiting: list[str] = []
    for url in urls:
        if waiting and url.split("=")[0] != waiting[-1].split("=")[0]:
            yield from dict.fromkeys([*waiting[:2], *waiting[-1:]])
            waiting = []
        if "?q=" in url:
            yield url
        else:
            waiting.append(url)
    yield from dict.fromkeys([*waiting[:2], *waiting[-1:]])
