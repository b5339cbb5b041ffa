"""The limit: a server that does nothing but pass each frame on to everyone in the room, with `websockets` alone.

python -m tests.bench.broadcast prints where it listens. The room is the first part of the path after /ws/.
"""

import asyncio
from collections import defaultdict
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: dict[str, set[ServerConnection]] = defaultdict(set)


async def handle(connection: ServerConnection) -> None:
    """One connection, from its handshake to its end."""
    assert connection.request
    room = rooms[connection.request.path.split("/")[2]]
    room.add(connection)
    try:
        async for text in connection:
            broadcast(room, text)
    finally:
        room.discard(connection)


async def main() -> None:
    async with serve(handle, "127.0.0.1", 0, compression=None, backlog=1024) as server:
        print(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
