"""What a server needs before it serves or sends, and a command for looking does not."""

import gc
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

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


def load_before_forking() -> None:
    """What each process would load by itself with its first page or link, once for all of them: the
    pages and interfaces behind all addresses. The collector need not look at it again: that would
    make a copy of it for each process, and stopped all requests for 120 ms, once a second."""
    reverse("admin:index")  # fills the resolver
    gc.collect()
    gc.freeze()
