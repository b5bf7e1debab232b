"""What a server needs before it serves or sends, and a command for looking does not."""

import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NO_ADDRESS = (
    "PUBLIC_URL is not set: it is the address of the clinic, such as https://clinic.example, and "
    "every link in a message begins with it (docs/operations.md, “Environment”)."
)


def require_address() -> None:
    """End the process, in one sentence, if nobody has said where the clinic is reached."""
    try:
        has_address = settings.HAS_ADDRESS
    except ImproperlyConfigured as error:
        sys.exit(f"{error} (docs/operations.md, “Environment”)")
    if not has_address:
        sys.exit(NO_ADDRESS)
