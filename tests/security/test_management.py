"""The management API for whoever is not the function that it is for: strangers, and other roles of the stack."""

import asyncio
import http.client
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.chat.client import ChatClient, room_path
from tests.security.target import Target, said

pytestmark = pytest.mark.anyio

POST_ROLES = ("DefaultFunction", "AnnounceFunction", "DeliverFunction")
DELETE_ROLES = ("PutOutFunction",)
OTHER_ROLES = ("AdmitFunction", "ConnectFunction", "DisconnectFunction")


def request(
    chat: Target, method: str, connection: str, *, signer: Credentials | None = None, body: bytes = b""
) -> int:
    """The status of a call about a connection, signed if there is somebody to sign."""
    url = f"{chat.url}/live/@connections/{quote(connection, safe='')}"
    headers: dict[str, str] = {}
    if signer:
        asked = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(signer, "execute-api", "us-east-1").add_auth(asked)
        headers = dict(asked.headers.items())
    host = urlsplit(url)
    client = http.client.HTTPConnection(host.netloc, timeout=60)
    try:
        client.request(method, host.path, body or None, headers)
        return client.getresponse().status
    finally:
        client.close()


def connection_of(chat: Target, before: list[str]) -> str:
    [connection] = set(chat.connections()) - set(before)
    return connection


async def unharmed(client: ChatClient) -> None:
    """The connection is open, and has been told nothing but what the chat tells."""
    content = said()
    await client.send(content)
    await client.event(content=content)
    assert {event["type"] for event in client.events} == {"system", "presence", "message"}
    assert "forged" not in str(client.events)


async def test_nobody_posts_to_reads_or_closes_anothers_connection(open_chat: Target, room: str) -> None:
    before = open_chat.connections()
    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali")
        connection = connection_of(open_chat, before)
        default = open_chat.credentials_of("DefaultFunction")
        strangers = {
            "nobody": None,
            "a key of nobody's": Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40),
            "a function's key with another secret": Credentials(default.access_key, "x" * 40, default.token),
            "a function's key without its token": Credentials(default.access_key, default.secret_key),
        }
        for who, signer in strangers.items():
            for method in ("POST", "GET", "DELETE"):
                status = await asyncio.to_thread(
                    request, open_chat, method, connection, signer=signer, body=b"forged" * (method == "POST")
                )
                assert status == 403, (who, method)
        await unharmed(ali)


async def test_a_role_may_do_what_its_function_does_and_no_more(open_chat: Target, room: str) -> None:
    before = open_chat.connections()
    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali")
        connection = connection_of(open_chat, before)
        allowed = {
            **{(label, "POST"): 200 for label in POST_ROLES},
            **{(label, "DELETE"): 204 for label in DELETE_ROLES},
        }
        for label in (*POST_ROLES, *DELETE_ROLES, *OTHER_ROLES):
            signer = open_chat.credentials_of(label)
            for method in ("GET", "POST", "DELETE"):
                if (label, method) in allowed:
                    continue
                status = await asyncio.to_thread(
                    request, open_chat, method, connection, signer=signer, body=b"forged" * (method == "POST")
                )
                assert status == 403, (label, method)
        await unharmed(ali)
        for (label, method), expected in allowed.items():  # so it was the role, and nothing else
            signer = open_chat.credentials_of(label)
            body = b'{"type":"system"}' if method == "POST" else b""
            status = await asyncio.to_thread(request, open_chat, method, connection, signer=signer, body=body)
            assert status == expected, (label, method)


async def test_no_handshake_is_about_anothers_connection(open_chat: Target, room: str) -> None:
    before = open_chat.connections()
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Bo")) as bo,
    ):
        await ali.present("Ali", "Bo")
        for connection in set(open_chat.connections()) - set(before):
            for path in (f"/live/@connections/{connection}", f"/ws/@connections/{connection}/x"):
                status, _ = await open_chat.knock(path)
                assert status in (403, 404)
        await unharmed(ali)
        await unharmed(bo)


@pytest.mark.parametrize("label", [*POST_ROLES, *DELETE_ROLES, *OTHER_ROLES])
def test_no_function_may_put_somebody_out(open_chat: Target, label: str) -> None:
    signer = open_chat.credentials_of(label)
    client = boto3.client(
        "lambda",
        endpoint_url=open_chat.url,
        region_name="us-east-1",
        aws_access_key_id=signer.access_key,
        aws_secret_access_key=signer.secret_key,
        aws_session_token=signer.token,
    )
    name = open_chat.running.deployed.cloud.resources["PutOutFunction"].id
    with pytest.raises(ClientError) as raised:
        client.invoke(FunctionName=name, Payload=b'{"room": "r", "client": "Ali"}')
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
