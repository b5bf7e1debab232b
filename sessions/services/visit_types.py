"""The kinds of visit that a clinic offers."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from clinic.catalogue import read
from clinic.db.retries import retried_step
from clinic.models import Clinic
from sessions.models import VisitType, VisitTypeName

SHIPPED = Path(settings.BASE_DIR) / "sessions/catalogue/visit_types.yaml"


@retried_step
def add_visit_types(*, clinic: Clinic) -> None:
    """Give a new clinic the kinds of visit that ship; it changes them as it likes."""
    rows = _shipped()
    VisitType.objects.bulk_create(
        VisitType(clinic=clinic, **{name: row[name] for name in row if name != "names"})
        for row in rows
    )
    ids = dict(VisitType.objects.filter(clinic=clinic).values_list("code", "pk"))
    VisitTypeName.objects.bulk_create(
        VisitTypeName(visit_type_id=ids[row["code"]], language=language, **words)
        for row in rows
        for language, words in row["names"].items()
    )


@lru_cache
def _shipped() -> list[dict[str, Any]]:
    return read(SHIPPED)
