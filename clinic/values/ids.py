"""Ids, as something unknown may have sent them."""

from typing import Any
from uuid import UUID


def read_uuid(value: Any) -> UUID | None:
    """None for what is no id."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
