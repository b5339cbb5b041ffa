"""Each role can do exactly what its function does: with all of it the chat works, and each permission that is taken
away is missed by the feature that it is there for.

What writing to a log group takes cannot be seen here: the functions' output does not go through AWS's API.
"""

import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from local_dev.faults.rules import Plan
from local_dev.services import Withheld
from tests.conftest import ROOT
from tests.permissions import permissions
from tests.running import Running, running
from tests.security import features
from tests.security.scene import Scene, until
from tests.security.target import Target, target

pytestmark = pytest.mark.anyio

Feature = Callable[[Scene], Coroutine[Any, Any, None]]

# By function, action and what it is for; the resource by its logical id.
FEATURES: dict[tuple[str, str, str], Feature] = {
    ("Admit", "dynamodb:PutItem", "Admissions"): features.entering_once,
    ("Admit", "secretsmanager:GetSecretValue", "TicketSecret"): features.entering_by_a_secret,
    ("Admit", "secretsmanager:GetSecretValue", "EdgeKey"): features.entering_by_a_secret,
    ("Connect", "dynamodb:GetItem", "Admissions"): features.entering,
    ("Connect", "dynamodb:UpdateItem", "Memberships"): features.entering,
    ("Connect", "dynamodb:BatchGetItem", "Memberships"): features.entering_over_empty_seats,
    ("Connect", "dynamodb:Query", "Memberships"): features.entering,
    ("Connect", "dynamodb:PutItem", "Memberships"): features.entering,
    ("Disconnect", "dynamodb:DeleteItem", "Memberships"): features.leaving,
    ("Default", "dynamodb:UpdateItem", "Memberships"): features.speaking,
    ("Default", "dynamodb:Query", "Memberships"): features.being_heard,
    ("Default", "dynamodb:DeleteItem", "Memberships"): features.ending_what_ran_out,
    ("Default", "dynamodb:BatchWriteItem", "Memberships"): features.evicting,
    ("Default", "dynamodb:UpdateItem", "RoomLog"): features.speaking,
    ("Default", "dynamodb:PutItem", "RoomLog"): features.speaking,
    ("Default", "dynamodb:Query", "RoomLog"): features.reading,
    ("Default", "dynamodb:GetItem", "RoomLog"): features.pinging,
    ("Default", "sqs:SendMessage", "Slices"): features.speaking_in_a_large_room,
    ("Default", "execute-api:ManageConnections", "ChatApi"): features.being_heard,
    ("Enter", "dynamodb:GetItem", "Admissions"): features.entering_to_poll,
    ("Enter", "dynamodb:PutItem", "Admissions"): features.entering_to_poll_once,
    ("Enter", "dynamodb:GetItem", "Memberships"): features.entering_to_poll,
    ("Enter", "dynamodb:UpdateItem", "Memberships"): features.entering_to_poll,
    ("Enter", "dynamodb:BatchGetItem", "Memberships"): features.entering_to_poll_over_empty_seats,
    ("Enter", "dynamodb:Query", "Memberships"): features.entering_to_poll,
    ("Enter", "dynamodb:PutItem", "Memberships"): features.entering_to_poll,
    ("Enter", "secretsmanager:GetSecretValue", "TicketSecret"): features.entering_to_poll_by_a_secret,
    ("Enter", "secretsmanager:GetSecretValue", "EdgeKey"): features.entering_to_poll_by_a_secret,
    ("Poll", "dynamodb:UpdateItem", "Memberships"): features.polling,
    ("Poll", "dynamodb:BatchGetItem", "Memberships"): features.polling,
    ("Poll", "dynamodb:Query", "Memberships"): features.polling,
    ("Poll", "dynamodb:BatchGetItem", "RoomLog"): features.polling,
    ("Poll", "dynamodb:GetItem", "RoomLog"): features.polling,
    ("Poll", "dynamodb:Query", "RoomLog"): features.polling,
    ("Poll", "dynamodb:PutItem", "RoomLog"): features.polling_over_a_hole,
    ("Poll", "secretsmanager:GetSecretValue", "EdgeKey"): features.polling_by_a_secret,
    ("Say", "dynamodb:UpdateItem", "Memberships"): features.saying,
    ("Say", "dynamodb:Query", "Memberships"): features.asking_who_is_there,
    ("Say", "dynamodb:DeleteItem", "Memberships"): features.no_longer_polling,
    ("Say", "dynamodb:BatchWriteItem", "Memberships"): features.saying_evicts,
    ("Say", "dynamodb:UpdateItem", "RoomLog"): features.saying,
    ("Say", "dynamodb:PutItem", "RoomLog"): features.saying,
    ("Say", "sqs:SendMessage", "Slices"): features.saying_in_a_large_room,
    ("Say", "execute-api:ManageConnections", "ChatApi"): features.saying_to_those_with_a_socket,
    ("Say", "secretsmanager:GetSecretValue", "EdgeKey"): features.saying_by_a_secret,
    ("Announce", "dynamodb:GetItem", "Memberships"): features.hearing_what_is_announced,
    ("Announce", "dynamodb:PutItem", "Memberships"): features.hearing_what_is_announced,
    ("Announce", "dynamodb:UpdateItem", "Memberships"): features.announcing,
    ("Announce", "dynamodb:Query", "Memberships"): features.announcing,
    ("Announce", "dynamodb:DeleteItem", "Memberships"): features.announcing_ends_what_ran_out,
    ("Announce", "dynamodb:BatchWriteItem", "Memberships"): features.announcing_evicts,
    ("Announce", "sqs:SendMessage", "AnnounceFailures"): features.setting_aside,
    ("Announce", "sqs:SendMessage", "Slices"): features.announcing_to_a_large_room,
    ("Announce", "execute-api:ManageConnections", "ChatApi"): features.announcing,
    ("Deliver", "dynamodb:GetItem", "Memberships"): features.delivering,
    ("Deliver", "dynamodb:PutItem", "Memberships"): features.noting_what_is_delivered,
    ("Deliver", "dynamodb:Query", "Memberships"): features.delivering,
    ("Deliver", "dynamodb:DeleteItem", "Memberships"): features.delivering_ends_what_ran_out,
    ("Deliver", "dynamodb:BatchWriteItem", "Memberships"): features.delivering_evicts,
    ("Deliver", "dynamodb:UpdateItem", "Memberships"): features.letting_rest,
    ("Deliver", "sqs:SendMessage", "Slices"): features.cutting_again,
    ("Deliver", "execute-api:ManageConnections", "ChatApi"): features.delivering,
    ("PutOut", "dynamodb:PutItem", "Admissions"): features.putting_out,
    ("PutOut", "dynamodb:Query", "Memberships"): features.putting_out,
    ("PutOut", "dynamodb:DeleteItem", "Memberships"): features.putting_out,
    ("PutOut", "execute-api:ManageConnections", "ChatApi"): features.putting_out,
}

# What Lambda reads a source with, and which sources are read without it: those of `announce`, those of `deliver`.
STREAM, QUEUE = (0, 1), (1, 0)
SOURCES: dict[tuple[str, str, str], tuple[int, int]] = {
    ("Announce", "dynamodb:DescribeStream", "Memberships stream"): STREAM,
    ("Announce", "dynamodb:GetRecords", "Memberships stream"): STREAM,
    ("Announce", "dynamodb:GetShardIterator", "Memberships stream"): STREAM,
    ("Announce", "dynamodb:ListStreams", "Memberships stream"): STREAM,
    ("Deliver", "sqs:ReceiveMessage", "Slices"): QUEUE,
    ("Deliver", "sqs:DeleteMessage", "Slices"): QUEUE,
    ("Deliver", "sqs:GetQueueAttributes", "Slices"): QUEUE,
}

# These end with an error, of which Lambda's own log has the last cause only.
SPEECHLESS = ("Admit", "PutOut")

PARAMETERS = {
    "AccessMode": "ticket",
    "RawAddress": "closed",
    "ConnectionsPerClient": "2",
    "ConnectionsPerRoom": "100",
    "LargeRoom": "4",
}

DENIED = re.compile(r"is not authorized to perform: ([\w-]+:\w+) on resource: ([^\s\"\\]+)")


@pytest.fixture(scope="module")
def chat() -> Iterator[Target]:
    """The chat, with every limit and every secret that asks for a permission. Nothing is swept but by its functions."""
    with target(check_roles=True, faults=Plan(0), ttl_sweep=0, **PARAMETERS) as made:
        yield made


@pytest.fixture(scope="module")
def works() -> set[Feature]:
    """The features that have been seen at work."""
    return set()


def given(made: Running) -> dict[tuple[str, str, str], Withheld]:
    """The permissions of the template, but for those of logs, by function, action and resource."""
    return {
        (each.function.removesuffix("Function"), each.action, _named(made, each.resource)): each
        for each in permissions(made.deployed.stack)
        if not each.action.startswith("logs:")
    }


def _named(made: Running, resource: str) -> str:
    """The logical id that an ARN is about."""
    if ":execute-api:" in resource:
        return "ChatApi"
    resources = made.deployed.cloud.resources
    names = ("Admissions", "Memberships", "RoomLog", "Slices", "AnnounceFailures", "TicketSecret", "EdgeKey")
    ids = {
        resources[name].id.rpartition("/")[2].rpartition(":")[2]: name for name in names if name in resources
    }
    [name] = {name for id, name in ids.items() if id in re.split("[:/]", resource)}
    return f"{name} stream" if "/stream/" in resource else name


def test_every_permission_of_the_template_has_its_feature(chat: Target) -> None:
    assert sorted(given(chat.running)) == sorted([*FEATURES, *SOURCES])


def denials(chat: Target, since: dict[str, int]) -> set[tuple[str, str, str]]:
    """What was refused to whom, as the functions' logs have it; actions in small letters, as SQS says them."""
    found = set()
    for label, lines in chat.lines().items():
        name = label.removesuffix("Function")
        for line in lines[since[label] :]:
            for action, resource in DENIED.findall(line):
                found.add((name, action.lower(), _named(chat.running, resource)))
            if "not everyone was reached" in line and '"403"' in line:
                found.add((name, "execute-api:manageconnections", "ChatApi"))
    return found


@pytest.mark.parametrize("permission", FEATURES, ids=" ".join)
async def test_without_a_permission_its_feature_fails_and_nothing_else(
    chat: Target, works: set[Feature], room: str, permission: tuple[str, str, str]
) -> None:
    function, action, resource = permission
    feature = FEATURES[permission]
    since = {label: len(lines) for label, lines in chat.lines().items()}
    expected = set() if function in SPEECHLESS else {(function, action.lower(), resource)}

    async def denied() -> None:
        await until(lambda: denials(chat, since))

    if feature not in works:
        await feature(Scene(chat, f"{room}-1", granted=True, denied=denied))
        assert denials(chat, since) == set()
        works.add(feature)
    with chat.running.deployed.services.withholding(given(chat.running)[permission]):
        await feature(Scene(chat, f"{room}-2", granted=False, denied=denied))
    if expected:
        await denied()
    # Nothing else was missed, and the chat goes on.
    await features.announcing(Scene(chat, f"{room}-3", granted=True, denied=denied))
    await features.being_heard(Scene(chat, f"{room}-4", granted=True, denied=denied))
    assert denials(chat, since) == expected
    assert chat.leaks() == []


@pytest.mark.parametrize("number", range(4))
async def test_without_a_permission_to_read_it_a_source_is_not_read(room: str, number: int) -> None:
    """Of the stream and of the queue, one permission each is missing."""
    kinds = {kind: [each for each, of in SOURCES.items() if of == kind] for kind in (STREAM, QUEUE)}
    missing = [each[number % len(each)] for each in kinds.values()]
    withheld = [
        Withheld(f"{function}Function", action, "*/stream/*" if "stream" in resource else "*Slices*")
        for function, action, resource in missing
    ]
    with running(ROOT / "template.yaml", check_roles=True, withheld=withheld) as made:
        stack = made.deployed.stack
        assert (len(stack.stream_mappings), len(stack.queue_mappings)) == (0, 0)
        notes = [note.text for note in stack.notes]
        for function, action, _ in missing:
            assert any(text.endswith(f"its role lacks {action}") for text in notes), function
        # So nobody is told who came; and messages are as they were.
        chat = Target(made)
        async with chat.enter(f"/ws/{room}/Ali") as ali:
            await ali.send("psst")
            await ali.event(type="message")
            assert not ali.of_type("system")


def test_with_all_permissions_every_source_is_read(chat: Target) -> None:
    stack = chat.running.deployed.stack
    assert (len(stack.stream_mappings), len(stack.queue_mappings)) == (1, 1)
    assert not [note.text for note in stack.notes if "its role lacks" in note.text]
