"""Who may do what: a request's signature first, then its signer's policies.

One guard for each kind of request: posts to connections, handshakes of IAM-authorised routes, invocations.
"""

import logging
import time
from collections.abc import Callable, Iterable

from ..errors import AccessDenied, RequestRefused
from ..gateway.events import Handshake
from ..stack.model import Api
from . import canonical
from .claims import SignedRequest
from .credentials import Principal
from .policy import permits
from .sigv4 import CredentialsOf, verify

log = logging.getLogger(__name__)

MANAGE = "execute-api:ManageConnections"
CONNECT = "execute-api:Invoke"
INVOKE = "lambda:InvokeFunction"


def signed_request(
    method: str, path: str, query: str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> SignedRequest:
    """A request as it came; `path` and `query` still encoded."""
    return SignedRequest(method, path, query, canonical.headers(headers), body)


class ConnectionsGuard:
    """Guards the management API. `clock` gives epoch seconds."""

    def __init__(self, credentials_of: CredentialsOf, *, clock: Callable[[], float] = time.time) -> None:
        self._credentials_of, self._clock = credentials_of, clock

    def check(self, request: SignedRequest, api: Api) -> None:
        """Do nothing if the request may manage connections of the API's stage, else raise RequestRefused.

        The resource names no connection: AWS's refusals show the placeholder (contract M12).
        """
        principal = verify(request, credentials_of=self._credentials_of, region=api.region, now=self._clock())
        resource = f"{api.id}/{api.stage}/{request.method}/@connections/{{connectionId}}"
        arn = f"arn:aws:execute-api:{api.region}:{api.account}:{resource}"
        if not permits(principal, action=MANAGE, resource=arn):
            shown = f"arn:aws:execute-api:{api.region}:********{api.account[-4:]}:{resource}"
            raise AccessDenied(
                403,
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {MANAGE} on resource: {shown}",
            )


class StackPermissions:
    """Guards handshakes and requests of routes with AWS_IAM authorization (contract A10, H13). `clock` gives epoch
    seconds.
    """

    def __init__(
        self, credentials_of: CredentialsOf, *, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials_of, self._region, self._clock = credentials_of, region, clock

    def may_invoke(self, handshake: Handshake, *, resource: str) -> bool:
        """Whether the handshake is signed, in its headers or its query string, by someone who may
        `execute-api:Invoke` the resource.
        """
        sent = [*handshake.headers]
        if not any(name.lower() == "host" for name, _ in sent):
            sent.append(("host", handshake.host))
        request = signed_request("GET", handshake.path or "/", handshake.query, sent)
        return self.caller(request, resource=resource) is not None

    def caller(self, request: SignedRequest, *, resource: str) -> Principal | None:
        """Who has signed the request and may `execute-api:Invoke` the resource; None where nobody has."""
        try:
            principal = verify(
                request, credentials_of=self._credentials_of, region=self._region, now=self._clock()
            )
        except RequestRefused as error:
            log.warning("a request was refused: %s: %s", error.error_type, error)
            return None
        if permits(principal, action=CONNECT, resource=resource):
            return principal
        log.warning("a request was refused: %s may not %s %s", principal.arn, CONNECT, resource)
        return None


class InvokeGuard:
    """Guards Lambda's Invoke API. `clock` gives epoch seconds."""

    def __init__(
        self, credentials_of: CredentialsOf, *, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials_of, self._region, self._clock = credentials_of, region, clock

    def check(self, request: SignedRequest, arn: str) -> None:
        """Do nothing if the request may invoke the function with that ARN, else raise RequestRefused."""
        principal = verify(
            request,
            credentials_of=self._credentials_of,
            region=self._region,
            now=self._clock(),
            service="lambda",
        )
        if not permits(principal, action=INVOKE, resource=arn):
            raise AccessDenied(
                403,
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {INVOKE} on resource: {arn} "
                f"because no identity-based policy allows the {INVOKE} action",
            )
