"""POST /api/members: a client that polls enters a room, as admit and connect have it for a connection. Its answer has
the key that the client shows from then on.
"""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import answers, clock, metrics
from chat.admissions import Admissions
from chat.answers import Answer
from chat.doorkeeper import Doorkeeper
from chat.handshake import Handshake
from chat.memberships import POLL_LEASE_SECONDS, Memberships
from chat.notices import NoticeBoard
from chat.refusals import Reason, Refused
from chat.seats import Seats
from chat.sessions import Session

logger = Logger()
doorkeeper = Doorkeeper.from_environment()
admissions = Admissions.from_environment()
memberships = Memberships.from_environment()
seats = Seats.from_environment(memberships)
board = NoticeBoard.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    return answers.answered(lambda: _enter(Handshake.of(event)))


def _enter(handshake: Handshake) -> Answer:
    who = doorkeeper.admit(handshake)
    session = Session.begin(who)
    logger.append_keys(connection_id=session.connection_id, room=who.room_id)
    if admissions.is_out(who):
        raise Refused(Reason.PUT_OUT)
    seats.take(who, session.connection_id)
    # Read before there is a membership: what is announced from now on, its own joining included, is news to it.
    noticed = board.read(who.room_id).number
    joined_at = clock.now()
    memberships.enter(who, session.connection_id, joined_at=joined_at, polls=True)
    return answers.answer(
        {
            "type": "entered",
            "room_id": who.room_id,
            "client_id": who.client_id,
            "key": session.key,
            "lease_seconds": POLL_LEASE_SECONDS,
            "noticed": noticed,
            "timestamp": clock.timestamp(joined_at),
        },
        201,
    )
