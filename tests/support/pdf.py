"""PDF pages, and machines that can make none."""

import re
import sys
import zlib
from types import ModuleType
from typing import Any

import pytest

from clinic.values.pdf import weasyprint


def inflated(pdf: bytes) -> bytes:
    """What its compressed parts say."""
    assert pdf[:5] == b"%PDF-"
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    return b"".join(zlib.decompressobj().decompress(one) for one in streams if one[:1] == b"x")


def skip_without_pango() -> None:
    if weasyprint() is None:
        pytest.skip("there is no Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")


def without_pango(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", _WithoutPango("weasyprint"))


class _WithoutPango(ModuleType):
    def __getattr__(self, name: str) -> Any:
        raise OSError("cannot load library 'libpango-1.0-0'")
