"""Every list of a large clinic, in every way in which it can be asked: python -m bench.size.large

Two clinics, of 95 and of 5 %, in a database of its own. Each list and page of the API and of the
admin, each value of each filter, each order that is offered, each kind of search term, each choice
that is typed, the probes, and each job of a worker are asked as people of both clinics. Fails if an
answer reads much more rows of a table than it shows. With --folder the database stays there and is
used again.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

from bench.clinic_of import BIG, CLINIC, SMALL, Bare, Site, today
from bench.servers import POSTGRES, connect, databases, started
from bench.stats import Machine, percentile
from clinic.embedded import Postgres, Valkey

LARGE = 100_000  # patients: of fewer, PostgreSQL is told to read as it does of so many
METRICS_TOKEN = "for-this-benchmark"


@contextmanager
def database(folder: Path | None) -> Iterator[Any]:
    if folder is None:
        with databases(None):
            yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    postgres = Postgres(folder / "postgres", settings=POSTGRES)
    with started(postgres, Valkey(folder / "valkey")):
        yield


def load(options: Any) -> None:
    from aftercare.models import RecallNotice
    from bench.size.fill import fill
    from patients.models import Patient

    if RecallNotice.objects.exists():  # the last to be filled
        return
    if Patient.objects.exists():
        sys.exit("The database in that folder was not loaded to its end: remove it.")
    began = time.monotonic()
    with connect() as connection:
        fill(connection, Bare, patients=options.patients, messages=options.messages)
        connection.execute("VACUUM ANALYZE")
    print(f"{options.patients:,} patients, loaded in {time.monotonic() - began:.0f} s")


def people(site: Site) -> dict[str, Any]:
    from clinic.models import Role, User

    found = {}
    for role in Role.values:
        name = f"{role.lower()}-{site.number}"
        found[role], new = User.objects.get_or_create(username=name, defaults={"role": role})
        User.objects.filter(pk=found[role].pk).update(is_staff=True)
        if new:
            found[role].clinics.add(site.id(CLINIC, 0))
    return found


def asked(site: Site, options: Any) -> Iterator[tuple[str, str, Any, str]]:
    """Kind, role, how to get it, and address."""
    from django.test import Client

    from bench.size import lists

    some = lists.sparing if options.sparing else iter
    for role, user in people(site).items():
        user.refresh_from_db()
        token, page = lists.with_token(user), lists.in_the_admin(user)
        if role in options.roles:
            for url in some(lists.api_queries(user)):
                yield "lists of the API", role, token, url
            for url in lists.api_pages(user):
                yield "pages of the API", role, token, url
            for url, _ in lists.admin_lists():
                answer = page(url)
                if answer.status_code == 200:
                    yield "lists of the admin", role, page, url
                    for query in some(lists.admin_queries(url, answer.context_data["cl"])):
                        yield "lists of the admin", role, page, query
            for url in lists.admin_pages():
                yield "pages of the admin", role, page, url
            for url in lists.autocompletes():
                yield "autocompletes", role, page, url
    watch = Client(headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    for url in lists.PROBES:
        yield "probes", "", watch.get, url
    if site.number == options.clinics[-1]:  # once, and last: they write
        for job in lists.jobs():
            yield "jobs", "", lists.work_off, job


def report(options: Any) -> list[str]:
    from bench.size.beyond import reason
    from bench.size.lists import PROBES
    from bench.size.reads import BATCH, Tables, ask

    tables, beyond = Tables(), []
    kinds: dict[str, Kind] = {}
    refused: Counter[int] = Counter()
    known: Counter[str] = Counter()
    print("| answer | ms | of it SQL | statements | blocks | bytes | read beyond |")
    print("|---|---|---|---|---|---|---|")
    for site in (one for one in (BIG, SMALL) if one.number in options.clinics):
        for kind, role, get, url in asked(site, options):
            if options.only not in url:
                continue
            answer = ask(get, url)
            if answer.response.status_code != 200 and url not in PROBES:
                refused[answer.response.status_code] += 1
                continue
            if kind == "jobs":
                answer.shown = BATCH
            answer.explain(as_large=options.patients < LARGE)
            kinds.setdefault(kind, Kind()).note(answer, tables)
            read = answer.judge(tables)
            unknown = [one for one in read if not reason(url, *one[:2])]
            rows, table, sql = next(iter(unknown or read), (0, "", ""))
            if unknown:
                beyond.append(f"{rows:,} rows of {table}: {role} {url}\n    {sql}")
            elif read:
                known[reason(url, rows, table)] += 1
            if rows or answer.sql_ms > options.ms:
                print(
                    f"| {site.desk[5:]} {role} {url} | {answer.ms:.0f} | {answer.sql_ms:.1f} |"
                    f" {len(answer.statements)} | {answer.blocks:,} | {answer.size:,} |"
                    f" {rows:,} {table}{'' if unknown or not rows else ' (known)'} |",
                    flush=True,
                )
    print("\n" + of_kinds(kinds))
    print(f"{sum(len(one.ms) for one in kinds.values()):,} answers; refused {dict(refused)}")
    for why, count in known.most_common():
        print(f"{count} known to read more than they show: {why}")
    return beyond


@dataclass
class Kind:
    """What the answers of one kind took."""

    ms: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def note(self, answer: Any, tables: Any) -> None:
        self.ms.append(answer.ms)
        self.sql.append(answer.sql_ms)
        self.statements.append(len(answer.statements))
        self.blocks.append(answer.blocks)
        self.sizes.append(answer.size)
        read = [statement.most(tables)[0] for statement in answer.statements]
        self.rows.append(max(read, default=0))


def of_kinds(kinds: Mapping[str, Kind]) -> str:
    """The middle, the p95 and the most of what one answer took, by kind."""
    lines = [
        "| p50 / p95 / most | answers | ms | of it SQL | statements | blocks | bytes | rows |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, kind in kinds.items():
        figures = (kind.ms, kind.sql, kind.statements, kind.blocks, kind.sizes, kind.rows)
        cells = [" / ".join(f"{percentile(one, p):,.0f}" for p in (50, 95, 100)) for one in figures]
        lines.append(f"| {name} | {len(kind.ms):,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=300_000)
    parser.add_argument("--messages", type=int, default=1, help="of each of four sessions")
    parser.add_argument("--only", default="", help="addresses with this in them")
    parser.add_argument("--roles", nargs="*", default=["PRACTITIONER", "MANAGER"])
    parser.add_argument("--clinics", nargs="*", type=int, default=[1, 2], help="1 has 95 %% of all")
    parser.add_argument("--sparing", action="store_true", help="three values of each filter")
    parser.add_argument("--ms", type=float, default=5.0, help="tell of answers with more SQL")
    parser.add_argument("--folder", type=Path, help="keep the database there, or use it")
    parser.add_argument("--plans", type=Path, help="write there which statements read too much")
    options = parser.parse_args()
    with database(options.folder):
        # one caller asks for everything, as fast as it can, without a device for codes
        os.environ |= {"SECOND_FACTOR_ROLES": "", "METRICS_TOKEN": METRICS_TOKEN}
        django.setup()
        settings.THROTTLES.clear()
        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", verbosity=0)
        load(options)
        machine = Machine()
        machine.look()
        print(f"{today()}: {machine.line()}")
        beyond = report(options)
    if options.plans:
        options.plans.write_text("\n".join(beyond))
    print(f"{len(beyond)} answers read more than they show")
    sys.exit(bool(beyond))


if __name__ == "__main__":
    main()
