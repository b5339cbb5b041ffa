"""The chat over HTTP answers as docs/openapi.yaml says, whatever it is asked: requests made from the document, by
members, strangers and nobody, one by one and as its links lead from one to the next.

A short run by default; FUZZ_SECONDS=100 makes all of them together go on for about that long.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import ROOT
from tests.running import running
from tests.security.target import new_room

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def document() -> dict[str, Any]:
    """docs/openapi.yaml; and what the chat answers has no other fields than it lists. Keys are shown by the tests."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    for name, schema in read["components"]["schemas"].items():
        if schema["type"] == "object" and name != "Frame":
            schema["additionalProperties"] = False
    for path in read["paths"].values():
        for operation in path.values():
            if "security" in operation:
                del operation["security"]
    return read


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for result in SCHEMA.get_all_operations()
    if (operation := result.ok())  # type: ignore[union-attr]
}

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0")) / (2 * len(OPERATIONS) + 1)
"""For each of the tests that go on."""

LASTING = settings(
    database=None,
    derandomize=not SECONDS,
    max_examples=40,
    stateful_step_count=8,
    phases=[Phase.generate],  # a failure is told as it came: to shrink it takes minutes
    suppress_health_check=list(HealthCheck),
)


def lasting(once: Callable[[], None]) -> None:
    """Run a property once, or for its part of FUZZ_SECONDS, with other examples each time."""
    end = time.monotonic() + SECONDS
    once()
    while time.monotonic() < end:
        once()


class Chat:
    """The chat behind its address, and a member, Ada, in a room of her own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self.room = self.key = ""
        self.enter()

    def enter(self) -> None:
        """Become a member, in a new room."""
        room = new_room()
        answer = self._session.post(f"{self._url}/api/rooms/{room}/members/Ada", timeout=60)
        assert answer.status_code == 201
        self.room, self.key = room, answer.json()["key"]

    def ask(self, case: Case[Any], key: str | None = None, **headers: str) -> Response:
        """The answer to a request with that key, once it has been looked at."""

        def shown(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if key is not None:
                request.headers["Authorization"] = f"Bearer {key}"
            return request

        response = case.call(self._url, self._session, headers, auth=shown, timeout=60)
        case.validate_response(response, CHECKS)
        if response.status_code >= 400:
            assert not [
                mark for mark in ("Traceback", ".py", "boto", "arn:", "poll-") if mark in response.text
            ]
        return response


@contextmanager
def chatting(**parameters: Any) -> Iterator[Chat]:
    with running(ROOT / "template.yaml", site=ROOT / "site", **parameters) as made:
        yield Chat(made.url)


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    """Without a limit of messages, or most answers would be that; and nobody waits for long."""
    with chatting(MessageRate="0", PollWaitSeconds="1") as made:
        yield made


@pytest.fixture(scope="module")
def limited() -> Iterator[Chat]:
    """Where much is refused."""
    with chatting(MessageBurst="3", MessageRate="1", ConnectionsPerClient="1") as made:
        yield made


KEYS = st.one_of(
    st.sampled_from(["x", "", "0123456789abcdefghijkl.Ada", "0123456789abcdefghijkl.%", "a b", ".Ada"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
)

STRANGERS = {
    "enter": (201, 400, 404),
    "leave": (204, 400, 401, 404),
    "say": (204, 400, 401, 404, 410, 413),
}
"""What who has no good key may hear. Leaving what one is not in is leaving, and saying nothing is saying nothing."""


def is_good(url: str) -> bool:
    """Whether a question for events is one, by what stands in its address. The gateway joins values of one name."""
    query = {
        name: ",".join(values)
        for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()
    }
    numbers = {name: query[name] for name in ("after", "before", "noticed", "wait") if name in query}
    return (
        all(re.fullmatch("[0-9]{1,15}", number) for number in numbers.values())
        and int(numbers.get("wait", 0)) <= 25
        and int(numbers.get("before", 1)) >= 1
        and not {"after", "before"} <= numbers.keys()
        and 1 <= len(query.get("id", "x")) <= 64
    )


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_is_answered_as_the_document_says(name: str, mode: GenerationMode, chat: Chat) -> None:
    operation = OPERATIONS[name]

    @LASTING
    @given(st.data())
    def asks(data: st.DataObject) -> None:
        case: Case[Any] = data.draw(operation.as_strategy(generation_mode=mode))
        who = data.draw(st.sampled_from(["member", "stranger", "nobody"]))
        if who == "member" and name != "enter":
            case.path_parameters = {**case.path_parameters, "room": chat.room}
            answer = chat.ask(case, chat.key)
            assert answer.status_code in (200, 204, 400, 413)
            if name == "events":
                assert answer.status_code == (200 if is_good(str(answer.request.url)) else 400)
            if name == "leave":
                assert answer.status_code == 204
                chat.enter()
        else:
            answer = chat.ask(case, data.draw(KEYS) if who == "stranger" else None)
            assert answer.status_code in STRANGERS.get(name, (400, 401, 404, 410))

    lasting(asks)
    # Whatever it was, it did not end Ada's membership.
    assert chat.ask(OPERATIONS["who"].Case(path_parameters={"room": chat.room}), chat.key).status_code == 200


def test_whoever_enters_can_do_what_the_links_say_until_they_leave(chat: Chat) -> None:
    faults: list[BaseException] = []

    class Visits(SCHEMA.as_state_machine()):  # type: ignore[misc]
        """Entering, and what follows, in any order. The key is that of the room's last entry."""

        def setup(self) -> None:
            self.keys: dict[str, str] = {}
            self.left: set[str] = set()

        def step(self, input: StepInput) -> StepOutput:
            try:
                return StepOutput(self.visit(input.case), input.case)
            except BaseException as fault:
                faults.append(fault)
                raise

        def visit(self, case: Case[Any]) -> Response:
            name = case.operation.definition.raw["operationId"]
            key = None if name == "enter" else self.keys.get(case.path_parameters["room"])
            answer = chat.ask(case, key)
            if name == "enter" and answer.status_code == 201:
                entered = answer.json()
                self.keys[entered["room_id"]] = entered["key"]
            elif key in self.left:
                assert answer.status_code in ((204,) if name == "leave" else STRANGERS.get(name, (400, 410)))
            elif key is not None:
                assert answer.status_code in (200, 204, 400, 413)
                if name == "leave":
                    self.left.add(key)
            return answer

    try:
        lasting(lambda: Visits.run(settings=LASTING))
    except BaseException:
        # hypothesis would try again, with what schemathesis has learnt meanwhile, and find that odd above all.
        raise faults[0] if faults else AssertionError("no example") from None


def test_the_limits_are_answered_as_the_document_says(limited: Chat) -> None:
    asks = OPERATIONS["who"].Case(path_parameters={"room": limited.room})
    answers = [limited.ask(asks, limited.key) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 2
    for answer in refused:
        assert answer.json()["code"] == "rate_limited"
        [seconds] = answer.headers["retry-after"]
        assert 0 < answer.json()["retry_after_ms"] <= int(seconds) * 1000
    enters = OPERATIONS["enter"].Case(path_parameters={"room": limited.room, "client": "Ada"})
    answer = limited.ask(enters)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_connections")
    answer = limited.ask(enters, Origin="https://elsewhere.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_admitted")
