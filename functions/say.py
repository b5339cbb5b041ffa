"""What a client that polls does beside polling: it says something, asks who is there, or leaves."""

from typing import Any

import chat.start
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from chat import answers, clock, frames, metrics
from chat.answers import Answer
from chat.conversation import Conversation
from chat.doorkeeper import Doorkeeper
from chat.errors import Code, FrameRefused
from chat.frames import Publish
from chat.handshake import Handshake
from chat.memberships import Member
from chat.sessions import Session

logger = Logger()
doorkeeper = Doorkeeper.from_environment()
conversation = Conversation.from_environment()
chat.start.over()


@logger.inject_lambda_context(clear_state=True)
@metrics.published
def handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    def handle() -> Answer:
        session = doorkeeper.recognise(Handshake.of(event))
        logger.append_keys(connection_id=session.connection_id, room=session.who.room_id)
        match event["routeKey"]:
            case "GET /api/members":
                return answers.answer(conversation.present(session.who, _member(session)))
            case "DELETE /api/members":
                conversation.rooms.memberships.leave(session.who.room_id, session.connection_id)
                return answers.answer(None)
            case _:  # POST /api/messages
                return _say(answers.body_of(event), session, context)

    return answers.answered(handle)


def _say(body: str, session: Session, context: LambdaContext) -> Answer:
    frame = frames.parse(body)
    if frame is None:
        return answers.answer(None)
    if not isinstance(frame, Publish):
        raise FrameRefused(Code.ACTION_UNKNOWN, id=frame.id)
    return answers.answer(
        conversation.publish(
            frame,
            session.who,
            _member(session),
            time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
    )


def _member(session: Session) -> Member:
    return Member(session.connection_id, joined_at=clock.now(), polls=True)
