"""What guards the routes of an HTTP API."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from .http_model import AuthorizerType, HttpAuthorizer
from .integrations import with_stage_variables
from .notes import Notebook
from .opaque import function_name
from .values import is_true, mapping, number, text, texts


class AuthorizerReader:
    """The authorizers of one API: by name or id, each with the logical id of the resource that it stands in and its
    properties, as an AWS::ApiGatewayV2::Authorizer has them.
    """

    def __init__(
        self,
        authorizers: Mapping[str, tuple[str, Mapping[str, Any]]],
        *,
        functions: frozenset[str],
        notes: Notebook,
    ) -> None:
        self._authorizers, self._functions, self._notes = authorizers, functions, notes

    def read(self, name: str | None, logical_id: str, variables: Mapping[str, str]) -> HttpAuthorizer | None:
        """The authorizer of that name, for a route of the resource `logical_id`; None where the route asks for none.
        What cannot be read is one all the same, which lets nobody in.
        """
        if name is None:
            return None
        if name == AuthorizerType.IAM.value:
            return HttpAuthorizer(AuthorizerType.IAM)
        owner, properties = self._authorizers.get(name, (logical_id, None))
        if properties is None:
            self._notes.add(
                logical_id, f"its authorizer {name} is not in this template: it refuses everybody"
            )
            return HttpAuthorizer(AuthorizerType.UNKNOWN)
        sources = texts(properties.get("IdentitySource"))
        if text(properties.get("AuthorizerType", "REQUEST")).upper() == "JWT":
            jwt = mapping(properties.get("JwtConfiguration"))
            issuer = text(jwt.get("Issuer") or jwt.get("issuer") or "")
            audience = texts(jwt.get("Audience") or jwt.get("audience"))
            if find_spec("jwt") is None:
                self._notes.add(
                    owner,
                    "JWT authorizers take PyJWT (parley[ticket]); without it their routes refuse everybody",
                )
                return HttpAuthorizer(AuthorizerType.UNKNOWN)
            return HttpAuthorizer(AuthorizerType.JWT, sources, issuer=issuer, audience=audience)
        function = function_name(with_stage_variables(text(properties.get("AuthorizerUri", "")), variables))
        if function not in self._functions:
            self._notes.add(owner, f"its function, {function}, is not in this template")
        return HttpAuthorizer(
            AuthorizerType.LAMBDA,
            sources,
            function=function,
            payload=text(properties.get("AuthorizerPayloadFormatVersion", "1.0")),
            simple=is_true(properties.get("EnableSimpleResponses", False)),
            ttl=number(properties.get("AuthorizerResultTtlInSeconds"), 0),
        )


def asked_by(route: Mapping[str, Any]) -> str | None:
    """The id of the authorizer that the properties of a Route ask for, or AWS_IAM; None where they ask for none."""
    kind = text(route.get("AuthorizationType") or "NONE")
    if kind == "NONE":
        return None
    return kind if kind == AuthorizerType.IAM.value else text(route.get("AuthorizerId", ""))
