"""Which state of an object somebody has seen: what is behind an ETag and an edit form."""

from hashlib import sha256

from django.db import models
from django.db.models.expressions import RawSQL


def version_of(row: models.Model, *parts: str) -> str:
    """A short opaque text that changes with every write to the row, whoever writes, SQL included.

    `parts` are related names whose rows belong to the object, such as the zones of a chart: what is
    added, changed or deleted there counts too. To compare it with what a client or a form has seen,
    read it under the row's lock. It is made of what PostgreSQL keeps with every state of a row, the
    transaction and the place (`xmin`, `ctid`): no table needs a counter, no writer can forget it.
    """
    rows: list[models.QuerySet[models.Model]] = [type(row)._base_manager.filter(pk=row.pk)]
    rows += [getattr(row, part).order_by() for part in parts]
    states = []
    for found in rows:
        table = found.model._meta.db_table
        state = RawSQL(f'"{table}".xmin::text || "{table}".ctid::text', ())  # noqa: S611
        states.append(sorted(found.annotate(_state=state).values_list("_state", flat=True)))
    return sha256(repr(states).encode()).hexdigest()[:16]
