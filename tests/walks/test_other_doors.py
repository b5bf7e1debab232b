"""Every address that is neither the API's (test_doors.py) nor a page of a model of the admin
(test_admin_walk.py), and who may open it.

All addresses come from the resolver: one that is added is in none of the lists, and a test says so.
What asks for a second factor, and who somebody is once more, is decided by middleware before the
view is looked at, from the session and the name of the address alone. So each is walked once, and
not with every role.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from clinic.accounts.log_ins import NEEDS_FACTOR
from clinic.admin import VersionedAdmin
from clinic.admin.forms.log_in import ProofForm
from clinic.db.sight import BREAK_GLASS
from clinic.http.middleware.proof import is_asked_again
from clinic.models import Clinic, Role, TimeOff, User
from patients.models import Patient
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.factories import BreakGlassFactory, PatientFactory, UserFactory
from tests.house.test_architecture import endpoints
from tests.support.clinical import MARK, mark_everything
from tests.walks.test_admin_walk import REGISTRY, address

pytestmark = pytest.mark.django_db

# Pages of staff beside those of the models, and the permission without which they stay closed.
NEEDED = """
    accesses-by                                           clinic.watch_accesses
    aftercare_messagetemplate_preview                     aftercare.view_messagetemplate
    away                                                  clinic.add_timeoff
    away-board                                            clinic.add_timeoff
    figures                                               treatment_sessions.view_figures
    figures-pdf                                           treatment_sessions.view_figures
    healing-board                                         patients.view_stafftask
    healing-pdf                                           treatment_sessions.view_checkin
    import                                                patients.import
    import-file                                           patients.import
    late                                                  clinic.add_timeoff
    patient-break-glass                                   patients.add_breakglass
    patient-erasure                                       patients.confirm_erasure
    patient-export                                        patients.export
    patient-story                                         patients.view_history
    patients_patient_archive                              patients.change_patient
    patients_patient_book_visit                           treatment_sessions.add_treatmentsession
    patients_patient_merge                                patients.merge
    patients_patient_new_caller                           patients.add_patient
    patients_patient_restore                              patients.change_patient
    patients_screening_confirm                            patients.add_screening
    patients_stafftask_book_check                         treatment_sessions.add_treatmentsession
    patients_stafftask_record_side_effect                 treatment_sessions.add_sideeffect
    patients_treatmentconsent_pdf                         patients.view_treatmentconsent
    planning                                              treatment_sessions.add_treatmentplan
    planning-of                                           treatment_sessions.add_treatmentplan
    protocol-draft                                        treatment_sessions.confirm_protocol
    questions-send                                        patients.add_screening
    questions-state                                       patients.add_screening
    reports                                               treatment_sessions.view_figures
    seen                                                  clinic.watch_accesses
    seen-csv                                              clinic.watch_accesses
    service-accounts                                      clinic.view_serviceaccount
    service-accounts-new                                  clinic.add_serviceaccount
    setup                                                 clinic.change_clinic
    today-cancel                                          treatment_sessions.change_treatmentsession
    today-move                                            treatment_sessions.change_treatmentsession
    today-press                                           treatment_sessions.change_treatmentsession
    today-undo                                            treatment_sessions.change_treatmentsession
    treatment_sessions_candidacy_plan_treatment           treatment_sessions.add_treatmentplan
    treatment_sessions_checkin_record_side_effect         treatment_sessions.add_sideeffect
    treatment_sessions_incidentreport_json                treatment_sessions.view_sideeffect
    treatment_sessions_incidentreport_pdf                 treatment_sessions.view_sideeffect
    treatment_sessions_incidentreport_print_report        treatment_sessions.view_sideeffect
    treatment_sessions_photo_file                         treatment_sessions.view_photo
    treatment_sessions_sideeffect_book_check              treatment_sessions.add_treatmentsession
    treatment_sessions_treatmentplan_activate             treatment_sessions.change_treatmentplan
    treatment_sessions_treatmentplan_complete             treatment_sessions.change_treatmentplan
    treatment_sessions_treatmentplan_hold                 treatment_sessions.change_treatmentplan
    treatment_sessions_treatmentplan_series               treatment_sessions.add_treatmentsession
    treatment_sessions_treatmentplan_stop                 treatment_sessions.change_treatmentplan
    treatment_sessions_treatmentsession_chart             treatment_sessions.treat
    treatment_sessions_treatmentsession_leaflet           treatment_sessions.view_treatmentsession
    treatment_sessions_treatmentsession_move_visit        treatment_sessions.change_treatmentsession
    treatment_sessions_treatmentsession_phone_photos_page treatment_sessions.add_photo
    treatment_sessions_treatmentsession_photos            treatment_sessions.add_photo
    unusual-accesses                                      clinic.watch_accesses
    week                                                  treatment_sessions.view_treatmentsession
"""
PERMISSIONS = dict(line.split() for line in NEEDED.strip().splitlines())
# Of whoever is logged in, each their own; what is found, and which lists are named, is theirs too.
STAFF = {
    "index",
    "app_list",
    "search",
    "quick-search",
    "autocomplete",
    "view_on_site",
    "jsi18n",
    "logout",
    "password_change",
    "password_change_done",
    "own-password",
    "own-log-ins",
    "own-address",
    "own-language",
    "pin",
    "passkeys",
    "proof",
    "second-factor",
}
# Before somebody is logged in, and of nobody's account whom they are not.
BEFORE = {
    "admin-login",
    "login",
    "switch-person",
    "admin_password_reset",
    "password-asked",
    "password-set",
    "own-address-confirm",
    "passkey-options",
}
CLOSED = {"auth_user_password_change"}  # nobody sets another's password
DEMO = {"inbox", "inbox-mail", "inbox-messages"}  # pages of the demo, which are nowhere else
ANYBODY = {"home", "healthz", "healthz-dispatch", "metrics", "readyz", "schema", "docs"}
# By an address that is a secret, or a signature, whoever is logged in.
BY_SECRET = ("patient-", "photo-", "calendar-file", "webhook-")
# By whoever has a second factor to set up first, and nobody's data is on them.
BEFORE_THE_FACTOR = {
    "second-factor",
    "passkeys",
    "passkey-options",
    "proof",
    "logout",
    "jsi18n",
    "admin-login",
    "login",
    "switch-person",
}
# A page whose buttons are all that changes a row.
BY_BUTTONS = {"aftercare.change_message": "aftercare.manage_message"}
CLINICAL = {"PRACTITIONER", "OPENED"}
PAGES = ("changelist", "change", "add", "history", "delete")


def name_of(model: Any, page: str) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}_{page}"


OF_MODELS = {name_of(model, page) for model in admin.site._registry for page in PAGES}


def others() -> Iterator[tuple[str, str]]:
    """The pattern and the name of every address that no other walk asks."""
    for pattern, entry in endpoints(get_resolver()):
        is_left = pattern.startswith("api/v1/") or entry.name in OF_MODELS
        if not is_left and not is_redirect(pattern, entry.name):
            yield pattern, entry.name or pattern


def is_redirect(pattern: str, name: str | None) -> bool:
    """Django's old addresses of rows, and what is below the admin and nothing."""
    return name is None and pattern.endswith(("<path:object_id>/", "(?P<url>.*)$"))


def test_every_address_is_in_one_list() -> None:
    found = {name for _, name in others()} - {"admin/autocomplete/"} - DEMO
    by_secret = {name for name in found if name.startswith(BY_SECRET) and name not in PERMISSIONS}
    lists = [set(PERMISSIONS), STAFF, BEFORE, CLOSED, ANYBODY, by_secret]

    assert set().union(*lists) == found, "say who may open it"
    assert sum(map(len, lists)) == len(found)


@pytest.fixture
def people(rows: list[Any]) -> dict[str, User]:
    found: dict[str, Any] = {role: UserFactory(role=role, clinic=rows[0]) for role in Role.values}
    found["OPENED"] = UserFactory(role=Role.MANAGER, clinic=rows[0])
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=found["OPENED"])
    somebody_else = PatientFactory(clinic=rows[0])
    BreakGlassFactory(patient=somebody_else, by=found[Role.MANAGER])
    return found


def filled(pattern: str, rows: list[Any]) -> str:
    """An address with the row that it is about."""
    models = {f"admin/{row._meta.app_label}/{row._meta.model_name}/": row for row in rows}
    named = next((row for begin, row in models.items() if pattern.startswith(begin)), None)
    one_of = {type(row): row for row in rows}
    row = named or one_of[Patient]
    if "/today/" in pattern:
        row = one_of[TreatmentSession]
    elif "/away/" in pattern:
        row = one_of[TimeOff]
    elif "by-phone" in pattern or "accessrecord/of" in pattern or "/planning/" in pattern:
        row = one_of[Patient]
    path = re.sub(r"<slug:\w+>", "thumbnail", pattern)
    path = re.sub(r"\(\?P<app_label>[^)]*\)", "patients", path).replace("(?P<url>.*)", "nothing")
    path = re.sub(r"<(?:path:content_type_id|str:token|token|uidb64|str:secret)>", "x", path)
    path = re.sub(r"<(?:\w+:)?\w+>", str(row.pk), re.sub(r"<int:\w+>", "1", path))
    return "/" + re.sub(r"\^|\$|\\Z", "", path)


def test_a_page_is_closed_to_whoever_lacks_its_permission(
    rows: list[Any], people: dict[str, User]
) -> None:
    """Whether it is asked for or sent. To those who may it opens, or says what is wrong, and has
    nothing clinical; what clinicians see on it, the tests of each page say."""
    mark_everything()
    wrong, asked, opened = [], 0, 0
    for who, user in people.items():
        client = client_of(user)
        client.raise_request_exception = False
        for pattern, name in others():
            needed = PERMISSIONS.get(name)
            if needed is None and name not in CLOSED:
                continue
            is_open = needed is not None and user.has_perm(needed)
            is_broken = is_open and user.has_perm(f"{BREAK_GLASS}{needed}")
            if is_open and (who in CLINICAL or "pdf" in name):
                continue
            for method in ("get",) if is_open else ("get", "post"):
                with transaction.atomic():
                    answer = getattr(client, method)(filled(pattern, rows))
                    transaction.set_rollback(True)
                asked += 1
                opened += is_open
                refuses = answer.status_code in (403, 404, 405)
                tells = MARK in told(answer)
                if tells or not (
                    refuses if not is_open else answer.status_code != 403 or is_broken
                ):
                    wrong.append((who, method, name, answer.status_code, tells))

    assert (asked > 300, opened > 60) == (True, True), (asked, opened)
    assert not wrong, "\n".join(map(str, wrong))


def told(answer: Any) -> str:
    return "" if answer.streaming else answer.content.decode("utf-8", "replace")


def test_no_form_of_a_row_is_taken_from_whoever_may_not_send_it(
    rows: list[Any], people: dict[str, User]
) -> None:
    """Each page of a model, sent by one role that lacks the permission, if there is one by one that
    sees the row. Which role it is, no page looks at: tests/house/test_who_may.py."""
    wrong, asked = [], 0
    clients = {who: client_of(user) for who, user in people.items()}
    for row in rows:
        app, model = row._meta.app_label, row._meta.model_name
        for page in ("change", "add", "delete"):
            label = f"{app}.{page}_{model}"
            needed = BY_BUTTONS.get(label, label)
            if isinstance(REGISTRY[type(row)], VersionedAdmin):  # a changed form adds a version
                needed = needed.replace("change_", "add_")
            lack = [who for who in reversed(people) if not people[who].has_perm(needed)]
            lack.sort(key=lambda who: not people[who].has_perm(f"{app}.view_{model}"))
            if not lack:
                continue
            with transaction.atomic():
                answer = clients[lack[0]].post(address(row, page), {"_save": "1", "post": "yes"})
                transaction.set_rollback(True)
            asked += 1
            # a form without the version of its row is asked for once more, whoever sends it
            if answer.status_code != 403 and answer.get("Location") != address(row, page):
                wrong.append(
                    (lack[0], address(row, page), answer.status_code, answer.get("Location"))
                )

    assert asked > 120
    assert not wrong, "\n".join(map(str, wrong))


def everything(rows: list[Any]) -> Iterator[tuple[str, str]]:
    """Every address of staff, by its name."""
    for pattern, entry in endpoints(get_resolver()):
        if pattern.startswith("admin/"):
            yield (
                entry.name or "",
                filled(pattern, rows).replace("\\Z", "").replace("(?P<url>.*)", "nothing"),
            )


def test_nobody_gets_further_than_the_log_in(rows: list[Any]) -> None:
    wrong, asked = [], 0
    client = Client()
    for name, there in everything(rows):
        if name in BEFORE or name in ("logout", "jsi18n"):
            continue
        for send in (client.get, client.post):
            answer = send(there)
            asked += 1
            if not answer.get("Location", "").startswith("/admin/login/"):
                wrong.append((name, there, answer.status_code))

    assert asked > 700
    assert not wrong, "\n".join(map(str, wrong))


def test_who_has_a_second_factor_to_set_up_gets_to_no_other_page(
    rows: list[Any], clinic: Clinic
) -> None:
    """Whatever their role and however they ask, for neither is looked at. The API takes no session,
    and gives them no token: tests/accounts/test_second_factor.py."""
    client = client_of(UserFactory(clinic=clinic))
    session = client.session
    session[NEEDS_FACTOR] = True
    session.save()
    key = session.session_key
    opened = set()
    for name, there in everything(rows):
        if name != "logout" and client.get(there).get("Location") != reverse("second-factor"):
            opened.add(name)
        assert client.session.session_key == key

    assert opened | {"logout"} == BEFORE_THE_FACTOR
    assert client.get("/api/v1/me/").status_code == 401


# Asks who somebody is, unless they have just said so (clinic/http/middleware/proof.py)…
ASKS_AGAIN = {
    *(name_of(model, page) for model in (User, Clinic) for page in PAGES),
    *("auth_user_password_change", "service-accounts", "service-accounts-new"),
}
ONLY_READ = {
    *(name_of(model, page) for model in (User, Clinic) for page in ("changelist", "history")),
    "service-accounts",
}
# …or each time, on the page itself…
ASKS_THERE = {"patient-export", "patient-erasure", "own-address", "second-factor"}
# …or even of whoever has just logged in.
ASKS_AT_ONCE = {"pin", "passkeys"}


def test_what_gives_roles_and_keys_or_lets_a_record_out_asks_again(
    rows: list[Any], people: dict[str, User]
) -> None:
    """Which pages, by name; that those of the first list do, tests/accounts/test_asked_again.py."""
    named = {
        entry.name: f"admin:{entry.name}" if pattern_is_the_sites(entry) else entry.name
        for pattern, entry in endpoints(get_resolver())
        if entry.name
    }
    for is_sent in (False, True):
        asks = {name for name, full in named.items() if is_asked_again(full, is_sent=is_sent)}
        assert asks == ASKS_AGAIN - (set() if is_sent else ONLY_READ)

    addresses = {name: filled(pattern, rows) for pattern, name in others()}
    client = client_of(people[Role.PRACTITIONER])
    for name in ASKS_THERE:
        context: Any = client.get(addresses[name]).context
        assert any(isinstance(one, ProofForm) for part in context for one in values_of(part)), name
    for name in ASKS_AT_ONCE:
        for send in (client.get, client.post):
            assert send(addresses[name])["Location"].startswith(reverse("proof")), name


def values_of(part: Any) -> list[Any]:
    return [value for layer in part for value in layer.values()]


def pattern_is_the_sites(entry: Any) -> bool:
    """Whether Django names it `admin:…`: what its site has made, and not clinic/urls.py."""
    return entry in {one for _, one in endpoints(_site())}


def _site() -> Any:
    (found,) = [
        one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "admin"
    ]
    return found


def test_a_secret_address_opens_for_nobody_who_guesses_and_asks_for_no_role(
    rows: list[Any], people: dict[str, User]
) -> None:
    clients = [Client(), client_of(people[Role.MANAGER])]
    names = {patient.family_name for patient in Patient.objects.all()}
    asked = 0
    for pattern, name in others():
        if name.startswith(BY_SECRET) and name not in PERMISSIONS:
            for method in ("get", "post"):
                one, other = (getattr(client, method)(filled(pattern, rows)) for client in clients)
                asked += 1
                assert one.status_code == other.status_code >= 400, (name, method, one.status_code)
                assert not any(word in told(one) + told(other) for word in names), name

    assert asked > 60
