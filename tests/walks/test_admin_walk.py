"""Every page of the admin opens, for every role that may, and stores what was typed.

Pages, columns, filters, fields, actions and buttons are read from the registry: a new one is tried
by itself, or the test names what it needs.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pprint import pformat
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from clinic.audit.subjects import is_of_patients
from clinic.db.sight import BREAK_GLASS
from clinic.models import Clinic, Role, User
from clinic.permissions import is_technical
from patients.models import Patient
from tests.admin.pages import client_of
from tests.factories import (
    GTIN,
    ClinicFactory,
    ConsentClauseFactory,
    PlanFactory,
    TriageVersionFactory,
    UserFactory,
    visit_type_of,
)
from tests.support.accesses import Watch, fault_of, named_in
from tests.support.forms import Fields, fields_of
from tests.support.headers import header_faults, kept_faults
from tests.support.links import closed_links
from tests.support.pictures import jpeg
from tests.support.typed import valid
from tests.support.words import faults_of_page
from tests.walks.test_doors import ID, owners_of_rows

pytestmark = pytest.mark.django_db

REGISTRY = {m: page for m, page in admin.site._registry.items() if m.__module__[:6] != "django"}
OPENS = {200, 302, 403}
HOSTILE = ["", "\0", "x" * 400, "9" * 40]
NOT_RECALLED = {"recalled_at_0": "", "recalled_at_1": "", "recall_reason": ""}
# What a form needs that cannot be derived from its fields.
NEEDS: dict[str, Callable[[dict[str, Any]], Fields]] = {
    "WorkingHours": lambda _: {"weekday": "6", "closes_at": "18:00", "valid_until": ""},
    "Clinic": lambda _: {"emergency_phone": "112", "downtime_passphrase": ""},
    "CartridgeLot": lambda _: {"gtin": GTIN, **NOT_RECALLED},
    "Credential": lambda _: {
        **{"kind": "PHYSICIAN", "clinic": "", "device_model": "", "depth_max_mm": ""},
        **{"valid_from": "", "expires_on": ""},
    },
    "CareStep": lambda _: {
        **{"zones": [], "skin_types": [], "asks_for": "", "is_active": ""},
        **{
            "anchor": "COMPLETED",
            "offset": "2 00:00:00",
            "kinds": ["TREATMENT"],
        },
    },
    "TimeOff": lambda _: {"ends_at_1": "11:00"},
    "VisitType": lambda _: {
        **{"roles": ["PRACTITIONER"], "minutes": "30", "video_url": "", "counted_from": ""},
        **{"window_from_days": "", "window_until_days": ""},
    },
    "OnCallShift": lambda _: {"ends_at_1": "11:00"},
    "Closure": lambda _: {"ends_at_1": "11:00"},
    "ScreeningRule": lambda _: {"washout_days": "", "question": "Since when?"},
    "TreatmentConsent": lambda made: {
        "clauses": [ConsentClauseFactory(text=made["consenttext"]).code]
    },
    "ProtocolVersion": lambda _: {"duration_minutes": "30", "target_max_days": "28"},
    "OutcomeScale": lambda _: {"score_max": "10"},
    "OutcomeMeasure": lambda _: {
        **{"session": "", "rater_name": "", "measured_at_0": "2026-01-05"},
        "measured_at_1": "10:00",
    },
    "OtherTreatment": lambda _: {"place": "ELSEWHERE"},
    "ReportingRule": lambda _: {"is_duty": "on"},  # it has a deadline
    "TreatmentPlan": lambda _: {"kind": "MAINTENANCE", "home_care": ["SUNSCREEN"]},
    "Candidacy": lambda _: {"session": "", "outcome": "CANDIDATE", "until": ""},
    "Photo": lambda _: {"upload": SimpleUploadedFile("face.jpg", jpeg(), "image/jpeg")},
    "BloodExposure": lambda _: {
        **{"patient": "", "source_patient": "", "session": ""},
        **{"happened_at_0": "2026-01-05", "happened_at_1": "10:00"},
    },
    "SideEffect": lambda made: {
        "onset_at_0": f"{made['treatmentsession'].starts_at_local:%Y-%m-%d}",
        "onset_at_1": f"{made['treatmentsession'].starts_at_local:%H:%M}",
    },
    "TreatmentSession": lambda _: {
        "further_plans": [],
        "spacing_override_reason": "",
        "side_effect_override_reason": "",
    },
    "TriageSignature": lambda _: {"version": str(TriageVersionFactory().pk)},
    "TriageVersion": lambda made: {
        name: json.dumps(getattr(made["triageversion"], name))
        for name in ("rules", "curves", "words")
    },
    "WaitlistEntry": lambda made: {
        "plan": str(PlanFactory(patient=made["patient"]).pk),
        # of this clinic: who works at two is offered both's
        "visit_type": str(visit_type_of(made["patient"].clinic).pk),
        "further_plans": [],
        "latest": "18:00",
    },
}


HOW = "mend clinic/admin/audited.py: it reads what a template was given"


TABLE = "clinic/permissions.py says otherwise"
# What a role may, but not on a page of its own.
ELSEWHERE = {
    *(("addressconsent", "add"), ("breakglass", "add"), ("hold", "add"), ("hold", "delete")),
}
# Of these rows each role sees those that are meant for it; a practitioner their own accesses.
NOT_THEIRS = {
    *((Role.PRACTITIONER, model) for model in ("accessrecord", "inboundmessage", "stafftask")),
}
WORD = re.compile(r"[^\s<>\"]+")
PAGES = ("changelist", "change", "add", "history", "delete")


def staff(clinic: Clinic) -> list[User]:
    """Each role at the clinic, somebody who works at two clinics, and somebody at none."""
    people = [UserFactory(role=role, clinic=clinic) for role in Role.values]
    both, nowhere = UserFactory(role=Role.MANAGER, clinic=clinic), UserFactory(role=Role.MANAGER)
    both.clinics.add(ClinicFactory())
    nowhere.clinics.clear()
    return [*people, both, nowhere]


def browser(user: User) -> Client:
    client = client_of(user)
    client.raise_request_exception = False
    return client


def allowed(people: list[User], model: type[Model], verb: str) -> list[User]:
    """Who of the staff may do this to rows of a model."""
    label = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
    return [user for user in people if user.has_perm(label) and user.clinics.exists()]


def address(row: Any, page: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name) if page in ("changelist", "add") else reverse(name, args=[row.pk])


def asked_of(page: Any, user: User) -> Iterator[dict[str, str]]:
    """Every way to look at a list that its page offers."""
    request = RequestFactory().get("/")
    request.user = user
    found = page.get_changelist_instance(request)
    columns = range(1, len(found.list_display) + 1)
    yield {}
    yield {"o": ".".join(map(str, columns))}
    yield {"o": ".".join(f"-{column}" for column in columns)}
    yield {"p": "2"}
    yield {"all": "", "_facets": "1"}
    yield {"_popup": "1", "_to_field": "id"}
    if page.search_fields:
        yield from ({"q": term} for term in ("hopper 1990-05-17", "%ß'\\", "\0", "a" * 300))
    for spec in found.filter_specs:
        for name in spec.expected_parameters():
            yield {name: "x"}


def opens_for(user: User, row: Any, page: str) -> bool:
    """By the table of permissions, and what no page has."""
    app, model = row._meta.app_label, row._meta.model_name
    verb = page if page in ("add", "delete") else "view"
    if not user.has_perm(f"{app}.{verb}_{model}") or (model, page) in ELSEWHERE:
        return False
    is_closed = user.has_perm(f"{BREAK_GLASS}{app}.{verb}_{model}")  # no list is, but it is empty
    return page in ("changelist", "add") or not (is_closed or (user.role, model) in NOT_THEIRS)


def miscounted(answer: Any, rows: list[Any], patients: list[Patient], owners: Any) -> str:
    """What is wrong with how many rows were written down as shown, and of how many patients."""
    if not rows:
        return ""
    text, (row,) = answer.content.decode("utf-8", "replace"), rows
    lines = text.count("<tr") - 1 if 'id="result_list"' in text else 0
    shown = lines if row.action == "LIST" else 1
    if row.count != (shown if answer.status_code == 200 else 0):
        return f"the row counts {row.count}, not {shown}"
    of_ids = set().union(*(owners.get(pk, ()) for pk in ID.findall(text)))
    if fewer := of_ids - set(row.patient_ids):
        return f"the row does not name {len(fewer)} whose rows are in the page"
    addressed = {one.pk for one in patients if {one.email, str(one.mobile)} & {*WORD.findall(text)}}
    known = of_ids | addressed | named_in(answer, patients)
    is_told = row.object_model != "clinic.AccessRecord"  # auditors read who looked, not at whom
    if is_told and answer.status_code == 200 and (more := set(row.patient_ids) - known):
        return f"the row names {len(more)} of whom nothing is in the page"
    return ""


def test_every_page_opens_for_whom_the_table_says_and_is_words(rows: list[Any]) -> None:
    """And is written down, with the patients that it shows; without break-glass. With it:
    tests/patients/test_break_glass.py."""
    failures: list[tuple[Any, ...]] = []
    tried, read, people = 0, 0, staff(rows[0])
    patients, owners, watch = list(Patient.objects.all()), owners_of_rows(), Watch()
    for number, user in enumerate(people):  # of the last two, what depends on their clinics
        client, pages = browser(user), PAGES if number < len(Role) else PAGES[:2]
        for row in rows:
            for page in pages:
                answer = client.get(address(row, page))
                tried += 1
                of_patient = page == "change" and is_of_patients(type(row))
                found = watch.rows()
                fault = fault_of(answer, found, patients, user, must=of_patient)
                if fault := fault or miscounted(answer, found, patients, owners):
                    failures.append((user.role, address(row, page), f"{fault}: {HOW}"))
                told = [*header_faults(answer), *kept_faults(answer)]
                if is_technical(user) and named_in(answer, patients):
                    told.append("a technical admin reads of a patient")
                failures += [(user.role, address(row, page), fault) for fault in told]
                is_open = answer.status_code == 200
                if number < len(Role) and is_open != opens_for(user, row, page):
                    failures.append((user.role, address(row, page), answer.status_code, TABLE))
                if answer.status_code not in OPENS:
                    failures.append((user.role, address(row, page), answer.status_code))
                elif is_open and page != "delete":
                    read += 1
                    faults = [*faults_of_page(answer, user.role), *closed_links(answer)]
                    failures += [(user.role, address(row, page), fault) for fault in faults]

    assert tried == (5 * 5 + 2 * 2) * len(REGISTRY)
    assert read > 300
    assert not failures, pformat(failures)


def test_every_list_can_be_ordered_searched_filtered_and_turned(rows: list[Any]) -> None:
    people, clients = staff(rows[0]), cache(browser)
    failures = []
    for row in rows:
        user = allowed(people, type(row), "view")[-1]
        client = clients(user)
        for asked in asked_of(REGISTRY[type(row)], user):
            status = client.get(address(row, "changelist"), asked).status_code
            if status not in OPENS | {400}:
                failures.append((row._meta.label, asked, status))

    assert not failures


def test_no_address_of_a_row_breaks_a_page(rows: list[Any]) -> None:
    user, stranger = staff(rows[0])[2], UserFactory()
    client = browser(user)
    failures = []
    for model in REGISTRY:
        begin = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for value in ["x", "_00", str(stranger.pk), "%ff", "a/b"]:
            is_an_id = value == str(stranger.pk)
            for page in ("change", "history", "delete") if is_an_id else ("change",):
                for method in (client.get, client.post) if is_an_id else (client.get,):
                    status = method(f"{begin}{value}/{page}/").status_code
                    if status not in OPENS | {404}:
                        failures.append((begin, value, page, status))

    assert not failures


def test_an_address_cannot_fill_a_form_with_what_breaks_it(rows: list[Any]) -> None:
    user = staff(rows[0])[1]
    client = browser(user)
    failures = []
    for model in REGISTRY:
        for value in ["x", "\0"]:
            asked = {field.name: value for field in model._meta.get_fields()}
            asked |= {"_changelist_filters": value, "_popup": value}
            status = client.get(address(model(), "add"), asked).status_code
            if status not in OPENS:
                failures.append((model.__name__, value, status))
        status = client.get(address(model(), "add"), {"_to_field": "created_at"}).status_code
        if status not in OPENS | {400}:
            failures.append((model.__name__, "_to_field", status))

    assert not failures


def test_every_form_for_a_new_row_stores_what_was_typed(rows: list[Any]) -> None:
    people, clients = staff(rows[0]), cache(browser)
    failures = []
    for model in REGISTRY:
        for user in allowed(people, model, "add"):
            client = clients(user)
            with transaction.atomic(), timezone.override(rows[0].zone):
                found = added(client, model, rows)
                failures += [(model.__name__, user.role, *one) for one in found]
                transaction.set_rollback(True)

    assert not failures, f"say in NEEDS what these need: {pformat(failures)}"


def added(client: Client, model: type[Model], rows: list[Any]) -> Iterator[tuple[Any, ...]]:
    """What goes wrong when somebody fills in the form for a new row and saves it."""
    page = address(model(), "add")
    opened = client.get(page)
    if opened.status_code == 403:  # what the role may only do through the API
        return
    typed = typed_into(opened, model, rows)
    if model.__name__ in NEEDS:
        opened = client.get(page)  # what it needs is among its choices only now
    before = set(model._default_manager.values_list("pk", flat=True))
    answer = client.post(page, {**typed, "_save": "1"})
    made = model._default_manager.exclude(pk__in=before)
    if answer.status_code != 302 or len(made) != 1:
        yield answer.status_code, answer.context and answer.context["adminform"].form.errors, typed
    else:
        yield from lost_of(made[0], opened.context["adminform"].form, typed)


def filled(client: Client, model: type[Model], rows: list[Any]) -> Fields | None:
    """The form for a new row with something valid in every field; None if there is no form."""
    opened = client.get(address(model(), "add"))
    return None if opened.status_code == 403 else typed_into(opened, model, rows)


def typed_into(opened: Any, model: type[Model], rows: list[Any]) -> Fields:
    fields = fields_of(opened)
    typed = valid(opened.context["adminform"].form, fields)
    if needs := NEEDS.get(model.__name__):
        typed |= needs({str(row._meta.model_name): row for row in rows})
    return {**fields, **typed}


def lost_of(row: Any, form: Any, typed: Fields) -> Iterator[tuple[str, Any, Any]]:
    """What was typed and is not stored as it was typed."""
    columns = {field.name for field in row._meta.concrete_fields}
    for name, field in form.fields.items():
        value = field.widget.value_from_datadict(typed, {}, name)
        if name in columns and (name in typed or f"{name}_0" in typed):
            cleaned, stored = field.clean(value), getattr(row, name)
            if cleaned != stored:
                yield name, cleaned, stored


def test_every_form_of_a_row_can_be_saved_as_it_is(rows: list[Any]) -> None:
    people, clients = staff(rows[0]), cache(browser)
    failures: list[tuple[Any, ...]] = []
    for row in rows:
        for user in allowed(people, type(row), "change"):
            client = clients(user)
            page = client.get(address(row, "change"))
            if page.status_code != 200 or "_form_key" not in page.content.decode():
                continue
            if not page.context["has_change_permission"]:
                continue
            before = as_stored(row)
            answer = client.post(address(row, "change"), {**fields_of(page), "_save": "1"})
            if answer.status_code != 302:
                told = answer.context["adminform"].form.errors if answer.context else ""
                failures.append((user.role, row._meta.label, answer.status_code, told))
            elif as_stored(row) != before:
                failures.append((user.role, row._meta.label, before, as_stored(row)))

    assert not failures


def as_stored(row: Any) -> dict[str, Any]:
    """The values of a row, without the bookkeeping of its changes."""
    stored = type(row)._default_manager.filter(pk=row.pk).values().get()
    return {name: value for name, value in stored.items() if name not in ("updated_at", "version")}


def test_nothing_that_is_typed_breaks_a_form(rows: list[Any]) -> None:
    """Each hostile value in all fields at once, of the add form and of the row's form."""
    people, clients = staff(rows[0]), cache(browser)
    failures = []
    for row in rows:
        for page, verb in (("add", "add"), ("change", "change")):
            for user in allowed(people, type(row), verb)[-1:]:
                client = clients(user)
                form = client.get(address(row, page))
                if form.status_code != 200 or "_form_key" not in form.content.decode():
                    continue
                fields = fields_of(form)
                kept = {name for name in fields if name.startswith("_") or name[:4] == "csrf"}
                kept |= {name for name in fields if name.endswith("_FORMS")}  # nobody types these
                for value in HOSTILE:
                    sent = dict.fromkeys(form.context["adminform"].form.fields, value)
                    sent |= {name: was if name in kept else value for name, was in fields.items()}
                    status = client.post(address(row, page), {**sent, "_save": "1"}).status_code
                    if status not in OPENS:
                        failures.append((row._meta.label, page, value[:9], status))

    assert not failures


def test_every_action_of_a_list_answers(rows: list[Any]) -> None:
    people, clients = staff(rows[0]), cache(browser)
    failures = []
    for row in rows:
        page = REGISTRY[type(row)]
        for user in allowed(people, type(row), "view")[-1:]:
            request = RequestFactory().get("/")
            request.user = user
            client = clients(user)
            assert client.get(address(row, "changelist")).status_code == 200
            for action in page.get_actions(request):
                for selected in ([str(row.pk)], [], ["x"], ["\0"], [str(user.pk)]):
                    form = {"action": action, "_selected_action": selected, "post": "yes"}
                    status = client.post(address(row, "changelist"), form).status_code
                    if status not in OPENS:
                        failures.append((row._meta.label, action, selected, status))

    assert not failures


def test_what_may_be_deleted_is_deleted(rows: list[Any]) -> None:
    people = staff(rows[0])
    failures = []
    for row in rows:
        for user in allowed(people, type(row), "delete")[:1]:
            client = browser(user)
            page = client.get(address(row, "delete"))
            if page.status_code == 403:
                continue
            fields = fields_of(page, having="post")
            answer = client.post(address(row, "delete"), fields)
            if answer.status_code != 302 or type(row)._default_manager.filter(pk=row.pk).exists():
                failures.append((row._meta.label, answer.status_code))

    assert not failures


def test_a_row_that_is_not_saved_has_no_id_yet(clinic: Clinic) -> None:
    assert Patient(clinic=clinic).pk is None
    assert Clinic.objects.get().pk == clinic.pk
