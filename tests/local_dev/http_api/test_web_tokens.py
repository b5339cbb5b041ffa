"""JWT authorizers, with an issuer on this machine."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from local_dev.http_api.web_tokens import RETRY_AFTER
from local_dev.stack.http_model import AuthorizerType, HttpAuthorizer, HttpIntegration, HttpRoute

from .scene import Scene, make_api

pytestmark = pytest.mark.anyio

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)


class Issuer:
    """Publishes one key; `asked` counts how often it was asked for it."""

    def __init__(self) -> None:
        self.asked = 0
        self.kid = "one"
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document: dict[str, Any] = {"jwks_uri": f"{issuer.url}/keys"}
                if self.path == "/keys":
                    issuer.asked += 1
                    key = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
                    document = {"keys": [{**key, "kid": issuer.kid}, {"kid": "odd", "kty": "what"}, {}]}
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, *, key: Any = KEY, kid: str = "one", algorithm: str = "RS256", **changed: Any) -> str:
        """A token; a claim that is None is left out."""
        claims = {"iss": self.url, "aud": "shop", "sub": "ann", "exp": int(time.time()) + 60, **changed}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


def scene_of(url: str, *scopes: str, payload: str = "2.0") -> Scene:
    sources = ("$request.header.Authorization",)
    authorizer = HttpAuthorizer(AuthorizerType.JWT, sources, issuer=url, audience=("shop", "desk"))
    return Scene(make_api(HttpRoute("GET /a/{b}", HttpIntegration("f", payload=payload), authorizer, scopes)))


async def status(scene: Scene, token: str) -> int:
    return (await scene.ask(headers={"authorization": f"Bearer {token}"})).status


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 200),
        ({"aud": ["else", "desk"]}, 200),
        ({"aud": None, "client_id": "shop"}, 200),
        ({"aud": "else"}, 401),
        ({"aud": "else", "client_id": "shop"}, 401),
        ({"aud": None}, 401),
        ({"iss": "https://else.example"}, 401),
        ({"exp": 1}, 401),
        ({"exp": None}, 401),
        ({"nbf": 4_000_000_000}, 401),
        ({"kid": "two"}, 401),
        ({"kid": "odd"}, 401),
        ({"key": OTHER}, 401),
        ({"key": "a secret that is shared and long enough", "algorithm": "HS256"}, 401),
        ({"key": None, "algorithm": "none"}, 401),
    ],
)
async def test_whose_token_lets_in(issuer: Issuer, changed: dict[str, Any], expected: int) -> None:
    scene = scene_of(issuer.url)
    assert await status(scene, issuer.token(**changed)) == expected
    assert len(scene.functions.events("f")) == (expected == 200)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "read write"}, 200),
        ({"scp": ["write"]}, 200),
        ({"scope": "read"}, 403),
        ({}, 403),
    ],
)
async def test_a_scope_of_the_routes_is_needed(issuer: Issuer, claims: dict[str, Any], expected: int) -> None:
    scene = scene_of(issuer.url, "write", "admin")
    assert await status(scene, issuer.token(**claims)) == expected
    if expected == 200:
        assert scene.event()["requestContext"]["authorizer"]["jwt"]["scopes"] == ["write"]


async def test_what_the_function_is_told(issuer: Issuer) -> None:
    token = issuer.token(groups=["a", "b"], admin=True, exp=4_000_000_000)
    claims = {
        "iss": issuer.url,
        "aud": "shop",
        "sub": "ann",
        "exp": "4000000000",
        "groups": "[a b]",
        "admin": "true",
    }
    newer, older = scene_of(issuer.url), scene_of(issuer.url, payload="1.0")
    for scene in (newer, older):
        answer = await scene.ask(headers={"authorization": token})  # "Bearer" may be left out
        assert answer.status == 200
    shown = {"claims": claims, "scopes": None}
    assert newer.event()["requestContext"]["authorizer"] == {"jwt": shown}
    assert older.event()["requestContext"]["authorizer"] == shown


async def test_an_issuer_is_asked_when_its_keys_may_have_changed(issuer: Issuer) -> None:
    scene, before = scene_of(issuer.url), issuer.asked
    for _ in range(2):
        assert await status(scene, issuer.token()) == 200
    assert issuer.asked == before + 1
    issuer.kid = "two"
    try:
        assert await status(scene, issuer.token(kid="two")) == 401
        scene.clock.now += RETRY_AFTER
        assert await status(scene, issuer.token(kid="two")) == 200
        assert await status(scene, issuer.token(kid="three")) == 401
        assert issuer.asked == before + 2
    finally:
        issuer.kid = "one"


async def test_an_issuer_that_does_not_answer_lets_nobody_in(issuer: Issuer) -> None:
    for url in ("http://127.0.0.1:9", "file:///etc/passwd", ""):
        assert await status(scene_of(url), issuer.token(iss=url)) == 401


@given(
    token=st.text(st.characters(min_codepoint=33, max_codepoint=126))
    | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*")
)
def test_nothing_else_is_a_token(token: str) -> None:
    assert asyncio.run(status(scene_of("http://127.0.0.1:9"), token)) == 401
