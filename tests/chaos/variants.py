"""Servers that break the promise, each in one way, and the faults that bring it to light."""

from dataclasses import dataclass

from tests.chaos.chat_copy import Change
from tests.chaos.schedule import Fault
from tests.chaos.violations import Rule


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed in the server, what goes wrong meanwhile, and the rule that must be found broken."""

    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    breaks: Rule


STORE_FAILS = {
    "at": "aws",
    "do": "error",
    "operation": "PutItem",
    "code": "InternalServerError",
    "chance": 0.7,
}
STORE_IS_SLOW = {"at": "aws", "do": "delay", "operation": "PutItem", "ms": 1500, "chance": 0.3}
TWICE = {"at": "invoke", "do": "repeat", "function": "Default*", "chance": 0.5}
POSTS_ARE_LOST = {"at": "post", "do": "lose", "chance": 0.3}
GOODBYES_ARE_LOST = {"at": "invoke", "do": "lose", "function": "Disconnect*"}

UNLESS_THERE = 'Item=item,\n                    ConditionExpression="attribute_not_exists(seq)",\n'
LOG, PAGES, ROOMS = "functions/chat/log.py", "functions/chat/pages.py", "functions/chat/rooms.py"

VARIANTS = {
    "acknowledged before it is stored": Variant(
        changes=(
            Change(
                LOG,
                "            found = self._put(item)\n",
                "            found = None\n            with contextlib.suppress(Unavailable):\n"
                "                found = self._put(item)\n",
            ),
        ),
        faults=(STORE_FAILS,),
        breaks=Rule.ACKED_NOT_STORED,
    ),
    "the gone are not evicted": Variant(
        changes=(
            Change(ROOMS, "        note()\n", "        pass\n"),
            Change(
                "functions/chat/memberships.py", "_lease_seconds = lease_seconds", "_lease_seconds = 86400"
            ),
            Change(
                "functions/chat/memberships.py",
                "lease = POLL_LEASE_SECONDS if polls else self._lease_seconds",
                "lease = 86400",
            ),
        ),
        faults=(GOODBYES_ARE_LOST,),
        breaks=Rule.PRESENCE_WRONG,
    ),
    "an id is not remembered": Variant(
        changes=(
            Change(LOG, "        if id is None:\n            return number\n", "        return number\n"),
        ),
        faults=(TWICE,),
        breaks=Rule.STORED_TWICE,
    ),
    "a number is given out twice": Variant(
        changes=(
            Change(LOG, "Number(before.last_seq + 1,", "Number(before.last_seq // 2 + 1,"),
            Change(LOG, UNLESS_THERE, "Item=item,\n"),
        ),
        faults=(),
        breaks=Rule.SHOWN_DIFFERENTLY,
    ),
    "a page reaches over a number that is not settled": Variant(
        changes=(
            Change(
                PAGES,
                "            if waiting or len(entries) - len(found) == SETTLED_AT_ONCE:\n",
                "            if waiting:\n                continue\n"
                "            if len(entries) - len(found) == SETTLED_AT_ONCE:\n",
            ),
        ),
        faults=(STORE_IS_SLOW, POSTS_ARE_LOST),
        breaks=Rule.PAGE_NOT_TRUE,
    ),
    "a poll is told from one number later on": Variant(
        changes=(
            Change(
                "functions/chat/polling.py",
                "page = Pages(self.log, room_id, self.now()).page(ask.page)\n",
                "sync = ask.page if asked or after is None else Sync(after + 1)\n"
                "        page = Pages(self.log, room_id, self.now()).page(sync)\n",
            ),
        ),
        faults=(),
        breaks=Rule.GAP_NOT_TRUE,
    ),
}
