"""Each operation of the API, asked by each role: one walk, of which each test looks at one side.

Asked are all that the description names, with a good request each, by every role, by a manager who
has opened the records, and by a practitioner who treats nobody: the clinic keeps what is clinical
to the care team, of which the other one is. What came of it is undone before the next one asks.
Beside it:

- Nobody, at every address and with every method: test_access.py.
- Programs, with each scope: tests/accounts/test_service_accounts.py.
- The pages of the admin: test_admin_walk.py; all other pages, a second factor that has to be set up
  and what asks again who it is: test_other_doors.py. These three do not depend on one another: a
  second factor and the question are looked at before a view is, and by the name of its address.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from django.apps import apps
from django.db import models, transaction
from django.urls import resolve
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.db.sight import BREAK_GLASS
from clinic.db.ways import ways_to_patient
from clinic.models import AccessRecord, Clinic, Role, User
from clinic.permissions import RolePermission
from patients.models import Patient
from tests.factories import BreakGlassFactory, PlanFactory, UserFactory
from tests.support.accesses import Watch, fault_of
from tests.support.answers import body_of, operations
from tests.support.clinical import MARK, mark_everything
from tests.support.hostile import NOBODY, Operation, World, operations_of
from tests.support.kept import kept
from tests.support.shown import keys_in, objects_of, root_of
from tests.walks.test_hostile_values import as_json

pytestmark = pytest.mark.django_db

OPENED = "B"  # a manager who has opened the records, by break-glass
OUTSIDE = "O"  # a practitioner who is of no care team
LETTERS = {
    **{"R": Role.RECEPTIONIST, "P": Role.PRACTITIONER, "M": Role.MANAGER, OPENED: Role.MANAGER},
    **{"A": Role.ADMIN, "U": Role.AUDITOR, OUTSIDE: Role.PRACTITIONER},
}
# Of whoever has a token, or wants one.
OWN = {"POST /auth/login/", "POST /auth/logout/", "GET /me/"}
# What is clinical among the fields is the care team's; the others are the desk's as well.
IN_PART = {"PATCH /patients/{id}/"}
CLOSED = {"permission_denied", "break_glass_needed"}
ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SHOWN: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "shown.yaml").read_text()
)


@dataclass(frozen=True)
class Told:
    """What came of one request."""

    who: str
    operation: str
    may: bool
    status: int
    code: str
    keys: frozenset[tuple[str, str]]
    fault: str  # of what was written down
    patients: frozenset[str]  # that are in the answer, by their names or ids
    is_clinical: bool

    def __str__(self) -> str:
        return f"{self.who} {self.operation}: {self.status} {self.code}"


@kept
def walk(clinic: Clinic) -> list[Told]:
    world = World(clinic)
    people: dict[str, User] = {
        who: UserFactory(role=role, clinic=clinic)
        if who in ("M", OPENED, OUTSIDE)  # the world's manager has opened a record
        else world.users[role]
        for who, role in LETTERS.items()
    }
    Clinic.objects.filter(pk=clinic.pk).update(care_team_only=True)
    people = {who: User.objects.get(pk=user.pk) for who, user in people.items()}
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=people[OPENED])
        PlanFactory(patient=patient, practitioner=people["P"])
    mark_everything()
    patients, owners, watch = list(Patient.objects.all()), owners_of_rows(), Watch()
    before = histories()
    found = []
    for one in operations_of(world):
        needed = needed_for(one)
        for who, user in people.items():
            with transaction.atomic():
                answer = asked(one, user)
                rows = watch.rows()
                transaction.set_rollback(one.method != "GET")
            text = "" if answer.streaming else answer.content.decode("utf-8", "replace")
            is_json = "json" in answer.get("Content-Type", "")
            done, path = answer.status_code < 300, one.path
            fault = fault_of(answer, rows, patients, user) if one.name not in OWN else ""
            found.append(
                Told(
                    who=who,
                    operation=one.name,
                    may=(needed is None or may(user, needed, has_some(who, one)))
                    and not (who == OUTSIDE and one.name in IN_PART),
                    status=answer.status_code,
                    code=body_of(answer)["code"] if is_json and answer.status_code >= 400 else "",
                    keys=frozenset(keys_in(answer, one.method, path) if done and is_json else ()),
                    fault=fault or next(more_faults(one, answer, text, rows, owners), ""),
                    patients=frozenset(
                        word
                        for patient in patients
                        for word in (str(patient.pk), patient.family_name)
                        if word in text
                    ),
                    is_clinical=MARK in text,
                )
            )
    assert histories() == before  # or nobody would stand in that of what a read has changed
    return found


def histories() -> dict[str, int]:
    """How many rows each has."""
    tables = [model for model in apps.get_models() if hasattr(model, "pgh_obj")]
    return {model.__name__: model._default_manager.count() for model in tables}


def asked(one: Operation, user: User) -> Any:
    user.forget_seen()  # a request reads its caller anew
    token = AuthToken.objects.create(user)[0] if one.path.endswith("/logout/") else None
    one.client.force_authenticate(user, token)
    content = one.body if one.is_form else as_json(one.body or {})
    return one.send(content, query=one.asked())


def needed_for(one: Operation) -> str | None:
    """The permission that the view names."""
    view: Any = resolve(one.url).func
    if hasattr(view, "actions"):
        return RolePermission().needed(view.cls(action=view.actions[one.method.lower()]))
    found: str | None = getattr(view.view_class, "permissions", {}).get(one.method.lower())
    return found


def has_some(who: str, one: Operation) -> bool:
    """Rows of what is clinical that are theirs, or a list of them, be it an empty one."""
    is_list = one.method == "GET" and "{" not in one.path and not ID.search(f"{one.asked()}")
    return who in ("P", OPENED) or (who == OUTSIDE and is_list)


def may(user: User, needed: str, has_opened: bool) -> bool:
    return user.has_perm(needed) and (has_opened or not user.has_perm(BREAK_GLASS + needed))


def owners_of_rows() -> dict[str, set[UUID]]:
    """The patients of every row that there is, by its id."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for model in apps.get_models():
        if model._meta.proxy or not isinstance(model._meta.pk, models.UUIDField):
            continue
        for way in ways_to_patient(model):
            for pk, patient in model._base_manager.values_list("pk", "__".join(way) or "pk"):
                found[str(pk)] |= {patient} if patient else set()
    return found


def more_faults(
    one: Operation, answer: Any, text: str, rows: list[AccessRecord], owners: dict[str, set[UUID]]
) -> Iterator[str]:
    """Of what was written down: whose rows were asked for and shown, counted."""

    def of(words: str) -> set[UUID]:
        return set().union(*(owners.get(pk, ()) for pk in ID.findall(words)))

    if not rows:
        if of(one.url):
            yield "no row, though a patient's was asked for"
        return
    named = set(rows[0].patient_ids)
    sent = f"{one.url}{one.asked()}{one.body}"
    if more := {pk for pk in named - of(f"{sent}{text}") if str(pk) not in f"{sent}{text}"}:
        yield f"the row names {len(more)} who have nothing to do with it"
    if answer.status_code >= 300:
        if not of(one.url) <= named:
            yield "the row does not name whose was asked for"
        return
    if fewer := of(f"{sent}{text}") - named:
        yield f"the row does not name {len(fewer)} whose rows were sent or shown"
    if text and "json" in answer["Content-Type"]:
        shown = body_of(answer)
        listed = shown.get("results", [None]) if isinstance(shown, dict) else shown
        if rows[0].count != len(listed) and one.name not in OWN:
            yield f"the row counts {rows[0].count}, not {len(listed)}"


def test_each_role_gets_in_where_the_table_says_and_nowhere_else(walk: list[Told]) -> None:
    """Which row is theirs, and which of its moves, is asked behind the door, and said otherwise."""
    wrong = [str(one) for one in walk if one.may == is_closed(one)]
    broken = [str(one) for one in walk if one.status >= 500]

    assert len(walk) > 1_200
    assert not wrong, wrong
    assert not broken, broken


def is_closed(one: Told) -> bool:
    """A row that a body names does not exist for whoever does not see it."""
    if one.who == OUTSIDE and one.operation.startswith("POST") and one.status == 400:
        return not one.may
    return one.status == 403 and one.code in CLOSED


def test_who_has_not_broken_the_glass_is_told_so(walk: list[Told]) -> None:
    asked = {(one.who, one.operation): one for one in walk}
    hindered = [
        one for one in walk if one.who == "M" and asked[OPENED, one.operation].may > one.may
    ]

    assert {one.code for one in hindered} == {"break_glass_needed"}
    assert {one.who for one in walk if one.code == "break_glass_needed"} == {"M", OUTSIDE}
    assert len(hindered) > 20


def test_no_answer_has_a_key_that_nobody_has_decided_on(walk: list[Told]) -> None:
    """What the description names, who is let in, and what really comes out, against shown.yaml."""
    let_in: dict[str, set[str]] = defaultdict(set)
    for one in walk:
        let_in[one.operation] |= {role_of(one)} if one.may else set()
    reach: dict[str, set[str]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    answered = {}
    for method, path in operations():
        name = f"{method.upper()} {path.removeprefix('/api/v1')}"
        answered[name] = f"{in_order(let_in[name])} {root_of(method, path)}".strip()
        for called, known in objects_of(method, path).items():
            reach[called] |= let_in[name]
            keys[called] |= known
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in walk:
        for called, key in one.keys:
            seen[called, key].add(role_of(one))
            keys[called].add(key)
            reach[called].add(role_of(one))

    listed = {
        (called, key): set(who)
        for called, by_who in SHOWN["objects"].items()
        for who, some in by_who.items()
        for key in some.split()
    }
    assert SHOWN["operations"] == answered
    described = {(called, key) for called, some in keys.items() for key in some}
    assert described == set(listed), "say in shown.yaml who sees it, or take it out"
    for (called, key), who in listed.items():
        assert who <= reach[called], (called, key, "nobody else is ever answered that")
        assert seen[called, key] <= who, (called, key, "came out for them")
        saw = set().union(*(seen[called, other] for other in keys[called]))
        assert saw & who <= seen[called, key], (called, key, "did not come out for them")


def role_of(one: Told) -> str:
    """Who is of no care team sees the keys of a practitioner: of fewer patients, not fewer keys."""
    return "P" if one.who == OUTSIDE else one.who


def in_order(who: set[str]) -> str:
    return "".join(letter for letter in LETTERS if letter in who)


def test_every_request_leaves_one_row_with_its_patients_counted(walk: list[Told]) -> None:
    faults = [f"{one}: {one.fault}" for one in walk if one.fault]

    assert sum(bool(one.patients) for one in walk) > 150
    assert not faults, "\n".join(faults)


def test_nothing_clinical_is_told_but_to_who_treats_or_has_broken_the_glass(
    walk: list[Told],
) -> None:
    """A word stands in each clinical column that can hold one, and in notes for clinicians."""
    told: dict[str, set[str]] = defaultdict(set)
    for one in walk:
        told[one.who] |= {one.operation} if one.is_clinical and one.status < 300 else set()

    assert {who for who, some in told.items() if some} == {"P", OPENED}
    assert {name for name in told["P"] if name[:3] == "GET"} == {
        name for name in told[OPENED] if name[:3] == "GET"
    }
    assert len(told[OPENED]) > 10


def test_a_technical_admin_is_told_of_no_patient_and_an_auditor_no_name(walk: list[Told]) -> None:
    wrong = [str(one) for one in walk if one.who == "A" and one.patients]
    named = [
        str(one) for one in walk if one.who == "U" and any(not ID.match(w) for w in one.patients)
    ]

    assert not wrong, wrong
    assert not named, named


def test_what_is_not_described_is_no_method_of_anybody(clinic: Clinic) -> None:
    """Whoever asks: the method is looked at before the permission is."""
    client = APIClient()
    client.force_authenticate(UserFactory(clinic=clinic))
    described: dict[str, set[str]] = defaultdict(set)
    for method, path in operations():
        described[path].add(method)
    answered = {
        (method, path): client.generic(method.upper(), path.replace("{id}", NOBODY)).status_code
        for path, known in described.items()
        for method in {"get", "post", "put", "patch", "delete"} - known
    }

    assert len(answered) > 300
    assert set(answered.values()) == {405}, answered
