"""What is known to read more than it shows, and why."""

import re

# list and filter → why it reads more
BEYOND = {
    "/admin/aftercare/message/?channel__exact": "as in the API",
    "/admin/treatment_sessions/photo/?taken_at__gte": "some may no longer be shown",
    "/api/v1/patients/?q": "a search looks at 30,000 entries of an index at most: patients.search",
    "/api/v1/messages/?channel": "one of two: an index of all messages for whoever uses one only",
}
# The same, but of a thousand rows PostgreSQL may as well take the index: its sample decides.
UNDECIDED = {
    "/admin/patients/stafftask/?q": "the newest 500 for one of three roles",
    "/api/v1/accesses/?outcome": "nearly all are of one outcome, and `clinic_ids` is an array",
}


def reason(url: str) -> str:
    """Why an answer may read more than it shows; empty if nobody knows."""
    known = BEYOND | UNDECIDED
    return known.get(url.partition("?")[0], known.get(re.sub("=.*", "", url), ""))
