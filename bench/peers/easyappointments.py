"""Easy!Appointments from a folder of its source: nginx, php-fpm and MariaDB, of Debian.

    apt-get install nginx mariadb-server php8.2-fpm php8.2-{cli,mysql,gd,mbstring,xml,curl,intl} \\
        php-guzzlehttp-guzzle php-monolog libphp-phpmailer php-htmlpurifier php-symfony-finder

Where composer has not filled `vendor`, Debian's packages stand for what a booking needs, and what
it does not (Google's calendar, captchas …) is an empty class. In its favour: no limit of requests,
no e-mail at all, php-fpm with as many processes as the product has.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import psutil

from bench.booking.load import Desk, Door, Work
from bench.machines.machine import wait_until
from bench.peers.contender import CUSTOMERS, OLD, PEOPLE, Contender, slot_of
from bench.roles import running, wait_for
from bench.servers import HOST
from clinic.embedded.process import free_port

NEEDED = ("nginx", "php-fpm8.2", "php", "mariadbd", "mariadb-install-db", "mariadb")
PATH = "/index.php/api/v1/appointments"
TOKEN = "only-for-this-benchmark"
RUSH = 90_000
SAID = {
    "refuses doubles": "no: the API's save() checks nothing",
    "message of the booking": "off here (it would send within the request)",
    "plans reminders": "no",
    "history of changes": "no",
    "keeps recovery, rooms, devices": "no",
}
VENDOR = """<?php
foreach (['GuzzleHttp/autoload.php', 'Monolog/autoload.php', 'libphp-phpmailer/autoload.php',
          'HTMLPurifier.auto.php', 'Symfony/Component/Finder/autoload.php'] as $file) {
    if (is_file('/usr/share/php/' . $file)) require_once '/usr/share/php/' . $file;
}
spl_autoload_register(function ($class) {
    if (!preg_match('/^(Google|Jsvrcek|Sabre|Gregwar|AltchaOrg)/', $class)) return;
    $cut = strrpos($class, '\\\\');
    $space = $cut === false ? '' : 'namespace ' . substr($class, 0, $cut) . ';';
    $name = $cut === false ? $class : substr($class, $cut + 1);
    $anything = 'const CALENDAR = ""; public function __call($n, $a) { return $this; }'
        . 'public static function __callStatic($n, $a) { return new static; }'
        . 'public function __toString() { return ""; }';
    eval("$space #[\\\\AllowDynamicProperties] class $name { $anything }");
});
"""
CONFIG = """<?php
class Config {{
    const BASE_URL = 'http://{host}:{port}';
    const LANGUAGE = 'english';
    const DEBUG_MODE = false;
    const DB_HOST = '{socket}';
    const DB_NAME = 'easyappointments';
    const DB_USERNAME = 'clinic';
    const DB_PASSWORD = 'clinic';
}}
"""
NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log; {user}
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port}; root {site}; index index.php;
        location ~ ^.+\\.php {{
            fastcgi_pass unix:{folder}/php.sock; fastcgi_keep_conn on;
            fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param PATH_INFO $fastcgi_path_info;
        }}
    }}
}}
"""
PHP = """
[global]
error_log = {folder}/php.log
[www]
{user}
listen = {folder}/php.sock
listen.backlog = 1024
pm = static
pm.max_children = 4
php_admin_value[opcache.enable] = 1
"""
FILL = f"""
    UPDATE ea_settings SET value = '0' WHERE name = 'customer_notifications';
    UPDATE ea_settings SET value = '{TOKEN}' WHERE name = 'api_token';
    INSERT INTO ea_settings (name, value) SELECT 'api_token', '{TOKEN}' FROM DUAL
        WHERE NOT EXISTS (SELECT * FROM ea_settings WHERE name = 'api_token');
    INSERT INTO ea_users (first_name, last_name, email, phone_number, timezone, language, id_roles)
        SELECT 'Person', seq, CONCAT('p', seq, '@clinic.example'), '+49301', 'Europe/Berlin',
            'english', (SELECT id FROM ea_roles WHERE slug = 'provider')
        FROM seq_1_to_{PEOPLE};
    INSERT INTO ea_user_settings (id_users, username, notifications)
        SELECT id, email, 0 FROM ea_users WHERE email LIKE 'p%@clinic.example';
    INSERT INTO ea_services_providers (id_users, id_services)
        SELECT id, (SELECT MIN(id) FROM ea_services) FROM ea_users
        WHERE email LIKE 'p%@clinic.example';
    UPDATE ea_user_settings SET notifications = 0;
    INSERT INTO ea_users (first_name, last_name, email, phone_number, timezone, language, id_roles)
        SELECT 'Ada', CONCAT('F', seq), CONCAT('c', seq, '@mail.example'), '+4915112345678',
            'Europe/Berlin', 'english', (SELECT id FROM ea_roles WHERE slug = 'customer')
        FROM seq_1_to_{CUSTOMERS};
    SET @person = (SELECT MIN(id) FROM ea_users WHERE email LIKE 'p%@clinic.example');
    SET @customer = (SELECT MIN(id) FROM ea_users WHERE email LIKE 'c%@mail.example');
    INSERT INTO ea_appointments (book_datetime, start_datetime, end_datetime, hash,
            id_users_provider, id_users_customer, id_services)
        SELECT NOW(), t, t + INTERVAL 45 MINUTE, MD5(seq), @person + seq MOD {PEOPLE},
            @customer + seq MOD {CUSTOMERS}, (SELECT MIN(id) FROM ea_services)
        FROM (SELECT seq, CURDATE() - INTERVAL 1 + seq DIV {PEOPLE} DIV 9 DAY
                + INTERVAL 9 + (seq DIV {PEOPLE}) MOD 9 HOUR AS t
              FROM seq_1_to_{OLD}) AS numbers;
    SELECT @person, @customer, (SELECT MIN(id) FROM ea_services);
"""


class Missing(RuntimeError):
    """What the peer needs and is not here."""


@contextmanager
def easyappointments(folder: Path, source: Path) -> Iterator[Contender]:
    if lacking := [name for name in NEEDED if not shutil.which(name, path=_PATH)]:
        raise Missing(f"without Easy!Appointments: no {', '.join(lacking)}")
    folder.mkdir()
    port, site = free_port(), folder / "site"
    shutil.copytree(source, site, ignore=shutil.ignore_patterns(".git", "node_modules", "tests"))
    _configure(site, port, folder / "maria.sock")
    is_root = os.geteuid() == 0
    facts = {"folder": folder, "host": HOST, "port": port, "site": site}
    (folder / "nginx.conf").write_text(NGINX.format(**facts, user="user root;" if is_root else ""))
    user = "user = root\ngroup = root" if is_root else ""
    (folder / "php.conf").write_text(PHP.format(**facts, user=user))
    with ExitStack() as stack:
        database = stack.enter_context(_maria(folder))
        ids = _install(site, folder / "maria.sock")
        php = ["php-fpm8.2", "-F", "-y", folder / "php.conf", *(["-R"] if is_root else [])]
        nginx = ["nginx", "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
        environment = {"PATH": _PATH}
        web = [stack.enter_context(running(one, environment, cwd=site)) for one in (php, nginx)]
        wait_for(port, PATH)
        bookings = _Bookings(folder / "maria.sock", *ids)
        yield Contender(
            name="Easy!Appointments",
            door=Door(port, {"Authorization": f"Bearer {TOKEN}"}),
            roles={"web": web, "database": [database]},
            first=bookings.first,
            again=bookings.again,
            rush=bookings.rush,
            in_rush=bookings.in_rush,
            said=SAID,
        )


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _configure(site: Path, port: int, socket: Path) -> None:
    (site / "config.php").write_text(CONFIG.format(host=HOST, port=port, socket=socket))
    if not (site / "vendor" / "autoload.php").exists():
        (site / "vendor").mkdir(exist_ok=True)
        (site / "vendor" / "autoload.php").write_text(VENDOR)
    limits = site / "application" / "config" / "config.php"
    on, off = "$config['rate_limiting'] = true;", "$config['rate_limiting'] = false;"
    limits.write_text(limits.read_text().replace(on, off))


@contextmanager
def _maria(folder: Path) -> Iterator[psutil.Process]:
    """Debian's settings: each commit on disk, 128 MB of buffers, four times as many as 512 MB."""
    user = ["--user=root"] if os.geteuid() == 0 else []
    data, socket = folder / "maria", folder / "maria.sock"
    subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", *user, f"--datadir={data}"),
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    command = [
        *("mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--socket={socket}"),
        *("--skip-networking", "--innodb-buffer-pool-size=512M", f"--pid-file={folder}/maria.pid"),
    ]
    with running(command, {"PATH": _PATH}, cwd=folder, stop=30) as process:
        ready = ["mariadb-admin", "--no-defaults", f"--socket={socket}", "-uroot", "ping"]
        wait_until("MariaDB", lambda: not _fails(ready), seconds=60)
        yield process


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode != 0


def _sql(socket: Path, text: str, *, database: str = "") -> str:
    done = subprocess.run(
        ["mariadb", "--no-defaults", "-N", "-B", f"--socket={socket}", "-uroot", database],
        input=text,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _install(site: Path, socket: Path) -> tuple[int, int, int]:
    """Its own installation, then people, customers and old bookings; gives the first ids."""
    _sql(
        socket,
        "CREATE DATABASE easyappointments CHARACTER SET utf8mb4;"
        "CREATE USER clinic@localhost IDENTIFIED BY 'clinic';"
        "GRANT ALL ON easyappointments.* TO clinic@localhost",
    )
    command = ["php", "index.php", "console", "install"]
    done = subprocess.run(command, cwd=site, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Easy!Appointments cannot be installed: {_said(done, site)}")
    person, customer, service = _sql(socket, FILL, database="easyappointments").split()
    return int(person), int(customer), int(service)


def _said(done: "subprocess.CompletedProcess[str]", site: Path) -> str:
    logs = [path.read_text() for path in (site / "storage" / "logs").glob("*.php")]
    return "\n".join((done.stdout, done.stderr, *logs))[-2_000:]


class _Bookings:
    def __init__(self, socket: Path, person: int, customer: int, service: int) -> None:
        self.socket, self.person, self.customer = socket, person, customer
        self.service = service
        self._numbers, self._lock, self._rush = count(), threading.Lock(), RUSH

    def first(self, desk: Desk) -> int:
        """It treats all alike: the customer is one who has old bookings either way."""
        with self._lock:
            number = next(self._numbers)
        return self._post(desk, number, number)

    again = first

    def rush(self, clients: int) -> list[Work]:
        self._rush += 1
        return [self._wanting(number) for number in range(clients)]

    def _wanting(self, customer: int) -> Work:
        return lambda desk: self._post(desk, self._rush, customer)

    def in_rush(self) -> int:
        person, day, hour = slot_of(self._rush)
        found = _sql(
            self.socket,
            "SELECT COUNT(*) FROM ea_appointments WHERE"
            f" id_users_provider = {self.person + person}"
            f" AND start_datetime = '{day} {hour:02}:00:00'",
            database="easyappointments",
        )
        return int(found)

    def _post(self, desk: Desk, number: int, customer: int) -> int:
        person, day, hour = slot_of(number)
        status, _ = desk.post(
            PATH,
            {
                "start": f"{day} {hour:02}:00:00",
                "end": f"{day} {hour:02}:45:00",
                "providerId": self.person + person,
                "customerId": self.customer + customer % CUSTOMERS,
                "serviceId": self.service,
                "location": "",
                "notes": "",
            },
        )
        return status
