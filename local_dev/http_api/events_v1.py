"""The event that a function gets of a request, in payload format 1.0, and what its result means. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from collections.abc import Mapping
from typing import Any

from ..gateway.events import query_values
from ..stack.http_model import DEFAULT, HttpApi
from .answers import HttpAnswer, Malformed, complete, read_headers
from .bodies import body_of
from .events import clf_time, full_path, passed_on
from .requests import HttpRequest
from .routing import Selected

_UNKNOWN = (
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)
"""Of a caller's identity, what only signed requests have."""


def event(
    api: HttpApi,
    selected: Selected,
    request: HttpRequest,
    *,
    request_id: str,
    now_ms: int,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event. What the request lacks is null."""
    path, resource = full_path(api, request), selected.key.partition(" ")[2] or DEFAULT
    multi: dict[str, list[str]] = {}
    for name, value in passed_on(request):
        multi.setdefault(name, []).append(value)
    query = query_values(request.query)
    body, encoded = body_of(request.body, request.header("content-type")) if request.body else (None, False)
    return {
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {
            "accountId": api.account,
            "apiId": api.id,
            **({"authorizer": dict(authorizer)} if authorizer else {}),
            "domainName": request.domain_name,
            "domainPrefix": request.domain_name.partition(".")[0],
            "extendedRequestId": request_id,
            "httpMethod": request.method,
            "identity": {
                **dict.fromkeys(_UNKNOWN),
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent") or "",
            },
            "path": path,
            "protocol": request.protocol,
            "requestId": request_id,
            "requestTime": clf_time(now_ms),
            "requestTimeEpoch": now_ms,
            "resourceId": selected.key,
            "resourcePath": resource,
            "stage": api.stage,
        },
        "pathParameters": dict(selected.parameters) or None,
        "stageVariables": dict(api.stage_variables) or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def read_answer(result: Any) -> HttpAnswer:
    """The response in a result of this format; Malformed where it is none, which is so without a statusCode as well."""
    if not isinstance(result, dict) or "statusCode" not in result:
        raise Malformed("it has no statusCode")
    headers = read_headers(result.get("headers"))
    several = result.get("multiValueHeaders") or {}
    if not isinstance(several, dict) or not all(isinstance(values, list) for values in several.values()):
        raise Malformed("its multiValueHeaders are no lists by name")
    named = {str(name).lower() for name in several}
    headers = [(name, value) for name, value in headers if name not in named]
    for name, values in several.items():
        for value in values:
            headers += read_headers({name: value})
    return complete(result, headers)
