"""The bills of what was counted, as tables in Markdown and as a plot."""

from collections.abc import Sequence

from tests.bench.cost.counting import Counts
from tests.bench.cost.events import OTHERS, TOGETHER, Room
from tests.bench.cost.prices import GB, MILLION, PRICES, SERVICES, dollars
from tests.bench.cost.times import MEMORY_GB, ROW_MS
from tests.bench.plots import Series, lines
from tests.bench.tables import number, table

MESSAGES, PINGS, TURNOVER, MINUTES = 60, 15, 0.1, 60
"""The hour: messages in the room, pings of each member (the page's, every 4 minutes), and the part of the members
that leaves and is replaced, each announced by itself.
"""
RETENTION_MONTHS = 7 / 30.4
EMPTY_RECEIVES = 5 * 3 * 60 * 24 * 30
"""Of Lambda's five pollers, which wait for 20 s each time, in a month."""


def sections(rooms: Sequence[Room]) -> dict[str, str]:
    """Markdown by the name of its marker."""
    return {
        "counts": _counts(rooms),
        "message": _by_service([(room.size, room.message) for room in rooms]),
        "naive": _compared(rooms),
        "joins": _joins(rooms),
        "hour": _hours(rooms),
        "idle": _idle(rooms[0].stored),
        "prices": _prices(),
    }


def plot(rooms: Sequence[Room]) -> str:
    """Dollars for a million messages against the members of the room, as SVG."""
    ours = [(float(room.size), MILLION * total(room.message)) for room in rooms]
    naive = [(float(room.size), MILLION * total(room.naive_message)) for room in rooms]
    crowded = [
        (size, cost + MILLION * _scanned(room.naive_message))
        for (size, cost), room in zip(naive, rooms, strict=True)
    ]
    return lines(
        "A million messages",
        "members of the room",
        "dollars",
        [Series("Parley", ours), Series("naive", naive), Series("naive among 100,000", crowded)],
    )


def total(counts: Counts) -> float:
    """Dollars, all services together."""
    return sum(dollars(counts).values())


def hour(room: Room) -> dict[str, float]:
    """Dollars of an hour by what they are spent on."""
    turnover = room.size * TURNOVER
    return {
        "connection minutes": room.size * MINUTES * PRICES["connection minute"].dollars,
        "pings": room.size * PINGS * total(room.ping),
        "messages": MESSAGES * total(room.message),
        "coming and going": turnover * (total(room.join) + total(room.leave)),
    }


def _counts(rooms: Sequence[Room]) -> str:
    rows = [
        [
            f"{room.size:,} members",
            calls(room.message),
            room.message.writes,
            room.message.reads,
            room.message.posts,
            room.message.queue,
            room.message.invocations,
            float(room.message.milliseconds),
        ]
        for room in rooms
    ]
    head = [
        "a message",
        "calls of DynamoDB",
        "WRU",
        "RRU",
        "posts",
        "SQS requests",
        "invocations",
        "Lambda ms, assumed",
    ]
    return table(head, rows)


def calls(counts: Counts) -> int:
    """Calls of DynamoDB."""
    return sum(made for name, made in counts.calls.items() if name != "SendMessageBatch")


def _by_service(events: Sequence[tuple[int, Counts]]) -> str:
    rows = []
    for size, counts in events:
        bill = dollars(counts)
        paid = sum(bill.values())
        out = counts.posts * PRICES["gateway message"].dollars / paid
        rows.append(
            [
                f"{size:,}",
                *(MILLION * bill[service] for service in SERVICES),
                MILLION * paid,
                f"{out:.0%}",
                f"{bill['Lambda'] / paid:.0%}",
            ]
        )
    return table(["members", *SERVICES, "together", "of it posts", "of it Lambda"], rows)


def _compared(rooms: Sequence[Room]) -> str:
    rows = []
    for room in rooms:
        ours, naive = total(room.message), total(room.naive_message)
        join, naive_join = total(room.join), total(room.naive_join)
        rows.append(
            [
                f"{room.size:,}",
                MILLION * ours,
                MILLION * naive,
                f"{naive / ours:.2f}",
                MILLION * (naive + _scanned(room.naive_message)),
                MILLION * join,
                MILLION * naive_join,
                f"{naive_join / join:.2f}",
                float(room.naive_message.milliseconds / 1000),
            ]
        )
    head = [
        "members",
        "message",
        "naive",
        "naive/ours",
        "naive among 100,000",
        "join",
        "naive",
        "naive/ours",
        "s a naive message runs",
    ]
    return table(head, rows)


def _scanned(counts: Counts) -> float:
    """Dollars for scanning as many connections more as make 100,000 others, as those that were counted."""
    more = 100_000 - OTHERS
    seconds = more * ROW_MS / 1000
    reads = more * counts.reads / counts.rows
    return reads * PRICES["read"].dollars + seconds * MEMORY_GB["naive"] * PRICES["GB-second"].dollars


def _joins(rooms: Sequence[Room]) -> str:
    rows = []
    for room in rooms:
        single, batched, together = (
            total(each) for each in (room.join, room.join_batched, room.joins_together)
        )
        rows.append(
            [
                f"{room.size:,}",
                room.join.posts,
                room.join_batched.posts,
                MILLION * single,
                MILLION * batched,
                f"{1 - batched / single:.0%}",
                MILLION * together / TOGETHER,
                f"{1 - together / TOGETHER / single:.0%}",
            ]
        )
    head = [
        "members",
        "posts",
        "with `frames=batch`",
        "$ a million",
        "batch",
        "saves",
        "ten at once",
        "saves",
    ]
    return table(head, rows)


def _hours(rooms: Sequence[Room]) -> str:
    rows = []
    for room in rooms:
        spent = hour(room)
        turnover = room.size * TURNOVER
        posts = (
            MESSAGES * room.message.posts
            + room.size * PINGS
            + turnover * (room.join.posts + room.leave.posts)
        )
        paid = sum(spent.values())
        rows.append(
            [
                f"{room.size:,}",
                *(f"{each:.4g}" for each in spent.values()),
                f"{paid:.4g}",
                f"{posts * PRICES['gateway message'].dollars / paid:.0%}",
            ]
        )
    return table(
        ["members", "connection minutes", "pings", "messages", "coming and going", "together", "posts"], rows
    )


def _idle(stored: int) -> str:
    kept = PRICES["table storage"].dollars + PRICES["point-in-time recovery"].dollars
    rows = [
        ["functions, API, on-demand tables, the stream", "0"],
        [
            f"Lambda asking the empty queue of slices, {EMPTY_RECEIVES:,} requests (a million are free)",
            number(EMPTY_RECEIVES * PRICES["queue request"].dollars),
        ],
        [
            f"a million messages in the log for 7 days, {stored} bytes each, with point-in-time recovery",
            number(stored * MILLION / GB * kept * RETENTION_MONTHS),
        ],
    ]
    return table(["a month", "$"], rows)


def _prices() -> str:
    rows = [
        [name, _amount(price.dollars), price.unit, f"[{price.seen}]({price.url})"]
        for name, price in PRICES.items()
    ]
    return table(["price", "us-east-1", "for each", "seen"], rows)


def _amount(price: float) -> str:
    return f"${price * MILLION:.4g} a million" if price < 0.001 else f"${price:g}"
