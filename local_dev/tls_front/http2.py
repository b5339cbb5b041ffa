"""hypercorn's HTTP/2, for clients that read slowly, or send what nobody waits for."""

import contextlib
from typing import Any

import h2.errors
import h2.exceptions
from hypercorn.protocol.events import Event, Response, StreamClosed
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, BufferCompleteError, H2Protocol, StreamBuffer

from .seen import Seen
from .streams import Fields, Streams, note, refusal, tell


class Buffer(StreamBuffer):
    """What waits for one stream of HTTP/2. hypercorn's lets in any amount once the client's window is full."""

    async def push(self, data: bytes) -> None:
        """Add something, and wait until most of it was taken."""
        if self._complete:
            raise BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        while len(self.buffer) >= BUFFER_HIGH_WATER and not self._complete:
            await self._paused.clear()
            await self._paused.wait()

    async def pop(self, max_length: int) -> bytes:
        """Take as much as the window has room for, which may be nothing."""
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_HIGH_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data


class Http2(H2Protocol):
    """HTTP/2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.streams = Streams()
        self._seen: dict[int, Seen] = {}

    async def _create_stream(self, request: Any) -> None:
        headers: Fields = request.headers
        self._seen[request.stream_id] = note(self.config, "2", "h2", headers)
        status = refusal(headers)
        if status:
            self.connection.send_headers(request.stream_id, [(b":status", b"%d" % status)], end_stream=True)
            self._seen.pop(request.stream_id).answered(status, [f":status = {status}"])
        else:
            await super()._create_stream(request)

    async def stream_send(self, event: Event) -> None:
        if isinstance(event, Response):
            tell(self._seen, event, self.config.response_headers("h2"))
        elif isinstance(event, StreamClosed):
            await self._give_up(event.stream_id)
        await super().stream_send(event)

    async def _close_stream(self, stream_id: int) -> None:
        self._seen.pop(stream_id, None)
        await super()._close_stream(stream_id)

    async def _give_up(self, stream_id: int) -> None:
        """Tell the client of an answer that broke off; hypercorn leaves its stream as it is."""
        buffer = self.stream_buffers.get(stream_id)
        if buffer is not None and not buffer._complete:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self.connection.reset_stream(stream_id, h2.errors.ErrorCodes.CANCEL)
                await self._flush()
            await buffer.close()
            self.priority.unblock(stream_id)
