"""Who is in a room: people, not connections, for two tabs of one person are one person."""

from collections.abc import Iterable

MAX_USERS = 200


def roll(client_ids: Iterable[str]) -> tuple[list[str], int]:
    """The sorted distinct names, cut at `MAX_USERS`, and how many there are in all."""
    names = sorted(set(client_ids))
    return names[:MAX_USERS], len(names)
