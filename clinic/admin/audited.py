"""Every page of the admin is written down: Note [One row for each access], clinic.audit.record.

A middleware, so that a page or a button that is added is written down by itself: whose data it
shows is read from what its template was given.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from clinic.audit.actors import actor_of, fingerprint
from clinic.audit.record import Access, NotRecorded, record
from clinic.audit.subjects import Subjects, is_of_patients
from clinic.http.middleware.common import busy_page
from clinic.http.tables import XLSX
from clinic.models import Action, Door, Outcome, User

START = "/admin/"
FOUND_NOTHING = 302  # a reader of what is not there for them is led to the first page
REFUSED = {403, 404, FOUND_NOTHING}
ENDS = ("/logout/", "/log-ins/")  # who it was is asked before
START_PAGE = "admin:index"  # shows the day: of nobody, if there is nobody in it
LOG_IN, LOG_OUT = "admin-login", "admin:logout"
OWN_LOG_INS, OWN_PASSWORD = "own-log-ins", "own-password"
ACTIONS = {LOG_IN: Action.LOG_IN, OWN_PASSWORD: Action.PERMISSION_CHANGE}
DEEPEST = 6  # a list of boards of columns of visits of a session
# What somebody saves and takes along.
FILES = {"text/csv", "application/zip", XLSX}
# Models whose page shows the words that somebody wrote or was sent.
TEXTS = {"aftercare.Message", "aftercare.InboundMessage"}


class AuditedAdmin:
    """Innermost but for what runs views again. A page that cannot be written down is not shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(START):
            return self._get_response(request)
        before = request.user if request.path_info.endswith(ENDS) else None
        answer = self._get_response(request)
        try:
            if access := _access(request, answer, before):
                record(access)
        except NotRecorded:
            if answer.status_code < 500:
                return busy_page(request)
        return answer


def _access(request: HttpRequest, answer: HttpResponse, before: Any) -> Access | None:
    match = request.resolver_match
    name = match.view_name if match else ""
    if name in (LOG_IN, LOG_OUT, OWN_LOG_INS, OWN_PASSWORD):
        return _log_in_or_out(request, answer, name, before)
    if not isinstance(request.user, User) or answer.status_code == 405 or match is None:
        return None
    named = _uuid(match.kwargs.get("object_id") or match.kwargs.get("pk"))
    context = (answer.context_data if isinstance(answer, TemplateResponse) else None) or {}
    # Of Ctrl-K, which is the list of no model, what was looked through.
    model = getattr(match.func, "about", None) or context.get("searched") or _model(name)
    subjects = Subjects()
    is_hidden = request.method == "GET" and answer.status_code == FOUND_NOTHING
    done = answer.status_code < 400 and not is_hidden
    if done:
        subjects.add(_shown(context))
    if model and named and not subjects:
        subjects.add_by_id(model, named)
    _add_named(request, answer, model, subjects)
    is_account = model is User and request.method == "POST"
    if not subjects and not is_of_patients(model) and not is_account and name != START_PAGE:
        return None
    found = context.get("cl")
    return Access(
        actor=_actor(request, request.user),
        door=Door.ADMIN,
        place=name or match.route,
        action=_action(request, answer, model, found),
        outcome=Outcome.DONE if done else _why_not(answer),
        status=answer.status_code,
        object_model=model._meta.label if model else "",
        object_id=named,
        count=_count(context) if done else 0,
        fields=_fields(request, context, model),
        subjects=subjects,
    )


def _count(context: dict[str, Any]) -> int:
    if found := context.get("cl"):
        return len(found.result_list)
    if "searched" in context:
        return sum(hit.row is not None for hit in context["results"])
    return 1


def _log_in_or_out(
    request: HttpRequest, answer: HttpResponse, name: str, before: Any
) -> Access | None:
    if request.method != "POST":
        return None
    done = answer.status_code == 302
    known = {LOG_OUT: before, OWN_LOG_INS: before, OWN_PASSWORD: request.user}
    user = known.get(name, request.user if done else None)
    return Access(
        actor=_actor(request, user),
        door=Door.ADMIN,
        place=name,
        action=ACTIONS.get(name, Action.LOG_OUT),
        outcome=Outcome.DONE if done or name == LOG_OUT else Outcome.REFUSED,
        status=answer.status_code,
    )


def _actor(request: HttpRequest, user: Any) -> Any:
    return actor_of(request, user, session=fingerprint(request.session.session_key or ""))


def _model(name: str) -> type[models.Model] | None:
    """Whose page it is, by the name of its address: `admin:patients_patient_change`."""
    found = name.removeprefix("admin:")
    for model in apps.get_models():
        if admin.site.is_registered(model) and found.startswith(
            f"{model._meta.app_label}_{model._meta.model_name}_"
        ):
            return model
    return None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


def _shown(context: dict[str, Any]) -> Iterator[models.Model]:
    """The rows that a template was given: alone, in lists and other values, in a table or in the
    forms below."""
    for value in context.values():
        yield from _rows(value)
    if found := context.get("cl"):
        yield from _rows(found.result_list)
    for inline in context.get("inline_admin_formsets") or ():
        yield from (form.instance for form in inline.formset.forms if form.instance.pk)


def _rows(value: Any, depth: int = DEEPEST) -> Iterator[models.Model]:
    if isinstance(value, models.Model):
        yield value
    elif isinstance(value, models.QuerySet):
        yield from value._result_cache or ()  # what nobody has read is not shown
    elif isinstance(value, list | tuple | dict) or is_dataclass(value):
        if isinstance(value, dict):
            value = value.values()
        elif is_dataclass(value):
            value = vars(value).values() if hasattr(value, "__dict__") else ()
        for one in value if depth else ():
            yield from _rows(one, depth - 1)


def _add_named(request: HttpRequest, answer: HttpResponse, model: Any, subjects: Subjects) -> None:
    """Rows that were ticked in a list, and the choices of a field that is typed into."""
    if model and (ticked := request.POST.getlist("_selected_action")):
        subjects.add_by_id(model, *filter(None, map(_uuid, ticked)))
    if request.path_info == f"{START}autocomplete/" and answer.status_code == 200:
        chosen = _chosen_from(request)
        if chosen and is_of_patients(chosen):
            ids = (_uuid(one["id"]) for one in json.loads(answer.content)["results"])
            subjects.add_by_id(chosen, *filter(None, ids))


def _chosen_from(request: HttpRequest) -> Any:
    names = ("app_label", "model_name", "field_name")
    label, model, field = (request.GET.get(name, "") for name in names)
    return apps.get_model(label, model)._meta.get_field(field).related_model


def _action(request: HttpRequest, answer: HttpResponse, model: Any, found: Any) -> Action:
    if str(answer.get("Content-Type", "")).partition(";")[0] in FILES:
        return Action.EXPORT
    if request.method == "POST":
        return Action.PERMISSION_CHANGE if model is User else Action.WRITE
    if str(answer.get("Content-Type", "")).startswith("image/"):
        return Action.PHOTO
    name = str(request.resolver_match and request.resolver_match.view_name)
    if "print" in name or answer.get("Content-Type") == "application/pdf":
        return Action.PRINT
    if name == "quick-search":
        return Action.SEARCH
    if found or name.endswith("_changelist"):
        return Action.SEARCH if request.GET.get("q") else Action.LIST
    if name.endswith("_change") and model and model._meta.label in TEXTS:
        return Action.MESSAGE_TEXT
    return Action.READ


def _why_not(answer: HttpResponse) -> Outcome:
    return Outcome.REFUSED if answer.status_code in REFUSED else Outcome.FAILED


def _fields(request: HttpRequest, context: dict[str, Any], model: Any) -> list[str]:
    """The columns or the fields that were shown; of a form that was sent, those in it."""
    if request.method == "POST":
        columns = {field.name for field in model._meta.concrete_fields} if model else set()
        sent = {name.removesuffix("_0").removesuffix("_1") for name in request.POST}
        return sorted(columns & sent)
    if found := context.get("cl"):
        return _names(found.list_display)
    form = context.get("adminform")
    return _names(flatten_fieldsets(form.fieldsets)) if form else []


def _names(columns: Iterable[Any]) -> list[str]:
    named = {one if isinstance(one, str) else getattr(one, "__name__", "") for one in columns}
    return sorted(name for name in named if name and name != "action_checkbox")
