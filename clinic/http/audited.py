"""Every request to the API is written down: Note [One row for each access], clinic.audit.record."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import models
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinic.audit.actors import actor_of
from clinic.audit.record import Access, NotRecorded, record
from clinic.audit.subjects import Subjects, is_of_patients
from clinic.http.problems import CONTENT_TYPE, handle
from clinic.http.shown import listed_in, names_in, subjects_in
from clinic.models.access import Action, Door, Outcome

BY_TYPE = {"application/pdf": Action.PRINT, "text/html": Action.PRINT, "text/csv": Action.EXPORT}
REFUSED = {401, 403, 404}


class Audited(APIView):
    """A view whose answers are written down before they leave: every view of the API.

    What a table's serializer shows is found by itself, and so is the object that the address names.
    A view that answers otherwise says whose data it is: `about`, if its object is not a row of its
    `model`, or `touch`.
    """

    about: type[models.Model] | None = None
    reads: Mapping[str, Action] = {}  # what a view's action is, where neither method nor answer say
    _touched: Subjects
    _names: list[str]
    _recorded: Any = None

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        self._touched, self._names = Subjects(), []
        return super().initialize_request(request, *args, **kwargs)

    def touch(self, *rows: Any, names: Any = ()) -> None:
        """These rows, or patients by their ids, are in the answer, with these fields."""
        self._touched.add(rows)
        self._names += names

    def handle_exception(self, exc: Exception) -> Any:
        self.touch(*getattr(exc, "about", ()))
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            self.record(request, response)
        except NotRecorded as error:
            if response.status_code < 500:
                response = handle(error, {})
        return super().finalize_response(request, response, *args, **kwargs)

    def record(self, request: Request, answer: Any) -> None:
        """Write down what is about to be answered, once. Raises NotRecorded."""
        if answer is self._recorded:
            return
        access = self.access(request, answer)
        if access is not None:
            record(access)
        self._recorded = answer

    def access(self, request: Request, answer: Any) -> Access | None:
        """What this request was; None if no patient has to do with it."""
        if not getattr(request.user, "is_authenticated", False) or answer.status_code == 405:
            return None
        about = self.about or getattr(self, "model", None)
        done = answer.status_code < 400
        data = _data(answer)
        subjects = self._touched
        subjects.add(subjects_in(data))
        named = self.kwargs.get("pk") or (_id_in(data) if done else None)
        if not subjects and named and about:
            subjects.add_by_id(about, named)
        if not subjects and not is_of_patients(about):
            return None
        return Access(
            actor=actor_of(request, request.user, session=session_of(request)),
            door=Door.API,
            place=self._place(request),
            action=self._action(request, answer),
            outcome=_outcome(answer.status_code),
            status=answer.status_code,
            code="" if done or not isinstance(data, Mapping) else str(data.get("code", "")),
            object_model=about._meta.label if about else "",
            object_id=named,
            count=_count(data) if done else 0,
            fields=self._fields(request, data) if done else [],
            subjects=subjects,
        )

    def _place(self, request: Request) -> str:
        match = request.resolver_match
        return str(match.view_name or match.route) if match else ""

    def _action(self, request: Request, answer: Any) -> Action:
        if request.method not in SAFE_METHODS:
            return Action.WRITE
        name = getattr(self, "action", "")
        if name in self.reads:
            return self.reads[name]
        kind = _kind(answer)
        if kind.startswith("image/"):
            return Action.PHOTO
        if kind in BY_TYPE:
            return BY_TYPE[kind]
        if name != "list":
            return Action.READ
        return Action.SEARCH if "q" in request.query_params else Action.LIST

    def _fields(self, request: Request, data: Any) -> list[str]:
        if request.method in SAFE_METHODS:
            return self._names or names_in(data)
        return sorted(map(str, request.data)) if isinstance(request.data, Mapping) else []


def _kind(answer: Any) -> str:
    """What kind of document it is. What no renderer has written yet would say text/html, as any
    answer of Django's does."""
    if isinstance(answer, Response):
        return answer.content_type or ""
    return str(answer.get("Content-Type", "")).partition(";")[0]


def session_of(request: Request) -> str:
    """The part of the token that is not secret."""
    return str(getattr(request.auth, "token_key", ""))


def _outcome(status: int) -> Outcome:
    if status < 400:
        return Outcome.DONE
    return Outcome.REFUSED if status in REFUSED else Outcome.FAILED


def _data(answer: Any) -> Any:
    """What is shown, also by a refusal, and by what was answered before and is kept as text."""
    if isinstance(answer, Response):
        return answer.data
    is_json = answer.get("Content-Type") in {"application/json", CONTENT_TYPE}
    return orjson.loads(answer.content) if is_json and answer.content else None


def _id_in(data: Any) -> UUID | None:
    """Of what was just made, or was answered before."""
    try:
        return UUID(str(data["id"])) if isinstance(data, Mapping) and "id" in data else None
    except ValueError:
        return None


def _count(data: Any) -> int:
    listed = listed_in(data)
    return 1 if listed is None else len(listed)
