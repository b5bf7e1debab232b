"""What is uploaded is decoded in a process of its own: what it may take, and what becomes of a file
that takes more."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from PIL import Image
from rest_framework.test import APIClient

from clinic.decoding import limited
from clinic.decoding.limited import GaveUp, decode
from patients.models import Patient
from patients.services.imports.files import UnreadableFile, read_table
from tests.support.pictures import encoded, files, jpeg, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def bomb() -> bytes:
    """A picture of 60 megapixels in some kilobytes, as large as is allowed."""
    return encoded(Image.new("RGB", (10_000, 6_000)), "PNG")


def heavy_workbook() -> bytes:
    """49 MB of empty cells in 50 kB."""
    kept, packed = io.BytesIO(), io.BytesIO()
    Workbook().save(kept)
    rows = b"<row>" + b"<c/>" * 200 + b"</row>"
    sheet = b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    sheet += b"<sheetData>" + rows * (49_000_000 // len(rows)) + b"</sheetData></worksheet>"
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            new.writestr(name, sheet if is_sheet else old.read(name))
    return packed.getvalue()


def instead(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    """A process that does this."""
    script = folder / "child.py"
    script.write_text(program)
    monkeypatch.setattr(limited, "CHILD", script)


def test_a_bomb_that_takes_too_much_memory_is_a_picture_that_cannot_be_read(
    as_alice: APIClient,
    patient: Patient,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
    bomb: bytes,
) -> None:
    assert len(bomb) < 250_000
    monkeypatch.setattr(limited, "MEMORY_BYTES", 200_000_000)

    refused = send(as_alice, patient, bomb)

    assert (refused.status_code, refused.json()["code"]) == (400, "damaged_photo")
    assert "takes too long to read" in refused.json()["detail"]
    assert files(media) == []
    assert send(as_alice, patient, jpeg()).status_code == 201  # and the next one is taken


def test_within_its_limits_the_same_picture_is_taken(bomb: bytes) -> None:
    """The control: it is the limit that has refused it."""
    facts, _ = decode("picture", bomb)

    assert facts == {"width": 2_400, "height": 1_440}


def test_a_workbook_that_takes_too_long_is_one_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = heavy_workbook()
    assert len(content) < 500_000
    monkeypatch.setattr(limited, "CPU_SECONDS", 1)

    with pytest.raises(UnreadableFile, match="takes too long to read"):
        read_table(content)
    assert read_table(b"a;b\n1;2\n") == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import time; time.sleep(60)", id="hangs"),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", id="crashes"),
        pytest.param("raise SystemExit(3)", id="gives up"),
    ],
)
def test_a_decoder_that_hangs_or_crashes_takes_nobody_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    instead(monkeypatch, tmp_path, program)
    monkeypatch.setattr(limited, "WALL_SECONDS", 3)

    with pytest.raises(GaveUp):
        decode("picture", jpeg())


def test_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of the product")
    program = """import json, os
print(json.dumps({"facts": [dict(os.environ), os.getcwd()], "sizes": []}))"""
    instead(monkeypatch, tmp_path, program)

    (environment, folder), _ = decode("picture", b"")

    assert not [name for name in environment if "KEY" in name or "URL" in name]
    assert folder == "/"


@pytest.mark.parametrize(
    ("work", "content"),
    [("picture", jpeg()), ("table", b"a;b\n1;2\n")],
    ids=["picture", "table"],
)
def test_it_loads_nothing_of_the_product(work: str, content: bytes) -> None:
    command = [sys.executable, "-I", "-X", "importtime", str(limited.CHILD), work, str(2**31), "20"]
    done: Any = subprocess.run(command, input=content, capture_output=True, check=True)

    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "json" in loaded
    assert not loaded & {"django", "clinic", "psycopg", "celery"}
    assert "facts" in json.loads(done.stdout.partition(b"\n")[0])
