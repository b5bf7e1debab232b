"""What is known to read more than it shows, how much more, and why."""

import re
from dataclasses import dataclass

from clinic.admin.lists.any_size import MOST_COUNTED
from clinic.admin.lists.search import SEARCHED
from patients.search import SCANNED


@dataclass(frozen=True)
class Bound:
    """Of whatever is asked so, one statement reads no more rows of these tables, of any size."""

    asked: str  # in the address
    most: int
    why: str
    tables: str = ""  # all, unless it says which

    def holds(self, url: str, rows: int, table: str) -> bool:
        if rows > self.most or not re.search(self.asked, url):
            return False
        return bool(re.fullmatch(self.tables or ".*", table))


TYPED = r"[?&](q|term)=."
BOUNDS = (
    Bound(
        TYPED, SCANNED, "so many entries of words are looked at: patients.search", "patient_word"
    ),
    Bound(
        TYPED,
        2 * (MOST_COUNTED + SEARCHED),
        "a thousand rows of whom is found, and the newest 500: clinic.admin.lists.search",
    ),
    Bound(
        r"^/(admin/clinic/accessrecord|api/v1/accesses)/\?(action|door|purpose)(__exact)?=",
        8 * MOST_COUNTED,
        "one of two or four that are frequent: a thousand are counted among so many",
        "clinic_access_.*",
    ),
    Bound(
        r"^/admin/clinic/workinghours/",
        10_000,
        "hours of all staff of a clinic, sorted by person: they do not grow with the patients",
        "clinic_working_hours",
    ),
    Bound(
        r"/recall-progress/$", 30_000, "exact numbers of one lot's patients", "aftercare_recall.*"
    ),
    Bound(r"^/metrics$", 10_000, "so many that wait are counted, no more", "aftercare_message"),
    Bound(r"^/readyz$", 20_000, "the schema, whatever the tables hold", "pg_.*"),
    Bound(
        r"^clinic\.tasks\.seal_accesses$",
        1_000_000,
        "what was written since the last seal, some minutes before; all of it where none is",
        "clinic_access_.*",
    ),
)
# list and filter → why it reads more
BEYOND = {
    "/admin/aftercare/message/?channel__exact": "as in the API",
    "/admin/treatment_sessions/photo/?taken_at__gte": "some may no longer be shown",
    "/api/v1/messages/?channel": "one of two: an index of all messages for whoever uses one only",
}
# The same, but of a thousand rows PostgreSQL may as well take the index: its sample decides.
UNDECIDED = {
    "/admin/patients/stafftask/?q": "the newest 500 for one of three roles",
    "/admin/aftercare/inboundmessage/?keyword__exact": "of any clinic or none",
    "/admin/aftercare/inboundmessage/?maybe_opt_out__exact": "of any clinic or none",
    "/api/v1/accesses/?outcome": "nearly all are of one outcome, and `clinic_ids` is an array",
}


def reason(url: str, rows: int, table: str) -> str:
    """Why an answer may read more of a table than it shows; empty if nobody knows."""
    known = BEYOND | UNDECIDED
    found = known.get(url.partition("?")[0], known.get(re.sub("=.*", "", url), ""))
    return found or bound(url, rows, table)


def bound(url: str, rows: int, table: str) -> str:
    """Why it reads no more than so much, whatever the table holds; empty if nobody knows."""
    return next((one.why for one in BOUNDS if one.holds(url, rows, table)), "")
