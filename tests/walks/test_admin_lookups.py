"""Filtering is reading: nobody learns through the address of a list what its page does not show."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.test import RequestFactory
from django.urls import reverse

from clinic.models import Clinic, Role, User
from patients.models import Patient
from tests.admin.pages import client_of
from tests.factories import PatientFactory, UserFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db

REGISTRY = {m: page for m, page in admin.site._registry.items() if m.__module__[:6] != "django"}
# A condition of any kind is one fault: these are the plain one, one on text, one on what is empty.
LOOKUPS = ["", "__istartswith", "__isnull"]


@kept
def people(clinic: Clinic) -> list[User]:
    return [UserFactory(role=role, clinic=clinic) for role in Role.values]


def paths(model: type[Model]) -> Iterator[str]:
    """Every field of a model, and every field of what its rows refer to or are referred to by."""
    for field in model._meta.get_fields():
        yield field.name
        if field.related_model and isinstance(field.related_model, type):
            for further in field.related_model._meta.get_fields():
                yield f"{field.name}{LOOKUP_SEP}{further.name}"


def listed(page: Any, user: User, **parameters: str) -> Any:
    """The list as the page would show it: its rows, or why it does not."""
    request = RequestFactory().get("/", parameters)
    request.user = user
    try:
        found = page.get_changelist_instance(request)
        found.request = request
        return found
    except (DisallowedModelAdminLookup, IncorrectLookupParameters) as error:
        return type(error)


def refuses(found: Any, name: str) -> bool:
    """Whether a list, already made, would be made with this parameter."""
    found.filter_params = {name: ["1"]}
    try:
        found.get_filters(found.request)
    except DisallowedModelAdminLookup:
        return True
    return False


def own_parameters(page: Any) -> set[str]:
    """Of what is tried, that which the filters of a page may ask for themselves."""
    fields = (one[0] if isinstance(one, tuple) else one for one in page.list_filter)
    names = {str(getattr(one, "parameter_name", one)) for one in fields}
    return names | {f"{name}__isnull" for name in names}


def test_a_list_is_narrowed_by_its_own_filters_and_by_nothing_else(people: list[User]) -> None:
    """Every field of every model, and one relation further, for every role."""
    tried, taken = 0, []
    for user in people:
        for model, page in REGISTRY.items():
            if not user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
                continue
            found = listed(page, user)
            for name in {path + lookup for path in paths(model) for lookup in LOOKUPS}:
                tried += 1
                if name not in own_parameters(page) and not refuses(found, name):
                    taken.append((user.role, model.__name__, name))

    assert tried > 20_000
    assert not taken


def test_the_answer_is_the_same_whatever_is_asked_for(dana: User) -> None:
    PatientFactory(clinic=dana.clinics.get(), allergies="Lidocaine")
    client, patients = client_of(dana), reverse("admin:patients_patient_changelist")

    answers = [
        client.get(patients, {name: value})
        for name, value in [
            ("allergies__istartswith", "l"),
            ("allergies__istartswith", "x"),
            ("screenings__answers__answer", "True"),
            ("id__in", "x"),
            ("skin_type__exact", "2"),
        ]
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert len({answer.content for answer in answers}) == 1


def test_a_filter_of_the_page_still_filters(dana: User) -> None:
    spanish = PatientFactory(clinic=dana.clinics.get(), language="es")
    PatientFactory(clinic=dana.clinics.get(), language="en")

    found = listed(REGISTRY[Patient], dana, language__exact="es")

    assert list(found.result_list) == [spanish]


@pytest.mark.parametrize("name", ["_to_field", "o", "p", "q", "_facets", "_popup", "all", "e"])
def test_what_steers_a_list_gives_nothing_away(dana: User, name: str) -> None:
    """Ordering takes columns by number; a popup hands back ids and no other field."""
    patient = PatientFactory(clinic=dana.clinics.get(), allergies="Lidocaine")
    client, patients = client_of(dana), reverse("admin:patients_patient_changelist")

    for value in ["allergies", "-allergies", "notes", "99", "-1", "1.2.3", "x", "\0", "9" * 30]:
        answer = client.get(patients, {name: value})
        assert answer.status_code in (200, 302, 400), (name, value)
        assert patient.allergies not in answer.content.decode()


def test_an_autocomplete_asks_for_rows_by_name_only(people: list[User]) -> None:
    """Of every relation that it serves, for each role, and of a field of each type that is none."""
    failures = []
    mistakes: set[type] = set()  # of the address, whoever makes them
    for user in people:
        client = client_of(user)
        for model in REGISTRY:
            for field in model._meta.get_fields():
                if not field.is_relation and type(field) in mistakes:
                    continue
                mistakes |= set() if field.is_relation else {type(field)}
                asked = {
                    "app_label": model._meta.app_label,
                    "model_name": str(model._meta.model_name),
                    "field_name": field.name,
                }
                for term in ("a",) if user.role != Role.MANAGER else ("a", "\0"):
                    answer = client.get(reverse("admin:autocomplete"), {**asked, "term": term})
                    if answer.status_code not in (200, 403, 404):
                        failures.append((user.role, asked, term, answer.status_code))

    assert not failures


def test_what_a_form_hides_from_a_role_is_no_column_filter_or_search(
    people: list[User], rows: list[Any]
) -> None:
    """A field that others see in the form of a row, but not this role."""
    shown: dict[Any, dict[str, set[str]]] = {}
    for user in people:
        request = RequestFactory().get("/")
        request.user = user
        for row in rows:
            page = REGISTRY[type(row)]
            if page.has_view_permission(request):
                sets = page.get_fieldsets(request, row)
                shown.setdefault(type(row), {})[user.role] = set(flatten_fieldsets(sets))
    leaks = []
    for user in people:
        request = RequestFactory().get("/")
        request.user = user
        for model, by_role in shown.items():
            page = REGISTRY[model]
            hidden = set().union(*by_role.values()) - by_role.get(user.role, set())
            listing = [*page.get_list_filter(request), *page.get_search_fields(request)]
            listing += page.get_list_display(request)
            used = {str(one[0] if isinstance(one, tuple) else one) for one in listing}
            if user.role in by_role and hidden & used:
                leaks.append((user.role, model.__name__, hidden & used))

    assert not leaks
