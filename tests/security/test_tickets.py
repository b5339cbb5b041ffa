"""Tickets that are forged, altered, old, used up, for somebody or somewhere else."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local_dev.runtime.pool import MAX_WORKERS
from tests.chat.client import room_path
from tests.functions.signing import Issuer, by_hand, claims, signed
from tests.security.target import MARK, Target, new_room

pytestmark = pytest.mark.anyio


def offer(token: str) -> tuple[str, str]:
    """A ticket as the page sends it."""
    return "Sec-WebSocket-Protocol", f"parley, parley.ticket.{token}"


def ways(room: str, client: str, token: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each address, and each way for the ticket to travel."""
    raw = f"/live?room_id={room}&client_id={client}"
    return [
        (f"/ws/{room}/{client}", [offer(token)]),
        (f"/ws/{room}/{client}?ticket={token}", []),
        (raw, [offer(token)]),
        (f"{raw}&ticket={token}", []),
    ]


async def refused(chat: Target, room: str, token: str, client: str = "Ali") -> set[str]:
    """Why a ticket is refused, whichever way it comes."""
    return {await chat.refusal(target, *headers) for target, headers in ways(room, client, token)}


async def test_a_ticket_lets_in_whichever_way_it_comes_and_is_never_echoed(ticket_chat: Target) -> None:
    for address in ("/ws/{}/Ali", "/ws/{}/", "/live?room_id={}"):
        room = new_room()
        path, token = address.format(room), ticket_chat.ticket(sub="Ali", rooms=[room])
        async with ticket_chat.enter(path, subprotocols=["parley", f"parley.ticket.{token}"]) as ali:
            assert ali.socket.subprotocol == "parley"
            await ali.present("Ali")
        async with ticket_chat.enter(f"{path}{'&' if '?' in path else '?'}ticket={token}") as ali:
            await ali.present("Ali")
            await ali.send(f"{MARK} hello")
            await ali.event(type="message", client_id="Ali")
        assert token not in json.dumps(ali.events)


async def test_without_one_nobody_gets_in(ticket_chat: Target, room: str) -> None:
    for address in (room_path(room, "Ali"), f"/live?room_id={room}&client_id=Ali", "/live", "/ws/", "/ws//"):
        assert await ticket_chat.refusal(address) == "ticket_missing"
        assert await ticket_chat.refusal(address, ("Sec-WebSocket-Protocol", "parley")) == "ticket_missing"
        assert (
            await ticket_chat.refusal(address, ("Sec-WebSocket-Protocol", "parley.ticket."))
            == "ticket_missing"
        )
    token = ticket_chat.ticket(sub="Ali", rooms=[room])
    for header in (("Authorization", f"Basic {token}"), ("Cookie", f"ticket={token}"), ("ticket", token)):
        assert await ticket_chat.refusal(room_path(room, "Ali"), header) == "ticket_missing"


def altered(token: str) -> dict[str, str]:
    """Tokens made of a good one, without its key."""
    header, payload, signature = token.split(".")

    def part(text: str, **changes: Any) -> str:
        value = json.loads(base64.urlsafe_b64decode(f"{text}==")) | changes
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    nested = b'{"alg":"HS256","x":' + b"[" * 1200 + b"]" * 1200 + b"}"
    deep = base64.urlsafe_b64encode(nested).rstrip(b"=").decode()
    return {
        "another's name": f"{header}.{part(payload, sub='Boss')}.{signature}",
        "all rooms": f"{header}.{part(payload, rooms='*')}.{signature}",
        "a longer life": f"{header}.{part(payload, exp=int(time.time()) + 3000)}.{signature}",
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "half a signature": f"{header}.{payload}.{signature[:20]}",
        "another signature": f"{header}.{payload}.{'A' * len(signature)}",
        "alg none": f"{part(header, alg='none')}.{payload}.",
        "alg none, signed": f"{part(header, alg='none')}.{payload}.{signature}",
        "alg None": f"{part(header, alg='None')}.{payload}.",
        "alg nOnE": f"{part(header, alg='nOnE')}.{payload}.",
        "alg empty": f"{part(header, alg='')}.{payload}.",
        "alg null": f"{part(header, alg=None)}.{payload}.{signature}",
        "alg HS512": f"{part(header, alg='HS512')}.{payload}.{signature}",
        "alg RS256": f"{part(header, alg='RS256')}.{payload}.{signature}",
        "a key of its own": f"{part(header, jwk={'kty': 'oct', 'k': 'AAAA'})}.{payload}.{signature}",
        "a key elsewhere": f"{part(header, jku='http://127.0.0.1:9/keys', x5u='x')}.{payload}.{signature}",
        "a critical extension": f"{part(header, crit=['exp'])}.{payload}.{signature}",
        "an unsigned payload": f"{part(header, b64=False)}..{signature}",
        "nothing": "..",
        "a word": "ticket",
        "a header that is none": f"W10.{payload}.{signature}",
        "a deep header": f"{deep}.{payload}.{signature}",
        "no base64": f"{header}.%21%21.{signature}",
    }


async def test_an_altered_ticket_is_none(ticket_chat: Target, room: str) -> None:
    token = ticket_chat.ticket(sub="Ali", rooms=[room])
    for what, forged in altered(token).items():
        reason = await ticket_chat.refusal(f"/live?room_id={room}&ticket={forged}")
        assert reason == "ticket_invalid", what
    long = f"{token}{'A' * 4096}"
    assert await ticket_chat.refusal(f"/ws/{room}/Ali", offer(long)) == "ticket_invalid"
    assert (await ticket_chat.knock(f"/ws/{room}/Ali?ticket={long}"))[0] == 414
    assert await refused(ticket_chat, room, altered(token)["another's name"], "Boss") == {"ticket_invalid"}
    assert await refused(ticket_chat, room, altered(token)["alg none"]) == {"ticket_invalid"}
    # And all of them were refusals, not faults of the function.
    assert not [line for line in ticket_chat.lines()["AdmitFunction"] if '"ERROR"' in line]


async def test_a_ticket_of_another_key_is_none(ticket_chat: Target, room: str) -> None:
    for secret in ("0" * 64, ticket_chat.secret[:-1], ticket_chat.secret.lower(), f"{ticket_chat.secret}\n"):
        assert await refused(ticket_chat, room, signed(secret, sub="Ali", rooms=[room])) == {"ticket_invalid"}
    for algorithm in ("HS384", "HS512"):
        token = signed(ticket_chat.secret, algorithm=algorithm, sub="Ali", rooms=[room])
        assert await refused(ticket_chat, room, token) == {"ticket_invalid"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iat": -120, "exp": -60}, "ticket_expired"),
        ({"exp": None}, "ticket_invalid"),
        ({"iat": None}, "ticket_invalid"),
        ({"aud": None}, "ticket_invalid"),
        ({"sub": None}, "ticket_invalid"),
        ({"rooms": None}, "ticket_invalid"),
        ({"aud": "another"}, "ticket_invalid"),
        ({"aud": ["another"]}, "ticket_invalid"),
        ({"exp": 3601}, "ticket_invalid"),
        ({"exp": 10**9}, "ticket_invalid"),
        ({"iat": 120, "exp": 180}, "ticket_invalid"),
        ({"nbf": 120}, "ticket_invalid"),
        ({"rooms": []}, "ticket_invalid"),
        ({"rooms": "all"}, "ticket_invalid"),
        ({"rooms": ["**", "?"]}, "ticket_room"),
        ({"rooms": ["*"]}, "ticket_room"),
        ({"sub": "Bo"}, "ticket_client"),
        ({"sub": "system"}, "client_reserved"),
        ({"sub": ""}, "ticket_invalid"),
        ({"sub": " "}, "ticket_invalid"),
        ({"sub": 7}, "ticket_invalid"),
        ({"once": True}, "ticket_invalid"),
        ({"once": "yes", "jti": "1"}, "ticket_invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
async def test_what_a_ticket_must_say(
    ticket_chat: Target, room: str, changes: dict[str, Any], reason: str
) -> None:
    now = int(time.time())
    times = {name: now + changes[name] for name in ("iat", "exp", "nbf") if changes.get(name) is not None}
    token = ticket_chat.ticket(**{"sub": "Ali", "rooms": [room], **changes, **times})
    assert await refused(ticket_chat, room, token) == {reason}


async def test_a_ticket_is_for_its_rooms_only(ticket_chat: Target, room: str) -> None:
    token = ticket_chat.ticket(sub="Ali", rooms=[room, "نامه"])
    for elsewhere in ("general", "", f"{room}2", room[:-1], room.upper(), f"{room}%2F..%2Fgeneral", "*"):
        assert await ticket_chat.refusal(f"/ws/{elsewhere}/Ali?ticket={token}") == "ticket_room"
    assert await ticket_chat.refusal(f"/live?room_id={room}&room_id=general&ticket={token}") == "ticket_room"
    async with ticket_chat.enter(f"/live?room_id=general&room_id={room}&ticket={token}") as ali:
        await ali.present("Ali")
        await ali.send(f"{MARK} here")
        await ali.event(type="message", room_id=room)


async def test_a_name_cannot_be_taken_without_its_ticket(ticket_chat: Target, room: str) -> None:
    """Nor can one's own ticket be shown under another name, however that is spelled."""
    mine = ticket_chat.ticket(sub="Mallory", rooms=[room])
    his = ticket_chat.ticket(sub="Ali", rooms=[room])
    async with ticket_chat.enter(f"{room_path(room, 'Ali')}?ticket={his}") as ali:
        await ali.present("Ali")
        assert await ticket_chat.refusal(room_path(room, "Ali")) == "ticket_missing"
        for name in ("Ali", "ali", "ALI", "Ａli", "Аli", " Ali ", "Ali\u200e", "mallory", "Mallory2"):
            assert await refused(ticket_chat, room, mine, quote(name)) == {"ticket_client"}, name
        async with ticket_chat.enter(room_path(room, "") + f"?ticket={mine}") as mallory:
            await mallory.present("Ali", "Mallory")
            await mallory.send({"content": f"{MARK} it is me", "client_id": "Ali"})
            await ali.event(type="message", client_id="Mallory")


async def test_names_in_tickets_are_told_apart_to_the_letter(ticket_chat: Target, room: str) -> None:
    """Two names of the issuer's that look alike are two people: to make them different is the issuer's part."""
    names = ["Ali", "ali", "Аli"]
    async with ticket_chat.enter(
        room_path(room, "") + f"?ticket={ticket_chat.ticket(sub='Zoe', rooms=[room])}"
    ) as zoe:
        await zoe.present("Zoe")
        for name in names:
            token = ticket_chat.ticket(sub=name, rooms=[room])
            async with ticket_chat.enter(room_path(room, name) + f"?ticket={token}") as client:
                await client.present("Zoe", name)


async def test_a_ticket_for_once_is_for_once(ticket_chat: Target, room: str) -> None:
    """Also when it is shown many times at the same moment, in several ways."""
    token = ticket_chat.ticket(sub="Ali", rooms=[room], once=True, jti=room)
    shown = [ticket_chat.knock(target, *headers) for target, headers in ways(room, "Ali", token) * 3]
    statuses = [status for status, _ in await asyncio.gather(*shown)]
    assert sorted(statuses) == [101] + [403] * 11
    assert await refused(ticket_chat, room, token) == {"ticket_spent"}
    # Another ticket by that id is the same one.
    again = ticket_chat.ticket(sub="Ali", rooms=[room], once=True, jti=room, exp=int(time.time()) + 600)
    assert await refused(ticket_chat, room, again) == {"ticket_spent"}


async def test_whoever_overhears_a_ticket_can_use_it_once_at_most(ticket_chat: Target, room: str) -> None:
    """And one that is not for once, until it expires: the reason why tickets are short-lived."""
    token = ticket_chat.ticket(sub="Ali", rooms=[room])
    for _ in range(2):
        assert (await ticket_chat.knock(f"/ws/{room}/Ali?ticket={token}"))[0] == 101


async def test_of_several_tickets_one_counts(ticket_chat: Target, room: str) -> None:
    good, forged = ticket_chat.ticket(sub="Ali", rooms=[room]), signed("x" * 64, sub="Ali", rooms=[room])
    path = f"/ws/{room}/Ali"
    assert await ticket_chat.refusal(f"{path}?ticket={good}", offer(forged)) == "ticket_invalid"
    assert (await ticket_chat.knock(f"{path}?ticket={forged}", offer(good)))[0] == 101
    assert await ticket_chat.refusal(f"{path}?ticket={good}&ticket={forged}") == "ticket_invalid"
    twice = ("Sec-WebSocket-Protocol", f"parley.ticket.{forged}, parley.ticket.{good}")
    assert await ticket_chat.refusal(path, twice) == "ticket_invalid"
    for spelled in (f"Ticket={good}", f"TICKET={good}", f"ticket%00={good}", f"ticket[]={good}"):
        assert await ticket_chat.refusal(f"{path}?{spelled}") == "ticket_missing"


async def test_an_issuers_public_key_signs_nothing(issuer_chat: Target, issuer: Issuer, room: str) -> None:
    """HS256 with what everybody can read, as the key: the confusion of RS with HS."""
    public = issuer.rsa.public_key()
    good = issuer.signed(sub="Ali", rooms=[room])
    async with issuer_chat.enter(f"/ws/{room}/Ali?ticket={good}") as ali:
        await ali.present("Ali")
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pkcs = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    document = json.dumps(issuer.keys[0]).encode()
    for key in (pem, pem.strip(), pkcs, document, b"", issuer.keys[0]["n"].encode()):
        for algorithm in ("HS256", "HS512"):
            token = hmac_signed(
                key, algorithm, {"kid": "rsa"}, claims(iss=issuer.url, sub="Ali", rooms=[room])
            )
            assert await refused(issuer_chat, room, token) == {"ticket_invalid"}


async def test_an_issuers_token_is_signed_by_it_and_for_this_chat(
    issuer_chat: Target, issuer: Issuer, room: str
) -> None:
    mine: dict[str, Any] = {"sub": "Ali", "rooms": [room]}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    payload = claims(iss=issuer.url, **mine)
    bad = {
        "another's key": jwt.encode(payload, stranger, algorithm="RS256", headers={"kid": "rsa"}),
        "no kid": jwt.encode(payload, issuer.rsa, algorithm="RS256"),
        "a kid of another kind": jwt.encode(payload, issuer.rsa, algorithm="RS256", headers={"kid": "ec"}),
        "a path as kid": jwt.encode(payload, stranger, algorithm="RS256", headers={"kid": "../../dev/null"}),
        "a number as kid": by_hand({"alg": "RS256", "kid": 1}, payload, b"x"),
        "a list as kid": by_hand({"alg": "RS256", "kid": ["rsa"]}, payload, b"x"),
        "alg none": by_hand({"alg": "none", "kid": "rsa"}, payload),
        "its own key in it": jwt.encode(
            payload, stranger, algorithm="RS256", headers={"kid": "mine", "jwk": _jwk(stranger)}
        ),
        "another issuer": issuer.signed(**mine | {"iss": "https://evil.example"}),
        "no issuer": issuer.signed(**mine | {"iss": None}),
        "another audience": issuer.signed(**mine | {"aud": "mail"}),
        "no rooms": issuer.signed(sub="Ali", rooms=None),
    }
    for what, token in bad.items():
        assert await issuer_chat.refusal(f"/ws/{room}/Ali?ticket={token}") == "ticket_invalid", what
    old = issuer.signed(**mine, iat=int(time.time()) - 120, exp=int(time.time()) - 60)
    assert await refused(issuer_chat, room, old) == {"ticket_expired"}


async def test_made_up_keys_do_not_make_the_issuer_be_asked(
    issuer_chat: Target, issuer: Issuer, room: str
) -> None:
    """Each environment asks twice for its documents, and again after half a minute at the earliest."""
    async with issuer_chat.enter(f"/ws/{room}/Ali?ticket={issuer.signed(sub='Ali', rooms=[room])}") as ali:
        await ali.present("Ali")
    asked, began = len(issuer.asked), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(60):
            token = issuer.signed(kid=f"made up {number}", sub="Ali", rooms=[room])
            group.create_task(issuer_chat.refusal(f"/ws/{new_room()}/Ali?ticket={token}"))
    times = 2 + (time.monotonic() - began) / 30
    assert len(issuer.asked) - asked <= 2 * MAX_WORKERS * times
    async with issuer_chat.enter(f"/ws/{room}/Ali?ticket={issuer.signed(sub='Ali', rooms=[room])}") as ali:
        await ali.present("Ali")


def hmac_signed(key: bytes, algorithm: str, header: dict[str, Any], payload: dict[str, Any]) -> str:
    """Signed by hand, as PyJWT refuses to with a public key."""
    parts = by_hand({"alg": algorithm, "typ": "JWT", **header}, payload).rpartition(".")[0]
    digest = hashlib.sha256 if algorithm == "HS256" else hashlib.sha512
    signature = base64.urlsafe_b64encode(hmac.new(key, parts.encode(), digest).digest()).rstrip(b"=").decode()
    return f"{parts}.{signature}"


def _jwk(key: rsa.RSAPrivateKey) -> Any:
    return jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
