"""What holds for the whole code base, checked on the code base itself."""

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from bench.servers import POSTGRES
from clinic.db.retries import is_retried
from clinic.db.sight import BREAK_GLASS
from clinic.http.writes import SafeWrites
from clinic.permissions import PERMISSIONS, TABLES, VERBS

ROOT = Path(settings.BASE_DIR)
ORDER = ["clinic", "patients", "treatment_sessions", "aftercare"]


def test_foreign_keys_point_down_only() -> None:
    """import-linter cannot see keys that name their model in a string."""
    upwards = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ORDER
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model in apps.get_models()
        if field.related_model._meta.app_label in ORDER
        if ORDER.index(field.related_model._meta.app_label) > ORDER.index(model._meta.app_label)
    ]

    assert upwards == []


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_benchmarks_use_the_settings_of_the_compose_file() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    program, *arguments = compose["services"]["db"]["command"]

    given = dict(argument.split("=") for argument in arguments if argument != "-c")

    assert (program, given) == ("postgres", POSTGRES)


def test_docker_compose_accepts_the_compose_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "docker-compose", "config", "--quiet"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **PRODUCTION},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")


PRODUCTION = {
    "SECRET_KEY": "k8#mB2vQ9xT4nW7zR1cF6yJ3hL5pD0sGaEuIoKjHgFdSaQwErTyUiOp",
    "FIELD_KEYS": "w7Rk2Zp9Lx4Vb6Nq1Ts8Yf3Hd5Jm0GcUaEiOoPlKjHgF",
    "PUBLIC_URL": "https://clinic.example",
    "DATABASE_URL": "postgres://clinic:secret@db/clinic",
    "REDIS_URL": "redis://:secret@broker/0",
    "BACKUP_RECIPIENTS": "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    "EMAIL_URL": "smtp+tls://clinic:secret@smtp.example:587",
    "DEFAULT_FROM_EMAIL": "hello@clinic.example",
    "SMS_PROVIDER": "twilio",
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_FROM": "+15005550006",
}


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command with nothing in its environment but what is given."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CLINIC_VAR": "/nonexistent", **environment},
        capture_output=True,
        text=True,
    )


def test_the_deployment_check_is_clean_with_production_values() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "SMS_PROVIDER"],
)
def test_a_missing_setting_stops_the_start_by_name(name: str) -> None:
    done = manage("check", **{k: v for k, v in PRODUCTION.items() if k != name})

    assert done.returncode != 0
    assert f"Set the {name} environment variable" in done.stderr


@pytest.mark.parametrize(
    "server",
    [
        ("gunicorn", "clinic.wsgi:application", "--bind", "127.0.0.1:0"),
        ("celery", "-A", "clinic", "worker", "--without-gossip", "--without-mingle"),
        ("celery", "-A", "clinic", "beat", "--pidfile="),
    ],
)
def test_no_server_starts_without_an_address_and_it_says_so_in_a_sentence(
    server: tuple[str, ...],
) -> None:
    values = {name: value for name, value in PRODUCTION.items() if name != "PUBLIC_URL"}
    done = subprocess.run(
        [sys.executable, "-m", *server],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **values},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode != 0
    assert "PUBLIC_URL is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (PRODUCTION["SECRET_KEY"][:49], "has 49 characters"),
        ("change-me-0123456789" * 3, "or is a placeholder"),
        ("123456789" * 6, "9 of them different"),
    ],
)
def test_a_weak_key_stops_a_public_clinic_and_says_how_to_make_one(key: str, said: str) -> None:
    done = manage("check", **{**PRODUCTION, "SECRET_KEY": key})

    assert done.returncode != 0
    assert said in done.stderr
    assert "secrets.token_urlsafe(50)" in done.stderr


GOOD = PRODUCTION["FIELD_KEYS"]


@pytest.mark.parametrize("keys", ["", "short", PRODUCTION["SECRET_KEY"], f"{GOOD},short"])
def test_a_public_clinic_does_not_start_without_keys_of_its_columns(keys: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import clinic.settings"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **PRODUCTION, "FIELD_KEYS": keys},
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert "FIELD_KEYS encrypts what is written about patients" in done.stderr


def test_debug_is_off_unless_asked() -> None:
    code = "from django.conf import settings; print(settings.DEBUG, settings.DEMO)"
    assert manage("shell", "-v0", "-c", code, **PRODUCTION).stdout.split() == ["False", "False"]


@pytest.mark.django_db
def test_the_permission_table_names_only_what_exists() -> None:
    labels = {f"{m._meta.app_label}.{m._meta.model_name}" for m in apps.get_models()}
    assert set(TABLES) <= labels

    existing = {
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    verbs = set(VERBS)
    for role, permissions in PERMISSIONS.items():
        named = {one.removeprefix(BREAK_GLASS) for one in permissions}
        assert named - verbs <= existing, role


def endpoints(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        found += endpoints(entry, path) if isinstance(entry, URLResolver) else [(path, entry)]
    return found


def test_every_endpoint_of_the_api_names_who_may_use_it() -> None:
    """A view set action that is in no table would be closed to everybody: an oversight."""
    unnamed = []
    for path, entry in endpoints(get_resolver()):
        actions = getattr(entry.callback, "actions", None)
        if not path.startswith("api/v1/") or not actions:
            continue
        view: Any = entry.callback.cls  # type: ignore[attr-defined]
        from clinic.permissions import RolePermission

        for action in actions.values():
            view.action = action
            needed = RolePermission().needed(view)
            known = any(needed in permissions for permissions in PERMISSIONS.values())
            if not known:
                unnamed.append(f"{path} {action} needs {needed}")

    assert unnamed == []


def test_every_view_of_the_api_that_writes_is_repeatable_and_compares_versions() -> None:
    bare = []
    for path, entry in endpoints(get_resolver()):
        callback: Any = entry.callback
        view = getattr(callback, "cls", getattr(callback, "view_class", None))
        methods = {*getattr(callback, "actions", ())} or set(vars(view) if view else ())
        if path.startswith("api/") and methods & {"post", "put", "patch", "delete"}:
            bare += [] if view and issubclass(view, SafeWrites) else [path]

    assert bare == []


def test_help_and_unknown_commands_of_run() -> None:
    shown = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True)
    wrong = subprocess.run([ROOT / "run", "dance"], capture_output=True, text=True)

    assert shown.returncode == 0
    assert "./run test" in shown.stdout
    assert wrong.returncode == 1
    assert "unknown command: dance" in wrong.stderr


def test_beat_names_only_tasks_that_exist() -> None:
    from clinic.celery import app

    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert named <= set(app.tasks)


SERVICES = [
    *("clinic.services", "patients.services", "sessions.services", "aftercare.services"),
    *("aftercare.replies.receive", "aftercare.replies.inbox", "aftercare.replies.opt_out"),
    *("aftercare.replies.receipts", "aftercare.replies.handler", "aftercare.records.merge"),
]
# What answers a question and writes nothing.
READS = {
    *(
        "alternatives",
        "candidates",
        "consenting_patients",
        "is_known",
    ),
    *(
        "bookings_in",
        "propose_moves",
        "propose_course",
        "propose_follow_up",
        "propose_series",
        "plan_to_be",
        "home_answers",
        "questionnaire",
        "questions_due",
        "refusal",
    ),
    *("asked_visit", "task_source", "times_to_book", "times_to_move_to", "visit_after"),
    *("is_not_theirs", "is_open", "shown_patients", "shown_photos", "tries_left"),
    *("holders", "require_somebody"),
}
# Beat's: each row in a transaction of its own.
ONE_BY_ONE = {"expire_offers", "offer_freed_slots"}


def services() -> dict[str, Any]:
    """Every public function of the modules that hold services, by its name."""
    found = {}
    for name in SERVICES:
        module = import_module(name)
        for function in getattr(module, "__all__", vars(module)):
            value = getattr(module, function)
            is_own = inspect.isfunction(value) and value.__module__.startswith(name)
            if is_own and not function.startswith("_"):
                found[function] = value
    return found


def test_every_service_that_writes_is_one_transaction_that_is_tried_again() -> None:
    found = services()
    bare = {name for name, function in found.items() if not is_retried(function)}

    assert bare == READS | ONE_BY_ONE
    assert len(found) > 50


# What a patient, a provider, the clock or another row that is saved sets going.
BY_NOBODY = {
    *("confirm", "receive", "receive_from_check_in", "receive_from_page", "receive_sms"),
    *("expire_offers", "note_freed", "offer_freed_slots", "raise_task"),
    *("book_asked_visit", "cancel_own_visit", "move_own_visit", "try_birth_date"),
    *("acknowledge_recall", "record_not_theirs", "store_sent_photo"),
    *("finish_home_screening", "keep_home_answers"),
}


def test_every_service_that_writes_is_told_when_and_for_whom() -> None:
    """By `at` and `by`, or by a Decider, which has both; the rows that it locks by their ids."""
    given = {name: inspect.signature(service).parameters for name, service in services().items()}
    writes = {name for name in given if name not in READS and "decider" not in given[name]}
    untold = {name for name in writes if "at" not in given[name]}
    by_nobody = {name for name in writes if "by" not in given[name]}
    ids = {
        f"{name} {parameter}": kind.annotation
        for name, parameters in given.items()
        for parameter, kind in parameters.items()
        if parameter.endswith("_id")
    }

    assert untold == set()
    assert by_nobody == BY_NOBODY
    others = {key for key, kind in ids.items() if kind not in (UUID, UUID | None)}
    assert others == {"is_known provider_id", "receive_from_page provider_id"}


def test_what_only_reads_calls_nothing_that_writes() -> None:
    writes = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create"}
    for name in READS:
        tree = ast.parse(inspect.getsource(services()[name]))
        calls = {node.func.attr for node in ast.walk(tree) if _is_method_call(node)}  # type: ignore[attr-defined]
        assert not calls & writes, name


def _is_method_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_a_transaction_is_opened_in_one_way_only() -> None:
    """By the decorator of services. What stands in the code beside it is a savepoint of a service,
    or a worker's own, which ends between two calls (`durable`)."""
    decorated = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for app in ("clinic", "patients", "sessions", "aftercare")
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any("atomic" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]

    assert decorated == []


def test_every_csv_of_the_product_is_written_where_no_cell_becomes_a_formula() -> None:
    apps = ("clinic", "patients", "sessions", "aftercare")
    files = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    writes = re.compile(r"import csv\n(.|\n)*csv\.(writer|DictWriter)|from csv import")
    writers = [path for path in files if writes.search(path.read_text())]

    assert [str(path.relative_to(ROOT)) for path in writers] == ["clinic/values/tables.py"]
