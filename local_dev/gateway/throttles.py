"""Throttles as token buckets: the account's, a stage's and its routes' (contract H18, L13, L14, M10)."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from ..stack.model import Throttle

CONNECTIONS = Throttle(rate=500, burst=500)
"""New connections of an account and region (contract H18)."""

REQUESTS = Throttle(rate=10_000, burst=5_000)
"""Messages and calls of the management API, of an account and region (contract L13)."""


class ThrottledStage(Protocol):
    """A stage of an API of either kind."""

    @property
    def throttle(self) -> Throttle | None:
        """What all its routes share that have none of their own."""

    @property
    def route_throttles(self) -> Mapping[str, Throttle]:
        """Those of routes, by their keys."""


class TokenBucket:
    """Holds at most `burst` tokens and gets `rate` a second; the clock gives seconds."""

    def __init__(self, throttle: Throttle, *, clock: Callable[[], float]) -> None:
        self._throttle, self._clock = throttle, clock
        self._tokens = float(throttle.burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """Take a token; False where there is none."""
        now = self._clock()
        # A clock that was set back adds nothing, and takes nothing away.
        gained = max(0.0, now - self._filled_at) * self._throttle.rate
        self._filled_at = now
        self._tokens = min(float(self._throttle.burst), self._tokens + gained)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class AccountLimits:
    """What all APIs of an account and region share: one instance for all gateways."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.connections = TokenBucket(CONNECTIONS, clock=clock)
        self.requests = TokenBucket(REQUESTS, clock=clock)


class StageThrottles:
    """The throttles of one stage: a bucket for each route that has one of its own, one for all others."""

    def __init__(self, api: ThrottledStage, *, clock: Callable[[], float]) -> None:
        self._shared = TokenBucket(api.throttle, clock=clock) if api.throttle else None
        self._own = {key: TokenBucket(throttle, clock=clock) for key, throttle in api.route_throttles.items()}

    def admit(self, route_key: str) -> bool:
        """Take a token for a request to the route; False where it is throttled."""
        bucket = self._own.get(route_key, self._shared)
        return bucket is None or bucket.take()
