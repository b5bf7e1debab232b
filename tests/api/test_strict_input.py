"""What is sent is read whole, or refused by name: bodies, filters, ids, pages and ranges."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers
from rest_framework.test import APIClient

from clinic.api.base import ClinicViewSet
from clinic.api.forms import Form
from clinic.api.paging import NewestFirst
from clinic.api.queries import StrictQuery
from clinic.models import Clinic, Role
from clinic.permissions import PERMISSIONS, RolePermission
from patients.models import Patient
from tests.conftest import Booking, client_of
from tests.factories import NINE, PatientFactory, UserFactory
from tests.house.test_architecture import endpoints

pytestmark = pytest.mark.django_db
NOBODY = "01890000-0000-7000-8000-000000000000"
PATIENTS = "/api/v1/patients/"
SESSIONS = "/api/v1/sessions/"
ADA = {"given_name": "Ada", "family_name": "Byron", "date_of_birth": "1990-12-10"}


def views() -> Iterator[tuple[str, str, Any]]:
    """Each address of the API with its methods and the class that answers."""
    for path, entry in endpoints(get_resolver()):
        callback: Any = entry.callback
        if not path.startswith("api/"):
            continue
        view = callback.cls if hasattr(callback, "cls") else callback.view_class
        all_methods = ("get", "post", "put", "patch", "delete")
        actions = getattr(callback, "actions", all_methods)
        for method in [name for name in all_methods if name in actions]:
            if not hasattr(callback, "actions") and not hasattr(view, method):
                continue
            yield "/" + path.replace("<uuid:pk>", NOBODY), method, callback


def errors_of(answer: Any) -> dict[str, str]:
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


def clients(clinic: Clinic) -> dict[str, APIClient]:
    return {role: client_of(UserFactory(role=role, clinic=clinic)) for role in Role.values}


def may(callback: Any, method: str) -> str:
    """A role that may do this."""
    if hasattr(callback, "actions"):
        needed = RolePermission().needed(callback.cls(action=callback.actions[method]))
    else:
        needed = getattr(callback.view_class, "permissions", {}).get(method)
    return next((role for role in Role.values if needed in PERMISSIONS[role]), Role.PRACTITIONER)


def test_every_view_of_the_api_is_strict_about_its_query() -> None:
    found = {getattr(callback, "cls", None) or callback.view_class for _, _, callback in views()}
    assert len(found) > 35

    assert [view for view in found if not issubclass(view, StrictQuery)] == []


def test_every_operation_refuses_a_query_parameter_that_it_does_not_know(clinic: Clinic) -> None:
    by_role, failures, tried = clients(clinic), [], 0
    for path, method, callback in views():
        client = by_role[may(callback, method)]
        answer = client.generic(method.upper(), f"{path}?nonsense=1", "{}", "application/json")
        tried += 1
        said = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
        if answer.status_code != 400 or "Known here: " not in said.get("/nonsense", ""):
            failures.append(f"{method} {path}: {answer.status_code} {said}")

    assert failures == []
    assert tried > 120


def test_every_filter_refuses_to_be_empty_or_given_twice(clinic: Clinic) -> None:
    by_role, failures, tried = clients(clinic), [], 0
    for path, method, callback in views():
        view = getattr(callback, "cls", None)
        if not view or not issubclass(view, ClinicViewSet) or method != "get":
            continue
        row = view(action=callback.actions["get"])
        client, several = by_role[may(callback, method)], row.repeatable_query_params()
        for name in row.known_query_params():
            for query in (f"{name}=", f"{name}=%20", f"{name}=a&{name}=b"):
                tried += 1
                said = errors_of(client.get(f"{path}?{query}"))
                expected = "Give it once." if "&" in query else "leave the parameter out"
                if name not in several and expected not in said.get(f"/{name}", ""):
                    failures.append(f"{path}?{query}: {said}")

    assert failures == []
    assert tried > 250


def test_every_body_is_a_form_that_refuses_what_it_does_not_know() -> None:
    import_all = list(endpoints(get_resolver()))
    assert import_all

    def subclasses(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from subclasses(child)

    ours = ("clinic", "patients", "sessions", "aftercare")
    read = [
        found
        for found in subclasses(serializers.Serializer)
        if found.__module__.split(".")[0] in ours and not found.__name__.endswith(("Out", "NotYet"))
    ]
    assert len(read) > 30
    assert [found for found in read if not issubclass(found, Form)] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"zones": [{"zone": "cheeks", "deepness": 1}]}, "/zones/0/deepness"),
        ({"zones": [{"zone": "cheeks"}], "products": [{"a/b": 1}]}, "/products/0/a~1b"),
        ({"zonen": []}, "/zonen"),
    ],
)
def test_unknown_names_are_found_at_any_depth(
    as_alice: APIClient, booking: Booking, body: Any, pointer: str
) -> None:
    session = booking.in_progress()

    chart = f"{SESSIONS}{session.pk}/chart/"

    said = errors_of(as_alice.put(chart, body, headers={"If-Match": "*"}))

    assert said[pointer].startswith("Unknown field. Known here: ")
    assert not session.zone_treatments.exists()


def test_a_misspelt_field_registers_nobody(as_dana: APIClient) -> None:
    said = errors_of(as_dana.post(PATIENTS, {**ADA, "mobil": "+4915123456789"}))

    assert list(said) == ["/mobil"]
    assert "mobile" in said["/mobil"]
    assert not Patient.objects.exists()


def test_a_verb_without_a_body_reads_none(as_dana: APIClient, clinic: Clinic) -> None:
    patient = PatientFactory(clinic=clinic, archived_at=NINE)

    said = errors_of(as_dana.post(f"{PATIENTS}{patient.pk}/restore/", {"reason": "is back"}))

    assert said == {"/reason": "Unknown field. Known here: none."}
    patient.refresh_from_db()
    assert patient.archived_at == NINE


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ("[]", None, "Send a JSON object"),
        ("null", None, "Send a JSON object"),
        ('"text"', None, "Send a JSON object"),
        ("{} {}", None, "Extra data"),
        ('{"sex": NaN}', None, "NaN is no number"),
        ('{"sex": -Infinity}', None, "-Infinity is no number"),
        ('{"a": ' * 100_000, None, "nested too deeply"),
        ('{"a": ' * 900 + "1" + "}" * 900, None, "nested too deeply"),
        ('{"a": ' * 21 + "1" + "}" * 21, None, "nested too deeply"),
        ('{"a": ' * 20 + '"\\u0000"' + "}" * 20, "/a" * 20, "NUL"),
        (b'{"sex": "\xff"}', None, "not UTF-8"),
        ("9" * 5000, None, "Exceeds the limit"),
        ('{"sex": 1e400}', "/sex", "too large"),
        ('{"sex": "F", "email": "", "sex": "M"}', "/sex", "stands twice"),
        ('{"a/b": [{"c": 1, "c": 1}]}', "/a~1b/0/c", "stands twice"),
        ('{"given_name": "A\\u0000"}', "/given_name", "NUL"),
        ('{"sex": "\\ud800"}', "/sex", "half of a surrogate pair"),
        ('{"clinic": "\\udfff\\ud800"}', "/clinic", "half of a surrogate pair"),
        ('{"\\ud800": 1}', "/?", "half of a surrogate pair"),
    ],
)
def test_json_means_one_thing(
    as_dana: APIClient, body: Any, pointer: str | None, detail: str
) -> None:
    answer = as_dana.generic("POST", PATIENTS, body, "application/json")

    assert answer.status_code == 400
    assert detail in answer.json()["detail"]
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer] * bool(pointer)


def test_a_whole_pair_is_a_character(as_dana: APIClient) -> None:
    name = "Ad\U0001f600a"

    answer = as_dana.generic("POST", PATIENTS, json.dumps({**ADA, "given_name": name}))

    assert "surrogate" not in answer.content.decode()


@pytest.mark.parametrize("size", ["-1", "0", "abc", "", "9999", "1e1", "1.5", "٣", "+5", " 5"])
def test_a_page_size_is_a_number_in_its_range(as_dana: APIClient, size: str) -> None:
    assert list(errors_of(as_dana.get(PATIENTS, {"page_size": size}))) == ["/page_size"]


def test_the_largest_page_is_given(as_dana: APIClient) -> None:
    assert as_dana.get(PATIENTS, {"page_size": NewestFirst.max_page_size}).status_code == 200


@pytest.mark.parametrize(
    "cursor", ["x", "%%%", "cD0wMDAw", "cD0lMDA=", "cD05OTk5LTEyLTMxVDIzOjU5OjU5LTEyOjAw", "bz14"]
)
@pytest.mark.parametrize("path", [PATIENTS, SESSIONS])
def test_a_cursor_of_nobodys_making_is_refused(as_dana: APIClient, path: str, cursor: str) -> None:
    answer = as_dana.get(path, {"cursor": cursor})

    if answer.status_code != 200:  # a far date is a place, with nothing behind it
        assert list(errors_of(answer)) == ["/cursor"]


@pytest.mark.parametrize(
    "spelling",
    [
        "7",
        "0",
        "{01890000-0000-7000-8000-000000000000}",
        "urn:uuid:01890000-0000-7000-8000-000000000000",
        "01890000000070008000000000000000",
        "null",
    ],
)
def test_an_id_has_one_spelling(as_dana: APIClient, booking: Booking, spelling: str) -> None:
    assert list(errors_of(as_dana.get(SESSIONS, {"patient": spelling}))) == ["/patient"]
    for value in (spelling, 7, 7.5, [spelling], {"id": spelling}, True):
        booked = as_dana.post(SESSIONS, booking.body(room=value))
        listed = as_dana.post("/api/v1/waitlist/", {"plan": value})
        assert list(errors_of(booked)) == ["/room"]
        assert "/plan" in errors_of(listed)
    assert (
        as_dana.get(SESSIONS, {"patient": str(booking.plan.patient_id).upper()}).status_code == 200
    )


@pytest.mark.parametrize("value", ["maybe", "1", "0", "yes", "TRUE", "null"])
def test_yes_and_no_have_one_spelling(as_alice: APIClient, value: str) -> None:
    assert list(errors_of(as_alice.get("/api/v1/side-effects/", {"resolved": value}))) == [
        "/resolved"
    ]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "2030-02-01", "to": "2030-01-31"}, "/to"),
        ({"date": "0001-01-01"}, "/date"),
        ({"date": "9999-12-31"}, "/date"),
        ({"from": "0001-01-01"}, "/from"),
        ({"to": "9999-12-31"}, "/to"),
        ({"date": "03/04/2030"}, "/date"),
        ({"date": "today"}, "/date"),
        ({"status": "SLEEPING"}, "/status"),
    ],
)
def test_days_of_the_calendar(as_dana: APIClient, query: dict[str, str], pointer: str) -> None:
    assert list(errors_of(as_dana.get(SESSIONS, query))) == [pointer]


def test_a_range_of_one_day_is_no_reversed_one(as_dana: APIClient, booking: Booking) -> None:
    booking.book()
    day = f"{NINE:%Y-%m-%d}"

    listed = as_dana.get(SESSIONS, {"from": day, "to": day, "status": ["BOOKED", "CONFIRMED"]})

    assert len(listed.json()["results"]) == 1
