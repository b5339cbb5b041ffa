"""For whom a request is made: what is in front of the server asks from this machine, for clients elsewhere."""

from collections.abc import Callable

Behind = Callable[[tuple[str, int] | None], tuple[str, int] | None]
"""From the address of a socket that asks the address of the client for whom it does so over TLS; None where it asks for
itself.
"""


def nobody(_: tuple[str, int] | None) -> None:
    """Nothing is in front."""
