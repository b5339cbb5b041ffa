"""The chat works as it was built: the local gateway serves `.aws-sam/build`, and two people talk.

The compiled packages in there are for Lambda's processor, so on another one the fan-out takes boto3.
"""

import uuid
from collections.abc import Iterator

import pytest

from tests.chat.client import chat, member, room_path
from tests.conftest import ServedGateway, serve, stop

from .conftest import Deployments

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def gateway(built: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    served = serve(tmp_path_factory.mktemp("gateway") / "log.txt", "--template", str(built.template))
    yield served
    assert stop(served) == 0


async def test_two_people_join_talk_and_leave(gateway: ServedGateway) -> None:
    room = f"room-{uuid.uuid4().hex[:12]}"
    async with member(gateway.ws_url, room, "Ali") as ali:
        async with chat(gateway.ws_url, room_path(room, "Sara")) as sara:
            await sara.present("Ali", "Sara")
            await ali.present("Ali", "Sara")
            await ali.send({"content": "hello", "id": "a-1"})
            assert (await sara.event(type="message", client_id="Ali"))["content"] == "hello"
            stored = await ali.event(type="message", id="a-1")
            await sara.send({"action": "sync", "after": 0})
            page = await sara.event(type="page")
            assert [item["seq"] for item in page["messages"]] == [stored["seq"]]
        await ali.event(type="system", content=f"Sara left {room}.")
        await ali.present("Ali")
