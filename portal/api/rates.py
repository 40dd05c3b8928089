"""How often a token may ask: so many requests a minute, counted in the cache, told in every answer."""

import math
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

MINUTE = 60


@dataclass(frozen=True)
class Rate:
    """Where a token stands: `limit` requests a minute, `left` of them, until `reset` seconds from now."""

    limit: int
    left: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As answers tell it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.left)),
            "RateLimit-Reset": str(self.reset),
        }

    @property
    def is_over(self) -> bool:
        """Whether this request is one too many."""
        return self.left < 0


def count_request(token_id: int) -> Rate:
    """Count one request of a token in the minute that runs."""
    now = time.time()
    minute = int(now // MINUTE)
    key = f"api-rate:{token_id}:{minute}"
    cache.add(key, 0, 2 * MINUTE)
    try:
        used = cache.incr(key)
    except ValueError:  # the cache was emptied in between
        used = 1
    limit: int = settings.API_REQUESTS_PER_MINUTE
    return Rate(limit, limit - used, max(1, math.ceil((minute + 1) * MINUTE - now)))
