"""What stands in an uploaded file: CSV or a workbook, whoever has made it, and whatever it is.

It is read in a process of its own (clinic.decoding).
"""

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.decoding.limited import GaveUp, Unreadable, decode
from clinic.errors import DomainError

LARGEST = 5_000_000  # bytes
TOO_MUCH = _("The file takes too long to read: save the rows as “CSV UTF-8”, or split it.")


class UnreadableFile(DomainError):
    code = "unreadable_file"
    title = gettext_noop("The file cannot be read")


def read_table(content: bytes) -> list[list[str]]:
    """The rows, the heading first, each cell as text; a day as 1990-05-17. Raises UnreadableFile,
    in words, for anything else."""
    if not content:
        raise UnreadableFile(gettext("The file is empty."), field="file")
    if len(content) > LARGEST:
        raise UnreadableFile(gettext("The file is larger than 5 MB: split it."), field="file")
    try:
        rows, _ = decode("table", content)
    except Unreadable as error:
        raise UnreadableFile(error.words, field="file") from error
    except GaveUp as error:
        raise UnreadableFile(str(TOO_MUCH), field="file") from error
    return [list(map(str, row)) for row in rows]
