"""The ids of the caller's clinics stand in a statement as values, whatever is asked."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from bench.size import lists
from clinic.models import Clinic
from patients.models import StaffTask
from sessions.models import TreatmentSession
from tests.factories import ClinicFactory
from tests.support.statements import semi_joins_over_clinics
from tests.support.writes import Desk, writes

pytestmark = pytest.mark.django_db

LEAVES = "the clinics of whoever leaves, as they are when it is asked"
OFF = "colleagues' time off: who they are is not known with the caller, and both are few"
ONE = "one row, by its id"
# Of what is asked, the table that is read and the one that is looked in → why the ids of the
# caller's clinics would not do, or change nothing.
LOOKED_IN: dict[str, dict[tuple[str, str], str]] = {
    "writes": {
        ("clinic", "treatment_session"): ONE,
        ("clinic_time_off", "clinic_user"): OFF,
        ("treatment_hold", "clinic"): LEAVES,
        ("treatment_session", "clinic"): LEAVES,
        ("treatment_waitlist_entry", "clinic"): LEAVES,
    },
    "reads": {
        ("clinic_credential", "clinic_user"): "colleagues' licences, likewise",
        ("clinic_time_off", "clinic_user"): OFF,
        ("patient", "patient"): ONE,
        ("treatment_hold", "clinic"): LEAVES,
        ("treatment_session", "clinic"): LEAVES,
        ("treatment_waitlist_entry", "clinic"): LEAVES,
    },
}


@pytest.mark.parametrize("kind", LOOKED_IN)
def test_no_statement_looks_itself_for_what_is_of_the_callers_clinics(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """PostgreSQL walks an index that begins with the clinic only if it knows which one it is."""
    asked = written() if kind == "writes" else read(request.getfixturevalue("catalogue"))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    answered = 0
    for url, ask in asked:
        with noted(found, url):
            answered += ask().status_code < 400

    assert answered > (80 if kind == "writes" else 800)
    assert {pair: urls for pair, urls in found.items() if pair not in LOOKED_IN[kind]} == {}
    assert set(LOOKED_IN[kind]) == set(found)


def test_who_looks_for_a_clinics_rows_itself_is_seen(clinic: Clinic) -> None:
    """At whatever depth; a value in its place, or a column that it selects, is none."""
    named = TreatmentSession.objects.filter(clinic=clinic)
    itself = TreatmentSession.objects.filter(clinic__in=Clinic.objects.filter(name="Riverside"))
    deep = StaffTask.objects.filter(patient__in=named.values("patient"))
    selected = Clinic.objects.filter(pk__in=TreatmentSession.objects.values("clinic_id"))

    def seen(rows: QuerySet[Any]) -> list[tuple[str, str]]:
        return list(semi_joins_over_clinics(str(rows.query)))

    assert seen(named) == seen(selected) == []
    assert seen(itself) == [("treatment_session", "clinic")]
    assert seen(deep) == [("staff_task", "treatment_session")]


@contextmanager
def noted(found: dict[tuple[str, str], set[str]], url: str) -> Iterator[None]:
    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        for pair in semi_joins_over_clinics(sql if isinstance(sql, str) else ""):
            found[pair].add(url)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield


def written() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each write of the API."""
    for operation, method, path in writes():
        write = Desk(ClinicFactory()).write(operation, method, path)
        yield f"{method} {path}", write.send


def read(catalogue: None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each list with its filters, each page, and each choice that is typed into."""
    desk = Desk(ClinicFactory())
    for user in (desk.alice, desk.manager):
        by_token, by_page = lists.with_token(user), lists.in_the_admin(user)
        urls = [*lists.sparing(lists.api_queries(user)), *lists.api_pages(user)]
        pages = [*(url for url, _ in lists.admin_lists()), *lists.admin_pages()]
        pages += lists.autocompletes()
        for get, asked in ((by_token, urls), (by_page, pages)):
            yield from ((url, partial(get, url)) for url in asked)
