"""A shorter way from a request to moto's DynamoDB: what an SDK sends is answered by moto's own operations, without
Flask in between and without a request being read as a form, a file, and a query first.

Whatever is not as an SDK sends it goes moto's own way. So far as the answers can be compared they are the same, header
by header.
"""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError
from moto import settings
from moto.core.parse import JSONParser
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import mark_account_as_visited
from moto.moto_api import recorder
from moto.utilities.utils import get_partition
from werkzeug.datastructures import EnvironHeaders

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

TARGET = "DynamoDB_20120810."

_JSON = "application/x-amz-json-1.0"
_SCOPE = "/dynamodb/aws4_request"
_ODD = ("HTTP_ORIGIN", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_X_MOTO_ACCOUNT_ID")
"""Headers that moto, or what is around it, makes something of."""


def with_a_short_way(application: Application) -> Application:
    """`application`, moto's own, with the requests to DynamoDB taken out."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not _is_ordinary(environ):
            return application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        status, headers, text = _Handler(environ, body).answer()
        content = text.encode() if isinstance(text, str) else text
        start_response(
            _status_line(status),
            [
                *((name, str(value)) for name, value in headers.items()),
                ("Content-Length", str(len(content))),
                ("Access-Control-Allow-Origin", "*"),
            ],
        )
        return [content]

    return answer


def _is_ordinary(environ: dict[str, Any]) -> bool:
    operation = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(TARGET)
    return (
        operation in _operations()
        and environ["REQUEST_METHOD"] == "POST"
        and environ["PATH_INFO"] == "/"
        and not environ.get("QUERY_STRING")
        and environ.get("CONTENT_TYPE") == _JSON
        and environ.get("CONTENT_LENGTH", "").isdecimal()
        and _SCOPE in environ.get("HTTP_AUTHORIZATION", "").partition(",")[0]
        and "amazonaws" not in environ.get("HTTP_HOST", "amazonaws")
        and not any(name in environ for name in _ODD)
        and not recorder._user_enabled
        and math.isinf(settings.INITIAL_NO_AUTH_ACTION_COUNT)
    )


@lru_cache
def _operations() -> frozenset[str]:
    return frozenset(_model().operation_names)


def _model() -> Any:
    return get_service_model("dynamodb")


@lru_cache
def _parser(operation: str) -> JSONParser:
    return JSONParser(_model().operation_model(operation))


@lru_cache
def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase.upper()}"


class _Handler(DynamoHandler):  # type: ignore[misc]
    """moto's operations, told what its own way would tell them."""

    def __init__(self, environ: dict[str, Any], body: bytes) -> None:
        super().__init__()
        self.operation: str = environ["HTTP_X_AMZ_TARGET"].removeprefix(TARGET)
        self.headers = EnvironHeaders(environ)
        self.uri = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/"
        self.method, self.path, self.raw_path, self.raw_body = "POST", "/", "/", body
        self.parsed_url = urlparse(self.uri)
        self.normalized_request = self
        nothing: dict[str, Any] = {}
        self.querystring = self.data = self.uri_match = nothing
        self.response_headers = {"server": "amazon.com"}
        self.region = self.get_region_from_url(self, self.uri)
        self.partition = get_partition(self.region)
        self.access_key = self.get_access_key()
        self.current_account = self.get_current_account()

    def answer(self) -> tuple[int, dict[str, Any], Any]:
        """The answer's status, headers and body."""
        self.params = _parser(self.operation).parse({"body": self.raw_body})
        mark_account_as_visited(
            account_id=self.current_account,
            access_key=self.access_key,
            service=self.service_name,
            region=self.region,
        )
        try:
            answer: tuple[int, dict[str, Any], Any] = self.call_action()
        except ClientError as error:
            return 400, {"Content-Type": "text/html; charset=utf-8"}, error.response["Error"]["Message"]
        return answer

    def _get_action(self) -> str:
        # moto would look for one in the body first, as if that were a form.
        return self.operation

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        if "<RequestId>" in body:
            enriched: tuple[dict[str, str], Any] = BaseResponse._enrich_response(headers, body)
            return enriched
        headers, _ = BaseResponse._enrich_response(headers, "")  # which looks for it everywhere
        return headers, body
