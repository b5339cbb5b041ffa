"""Runs event source mappings: each one as a task that reads its stream or queue with boto3 and invokes its
function, until it is cancelled.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from ..stack.clients import Clients
from ..stack.model import QueueMapping, StreamMapping
from .batches import INVOKE_TIMEOUT, REST, Complaints
from .checkpoints import Checkpoints, sequence_number
from .destinations import Letter, failure_message, send, service_of
from .mapping import Discarded, MappingPoller
from .queues import CONCURRENCY, QueuePoller, SqsQueue
from .streams import Lineage, ShardReader, Start, list_shards

log = logging.getLogger(__name__)

QUEUE_POLL, STREAM_POLL = 0.1, 0.25
"""Seconds between looks at a source that cannot signal."""

SETTLE = 0.03
"""Seconds from the signal of a stream's record to the look at it. Whoever wrote it is mostly about to do more, as is a
handler in the middle of a message, and would share DynamoDB with the look; and what comes meanwhile comes along. On
Lambda it takes up to a quarter of a second.
"""

DISCOVERY = 10.0
"""Seconds between looks for new shards of a stream; the end of a shard is looked into at once."""

Changed = Callable[[float], Awaitable[None]]


class Functions(Protocol):
    """What invokes functions."""

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any: ...


def every(seconds: float) -> Changed:
    """`changed` for a source that cannot signal: wait a moment."""

    async def changed(timeout: float) -> None:
        await asyncio.sleep(min(timeout, seconds))

    return changed


def settled(changed: Changed, *, seconds: float = SETTLE) -> Changed:
    """`changed`, and a moment later."""

    async def later(timeout: float) -> None:
        await changed(timeout)
        await asyncio.sleep(seconds)

    return later


async def serve_queue(
    mapping: QueueMapping,
    functions: Functions,
    clients: Clients,
    *,
    changed: Changed | None = None,
    concurrency: int = CONCURRENCY,
) -> None:
    """Serve a mapping from a queue until cancelled."""

    async def invoke(records: list[dict[str, Any]]) -> Any:
        return await functions.invoke(mapping.function, {"Records": records}, wait=INVOKE_TIMEOUT)

    queue = SqsQueue(
        await clients.get("sqs"),
        arn=mapping.queue,
        changed=changed or every(QUEUE_POLL),
        signals=changed is not None,
    )
    await QueuePoller(mapping, queue, invoke=invoke, concurrency=concurrency).run()


async def serve_stream(
    mapping: StreamMapping,
    functions: Functions,
    clients: Clients,
    *,
    changed: Changed | None = None,
    stream: str | None = None,
    from_start: bool | None = None,
    checkpoints: Checkpoints | None = None,
) -> None:
    """Serve a mapping from a DynamoDB stream until cancelled.

    `stream` is the ARN to read where it differs from the template's, which is what the events name all the
    same. `from_start` overrules the mapping's StartingPosition: a stream that was created just now is best
    read from its start, or the first record would be a race. With `checkpoints` it goes on where it was.
    """
    beginning = mapping.from_start if from_start is None else from_start
    source = StreamSource(
        mapping,
        functions,
        clients,
        changed=settled(changed) if changed else every(STREAM_POLL),
        stream=stream or mapping.stream,
        checkpoints=checkpoints,
    )
    places = dict(checkpoints.places) if checkpoints else None
    await source.run(Lineage(from_start=beginning, places=places))


class StreamSource:
    """One mapping with all the shards of its stream, each processed by a task of its own."""

    def __init__(
        self,
        mapping: StreamMapping,
        functions: Functions,
        clients: Clients,
        *,
        changed: Changed,
        stream: str,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._mapping, self._functions, self._clients = mapping, functions, clients
        self._changed, self._stream, self._checkpoints = changed, stream, checkpoints
        self._complaints = Complaints(f"the stream {stream}")

    async def run(self, lineage: Lineage) -> None:
        """Look for shards and have them processed until cancelled."""
        client = await self._clients.get("dynamodbstreams")
        tasks: dict[asyncio.Task[None], str] = {}
        try:
            while True:
                pause = DISCOVERY
                try:
                    shards = await asyncio.to_thread(list_shards, client, self._stream)
                except Exception as error:  # a mapping outlives it
                    self._complaints.say(error)
                    pause = REST
                else:
                    self._complaints.over()
                    for shard, start in lineage.take(shards):
                        tasks[asyncio.create_task(self._serve_shard(client, shard, start))] = shard
                done = await _first_done(tasks, pause)
                for task in done:
                    lineage.finished(tasks.pop(task))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_shard(self, client: Any, shard: str, start: Start) -> None:
        mapping, checkpoints = self._mapping, self._checkpoints
        reader = ShardReader(
            client,
            stream=self._stream,
            shard=shard,
            start=start,
            arn=mapping.stream,
            region=mapping.stream.split(":")[3],
            changed=self._changed,
            after=sequence_number(checkpoints.places.get(shard)) if checkpoints else None,
        )
        if checkpoints:
            checkpoints.begun(shard, start)

        def processed(number: str) -> None:
            if checkpoints:
                checkpoints.processed(shard, number)

        async def invoke(records: list[dict[str, Any]]) -> Any:
            return await self._functions.invoke(mapping.function, {"Records": records}, wait=INVOKE_TIMEOUT)

        async def discard(discarded: Discarded) -> None:
            await self._discard(discarded, shard)

        await MappingPoller(mapping, reader, invoke=invoke, discard=discard, processed=processed).run()

    async def _discard(self, discarded: Discarded, shard: str) -> None:
        mapping = self._mapping
        log.error(
            "%s: %d stream record(s) given up, %s%s",
            mapping.function,
            len(discarded.records),
            discarded.condition.value,
            f": {discarded.error}" if discarded.error else "",
        )
        if not mapping.on_failure:
            return
        service = service_of(mapping.on_failure)
        if service is None:
            log.error("the on-failure destination %s is neither a queue nor a topic", mapping.on_failure)
            return
        letter = Letter(mapping.on_failure, failure_message(mapping, discarded, shard=shard, now=time.time()))
        try:
            await asyncio.to_thread(send, await self._clients.get(service), letter)
        except Exception as error:  # the records are lost, the mapping goes on
            log.error("the on-failure destination %s: %s", mapping.on_failure, error)  # noqa: TRY400


async def _first_done(
    tasks: Mapping[asyncio.Task[None], str], timeout: float
) -> Sequence[asyncio.Task[None]]:
    if not tasks:
        await asyncio.sleep(timeout)
        return []
    done, _ = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    return list(done)
