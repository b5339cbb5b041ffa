"""The figures of the wire, in one place: API Gateway's own (contract L01, L02, H24), and those that keep this
process safe from a client.
"""

from ..gateway import messages

FRAME_LIMIT = 32 * 1024
"""Bytes of one WebSocket frame's payload, both ways (contract L02)."""

MESSAGE_LIMIT = messages.MESSAGE_LIMIT
"""Bytes of one WebSocket message, both ways (contract L01)."""

URL_LIMIT = 4096
"""Characters of a handshake's path and query, as they reach the API (contract H24)."""

TARGET_LIMIT = 8 * 1024
"""Bytes of any request's target; the edge in front of an API takes this much (contract C08)."""

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's line and headers."""

HTTP_BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of the body of a request to an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

BODY_LIMIT = HTTP_BODY_LIMIT + 64 * 1024
"""Bytes of any request's body, and of how it is framed."""

BUFFER_LIMIT = 1024 * 1024
"""Bytes that may wait for one client before posts to it are refused (contract M10)."""

EARLY_LIMIT = MESSAGE_LIMIT
"""Bytes that a client may send before its handshake is answered."""

REQUEST_TIMEOUT = 30.0
"""Seconds in which a whole request has to arrive."""

CLOSE_TIMEOUT = 5.0
"""Seconds a client has to answer a closing handshake, and as long again to take what is still to be sent."""
