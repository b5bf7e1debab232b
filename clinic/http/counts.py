"""How often something was done in this minute, counted in Valkey.

A cache that is down or hangs decides nothing: one request waits for it, a quarter of a second at
most, and for some seconds it is not asked again.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

SECONDS = 60
AWAY_SECONDS = 5.0
logger = logging.getLogger(__name__)


class _Count:
    """How many times a key was counted, as far as Valkey knows."""

    def __init__(self) -> None:
        self._away_until = float("-inf")  # on the monotonic clock

    def one_more(self, key: str) -> int:
        """The count with this one; 0 if it is not known."""
        if time.monotonic() < self._away_until:
            return 0
        try:
            cache.add(key, 0, timeout=2 * SECONDS)
            return int(cache.incr(key))
        except ValueError:
            return 0  # the minute has ended meanwhile
        except RedisError as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("nothing is counted: %s", type(error).__name__)
            return 0


_count = _Count()


def seconds_to_wait(scope: str, caller: str) -> int:
    """Until this caller may do it again; 0 for now. It is counted."""
    limit = settings.THROTTLES.get(scope)
    if not limit:
        return 0
    minute, second = divmod(int(time.time()), SECONDS)
    count = _count.one_more(f"throttle:{scope}:{caller}:{minute}")
    return SECONDS - second if count > limit else 0
