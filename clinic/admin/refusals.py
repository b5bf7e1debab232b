"""What the rules and the database refuse, in words at the fields of a form."""

from functools import cache

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError

from clinic.errors import DomainError

REFUSED = (DomainError, ValidationError, IntegrityError, DataError, ProtectedError)


def refusals(error: Exception) -> list[tuple[str, str]]:
    """Pairs of a field, or nothing, and a sentence."""
    if isinstance(error, DomainError):
        return [(error.field, error.message)]
    if isinstance(error, ValidationError):
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        return [
            ("" if name == NON_FIELD_ERRORS else name, message)
            for name, found in by_field.items()
            for message in found
        ]
    if isinstance(error, ProtectedError):
        return [("", "Other records refer to this, so it cannot be deleted.")]
    if isinstance(error, DataError):
        return [("", "A value is too large or has characters that cannot be stored.")]
    return [("", _of_database(error))]


def _of_database(error: Exception) -> str:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    return constraint_words().get(name) or (
        "This clashes with what is recorded, perhaps since a moment ago"
        f"{f' ({name})' if name else ''}. Nothing was saved."
    )


@cache
def constraint_words() -> dict[str, str]:
    """What each named constraint says of itself, where it has words of its own."""
    return {
        constraint.name: str(constraint.violation_error_message)
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if constraint.violation_error_message != constraint.default_violation_error_message
    }
