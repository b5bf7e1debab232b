"""`manage.py up`: a whole clinic on this machine, in one terminal, until Ctrl-C.

PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL are given), the capture of e-mail and SMS
(unless EMAIL_URL is given), then web, worker and beat. Everything is a child of this process and
ends with it, also after kill -9.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from clinic.embedded import Postgres, Unavailable, Valkey
from clinic.embedded.faults import in_words, parts_lacking
from clinic.embedded.process import die_with_parent, free_port, hold, secret_file, stop_process
from clinic.embedded.state import BASE, ENVIRONMENT, LOCK, STATE, VAR, running
from clinic.embedded.terminal import relay, say, shown

# A proxy that the environment names for the way out knows nothing of this machine's own addresses.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
HURRIED_DAY = 5.0  # seconds that a day of a message sequence lasts under --hurry
# Celery tells root in eight lines that it should be somebody else: of a server, and not of a look.
WHOEVER_STARTS_IT = "ignore:You're running the worker with superuser privileges"
DEMO = "demo"  # the part that brings in the demo's patients, and ends by itself


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-demo", action="store_true", help="an empty clinic: no demo data")
    parser.add_argument(
        "--hurry", action="store_true", help="a day of the aftercare passes in 5 seconds"
    )
    parser.add_argument("--check", action="store_true", help="start, probe, stop; see exit code")
    arguments = parser.parse_args(argv)

    try:
        VAR.mkdir(parents=True, exist_ok=True)
        lock = hold(LOCK)
    except OSError as error:
        print(in_words(error, VAR))
        return 1
    if lock is None:
        state = running() or {"url": "an address that it will print soon", "pid": "?"}
        print(f"A clinic already runs here: {state['url']} (process {state['pid']}).")
        return 1
    with lock:
        return Supervisor(arguments).run()


class Supervisor:
    """Starts the parts in order, watches them, and stops them in the opposite order."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.url = f"http://{shown(arguments.host)}:{arguments.port}"
        self.started = time.monotonic()
        self.stopping = threading.Event()
        self.servers: list[Postgres | Valkey] = []
        self.parts: dict[str, subprocess.Popen[str]] = {}
        self.plays_demo = False

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            self._require_free_port()
            self._start_servers()
            self._set_environment()
            self._write_state()
            self._prepare_database()
            self._start_parts()
            if not self._wait_until_ready():
                return 0 if self.stopping.is_set() and not self._ended() else 1
            self._announce()
            return self._watch()
        except Unavailable as error:
            say("up", str(error))
            return 1
        except Exception as error:
            if not (words := in_words(error, VAR) or self._ended_server()):
                raise
            say("up", words)
            return 1
        finally:
            self._stop()

    def _ended_server(self) -> str:
        """Why a database that had started is gone, such as with a disk that is full by now."""
        ended = [server.why_ended() for server in self.servers if isinstance(server, Postgres)]
        return " ".join(filter(None, ended))

    def _require_free_port(self) -> None:
        host, port = self.arguments.host, self.arguments.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as error:
                why = getattr(error, "strerror", None) or "there is no such port"
                raise Unavailable(
                    f"Cannot listen on {host}:{port} ({why}). Try another port, such as "
                    f"./run --port {port + 1 if 1023 < port < 65535 else 8000}"
                ) from None

    def _start_servers(self) -> None:
        if os.environ.get("DATABASE_URL"):
            say("postgres", "DATABASE_URL is given")
        else:
            postgres = Postgres(VAR / "postgres")
            self.servers.append(postgres)
            os.environ["DATABASE_URL"] = postgres.start().url
            say("postgres", f"embedded, ready after {self._elapsed()}")
        if os.environ.get("REDIS_URL"):
            say("valkey", "REDIS_URL is given")
        else:
            valkey = Valkey(VAR / "valkey")
            self.servers.append(valkey)
            os.environ["REDIS_URL"] = valkey.start().url
            say("valkey", f"embedded, ready after {self._elapsed()}")

    def _set_environment(self) -> None:
        """What the settings need, as far as it is not given."""
        demo = not self.arguments.no_demo
        hosts = {"localhost", "127.0.0.1", "[::1]", shown(self.arguments.host)}
        given = {
            "SECRET_KEY": secret_file(VAR / "secret-key"),
            "FIELD_KEYS": secret_file(VAR / "field-keys"),
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": ",".join(sorted(hosts - {"0.0.0.0", "[::]"})),  # noqa: S104
            "CLINIC_DEMO": str(demo),
            "DEFAULT_FROM_EMAIL": "hello@clinic.example",
            "MEDIA_ROOT": str(VAR / "media"),
        }
        if self.arguments.hurry:
            given["CLINIC_DAY_SECONDS"] = str(HURRIED_DAY)
        if demo:
            given |= dict.fromkeys(["LOG_IN_IDLE_MINUTES", "PROOF_MINUTES"], "720")  # no desk here
        if demo and not os.environ.get("EMAIL_URL"):
            self.inbox = VAR / "inbox"
            self.inbox.mkdir(exist_ok=True)
            self.smtp_port, self.sms_port = free_port(), free_port()
            given |= {
                "CLINIC_INBOX_DIR": str(self.inbox),
                "CLINIC_WAKE_SECONDS": "2",
                "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
                "SMS_PROVIDER": "http",
                "SMS_HTTP_URL": f"http://127.0.0.1:{self.sms_port}/sms",
                "SMS_HTTP_KIND": "dedupe",
            }
        elif not os.environ.get("EMAIL_URL") or not os.environ.get("SMS_PROVIDER"):
            raise Unavailable(
                "Without the demo, messages really go out: set EMAIL_URL and SMS_PROVIDER "
                "(docs/operations.md)."
            )
        for name, value in given.items():
            os.environ.setdefault(name, value)
        for name in ("no_proxy", "NO_PROXY"):  # the demo's own gateway, for the worker
            known = os.environ.get(name)
            os.environ[name] = ",".join(filter(None, [known, "localhost,127.0.0.1,::1"]))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

    def _write_state(self) -> None:
        state = {
            "pid": os.getpid(),
            "url": self.url,
            "environment": {n: os.environ[n] for n in ENVIRONMENT if n in os.environ},
        }
        STATE.unlink(missing_ok=True)
        with os.fdopen(os.open(STATE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(state, file)

    def _prepare_database(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        from clinic.db import schema

        if why := schema.another_build():
            raise Unavailable(
                f"The data in {VAR} was made by another build: {why}. Start that one, or delete "
                f"{VAR} to start afresh."
            )
        call_command("migrate", verbosity=0, interactive=False)
        if differs := schema.look():
            raise Unavailable(
                f"The tables in {VAR} are not as `migrate` has made them: {'; '.join(differs)}. "
                f"Undo it, or delete {VAR} to start afresh."
            )
        call_command("seed_catalogue")
        if not self.arguments.no_demo:
            from clinic.demo import seed

            seed.open_clinics()
            self.plays_demo = not seed.is_there()
        connections.close_all()
        say("django", f"database prepared after {self._elapsed()}")

    def _start_parts(self) -> None:
        python = sys.executable
        celery = [python, "-m", "celery", "--quiet", "-A", "clinic"]
        commands: dict[str, list[str]] = {}
        if hasattr(self, "inbox"):
            commands["capture"] = [
                *(python, "-m", "clinic.demo.capture", str(self.inbox)),
                *(str(self.smtp_port), str(self.sms_port)),
            ]
        commands |= {
            "web": [
                *(python, "-m", "gunicorn", "clinic.wsgi:application"),
                *("--bind", f"{self.arguments.host}:{self.arguments.port}"),
                *("--log-level", "warning"),
            ],
            "worker": [
                *(*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"),
                # beat is forked from what has read the code already: on one machine, one is enough
                *("--without-gossip", "--without-mingle", "--beat"),
            ],
        }
        if self.plays_demo:  # which takes longer than all else: nobody has to wait for it
            commands[DEMO] = [python, "manage.py", "seed_demo"]
        given = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": WHOEVER_STARTS_IT}
        for name, command in commands.items():
            self.parts[name] = subprocess.Popen(
                command,
                cwd=BASE,
                env={**os.environ, **given},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,  # Ctrl-C reaches only us, who stop them in order
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        for name, part in self.parts.items():
            threading.Thread(target=relay, args=(name, part), daemon=True).start()

    def _wait_until_ready(self) -> bool:
        from clinic.ops.health import PARTS, seen

        ends, lacking = time.monotonic() + 120, "nothing answers"
        while time.monotonic() < ends and not self.stopping.is_set() and not self._ended():
            # Asked of the web, each of these answers would be an error in its log.
            if silent := ", ".join(part for part in PARTS if not seen(part)):
                lacking = f"{silent} missing or silent"
                time.sleep(0.2)
                continue
            try:
                with DIRECT.open(f"{self.url}/readyz", timeout=5):
                    return True
            except urllib.error.HTTPError as error:
                lacking = parts_lacking(error.read())
                time.sleep(0.2)
            except OSError:
                time.sleep(0.2)
        if ended := self._ended():
            say("up", f"{ended} has ended; stopping everything")
        elif not self.stopping.is_set():
            say("up", f"not ready after {self._elapsed()}: {lacking}")
        return False

    def _watch(self) -> int:
        """Until it is stopped, or has shown with --check that all of it works."""
        while not self.stopping.wait(0.5):
            if ended := self._ended():
                say("up", f"{ended} has ended; stopping everything")
                return 1
            demo = self.parts.get(DEMO)
            if self.arguments.check and (demo is None or demo.poll() is not None):
                return demo.returncode if demo else 0
        return 0

    def _ended(self) -> str:
        """What should not have; without the rest of the demo there is enough to look at."""
        parts = (name for name, part in self.parts.items() if part.poll() is not None)
        return ", ".join(name for name in parts if name != DEMO)

    def _announce(self) -> None:
        say("up", f"ready after {self._elapsed()}")
        say("up", f"  {self.url}/           start here")
        say("up", f"  {self.url}/admin/     the clinic's staff")
        say("up", f"  {self.url}/api/docs/  the API")
        if not self.arguments.no_demo:
            from clinic.demo.accounts import ACCOUNTS, PASSWORD

            if hasattr(self, "inbox"):
                say("up", f"  {self.url}/inbox/     the e-mails and SMS that patients get")
            names = ", ".join(account.username for account in ACCOUNTS)
            say("up", f"  log in as {names}; password {PASSWORD}")
            say("up", "  see it all at work: ./run manage tour")
            if self.plays_demo:
                say("up", "  the demo's patients are coming in, which takes about a minute")
        say("up", "  Ctrl-C stops everything")

    def _stop(self) -> None:
        for name in (DEMO, "worker", "web", "capture"):
            if part := self.parts.get(name):
                stop_process(part, signal.SIGTERM, 25)
        for server in reversed(self.servers):
            server.stop()
        STATE.unlink(missing_ok=True)
        say("up", f"stopped after {self._elapsed()}")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self.started:.1f} s"
