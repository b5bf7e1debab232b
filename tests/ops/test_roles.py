"""Three roles, made as docker-compose.yml makes them: what the application may do, and not.
Note [Three roles] in clinic/db/grants.py."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from rest_framework.test import APIClient

from aftercare.models import Message
from aftercare.texts.links import token_for
from clinic.audit import chain
from clinic.audit.months import keep_months
from clinic.embedded import Postgres, Valkey
from clinic.embedded.process import free_port, stop_process
from clinic.models import AccessRecord, User
from tests.admin.pages import client_of as page_client_of
from tests.conftest import client_of
from tests.factories import MessageFactory

DOCKER = Path(settings.BASE_DIR) / "docker"
ANY = "p'a\"s\\ w$o%r/d@ü:#?&"


class Bare(Postgres):
    """As the image of PostgreSQL begins: a superuser and no more."""

    def _create_role_and_database(self) -> None:
        pass

    def environment(self, user: str, password: str) -> dict[str, str]:
        return {
            "PATH": f"{self.binaries}:{os.environ['PATH']}",
            "PGHOST": str(self._sockets),
            "PGUSER": user,
            "PGPASSWORD": password,
        }


@pytest.fixture
def cluster() -> Iterator[Bare]:
    folder = Path(tempfile.mkdtemp(prefix="clinic-roles-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    postgres = Bare(folder / "postgres", durable=False)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder)


def make_roles(cluster: Bare, folder: Path) -> None:
    for name in ("owner", "application"):
        (folder / name).write_text(f"{ANY}{name}")
    subprocess.run(
        [DOCKER / "create-role.sh"],
        env={
            **cluster.environment("postgres", cluster._super_password),
            "POSTGRES_USER": "postgres",
            "OWNER_PASSWORD_FILE": str(folder / "owner"),
            "APPLICATION_PASSWORD_FILE": str(folder / "application"),
        },
        check=True,
        capture_output=True,
    )


def copy_of_the_tests(cluster: Bare) -> None:
    """Their tables, as if the owner had migrated."""
    to = connection.get_connection_params()
    dump = subprocess.run(
        [
            cluster.binaries / "pg_dump",
            "--no-owner",
            "-h",
            to["host"],
            "-U",
            to["user"],
            to["dbname"],
        ],
        env={"PATH": os.environ["PATH"], "PGPASSWORD": to["password"]},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    subprocess.run(
        [cluster.binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", "clinic"],
        env=cluster.environment("clinic_owner", f"{ANY}owner"),
        input=re.sub(rf"(FROM|TO) {to['user']};", r"\1 clinic_owner;", dump),
        check=True,
        capture_output=True,
        text=True,
    )


@contextmanager
def as_role(cluster: Bare, name: str, password: str) -> Iterator[None]:
    before = {**connection.settings_dict, "OPTIONS": {**connection.settings_dict["OPTIONS"]}}
    connection.close()
    connection.settings_dict.update(NAME="clinic", USER=name, PASSWORD=password)
    connection.settings_dict["OPTIONS"]["host"] = str(cluster._sockets)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def refused(statement: str) -> bool:
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except ProgrammingError as error:
            return isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege)
    return False


@pytest.mark.django_db(transaction=True)
def test_the_application_reads_and_writes_rows_and_changes_no_rule(
    alice: User, cluster: Bare, tmp_path: Path
) -> None:
    message: Message = MessageFactory(session__plan__patient__clinic=alice.clinics.get())
    patient, browser = message.patient, page_client_of(alice)
    make_roles(cluster, tmp_path)
    copy_of_the_tests(cluster)
    with as_role(cluster, "clinic_owner", f"{ANY}owner"):
        for _ in range(2):  # after every migrate
            call_command("grants", "clinic", stdout=StringIO())

    with as_role(cluster, "clinic", f"{ANY}application"):
        desk: APIClient = client_of(User.objects.get(pk=alice.pk))
        seen = desk.get(f"/api/v1/patients/{patient.pk}/")
        assert seen.status_code == 200, seen.content
        written = desk.patch(
            f"/api/v1/patients/{patient.pk}/",
            {"given_name": "Grace"},
            headers={"If-Match": seen["ETag"]},
        )
        assert written.status_code == 200, written.content
        assert AccessRecord.objects.count() >= 2
        keep_months(years=6)
        assert list(chain.seal())
        assert desk.get("/readyz").json()["schema"] is True

        for statement in (
            "TRUNCATE staff_task",
            "ALTER TABLE patient DISABLE TRIGGER USER",
            "DROP TABLE staff_task",
            "ALTER TABLE patient ADD COLUMN x int",
            "CREATE TABLE x (id int)",
            "UPDATE clinic_access_record SET request_id = NULL",
            "DELETE FROM clinic_access_record",
            "DELETE FROM clinic_access_seal",
            "UPDATE clinic_access_seal SET count = 0",
            "TRUNCATE clinic_access_seal, clinic_access_record",
            f"DELETE FROM clinic_access_{timezone.now():%Y_%m}",  # noqa: S608
            f"DROP TABLE clinic_access_{timezone.now():%Y_%m}",
            "INSERT INTO clinic_access_record (id) VALUES (uuidv7())",
            "INSERT INTO clinic_access_record (created_at) VALUES (now() - interval '1 day')",
            "DELETE FROM django_migrations",
            "UPDATE clinic_schema SET things = '{}'",
            "SET session_replication_role = replica",
            "CREATE ROLE x",
            "COPY patient TO PROGRAM 'cat'",
        ):
            assert refused(statement), statement
        assert not refused("SELECT FROM patient")  # the control

    with as_role(cluster, "clinic_owner", f"{ANY}owner"), connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON clinic_access_record FROM clinic")
    with as_role(cluster, "clinic", f"{ANY}application"):
        pages = [
            (desk, f"/api/v1/patients/{patient.pk}/"),
            (browser, reverse("admin:patients_patient_change", args=[patient.pk])),
            (Client(), f"/p/{token_for(message)}/"),
        ]
        answers = [client.get(address) for client, address in pages]
        assert [answer.status_code for answer in answers] == [503] * 3
        told = " ".join(answer.content.decode() for answer in answers)
        assert not [one for one in (patient.family_name, "Grace", str(patient.pk)) if one in told]


def test_the_broker_takes_a_password_of_any_character(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{ANY}\n")
    port = free_port()
    process = subprocess.Popen(
        [DOCKER / "broker.sh", "--port", str(port), "--dir", str(tmp_path)],
        env={
            "PATH": f"{Valkey(tmp_path / 'none')._binary.parent}:{os.environ['PATH']}",
            "PASSWORD_FILE": str(tmp_path / "password"),
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        patient = Retry(ConstantBackoff(0.05), 200)
        client = Redis(
            port=port, password=ANY, retry=patient, retry_on_error=[RedisConnectionError]
        )
        assert client.ping()
        with pytest.raises(Exception, match="invalid username-password"):
            Redis(port=port, password="x").ping()
    finally:
        stop_process(process, 15, 10)
