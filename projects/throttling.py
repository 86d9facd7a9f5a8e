"""How often a key may call: off unless RATE_LIMIT_ENABLED.

Calls are counted per key in windows of fixed length, in Django's cache; sessions are exempt. A
viewset or an action names its class as `rate_limit` (PostHog: posthog/rate_limit.py).
"""

import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
RATES = {
    "default": [(480, MINUTE), (4800, HOUR)],
    "clickhouse": [(240, MINUTE), (1200, HOUR)],
    "query": [(240, MINUTE), (2400, HOUR)],
    "values": [(60, MINUTE), (300, HOUR)],
    "ai": [(10, MINUTE), (100, DAY)],
}
PER_USER = {"ai"}


class KeyRateThrottle(BaseThrottle):
    def allow_request(self, request, view) -> bool:
        if not settings.RATE_LIMIT_ENABLED or request.auth is None:
            return True
        name = view.rate_limit
        bucket = f"user-{request.user.pk}" if name in PER_USER else f"key-{request.auth.pk}"
        now = time.time()
        waits = [
            period - now % period
            for calls, period in RATES[name]
            if count_call(f"rate-{name}-{bucket}-{period}-{now // period:.0f}", period) > calls
        ]
        self.seconds_to_wait = max(waits, default=None)
        return not waits

    def wait(self) -> float | None:
        return self.seconds_to_wait


def count_call(counter: str, period: int) -> int:
    cache.add(counter, 0, timeout=2 * period)
    try:
        return cache.incr(counter)
    except ValueError:  # evicted since, so full was the cache
        return 1
