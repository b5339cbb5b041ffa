"""`--check-roles`: a function's calls to AWS services are refused unless its role allows them, in AWS's own words."""

from ..relay.calls import Call, error_answer
from ..relay.relay import GoOn
from .actions import Permission, Scope, permissions_of
from .credentials import Principal
from .policy import allows, allows_somewhere, denies
from .sigv4 import CredentialsOf

_CORAL = "com.amazon.coral.service"
"""The namespace of errors that come from ahead of the service."""

_UNAUTHORIZED = {
    "sqs": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "s3": ("AccessDenied", 403),
}
"""Services that have a name of their own for it, and its status; AccessDeniedException, 400, elsewhere."""


class RoleCheck:
    """Intercepts calls. Who makes one is told by its access key; signatures are not looked at."""

    def __init__(self, credentials_of: CredentialsOf, scope: Scope) -> None:
        self._credentials_of, self._scope = credentials_of, scope

    async def intercept(self, call: Call, go_on: GoOn) -> bytes | None:
        """Have the call carried out, or refuse it."""
        known = self._credentials_of(call.access_key)
        if known is None:
            return error_answer(
                call,
                "UnrecognizedClientException" if call.json else "InvalidClientTokenId",
                400 if call.json else 403,
                "The security token included in the request is invalid.",
                namespace=_CORAL,
            )
        _, principal = known
        refused = refusal(principal, permissions_of(call, self._scope) or [])
        if refused is None:
            return await go_on()
        code, status = _UNAUTHORIZED.get(call.service, ("AccessDeniedException", 400 if call.json else 403))
        return error_answer(call, code, status, denial(principal, refused, call.service), namespace=_CORAL)


def refusal(principal: Principal, needed: list[Permission]) -> Permission | None:
    """The first permission that the principal lacks."""
    return next((each for each in needed if not _has(principal, each)), None)


def _has(principal: Principal, needed: Permission) -> bool:
    if principal.statements is None or principal.unread:
        return True
    if needed.resource is None:
        return allows_somewhere(principal.statements, action=needed.action)
    return allows(principal.statements, action=needed.action, resource=needed.resource)


def denial(principal: Principal, lacked: Permission, service: str) -> str:
    """What AWS says of a permission that the principal lacks. SQS writes actions in small letters."""
    action = lacked.action.lower() if service == "sqs" else lacked.action
    explicit = lacked.resource is not None and denies(
        principal.statements or (), action=lacked.action, resource=lacked.resource
    )
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal.arn} is not authorized to perform: {action} on resource: {lacked.resource or '*'} {why}"
