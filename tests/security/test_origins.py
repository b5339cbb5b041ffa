"""A page elsewhere that connects as whoever visits it; and clients that come past CloudFront."""

from urllib.parse import urlsplit

import pytest
from chat.doorkeeper import EDGE_KEY_HEADER

from tests.security.conftest import FRIEND
from tests.security.target import Target

pytestmark = pytest.mark.anyio

addresses = pytest.mark.parametrize(
    "address",
    ["/ws/{room}/Ali", "/live?room_id={room}&client_id=Ali"],
    ids=["ws", "stage"],
)


def origins(chat: Target) -> dict[str, str]:
    """Origins that are not the site's, by what is wrong with them."""
    host = urlsplit(chat.url).netloc
    return {
        "another host": "https://evil.example",
        "null": "null",
        "empty": "",
        "a blank": " ",
        "a path": f"http://{host}/",
        "another port": "http://127.0.0.1:1",
        "no port": "http://127.0.0.1",
        "the host as a part": f"http://{host}.evil.example",
        "the host as a user": f"http://{host}@evil.example",
        "the host behind": f"http://evil.example/{host}",
        "a host before it": f"http://evil.{host}",
        "upper case": f"HTTP://{host}",
        "a longer port": f"http://{host}0",
        "two in one": f"http://{host}, https://evil.example",
        "two in one, with a blank": f"http://{host} https://evil.example",
        "another scheme": f"file://{host}",
        "a socket's scheme": f"ws://{host}",
        "a look-alike": f"http://127.0.0.１:{urlsplit(chat.url).port}",
        "not a letter": f"http://{host}\u0000",
    }


async def test_a_foreign_page_gets_in_at_neither_address(open_chat: Target, room: str) -> None:
    for address in ("/ws/{room}/Ali", "/live?room_id={room}&client_id=Ali"):
        for what, origin in origins(open_chat).items():
            if what == "not a letter":  # is no HTTP
                assert (await open_chat.knock(address.format(room=room), ("Origin", origin)))[0] == 400
                continue
            assert await open_chat.refusal(address.format(room=room), ("Origin", origin)) == "origin_refused"


@addresses
async def test_the_sites_own_page_gets_in(open_chat: Target, room: str, address: str) -> None:
    async with open_chat.enter(address.format(room=room), ("Origin", open_chat.url)) as ali:
        await ali.present("Ali")


@addresses
async def test_several_origins_are_no_handshake(open_chat: Target, room: str, address: str) -> None:
    """The gateway's WebSocket library refuses them. `admit` would, too: see its own tests."""
    own = ("Origin", open_chat.url)
    for other in (own, ("ORIGIN", "https://evil.example"), ("origin", "")):
        assert (await open_chat.knock(address.format(room=room), own, other))[0] == 400
        assert (await open_chat.knock(address.format(room=room), other, own))[0] == 400


async def test_what_a_client_says_of_its_way_changes_nothing(open_chat: Target, room: str) -> None:
    """Headers by which proxies tell where a request came from are not asked."""
    told = [
        ("X-Forwarded-Host", urlsplit(open_chat.url).netloc),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "host=127.0.0.1;proto=https"),
        ("X-Original-URL", "/ws/other/Bo"),
        ("Referer", f"{open_chat.url}/"),
        ("Sec-Fetch-Site", "same-origin"),
    ]
    address = f"/ws/{room}/Ali"
    assert await open_chat.refusal(address, ("Origin", "https://evil.example"), *told) == "origin_refused"
    async with open_chat.enter(address, *told) as ali:
        await ali.present("Ali")
        await ali.send("psst")
        await ali.event(type="message", room_id=room, client_id="Ali")


async def test_further_origins_and_none(closed_chat: Target, room: str) -> None:
    address = f"/ws/{room}/Ali"
    for origin in (FRIEND, closed_chat.url):
        async with closed_chat.enter(address, ("Origin", origin)) as ali:
            await ali.present("Ali")
    for origin in ("https://friend.example", "http://friend.example:8443", "https://FRIEND.example:8443"):
        assert await closed_chat.refusal(address, ("Origin", origin)) == "origin_refused"
    assert await closed_chat.refusal(address) == "origin_refused"


async def test_past_the_edge_nobody_comes_where_the_raw_address_is_closed(
    closed_chat: Target, room: str
) -> None:
    raw = f"/live?room_id={room}&client_id=Ali"
    own = ("Origin", closed_chat.url)
    key = closed_chat.running.secret("EdgeKey")
    for shown in ([], [""], ["guess"], [key[:-1]], [f"{key}x"], [key.lower()], ["", key], ["guess", key]):
        headers = [(EDGE_KEY_HEADER, each) for each in shown]
        assert await closed_chat.refusal(raw, own, *headers) == "not_by_edge"
    assert await closed_chat.refusal(f"{raw}&{EDGE_KEY_HEADER}={key}", own) == "not_by_edge"
    # The key is all there is to it: whoever can read that secret may come past.
    async with closed_chat.enter(raw, own, (EDGE_KEY_HEADER, key)) as ali:
        await ali.present("Ali")


async def test_the_edges_own_key_replaces_what_a_viewer_sends(closed_chat: Target, room: str) -> None:
    own = ("Origin", closed_chat.url)
    for name in (EDGE_KEY_HEADER, EDGE_KEY_HEADER.title(), EDGE_KEY_HEADER.upper()):
        async with closed_chat.enter(f"/ws/{room}/Ali", own, (name, "guess"), (name, "again")) as ali:
            await ali.present("Ali")
