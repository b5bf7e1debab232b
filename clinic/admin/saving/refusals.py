"""What the rules and the database refuse, in words at the fields of a form."""

import logging

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError
from django.utils.translation import gettext

from clinic.db.constraints import constraint_of, is_declared
from clinic.errors import DomainError
from clinic.http.problems import constraint_words, is_bad_value

logger = logging.getLogger(__name__)

REFUSED = (DomainError, ValidationError, IntegrityError, DataError, ProtectedError)


def refusals(error: Exception) -> list[tuple[str, str]]:
    """Pairs of a field, or nothing, and a sentence. What the database refuses by no rule of ours is
    raised again: it is a fault, which is logged and answered by 500."""
    if isinstance(error, DomainError):
        return [(each.field, each.message) for each in (error, *error.others)]
    if isinstance(error, ValidationError):
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        return [
            ("" if name == NON_FIELD_ERRORS else name, message)
            for name, found in by_field.items()
            for message in found
        ]
    if isinstance(error, ProtectedError):
        return [("", gettext("Other records refer to this, so it cannot be deleted."))]
    if is_bad_value(error):
        return [("", gettext("A value is too large or has characters that cannot be stored."))]
    return [("", _of_database(error))]


def _of_database(error: Exception) -> str:
    if not is_declared(error):
        raise error
    name = constraint_of(error)
    logger.warning("no form puts the constraint %s into words", name)
    return str(constraint_words().get(name, "")) or gettext(
        "This clashes with what is recorded, perhaps since a moment ago. Nothing was saved."
    )
