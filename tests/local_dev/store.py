"""DynamoDB and the rest in a moto of its own, as a back end that outlives the gateway."""

import contextlib
from collections.abc import AsyncIterator

from local_dev.stack.cloud import Cloud


@contextlib.asynccontextmanager
async def empty_store(*, ttl_sweep: float) -> AsyncIterator[Cloud]:
    """Start it, and end it."""
    cloud = await Cloud.start(
        {"Resources": {}}, parameters={}, region="us-east-1", stack="store", ttl_sweep=ttl_sweep
    )
    try:
        yield cloud
    finally:
        await cloud.stop()
