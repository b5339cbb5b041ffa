import pytest
from chat.handshake import Handshake


def handshake(query: dict[str, str] | None = None, **headers: str) -> Handshake:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Handshake.of({"headers": sent, "queryStringParameters": query})


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
    ],
)
def test_what_a_bearer_shows(header: str, token: str | None) -> None:
    assert handshake(Authorization=header).bearer == token


def test_a_ticket_is_sought_where_nobody_logs_it_first() -> None:
    offered = {"Sec_WebSocket_Protocol": "parley, parley.ticket.one"}
    query = {"ticket": "three"}
    assert handshake(query, Authorization="Bearer two", **offered).ticket == "one"
    assert handshake(query, Authorization="Bearer two").ticket == "two"
    assert handshake(query).ticket == "three"
    assert handshake().ticket is None
