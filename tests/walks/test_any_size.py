"""Whatever a list is asked, it reads what it shows: the short form of bench/size/large.py.

PostgreSQL would rather read a small table whole: here it may not, so that it does what it does with
a large one. What still reads more than it shows stands in bench/size/beyond.py.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from bench.clinic_of import BIG, CLINIC
from bench.size import lists
from bench.size.beyond import BEYOND, UNDECIDED, bound, reason
from bench.size.fill import FILLED, fill
from bench.size.reads import AS_LARGE, PAGE, SHARE, Tables, ask
from clinic.admin.lists.any_size import MOST_COUNTED
from clinic.admin.lists.search import SEARCHED
from clinic.audit.subjects import is_of_patients
from clinic.models import Clinic, Role, User, WorkingHours
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@contextmanager
def at_rest(cursor: Any, tables: Any) -> Iterator[None]:
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def large(catalogue: None) -> Clinic:
    """The larger one of two clinics, with more than a thousand rows of everything."""
    connection.ensure_connection()
    fill(connection.connection, at_rest, patients=1_400, messages=2)
    with connection.cursor() as cursor:
        cursor.execute(AS_LARGE)
    return Clinic.objects.get(pk=BIG.id(CLINIC, 0))


def test_no_list_reads_counts_or_sorts_more_than_it_shows(large: Clinic) -> None:
    tables = Tables()
    assert all(tables.is_large(apps.get_model(label)._meta.db_table) for label in FILLED)

    beyond = of_the_api(large, tables) | of_the_admin(large, tables)

    assert {url: found for url, found in beyond.items() if url not in BEYOND | UNDECIDED} == {}
    assert set(BEYOND) <= set(beyond)


def test_a_name_is_looked_for_among_the_staff_and_not_among_their_hours(large: Clinic) -> None:
    """Hours grow with the staff and not with the patients: so the walk above does not see them."""
    url = reverse("admin:clinic_workinghours_changelist")
    get = lists.change_list(
        admin.site._registry[WorkingHours], UserFactory(clinic=large, role=Role.MANAGER)
    )
    somebody = WorkingHours.objects.filter(clinic=large).earliest("pk").practitioner
    User.objects.filter(pk=somebody.pk).update(last_name="Ottilienfeld")
    tables = Tables()

    found, nobody = (ask(get, f"{url}?q={name}") for name in ("ottilien", "qqqqxqqq"))

    assert {row.practitioner for row in found.found.result_list} == {somebody}
    assert not nobody.found.result_list
    for answer in (found, nobody):
        answer.explain()
        assert max(statement.most(tables) for statement in answer.statements)[0] < PAGE


MOST = 150_000  # bytes of a page


def test_no_list_of_the_admin_is_a_large_page(large: Clinic, side_bar: None) -> None:
    """Fifty rows, a choice of two hundred people, rooms and devices, and the frame."""
    sizes: dict[str, int] = {}
    for role in (Role.MANAGER, Role.PRACTITIONER):
        get = lists.in_the_admin(UserFactory(role=role, clinic=large, is_staff=True))
        for url in (url for url, _ in lists.admin_lists() if url not in sizes):
            answer = get(url)
            if answer.status_code == 200:
                sizes[url] = len(answer.content)

    assert len(sizes) > 50
    assert {url: size for url, size in sizes.items() if size > MOST} == {}


def test_no_page_search_choice_or_probe_reads_more_than_it_shows(
    large: Clinic, settings: Any
) -> None:
    """Searches for a frequent name, for letters that all have, and for what nobody has."""
    settings.METRICS_TOKEN = "t0ken"
    manager = UserFactory(role=Role.MANAGER, clinic=large, is_staff=True)
    browser, api = lists.in_the_admin(manager), lists.with_token(manager)
    watch = Client(headers={"Authorization": "Bearer t0ken"}).get
    asked = [(api, url) for url in lists.api_pages(manager)]
    asked += [(browser, url) for url in lists.admin_pages()]
    asked += [(watch, url) for url in lists.PROBES]
    typed = re.compile(r"term=(ada|fa|qqqqxqqq)$")
    asked += [(browser, url) for url in lists.autocompletes() if typed.search(url)]
    for url, pages, user in lists_of_patients(large):
        if pages.search_fields:
            get = lists.change_list(pages, user)
            asked += [(get, f"{url}?q={term}") for term in ("ada", "fa")]
    tables, beyond, opened = Tables(), {}, 0

    for get, url in asked:
        answer = ask(get, url)
        opened += answer.response.status_code == 200
        answer.explain()
        read = answer.judge(tables)
        if unknown := [one for one in read if not reason(url, *one[:2])]:
            beyond[url] = unknown[0]

    assert opened > 200
    assert beyond == {}


def of_the_api(large: Clinic, tables: Tables) -> dict[str, str]:
    beyond: dict[str, str] = {}
    user, manager = (
        UserFactory(role=role, clinic=large) for role in (Role.PRACTITIONER, Role.MANAGER)
    )
    # a practitioner sees their own accesses only; first, for each answer below is one more of them
    of_all = lists.with_token(manager)
    queries = (url for url in lists.api_queries(manager) if "/accesses/" in url)
    asked = [(of_all, url) for url in lists.sparing(queries)]
    of_one = lists.with_token(user)
    asked += [(of_one, url) for url in lists.sparing(lists.api_queries(user))]
    opened = 0
    for get, url in asked:
        answer = ask(get, url)
        opened += answer.response.status_code == 200
        answer.explain()
        for rows, table, _ in answer.judge(tables):
            if not bound(url, rows, table):
                beyond.setdefault(re.sub("=.*", "", url), f"{rows} rows of {table}")
    assert opened > 90
    return beyond


def of_the_admin(large: Clinic, tables: Tables) -> dict[str, str]:
    """Of what grows with the patients: two pages of it, each filter, and each order that it
    offers."""
    beyond: dict[str, str] = {}
    opened = 0
    for url, pages, user in lists_of_patients(large):
        get = lists.change_list(pages, user)
        bare = ask(get, url)
        asked = list(lists.admin_queries(url, bare.found))
        orders = [one for one in asked if "?o=" in one]
        filtered = [one for one in asked if not re.search(r"\?[poq]=", one)]
        beyond |= of_searches(get, url, asked, tables)
        more = [f"{url}?p=2", *orders, *lists.sparing(iter(filtered))]
        for answer in (bare, *(ask(get, one) for one in more)):
            opened += 1
            answer.explain()
            for statement in answer.statements:
                rows, table = statement.most(tables)
                counts = "COUNT(*)" in statement.sql
                if counts and "LIMIT" not in statement.sql:
                    beyond.setdefault(url, f"{answer.url} counts all of {table}")
                elif rows > 2 * (MOST_COUNTED if counts else SHARE * PAGE):
                    asked_for = url if url in BEYOND else re.sub("=.*", "", answer.url)
                    beyond.setdefault(asked_for, f"{answer.url}: {rows} rows of {table}")
    assert opened > 60
    return beyond


def of_searches(get: Any, url: str, asked: list[str], tables: Tables) -> dict[str, str]:
    """A rare name, and a word that stands nowhere."""
    beyond = {}
    for typed in ("family0000123", "qqqqxqqq"):
        for query in (one for one in asked if one.endswith(f"?q={typed}")):
            answer = ask(get, query)
            answer.explain()
            rows, table = max(statement.most(tables) for statement in answer.statements)
            if rows > 2 * SEARCHED + SHARE * PAGE:
                beyond[f"{url}?q"] = f"{rows} rows of {table}"
    return beyond


def lists_of_patients(large: Clinic) -> Iterator[tuple[str, Any, User]]:
    staff = [UserFactory(role=role, clinic=large) for role in (Role.PRACTITIONER, Role.MANAGER)]
    for url, pages in lists.admin_lists():
        if is_of_patients(pages.model):
            yield url, pages, next(one for one in staff if may_view(pages, one))


def may_view(pages: Any, user: User) -> bool:
    request = RequestFactory().get("/")
    request.user = user
    return bool(pages.has_view_permission(request))
