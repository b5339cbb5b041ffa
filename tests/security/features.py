"""What the chat does that its roles have to allow, each as a short scene with an end that is seen: what happens where
all is allowed, and where the one permission is missing that the scene is for.
"""

import os
from typing import Any

from chat import places

from tests.asking import ask
from tests.running import client_of
from tests.security.scene import Scene, until
from tests.security.target import said

# ------------------------------------------------------------------------------------------------------- entering


async def entering(scene: Scene) -> None:
    assert await scene.status() == (101 if scene.granted else 503)


async def entering_by_a_secret(scene: Scene) -> None:
    scene.forgets("AdmitFunction")
    assert await scene.status() == (101 if scene.granted else 500)


async def entering_once(scene: Scene) -> None:
    assert await scene.status(once=True, jti=os.urandom(8).hex()) == (101 if scene.granted else 500)
    assert await scene.status() == 101


async def entering_over_empty_seats(scene: Scene) -> None:
    scene.take_seats()
    assert await scene.status() == (101 if scene.granted else 503)


async def leaving(scene: Scene) -> None:
    async with scene.people("Ali", "Bo") as [ali, bo]:
        await bo.socket.close()
        if scene.granted:
            await ali.present("Ali")
        else:
            await scene.denied()
            await ali.send({"action": "presence", "id": "who"})
            assert (await ali.event(id="who"))["users"] == ["Ali", "Bo"]


# ---------------------------------------------------------------------------------------------- without a WebSocket


async def entering_to_poll(scene: Scene) -> None:
    assert (await scene.polls())[0] == (201 if scene.granted else 503)


async def entering_to_poll_by_a_secret(scene: Scene) -> None:
    scene.forgets("EnterFunction")
    assert (await scene.polls())[0] == (201 if scene.granted else 503)


async def entering_to_poll_once(scene: Scene) -> None:
    status, _ = await scene.polls(once=True, jti=os.urandom(8).hex())
    assert status == (201 if scene.granted else 503)
    assert (await scene.polls())[0] == 201


async def entering_to_poll_over_empty_seats(scene: Scene) -> None:
    scene.take_seats()
    assert (await scene.polls())[0] == (201 if scene.granted else 503)


async def polling(scene: Scene) -> None:
    status, _ = await scene.door.events(await scene.key())
    assert status == (200 if scene.granted else 503)


async def polling_by_a_secret(scene: Scene) -> None:
    scene.forgets("PollFunction")
    status, _ = await scene.door.events(await scene.key())
    assert status == (200 if scene.granted else 503)


async def polling_over_a_hole(scene: Scene) -> None:
    key = await scene.key()
    scene.leave_hole()
    status, _ = await scene.door.events(key, after=0)
    assert status == (200 if scene.granted else 503)


async def asking_who_is_there(scene: Scene) -> None:
    status, _ = await scene.door.members(await scene.key())
    assert status == (200 if scene.granted else 503)


async def no_longer_polling(scene: Scene) -> None:
    key = await scene.key()
    assert (await scene.door.leave(key))[0] == (204 if scene.granted else 503)
    assert (await scene.door.members(key))[0] == (410 if scene.granted else 200)


async def saying(scene: Scene) -> None:
    status, _ = await scene.door.say(await scene.key(), said())
    assert status == (200 if scene.granted else 503)


async def saying_by_a_secret(scene: Scene) -> None:
    scene.forgets("SayFunction")
    status, _ = await scene.door.say(await scene.key(), said())
    assert status == (200 if scene.granted else 503)


async def saying_to_those_with_a_socket(scene: Scene) -> None:
    async with scene.people("Sara") as [sara]:
        content = said()
        assert (await scene.door.say(await scene.key(), content))[0] == 200
        if scene.granted:
            await sara.event(type="message", content=content)
        else:
            await scene.denied()
            assert not sara.of_type("message")


async def saying_evicts(scene: Scene) -> None:
    ghost = scene.ghost(lease=600)
    assert (await scene.door.say(await scene.key(), said()))[0] == 200
    await scene.vanishes(ghost)


async def saying_in_a_large_room(scene: Scene) -> None:
    async with scene.people(*CROWD) as clients:
        content = said()
        assert (await scene.door.say(await scene.key("Zoe"), content))[0] == 200
        if scene.granted:
            for client in clients:
                await client.event(type="message", content=content)
        else:
            await scene.denied()


async def hearing_what_is_announced(scene: Scene) -> None:
    status, entered = await scene.polls()
    assert status == 201
    query = {"after": 0, "noticed": entered["noticed"], "wait": 20 if scene.granted else 1}
    async with scene.chat.enter(scene.path("Bo")) as bo:
        await bo.present("Ali", "Bo")
        if not scene.granted:
            await scene.denied()
        _, answer = await scene.door.events(entered["key"], **query)
        assert bool(answer["events"]) is scene.granted


# --------------------------------------------------------------------------------------------------------- frames


async def answered(scene: Scene, frame: dict[str, Any], kind: str) -> None:
    async with scene.people("Ali") as [ali]:
        await ali.send({**frame, "id": "asked"})
        answer = await ali.event(id="asked")
        assert (answer["type"], answer.get("code")) == (
            (kind, None) if scene.granted else ("error", "unavailable")
        )


async def speaking(scene: Scene) -> None:
    await answered(scene, {"content": said()}, "message")


async def reading(scene: Scene) -> None:
    await answered(scene, {"action": "sync"}, "page")


async def pinging(scene: Scene) -> None:
    await answered(scene, {"action": "ping"}, "pong")


async def being_heard(scene: Scene) -> None:
    async with scene.people("Ali", "Sara") as [ali, sara]:
        await ali.send({"content": said(), "id": "1"})
        if scene.granted:
            await sara.event(type="message", id="1")
        else:
            await scene.denied()
            assert not sara.of_type("message")


async def ending_what_ran_out(scene: Scene) -> None:
    async with scene.people("Ali") as [ali]:
        ghost = scene.ghost(lease=-60)
        await ali.send(said())
        await ali.event(type="message")
        await scene.vanishes(ghost)


async def evicting(scene: Scene) -> None:
    async with scene.people("Ali") as [ali]:
        ghost = scene.ghost(lease=600)
        await ali.send(said())
        await ali.event(type="message")
        await scene.vanishes(ghost)


CROWD = ("Ali", "Bo", "Cy", "Di", "Ed", "Flo")
"""More than LargeRoom."""


async def speaking_in_a_large_room(scene: Scene) -> None:
    async with scene.people(*CROWD) as clients:
        await clients[0].send({"content": said(), "id": "1"})
        await clients[0].event(id="1")
        if scene.granted:
            for client in clients:
                await client.event(id="1")
        else:
            await scene.denied()
            for client in clients:
                await client.send({"action": "ping", "id": "after"})
                await client.event(id="after")
            assert sum(bool(client.of_type("message")) for client in clients) < len(CROWD)


# -------------------------------------------------------------------------------------------------- announcements


async def announcing(scene: Scene) -> None:
    async with scene.people("Ali", "Bo", announced=scene.granted) as [ali, _]:
        if not scene.granted:
            await scene.denied()
            assert not ali.of_type("system")


async def announcing_ends_what_ran_out(scene: Scene) -> None:
    async with scene.people("Ali") as [ali]:
        ghost = scene.ghost(lease=-60)
        async with scene.chat.enter(scene.path("Bo")):
            await ali.present("Ali", "Bo")
            await scene.vanishes(ghost)


async def announcing_evicts(scene: Scene) -> None:
    async with scene.people("Ali"):
        await scene.vanishes(scene.ghost(lease=600, client="Gil"))


async def announcing_to_a_large_room(scene: Scene) -> None:
    async with scene.people(*CROWD, announced=scene.granted):
        if not scene.granted:
            await scene.denied()


async def setting_aside(scene: Scene) -> None:
    """A record that can never be announced: its person's key would be too long."""
    queue = scene.chat.running.deployed.cloud.resources["AnnounceFailures"].id
    sqs = client_of(scene.chat.running, "sqs")
    async with scene.people("Ali"):
        poison = scene.put("beefpoison=", client_id={"S": "x" * 2_000})
        if scene.granted:

            def is_there() -> bool:
                found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
                return any('"Malformed"' in message["Body"] for message in found)

            await until(is_there)
        else:
            await scene.denied()
        scene.forget(poison)


# --------------------------------------------------------------------------------------------------------- slices


async def delivering(scene: Scene) -> None:
    async with scene.people("Ali") as [ali]:
        content = said()
        scene.slice(content)
        if scene.granted:
            await ali.event(content=content)
        else:
            await scene.denied()
            assert not ali.of_type("message")


async def noting_what_is_delivered(scene: Scene) -> None:
    async with scene.people("Ali") as [ali]:
        content = said()
        place = f"!{scene.slice(content).id}"
        await ali.event(content=content)
        if scene.granted:
            await until(lambda: scene.item(place))
        else:
            await scene.denied()
            assert scene.item(place) is None


async def delivering_ends_what_ran_out(scene: Scene) -> None:
    ghost = scene.ghost(lease=-60)
    scene.slice(said())
    await scene.vanishes(ghost)


async def delivering_evicts(scene: Scene) -> None:
    ghost = scene.ghost(lease=600)
    scene.slice(said())
    await scene.vanishes(ghost)


async def cutting_again(scene: Scene) -> None:
    ghosts = [scene.ghost(lease=600) for _ in range(6)]
    scene.slice(said())
    await scene.vanishes(*ghosts)


async def letting_rest(scene: Scene) -> None:
    """Who does not answer is left alone for a while."""
    before = scene.chat.connections()
    async with scene.people("Ali"):
        [connection] = set(scene.chat.connections()) - set(before)
        hang = {"at": "post", "do": "hang", "ms": 4_000, "times": 1, "connection": connection}
        assert ask(scene.chat.url, "PUT", "faults", {"faults": [hang]})[0] == 200
        scene.slice(said())
        place = places.of(connection)
        if scene.granted:
            await until(lambda: "time_outs" in (scene.item(place) or {}))
        else:
            await scene.denied()
            assert "time_outs" not in (scene.item(place) or {})


# ------------------------------------------------------------------------------------------------------ operators


async def putting_out(scene: Scene) -> None:
    async with scene.people("Ali"):
        answer = await scene.chat.put_out(scene.room, "Ali")
        if scene.granted:
            assert answer["closed"] == 1
        else:
            assert answer["errorType"] == "Unavailable"
