"""Lambda's Invoke API, for handlers that invoke other functions (contract P03: $connect has a second Lambda
greet the newcomer).

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html. Every version and alias is $LATEST here; no
log tail (LogType), no client context. A function is found by its logical id, too, as with `sam local start-lambda`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ..errors import AccessDenied, FunctionError, FunctionThrottled, RequestRefused
from ..gateway.ids import request_id
from ..iam.guard import InvokeGuard
from .management import as_signed, read_body, refuse_pages

SYNC_LIMIT = 6 * 1024 * 1024
"""Bytes that an invocation's payload may have."""

ASYNC_LIMIT = 1024 * 1024
"""Bytes that an asynchronous invocation's payload may have."""

LONGEST = 15 * 60.0 + 60.0
"""Seconds to wait for a result: the longest Timeout there is, and a cold start."""

# A name, or an ARN in whole or in part; a version or alias may follow.
_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,140})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)


class Functions(Protocol):
    """Whoever runs the functions."""

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        """The function's result; FunctionError where there is none, TimeoutError after `wait` seconds."""

    def invoke_later(self, name: str, event: Any) -> None:
        """Have the function run, and its result thrown away; FunctionThrottled where too many wait."""


def add_invoke_routes(
    app: FastAPI,
    functions: Functions,
    *,
    names: Mapping[str, str],
    account: str,
    region: str,
    guard: InvokeGuard | None = None,
) -> None:
    """Add the route to the application. `names` are the functions' own names by those they are asked for under;
    without a guard nothing is checked.
    """
    api = InvokeApi(functions, names=names, account=account, region=region, guard=guard)
    app.add_route("/2015-03-31/functions/{name}/invocations", api)  # type: ignore[arg-type]


class InvokeApi:
    """The Invoke operation as an ASGI application; `name` is the route's parameter."""

    def __init__(
        self,
        functions: Functions,
        *,
        names: Mapping[str, str],
        account: str,
        region: str,
        guard: InvokeGuard | None,
    ) -> None:
        self._functions, self._names, self._guard = functions, names, guard
        self._account, self._region = account, region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except RequestRefused as error:
            response = _refusal(error)
        except FunctionThrottled:
            response = _refusal(RequestRefused(429, "TooManyRequestsException", "Rate Exceeded."))
        except RecursionError:  # parsed just so, but too deep to be written again
            response = _refusal(_no_json("it is nested too deeply"))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            raise RequestRefused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        refuse_pages(request.headers)
        asynchronous = request.headers.get("x-amz-invocation-type", "") == "Event"
        payload = await _payload(request, asynchronous=asynchronous)
        name, arn = self._target(request.path_params["name"])
        if self._guard is not None:
            self._guard.check(as_signed(request, payload), arn)
        if name not in self._names.values():
            raise RequestRefused(404, "ResourceNotFoundException", f"Function not found: {arn}")
        event = _event(payload)
        match request.headers.get("x-amz-invocation-type", "RequestResponse"):
            case "DryRun":
                return Response(status_code=204, headers=_headers())
            case "Event":
                return self._start(name, event)
            case "RequestResponse":
                return await self._run(name, event)
            case _:
                raise RequestRefused(
                    400,
                    "InvalidParameterValueException",
                    "The invocation type has to be one of Event, RequestResponse, DryRun",
                )

    def _start(self, name: str, event: Any) -> Response:
        try:
            self._functions.invoke_later(name, event)
        except FunctionThrottled:
            raise
        except FunctionError as error:  # written out again, the event may just be too large
            raise RequestRefused(413, error.error_type, str(error)) from None
        return Response(status_code=202, headers=_headers())

    async def _run(self, name: str, event: Any) -> Response:
        headers = {**_headers(), "x-amz-executed-version": "$LATEST"}
        try:
            result = await self._functions.invoke(name, event, wait=LONGEST)
        except FunctionThrottled:
            raise
        except FunctionError as error:
            result = {"errorMessage": str(error), "errorType": error.error_type}
            headers["x-amz-function-error"] = "Unhandled"
        except TimeoutError:
            result = {"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}
            headers["x-amz-function-error"] = "Unhandled"
        body = json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return Response(body, media_type="application/json", headers=headers)

    def _target(self, given: str) -> tuple[str, str]:
        """The function's name and ARN; a function of another account or region is not found."""
        match = _NAME.fullmatch(given)
        if match is None:
            raise RequestRefused(
                400,
                "InvalidParameterValueException",
                "The function's name has a form that Lambda does not know",
            )
        region, account = match["region"], match["account"]
        name = self._names.get(match["name"], match["name"])
        arn = f"arn:aws:lambda:{region or self._region}:{account or self._account}:function:{name}"
        if (region or self._region, account or self._account) != (self._region, self._account):
            raise RequestRefused(404, "ResourceNotFoundException", f"Function not found: {arn}")
        return name, arn


async def _payload(request: Request, *, asynchronous: bool) -> bytes:
    payload = await read_body(request, SYNC_LIMIT)
    if payload is None:
        text = f"Request must be smaller than {SYNC_LIMIT} bytes for the InvokeFunction operation"
    elif asynchronous and len(payload) > ASYNC_LIMIT:
        text = (
            f"{len(payload)} byte payload is too large for the Event invocation type "
            f"(limit {ASYNC_LIMIT} bytes)"
        )
    else:
        return payload
    # boto3's model has RequestTooLargeException, but this is the name that comes over the wire.
    raise RequestRefused(413, "RequestEntityTooLargeException", text)


def _event(payload: bytes) -> Any:
    """The event that a payload is; nothing at all is an empty object."""
    if not payload:
        return {}
    try:
        return json.loads(payload, parse_constant=_no_constant)
    except ValueError as error:
        raise _no_json(str(error)) from None


def _no_json(detail: str) -> RequestRefused:
    text = f"Could not parse request body into json: Could not parse payload into json: {detail}"
    return RequestRefused(400, "InvalidRequestContentException", text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refusal(error: RequestRefused) -> Response:
    if isinstance(error, AccessDenied):
        body = {"Message": error.message}
    elif error.status == 429:
        reason = "ConcurrentInvocationLimitExceeded"
        body = {"Reason": reason, "Type": "User", "message": error.message}
    else:
        body = {"Type": "User", "Message": error.message}
    headers = {**_headers(), "x-amzn-errortype": error.error_type}
    return Response(json.dumps(body), error.status, media_type="application/json", headers=headers)


def _headers() -> dict[str, str]:
    return {"x-amzn-requestid": request_id()}
