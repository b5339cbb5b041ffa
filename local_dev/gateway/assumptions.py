"""What is not known for sure of API Gateway, as switches: `--assume name=value` (rows marked BEL in
docs/gateway.md).

Each field is one switch: its default is what the local gateway plays, its metadata the row, the values
it may take and what it decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import AssumptionError

ANY_TEXT: tuple[str, ...] = ()


def _switch(row: str, choices: tuple[Any, ...], decides: str) -> Any:
    default = choices[0] if choices else ""
    return field(default=default, metadata={"row": row, "choices": choices, "decides": decides})


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The switches. A field's first choice is its default; a field without choices takes any text."""

    stage_variables: str = _switch(
        "E05", ("present", "absent"), "whether events carry the stage's variables where it has some"
    )
    connect_timeout_status: int = _switch(
        "H04", (502, 504), "status of a handshake whose $connect took too long"
    )
    connect_without_status: int = _switch(
        "H05", (502, 200), "status of a handshake whose $connect answered without a statusCode"
    )
    refusal_body: str = _switch(
        "H06", ("ids", "message", "empty"), "body of a refused handshake: message and ids, message, or none"
    )
    authorizer_error_status: int = _switch(
        "H12", (500, 401), "status when the authorizer raises something other than Unauthorized"
    )
    iam_refusal_status: int = _switch(
        "H13", (403, 401), "status of a handshake that an IAM-authorised route refuses"
    )
    api_key_refusal_status: int = _switch("H14", (403, 401), "status of a handshake without a valid API key")
    unknown_stage_status: int = _switch("H16", (403, 404), "status of a handshake for a stage that is none")
    plain_get_status: int = _switch("H17", (426, 403, 400), "status of a plain GET of the stage")
    disconnect_after_refusal: str = _switch(
        "H22", ("no", "yes"), "whether $disconnect runs after a refused handshake"
    )
    null_selects: str = _switch(
        "R05", ("null", "nothing"), "whether null in a selected place is the text null, or counts as missing"
    )
    route_keys: str = _switch(
        "R06", ("case-sensitive", "case-insensitive"), "how a selected key is compared with the routes'"
    )
    array_bodies: str = _switch(
        "R08", ("yes", "no"), "whether an expression may index a message that is an array"
    )
    lifecycle_by_name: str = _switch(
        "R10",
        ("default", "forbidden"),
        "where a message goes that names $connect or $disconnect: to $default, or nowhere",
    )
    route_response_errors: str = _switch(
        "R16",
        ("body", "error-frame"),
        "what a two-way route sends for a statusCode that is not 2xx: its body, or the error frame",
    )
    too_large_reason: str = _switch(
        "L05", ANY_TEXT, "reason in the close frame after a message or frame that is too large"
    )
    throttled_frame: str = _switch(
        "L14", ("error", "nothing"), "what a client hears of a message that was throttled"
    )
    pings_keep_alive: str = _switch("L17", ("no", "yes"), "whether control frames put off the idle cut")
    lost_connection_code: int = _switch(
        "L18",
        (1006, 1005, 1001),
        "disconnectStatusCode after a connection that was lost without a close frame",
    )
    compression: str = _switch("L19", ("off", "on"), "whether permessage-deflate is negotiated")
    cross_api_post: int = _switch("M17", (410, 403), "status of a post to another API's connection")
    last_active: str = _switch(
        "M21", ("any", "received"), "which messages move lastActiveAt: both ways, or the client's only"
    )
    disconnect_waits: str = _switch(
        "D06", ("no", "yes"), "whether $disconnect waits for messages of the connection that still run"
    )
    order: str = _switch(
        "O05", ("none", "kept"), "whether a connection's messages run one after the other (--ordered)"
    )
    nested_context: str = _switch(
        "A04", ("500", "text"), "what nested authorizer context does: refuse with 500, or travel as JSON text"
    )


def assumptions(given: Iterable[str]) -> Assumptions:
    """The switches with each `name=value` of `given` applied; AssumptionError names what is wrong."""
    known = {item.name.replace("_", "-"): item for item in fields(Assumptions)}
    chosen: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        item = known.get(name.replace("_", "-"))
        if not equals or item is None:
            raise AssumptionError(f"--assume {text}: give NAME=VALUE with one of {', '.join(known)}")
        choices = item.metadata["choices"]
        accepted = {str(choice): choice for choice in choices}
        if choices and value not in accepted:
            raise AssumptionError(f"--assume {name}: {value!r} is not one of {', '.join(accepted)}")
        chosen[item.name] = accepted.get(value, value)
    return Assumptions(**chosen)
