"""How many files may be open at once: each client is one."""

from collections.abc import Callable

try:
    import resource
except ImportError:  # not a Unix
    resource = None  # type: ignore[assignment]

WANTED = 10_240
"""Open files that are enough for ten thousand clients; more than this macOS does not give to anybody."""

OWN = 100
"""About as many as the gateway itself needs, with its workers' sockets and pipes."""


def raise_limit(notice: Callable[[str], None], *, wanted: int = WANTED) -> None:
    """Let this process, and those that it starts, have so many files open, where the system permits; `notice`
    hears for how many clients it is enough if not.
    """
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return
    given = wanted if hard == unlimited else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (given, hard))
    except (OSError, ValueError):
        given = soft
    if given < wanted:
        notice(
            f"no more than about {max(0, given - OWN)} clients can be connected at once: this process may have "
            f"{given} files open (ulimit -Hn)"
        )
