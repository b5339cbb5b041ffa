"""Whatever a handshake brings, in the shapes that the gateway can hand on: it is let in or refused, and no fault of the
function, which would ring an alarm.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functions.conftest import Load, Store
from tests.functions.stand_ins import Context, authorizer_event

# JSON can hold half a surrogate pair; a header is Latin-1 on the wire, whatever it means.
TEXTS = st.text(st.characters(), max_size=80) | st.text("a\ud800\udfff é\0\n,.=*", max_size=20)
NAMES = st.sampled_from(["room_id", "client_id", "ticket", "ROOM_ID", "frames", "x"])
HEADERS = st.sampled_from(
    ["Origin", "origin", "Sec-WebSocket-Protocol", "X-Origin-Key", "x-origin-key", "Host"]
)
TOKENS = TEXTS.map("parley.ticket.{}".format) | TEXTS


@st.composite
def handshakes(draw: st.DrawFn) -> dict[str, Any]:
    event = authorizer_event({})
    several = draw(st.none() | st.dictionaries(HEADERS, st.lists(TOKENS, min_size=1, max_size=3), max_size=4))
    event["multiValueHeaders"] = several
    event["headers"] = several and {name: values[-1] for name, values in several.items()}
    event["queryStringParameters"] = draw(st.none() | st.dictionaries(NAMES, TEXTS, max_size=4))
    event["stageVariables"] = draw(st.none() | st.just({}) | st.just({"origins": "chat.example.com,"}))
    return event


@pytest.mark.parametrize("mode", ["open", "ticket", "closed"])
def test_a_handshake_is_let_in_or_refused(
    load: Load, store: Store, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    secret = _secret("0123456789abcdef" * 4)
    for name, value in {
        "ACCESS_MODE": "ticket" if mode == "ticket" else "open",
        "TICKET_SECRET": secret,
        "TICKET_AUDIENCE": "parley",
        "TICKET_NAME_CLAIM": "sub",
        "TICKET_MAX_SECONDS": "3600",
        **({"EDGE_KEY": secret} if mode == "closed" else {}),
    }.items():
        monkeypatch.setenv(name, value)
    handler = load("admit").handler

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(handshakes())
    def admit(event: dict[str, Any]) -> None:
        answer = handler(event, Context())
        [statement] = answer["policyDocument"]["Statement"]
        assert statement["Effect"] in ("Allow", "Deny")
        assert len(json.dumps(answer)) < 8 * 1024  # contract A04
        assert all(text.isascii() for text in answer["context"].values())

    admit()


def _secret(text: str) -> str:
    import boto3

    arn: str = boto3.client("secretsmanager").create_secret(Name="secret", SecretString=text)["ARN"]
    return arn
