"""The chat while something under it is broken: clients are told, nothing hangs, the gateway stays up."""

import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.chat.client import chat, member, room_path
from tests.conftest import ROOT
from tests.running import Running, client_of, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def own_chat() -> AsyncIterator[Running]:
    """The chat in a deployment that only this test breaks."""
    with running(ROOT / "template.yaml") as deployed:
        yield deployed


async def test_without_dynamodb_clients_get_errors_and_the_gateway_stays_up(own_chat: Running) -> None:
    # The second connection has $connect's worker warm: so it is the store that fails, not a cold start that is slow.
    async with member(own_chat.ws_url, "room", "Ali") as ali, member(own_chat.ws_url, "room", "Sara") as sara:
        own_chat.deployed.cloud._process.kill()
        await ali.send({"content": "is anyone there?", "id": "my-1"})
        error = await ali.event(type="error", id="my-1")
        assert error["code"] == "unavailable"
        assert error["content"] == "That could not be done just now. Try again."
        with pytest.raises(InvalidStatus) as refused:
            async with connect(own_chat.ws_url + room_path("room", "Bo"), open_timeout=60):
                pass
        assert refused.value.response.status_code == 503
        await sara.send({"action": "ping"})
        await sara.event(type="error", code="unavailable")
        assert not any("Traceback" in str(event) for event in [*ali.events, *sara.events])


async def test_a_poisoned_record_goes_to_the_queue_and_blocks_nobody(own_chat: Running) -> None:
    resources = own_chat.deployed.cloud.resources
    poison = {
        "room_id": {"S": "room"},
        "place": {"S": "beefpoison="},
        "client_id": {"S": "x" * 2_000},  # longer than the key of a person can be
    }
    async with member(own_chat.ws_url, "room", "Ali") as ali:
        client_of(own_chat, "dynamodb").put_item(TableName=resources["Memberships"].id, Item=poison)
        async with chat(own_chat.ws_url, room_path("room", "Sara")):
            await ali.present("Ali", "Sara")
        await ali.event(type="system", content="Sara left room.")
    queue = client_of(own_chat, "sqs").receive_message(
        QueueUrl=resources["AnnounceFailures"].id, WaitTimeSeconds=10
    )
    [message] = queue["Messages"]
    assert json.loads(message["Body"])["condition"] == "Malformed"
