"""Runs tests at another moment, to see that they hold at any hour and season:

    .venv/bin/python -m tests.support.moved_clock "2027-07-15T22:45+00:00" tests/admin -n 2

PostgreSQL, Valkey and what the tests start are moved with them. It needs Linux and a C compiler. An
evening in summer finds most: the clinic's day is not that of UTC, and midnight comes meanwhile.
"""

import os

AHEAD = "CLOCK_AHEAD"
# For what is started with an environment of its own.
INHERITED = {name: os.environ[name] for name in ("LD_PRELOAD", AHEAD) if AHEAD in os.environ}
