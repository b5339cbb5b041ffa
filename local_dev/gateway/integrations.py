"""Carries out what a route is integrated with, and reads the answer (contract H01 to H05, R15 to R22)."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import FunctionError
from ..stack.model import Integration, IntegrationType
from .templates import choose, fill, is_supported

log = logging.getLogger(__name__)


class Functions(Protocol):
    """Whoever runs the Lambda functions."""

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        """The function's result within `wait` seconds; TimeoutError after that, FunctionError where there
        is none.
        """

    def invoke_later(self, name: str, event: Any) -> None:
        """Have the function run soon, and its result thrown away."""


class IntegrationFailed(Exception):
    """The integration itself cannot do what the template asks of it."""


@dataclass(frozen=True)
class Answer:
    """What an integration answered. `status` is an HTTP status, or None where the answer named none.

    `well_formed`: it has the shape of a proxy answer, an object whose body is text; `body` is None where
    there is none.
    """

    status: int | None
    body: str | None = None
    subprotocol: str | None = None
    well_formed: bool = True


class Integrations:
    """Runs integrations by means of the functions."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    async def run(self, integration: Integration, event: Mapping[str, Any]) -> Answer:
        """The answer to the event that a Lambda proxy would get; TimeoutError, FunctionError or
        IntegrationFailed where there is none.
        """
        if integration.type is IntegrationType.MOCK:
            return _mock(integration, event)
        if integration.function is None:
            raise IntegrationFailed("the integration has no function that runs here")
        if integration.type is IntegrationType.LAMBDA_PROXY:
            result = await self._invoke(integration, event)
            return read_proxy_answer(result)
        payload = _payload(integration, event)
        if integration.asynchronous:  # proxies never are (R22)
            self._functions.invoke_later(integration.function, payload)
            return Answer(200)
        result = await self._invoke(integration, payload)
        # Nothing in the result is special: it is the body, unless a response template makes another one.
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False)
        answered = _response(integration, 200, event, text)
        return Answer(200, text if answered is None else answered)

    async def _invoke(self, integration: Integration, payload: Any) -> Any:
        assert integration.function is not None
        try:
            return await self._functions.invoke(integration.function, payload, wait=integration.timeout)
        except (FunctionError, TimeoutError):
            raise
        except Exception as error:
            # A fault of this program: it is for its log, and must not leave the client without an answer.
            log.exception("%s could not be invoked", integration.function)
            raise IntegrationFailed("its function could not be invoked") from error


def read_proxy_answer(result: Any) -> Answer:
    """What a Lambda proxy's result means; a statusCode that is no HTTP status counts as 502 (H03)."""
    if not isinstance(result, dict):
        return Answer(None, well_formed=False)
    body, headers = result.get("body"), result.get("headers")
    chosen = [
        value
        for name, value in (headers.items() if isinstance(headers, dict) else ())
        if str(name).lower() == "sec-websocket-protocol"
    ]
    status: int | None = None
    if result.get("statusCode") is not None:
        status = _status(result["statusCode"])
        if status is None:
            return Answer(502, well_formed=False)
    return Answer(
        status,
        body if isinstance(body, str) else None,
        str(chosen[-1]) if chosen else None,
        well_formed=isinstance(body, str | None),
    )


def _status(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch("[0-9]{3}", value):
        value = int(value)
    return value if isinstance(value, int) and 200 <= value < 600 else None


def _mock(integration: Integration, event: Mapping[str, Any]) -> Answer:
    """The status is what the request template says (200 where there is no template), the body what the
    response template for that status makes.
    """
    status: int | None = 200
    text = _request(integration, event)
    if text is not None:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        status = _status(document.get("statusCode")) if isinstance(document, dict) else None
        if status is None:
            raise IntegrationFailed("the request template of a MOCK integration gives no statusCode")
    return Answer(status, _response(integration, status or 200, event, ""))


def _payload(integration: Integration, event: Mapping[str, Any]) -> Any:
    """What a non-proxy Lambda gets: what the request template makes, else the message itself; as JSON where
    it is JSON, else as text; {} where there is no message.
    """
    text = _request(integration, event)
    if text is None:
        text = event.get("body", "{}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _request(integration: Integration, event: Mapping[str, Any]) -> str | None:
    body = event.get("body", "")
    template = choose(integration.request_templates, integration.template_selection, body)
    return None if template is None else _filled(template, event, body)


def _response(integration: Integration, status: int, event: Mapping[str, Any], body: str) -> str | None:
    """What the response template for the status makes, None where there is none. Keys are `$default`, or an
    expression for statuses between slashes, as in `/5\\d\\d/`.
    """
    keys = [key for key in integration.responses if _covers(key, status)] + ["$default"]
    templates = integration.responses.get(keys[0], {})
    template = choose(templates, None, body) or next(iter(templates.values()), None)
    return None if template is None else _filled(template, event, body)


def _filled(template: str, event: Mapping[str, Any], body: str) -> str:
    if not is_supported(template):
        raise IntegrationFailed("a mapping template uses more of the template language than runs here")
    return fill(template, event=event, body=body)


def _covers(key: str, status: int) -> bool:
    try:
        return key != "$default" and re.fullmatch(key.strip("/"), str(status)) is not None
    except re.error:
        return False
