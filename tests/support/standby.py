"""A standby of the PostgreSQL that the tests use."""

import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from django.db import connection

from clinic.embedded import Postgres


class Standby(Postgres):
    """Made by pg_basebackup, as the role of the tests, which may do so on their own server."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=False)
        leader = connection.get_connection_params()
        self._leader = {name: leader[name] for name in ("user", "password", "host")}
        self._database = leader["dbname"]

    @property
    def place(self) -> dict[str, Any]:
        """As Django has it in DATABASES."""
        return {"HOST": str(self._sockets), "NAME": self._database}

    def fall_behind(self) -> None:
        """It replays nothing more."""
        self._replaying().suspend()

    def catch_up(self) -> None:
        self._replaying().resume()

    def _replaying(self) -> psutil.Process:
        assert self._process
        children = psutil.Process(self._process.pid).children()
        (found,) = (one for one in children if "startup" in " ".join(one.cmdline()))
        return found

    def _init_cluster(self) -> None:
        leader = "postgres://{user}:{password}@/postgres?host={host}".format(
            **{name: quote(str(value), safe="") for name, value in self._leader.items()}
        )
        subprocess.run(
            [
                *(self.binaries / "pg_basebackup", "-D", self.data, "-d", leader),
                *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            **self._as_account(),
        )

    def _create_role_and_database(self) -> None:
        """It has the leader's."""

    def _wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        known = {"user": self._leader["user"], "password": self._leader["password"]}
        while True:
            try:
                return psycopg.connect(
                    host=str(self._sockets), dbname=self._database, **known
                ).close()
            except psycopg.OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.05)
