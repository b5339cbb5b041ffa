"""Putting a client out of a room: no way back in for a while, and an end to the connections that it has there."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chat import clock
from chat.admissions import Admissions
from chat.clock import Clock
from chat.dynamodb import CONFIG
from chat.errors import Unavailable
from chat.identity import Identity
from chat.memberships import Memberships

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

# Who was let in a moment before may still be on the way to a membership: admission and $connect take this long at most
# unless one of them has to be started.
LOOKS_AGAIN_AFTER = (1.0, 3.0)


class Closer:
    """Closes connections. `Unavailable` where the gateway cannot."""

    def close(self, connection_id: str) -> None:
        """Ends the connection, if it is there (contract M05 for one that is not)."""
        try:
            self._client.delete_connection(ConnectionId=connection_id)
        except self._client.exceptions.GoneException:
            pass
        except (ClientError, BotoCoreError) as error:
            raise Unavailable from error

    @cached_property
    def _client(self) -> "ApiGatewayManagementApiClient":
        return boto3.client("apigatewaymanagementapi", config=CONFIG)


@dataclass(frozen=True, slots=True)
class Removal:
    """What an operator can do about somebody."""

    admissions: Admissions
    memberships: Memberships
    closer: Closer
    now: Clock = clock.now
    sleep: Callable[[float], None] = time.sleep
    pauses: Sequence[float] = LOOKS_AGAIN_AFTER

    @classmethod
    def from_environment(cls) -> "Removal":
        return cls(Admissions.from_environment(), Memberships.from_environment(), Closer())

    def put_out(self, who: Identity, *, minutes: int) -> tuple[int, int]:
        """Until when the client is kept out, in epoch milliseconds, and how many connections of it were closed."""
        until = self.now() + minutes * 60_000
        self.admissions.put_out(who, until=until)
        closed = self._close_all(who)
        for pause in self.pauses:
            self.sleep(pause)
            closed += self._close_all(who)
        return until, closed

    def _close_all(self, who: Identity) -> int:
        roll = self.memberships.roll(who.room_id, names=True)
        of_client = [
            member for member, name in zip(roll.members, roll.names, strict=True) if name == who.client_id
        ]
        for member in of_client:
            if not member.polls:
                self.closer.close(member.connection_id)
            # $disconnect does it too, where it comes; and nobody should be counted who is out.
            self.memberships.leave(who.room_id, member.connection_id)
        # The client's may be among them: it is not to come back by being heard from again.
        self.memberships.end(who.room_id, roll.ended)
        return len(of_client)
