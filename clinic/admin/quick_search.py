"""Ctrl-K in the admin: people, lots, pages and what can be added, each for those who may.

Our own answer to the palette of django-unfold, whose search keeps what it found for five minutes:
names of patients in the cache, and a second look that nobody writes down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from clinic.admin.navigation import GROUPS, groups_for
from clinic.permissions import TOO_SHORT, actor, is_too_short

SHOWN = 8  # of each kind
# What is looked for by its rows, as its own list finds them: app label, model, icon.
ROWS = [("patients", "patient", "person"), ("clinic", "cartridgelot", "package_2")]


@dataclass(frozen=True)
class Hit:
    title: str
    description: str
    link: str
    icon: str
    row: models.Model | None = None  # if it is of a patient, this is written down


def quick_search(request: HttpRequest) -> HttpResponse:
    """The hits for `?s=`: rows, best first, then pages, then what can be added."""
    began = perf_counter()
    text = request.GET.get("s", "").strip().replace("\0", "")
    if not text:
        return HttpResponse()
    hits: list[Hit] = []
    searched = _searched(request)
    if searched and is_too_short(text, actor(request)):
        patients = reverse("admin:patients_patient_changelist")
        hits.append(Hit(gettext(TOO_SHORT), gettext("patients"), patients, "person"))
    for label, name, icon in ROWS:
        hits += _rows(request, apps.get_model(label, name), icon, text)
    hits += list(_pages(request, text.casefold()))[:SHOWN]
    return TemplateResponse(
        request,
        "unfold/helpers/command_results.html",
        {
            "results": hits,
            "page_obj": SimpleNamespace(count=len(hits)),
            "page_counter": 0,
            "execution_time": perf_counter() - began,
            "searched": searched,
        },
        headers={"HX-Trigger": "search"},
    )


def _searched(request: HttpRequest) -> type[models.Model] | None:
    """Whose rows were looked through, for the record of accesses: of patients, if they may be."""
    model = apps.get_model("patients", "patient")
    return model if admin.site.get_model_admin(model).has_view_permission(request) else None


def _rows(request: HttpRequest, model: Any, icon: str, text: str) -> list[Hit]:
    pages: Any = admin.site.get_model_admin(model)
    if not pages.has_view_permission(request):
        return []
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    kind = str(model._meta.verbose_name)
    found, _ = pages.get_search_results(request, pages.get_queryset(request), text)
    rows = list(found[: SHOWN + 1])
    hits = [
        Hit(str(row), kind, reverse(f"{name}_change", args=[row.pk]), icon, row)
        for row in rows[:SHOWN]
    ]
    if len(rows) > SHOWN:
        kinds = str(model._meta.verbose_name_plural)
        link = f"{reverse(f'{name}_changelist')}?{urlencode({'q': text})}"
        hits.append(Hit(gettext("More that fit “{text}”").format(text=text), kinds, link, "list"))
    return hits


def _pages(request: HttpRequest, text: str) -> Iterator[Hit]:
    """Those with a word that begins with the text, and the forms to add to them."""
    for page in (page for group in groups_for(request) for page in group["items"]):
        if _begins(str(page["title"]), text):
            yield Hit(str(page["title"]), gettext("page"), page["link"], page["icon"])
    for title, _icon, label, model in (entry for group in GROUPS.values() for entry in group):
        pages = admin.site.get_model_admin(apps.get_model(label, model))
        name = str(pages.opts.verbose_name)
        add = gettext("add new {name}").format(name=name)
        if (_begins(str(title), text) or _begins(add, text)) and pages.has_add_permission(request):
            link = reverse(f"admin:{label}_{model}_add")
            yield Hit(gettext("New {name}").format(name=name), gettext("add"), link, "add")


def _begins(title: str, text: str) -> bool:
    words = title.casefold().split()
    return any(" ".join(words[start:]).startswith(text) for start in range(len(words)))
