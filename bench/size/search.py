"""How long the search of patients takes in a clinic of a million: python -m bench.size.search

A database of its own with two clinics, one of 95 % and one of 5 % of the patients, with names as
frequent as in life: one in thirteen is called Müller. For each kind of term: the time of all its
statements in PostgreSQL and with what Python does, and, with --plans FILE, their plans.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection as db

from bench.clinic_of import BIG, CLINIC, PATIENT, SITE, SMALL, Bare, prepare, run, today, uid
from bench.servers import connect, databases
from bench.stats import Machine

LIMIT_MS = 50
PLAIN = str.maketrans("äöüßşłçèøéë'", "aouszlceoee-")
BORN = date(1930, 1, 1)
FAMILY = """
    Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer
    Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange
    Schmitt Werner Schmitz Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter
    Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich
    Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon
    Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich
    Öztürk Kowalski Łukaszewicz Nowak Großmüller O'Brien Nguyen Lefèvre Sørensen Meyer-Schmidt
"""
GIVEN = """
    Anna Maria Peter Michael Thomas Andreas Wolfgang Claudia Susanne Sabine Petra Monika Stefan
    Christian Martin Markus Jürgen Hans Klaus Julia Katharina Laura Lena Sarah Lisa Mia Emma
    Hannah Sofia Lukas Leon Paul Jonas Felix Maximilian Alexander Daniel Tobias Jan Florian
    Sebastian Matthias Ursula Renate Helga Karin Brigitte Ingrid Erika Manuel Samuel Raphael
    Mehmet Ayşe Fatma Mustafa Łukasz Björn Søren Zoë Chloé François
"""
SYLLABLES = """
    ba be bi bo da de di do fa fe ga ge ha he hi ka ke ko la le li lo ma me mi mo na ne no pa pe
    ra re ri ro sa se si so ta te to va ve wa we za ze schu schwa stre kra kle bran gro
"""
ENDINGS = "mann er ner el ing berg stein hoff bach ke ski ow sen ert"
TERMS = {
    "a very common name": "müller",
    "two common names": "anna müller",
    "two that never meet": "müller schmidt",
    "an umlaut spelled out": "Grossmueller Juergen",
    "as the list prints it": "Großmüller, Jürgen",
    "a typing error": "Grossmulelr",
    "errors in two names": "Jurgan Grosmüller",
    "a rare name": "kraklewaberg",
    "two letters": "ma",
    "two times two letters": "ma mü",
    "letters alone": "a m s",
    "three letters, twice": "mar sch",
    "no hit": "qqqqxqqq",
    "%%%": "%%%",
    "ßß": "ßß",
    "an apostrophe left out": "obrien",
    "the beginning of an e-mail": "anna.mul",
    "an e-mail": "anna.muller13@gmail.com",
    "a common mailbox": "anna.muller@",
    "a mobile number": "0151 1990 1231",
    "its last digits": "0784",
    "with a country's code": "+49 151",
    "two digits": "49",
    "a birth date": "31.12.1990",
    "a year": "1988",
    "a common name and a year": "müller 1988",
    "a common name and a code": "müller 0151",
    "twenty words": "an be ch da er fr ge ha in jo ka la ma ne ol pe ra sc th ul",
    "twenty times one word": " ".join(["ma"] * 20),
}


WORDS = """
    INSERT INTO patient_word SELECT patient.id, clinic_id, word, search_text
    FROM patient, string_to_table(search_text, ' ') AS word WHERE word ~ '^[[:alnum:]]'
"""
COLUMNS = """
    id, created_at, clinic_id, given_name, family_name, date_of_birth, email, mobile, language,
    time_zone, sex, allergies, notes, updated_at, version
"""


def load(connection: Any, patients: int) -> None:
    """Both clinics, and their patients as a trigger would have kept them."""
    chance = random.Random(11)  # the same people in every run
    prepare(connection)
    for site in (BIG, SMALL):
        run(connection, site, SITE)
    parts, ends = SYLLABLES.split(), ENDINGS.split()
    rare = [
        "".join(chance.choices(parts, k=chance.choice((1, 2, 2, 3)))) + chance.choice(ends)
        for _ in range(60_000)
    ]
    common, given = (
        chance.choices(names, [1 / (n + rank) for n in range(len(names))], k=patients)
        for names, rank in ((FAMILY.split(), 3), (GIVEN.split(), 6))
    )
    with Bare(connection, ("patient", "patient_word")):
        with connection.cursor().copy(f"COPY patient ({COLUMNS}) FROM STDIN") as copy:
            for n in range(patients):
                draw = chance.random()
                family = common[n] if draw < 0.55 else chance.choice(rare).title()
                name = given[n] if draw < 0.8 else chance.choice(rare)[:7].title()
                mailbox = f"{name}.{family}{n}".lower().translate(PLAIN)
                site, number = (SMALL, n) if n % 20 == 0 else (BIG, n)
                born = BORN + timedelta(days=chance.randrange(29_000))
                copy.write_row(
                    [
                        *(uid(PATIENT, number), "now", site.id(CLINIC, 0), name, family, born),
                        f"{mailbox}@{chance.choice(('gmail.com', 'web.de', 'mail.example'))}",
                        f"+4915{chance.randrange(10**9):09}",
                        *("en", "", "", "", "", "now", 1),
                    ]
                )
        connection.execute(WORDS)
    connection.execute("VACUUM ANALYZE")


@dataclass
class Timed:
    """The statements of one search, as Django sent them, and how long PostgreSQL took."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    ms: float = 0.0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.ms += (time.perf_counter() - began) * 1000
            self.statements.append((sql, params))


def measure(find: Callable[[], list[Any]], rounds: int) -> tuple[list[Timed], int]:
    timed, found = [], 0
    for _ in range(rounds + 1):  # the first one warms up
        timed.append(Timed())
        with db.execute_wrapper(timed[-1]):
            found = len(find())
    return timed[1:], found


def plans(timed: Timed) -> str:
    with db.cursor() as cursor:
        text = []
        for sql, params in timed.statements:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
            text.append("\n".join(line for (line,) in cursor.fetchall()))
    return "\n\n".join(text)


def searches(site: Any) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    from patients.models import Patient

    clinic = site.id(CLINIC, 0)
    rows = Patient.objects.filter(clinic=clinic)

    def hits(term: str) -> Callable[[], list[Any]]:
        return lambda: list(rows.search(term, clinics=[clinic])[:50])

    def duplicates(patient: Patient) -> Callable[[], list[Any]]:
        return lambda: list(rows.possible_duplicates_of(patient)[:20])

    for name, term in TERMS.items():
        yield f"{name}: {term[:28]}", hits(term)
    anna, nobody = rows.filter(given_name="Anna", family_name="Müller").order_by("id")[:2]
    yield "duplicates of Anna Müller", duplicates(anna)
    nobody.email = nobody.mobile = ""
    yield "the same without an address", duplicates(nobody)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plans", type=Path, help="write the plans of each kind of term there")
    parser.add_argument("--folder", type=Path, help="where the servers' files go for a while")
    options = parser.parse_args()
    with databases(options.folder):
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", verbosity=0)
        with connect() as connection:
            began = time.monotonic()
            load(connection, options.patients)
            print(f"{options.patients:,} patients, loaded in {time.monotonic() - began:.0f} s")
            for name, size in connection.execute(SIZES):
                print(f"    {name}: {size}")
        report(options)


SIZES = """
    SELECT relname, pg_size_pretty(pg_relation_size(oid)) FROM pg_class
    WHERE (relname LIKE 'patient_by_%%' OR relname LIKE 'patient_word%%' OR relname = 'patient')
      AND relkind IN ('r', 'i') ORDER BY pg_relation_size(oid) DESC
"""


def report(options: Any) -> None:
    machine = Machine()
    machine.look()
    print(f"{today()}: {machine.line()}")
    print(f"ms in PostgreSQL: the median (the worst) of {options.rounds}")
    lines, text, slow = [], [], []
    of_the_big = searches(BIG)
    of_the_small = searches(SMALL)
    for (name, big), (_, small) in zip(of_the_big, of_the_small, strict=True):
        cells = []
        for find in (big, small):
            timed, found = measure(find, options.rounds)
            middle, worst = statistics.median(t.ms for t in timed), max(t.ms for t in timed)
            cells.append(f"{middle:.1f} ({worst:.1f}), {found} shown")
            if middle > LIMIT_MS:
                slow.append(name)
            if options.plans and find is big:
                text.append(f"-- {name}\n{plans(timed[-1])}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if options.plans:
        options.plans.write_text("\n\n".join(text))
    print(f"over {LIMIT_MS} ms: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
