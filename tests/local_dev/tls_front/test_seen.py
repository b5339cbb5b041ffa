"""What is kept of requests has bounds, and no credentials."""

import json

from hypothesis import given
from hypothesis import strategies as st

from local_dev.tls_front.seen import KEPT, LINES_LIMIT, TEXT_LIMIT, Ring, header_lines, shown_target

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJBbGkifQ.c2lnbmF0dXJl"


def test_only_the_last_are_kept_and_no_more_of_each_than_is_looked_at() -> None:
    ring = Ring()
    for number in range(KEPT + 5):
        seen = ring.add("2", "h2", websocket=False, lines=["x" * 9999] * 999)
        seen.answered(200 + number % 2, ["y" * 9999] * 999)
    kept = ring.all()
    assert [each["number"] for each in kept] == list(range(6, KEPT + 6))
    for lines in (kept[0]["request"], kept[0]["response"]):
        assert (len(lines), {len(line) for line in lines}) == (LINES_LIMIT, {TEXT_LIMIT})


def test_credentials_are_hidden_wherever_they_are() -> None:
    headers = [
        (b"Authorization", b"Bearer secret"),
        (b"cookie", b"secret"),
        (b"x-origin-key", b"secret"),
        (b"sec-websocket-protocol", f"chat, {TOKEN}".encode()),
        (b":path", b"/ws?ticket=secret&%74oken=secret&room=a"),
    ]
    lines = header_lines(headers, ": ")
    assert "secret" not in json.dumps(lines)
    assert TOKEN not in json.dumps(lines)
    assert lines[0] == "Authorization: (hidden, 13 characters)"
    assert lines[3].startswith("sec-websocket-protocol: chat, ")
    assert lines[4].endswith("&room=a")


@given(
    st.text(
        st.characters(codec="latin-1", exclude_characters="&#?= \t\r\n\x85\xa0\x1c\x1d\x1e\x1f\x0b\x0c"),
        min_size=1,
    )
)
def test_a_ticket_in_a_query_is_never_shown(ticket: str) -> None:
    shown = shown_target(f"/a?b=1&ticket={ticket}&c=2")
    assert shown == f"/a?b=1&ticket=(hidden, {len(ticket)} characters)&c=2"
