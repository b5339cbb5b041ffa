"""Applications in other people's styles, run as they are: nothing in their code knows of this gateway."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.running import Running, running

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent
TIMEOUT = 60


async def heard(socket: ClientConnection) -> Any:
    """The next frame, parsed."""
    async with asyncio.timeout(TIMEOUT):
        return json.loads(await socket.recv())


def entering(url: str, **options: Any) -> connect:
    """A connection, whose handshake may have to wait for functions to start."""
    return connect(url, open_timeout=TIMEOUT, **options)


class TestStandup:
    """Raw CloudFormation, camelCase, conditions, mappings and nested intrinsics; the endpoint built by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def app(cls) -> Iterator[Running]:
        with running(HERE / "standup" / "serverless-output.yml") as deployed:
            yield deployed

    async def test_a_line_reaches_everyone(self, app: Running) -> None:
        url = f"{app.ws_url}/dev"
        async with entering(url) as one, entering(url) as two:
            await one.send('{"action":"post-line","line":"سلام"}')
            assert await heard(one) == {"line": "سلام"}
            assert await heard(two) == {"line": "سلام"}

    async def test_environment_and_context_are_the_templates(self, app: Running) -> None:
        async with entering(f"{app.ws_url}/dev"):
            pass
        expected = "standup board on dev / standup-dev-onConnect / 256"
        app.recorder.wait_for("onConnectFunction", lambda line: line == expected)

    async def test_what_has_no_route_is_forbidden(self, app: Running) -> None:
        async with entering(f"{app.ws_url}/dev") as socket:
            await socket.send('{"action":"other"}')
            assert (await heard(socket))["message"] == "Forbidden"

    async def test_conditions_leave_out_what_they_should(self, app: Running) -> None:
        resources = app.deployed.cloud.resources
        assert "unusedQueue" not in resources
        assert resources["logsForConnect"].properties["RetentionInDays"] == "30"
        assert resources["connectionsTable"].id == "standup-d-connections"
        assert set(app.deployed.cloud.outputs) == {"wssUri"}


class TestKitchen:
    """SAM: a folder with an app.py for each function, a layer, a queue, a two-way route, and things that do
    not run here.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def app(cls) -> Iterator[Running]:
        with running(HERE / "kitchen" / "template.yaml") as deployed:
            yield deployed

    async def test_an_order_comes_back_through_the_queue(self, app: Running) -> None:
        async with entering(f"{app.ws_url}/default?table=4") as socket:
            await socket.send('{"do":"order","dish":"kebab"}')
            assert await heard(socket) == {"printed": "kebab", "price": 250}

    async def test_a_two_way_route_answers_with_the_handlers_body(self, app: Running) -> None:
        async with entering(f"{app.ws_url}/default?table=5") as socket:
            await socket.send('{"do":"total"}')
            answer = await heard(socket)
            assert answer["currency"] == "toman"
            assert isinstance(answer["total"], int)

    async def test_connect_refuses_as_the_handler_says(self, app: Running) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with entering(f"{app.ws_url}/default"):
                pass
        assert refused.value.response.status_code == 400

    async def test_what_does_not_run_here_is_named_with_its_line(self, app: Running) -> None:
        notes = {note.logical_id: note for note in app.deployed.stack.notes}
        lines = (HERE / "kitchen" / "template.yaml").read_text().splitlines()
        for name, where in (("Nightly", "Nightly:"), ("Camera", "Runtime: nodejs20.x")):
            line = notes[name].line
            assert line is not None
            assert lines[line - 1].strip() == where


class TestMarket:
    """JSON with tabs: an authorizer on the subprotocol, route throttles, roles that may and may not post."""

    @pytest.fixture(scope="class")
    @classmethod
    def app(cls) -> Iterator[Running]:
        with running(HERE / "market" / "template.json") as deployed:
            yield deployed

    @staticmethod
    def enter(app: Running, name: str) -> connect:
        """A trader's connection, the token among the subprotocols."""
        offered = [Subprotocol("market.v1"), Subprotocol(f"trader.{name}")]
        return entering(f"{app.ws_url}/floor", subprotocols=offered)

    async def test_the_handler_chooses_the_subprotocol_and_the_route_throttle_holds(
        self, app: Running
    ) -> None:
        async with self.enter(app, "sara") as socket:
            assert socket.subprotocol == "market.v1"
            shout = '{"market":"tea","verb":"shout","text":"buy"}'
            for _ in range(2):
                await socket.send(shout)
                assert await heard(socket) == {"shout": "buy", "by": "sara"}
            await socket.send(shout)
            assert (await heard(socket))["message"] == "Too Many Requests"

    @pytest.mark.parametrize(
        ("offered", "status"), [(["market.v1"], 401), (["trader.cheat"], 403), ([], 401)]
    )
    async def test_the_authorizer_refuses(self, app: Running, offered: list[str], status: int) -> None:
        protocols = [Subprotocol(item) for item in offered] or None
        with pytest.raises(InvalidStatus) as refused:
            async with entering(f"{app.ws_url}/floor", subprotocols=protocols):
                pass
        assert refused.value.response.status_code == status

    async def test_a_role_without_the_permission_cannot_post(self, app: Running) -> None:
        async with self.enter(app, "omid") as socket:
            await socket.send('{"market":"tea","verb":"list"}')
            line = await asyncio.to_thread(
                app.recorder.wait_for, "ListFunction", lambda line: line.startswith("refused:")
            )
            assert "AccessDeniedException" in line
            assert "is not authorized to perform: execute-api:ManageConnections" in line

    async def test_the_authorizers_context_is_there_when_they_leave(self, app: Running) -> None:
        async with self.enter(app, "niki"):
            pass
        await asyncio.to_thread(app.recorder.wait_for, "LeaveFunction", lambda line: line == "left: niki")


class TestShelf:
    """Two HTTP APIs and no WebSocket: the one that SAM makes of events, and one with a stage and authorizers."""

    @pytest.fixture(scope="class")
    @classmethod
    def app(cls) -> Iterator[Running]:
        with running(HERE / "shelf" / "template.yaml") as deployed:
            yield deployed

    @pytest.fixture
    def client(self, app: Running) -> Iterator[urllib3.HTTPConnectionPool]:
        with urllib3.connection_from_url(app.url, timeout=TIMEOUT, retries=False) as made:
            yield made

    def test_a_book_is_put_and_found(self, client: urllib3.HTTPConnectionPool) -> None:
        book = {"isbn": "97 8/e", "title": "سلام"}
        made = client.request("POST", "/books", json=book)
        assert (made.status, made.headers["location"], made.json()) == (201, "/books/97 8/e", book)
        assert client.request("GET", "/books/97%208%2Fe").status == 200  # a slash as any other: the search's
        plain = client.request("POST", "/books", json={"isbn": "1", "title": "One"})
        assert plain.status == 201
        found = client.request("GET", "/books/1")
        assert (found.status, found.headers["content-type"]) == (200, "application/json")
        assert found.json() == {"isbn": "1", "title": "One"}
        missing = client.request("GET", "/books/2")
        assert (missing.status, missing.data) == (404, b"no such book")

    def test_routes_are_chosen_as_documented(self, client: urllib3.HTTPConnectionPool) -> None:
        elsewhere = client.request("DELETE", "/books")
        assert (elsewhere.status, elsewhere.data) == (200, b"nothing here: /books")
        answer = client.request(
            "PUT", "/search/a/b%20c", body=b"\x00\xff", headers={"content-type": "image/x"}
        )
        assert answer.data == b"\x00\xff"
        assert answer.headers["set-cookie"] == "last=a/b c"
        head = client.request("HEAD", "/search/x", body=None)
        assert (head.status, head.data) == (200, b"")

    def test_browsers_of_its_own_site_are_let_in(self, client: urllib3.HTTPConnectionPool) -> None:
        asks = {"Origin": "https://shelf.example", "Access-Control-Request-Method": "POST"}
        asked = client.request("OPTIONS", "/books", headers=asks)
        assert asked.status == 204
        assert {
            name: value for name, value in asked.headers.items() if name.startswith("access-control")
        } == {
            "access-control-allow-origin": "https://shelf.example",
            "access-control-allow-methods": "GET,POST,DELETE",
            "access-control-allow-headers": "authorization,content-type",
            "access-control-max-age": "600",
        }
        listed = client.request("GET", "/books", headers={"Origin": "https://shelf.example"})
        assert listed.headers["access-control-allow-origin"] == "https://shelf.example"
        assert listed.headers["access-control-expose-headers"] == "x-count"
        assert int(listed.headers["x-count"]) >= 0
        other = client.request("GET", "/books", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/desk/staff", {}, 401),
            ("/desk/staff", {"Authorization": "red"}, 403),
            ("/desk/staff", {"Authorization": "broken"}, 500),
            ("/desk/guild/open", {}, 401),
            ("/desk/guild/open?guild=thieves", {}, 403),
            ("/desk/guild/inner?guild=smiths", {}, 403),
            ("/desk/closed", {"Authorization": "Bearer x"}, 401),
            ("/desk/nothing", {}, 404),
            ("/desk", {}, 404),
        ],
    )
    def test_who_may_not(
        self, client: urllib3.HTTPConnectionPool, path: str, headers: dict[str, str], status: int
    ) -> None:
        assert client.request("GET", path, headers=headers).status == status

    def test_who_may_is_known_to_the_function(self, client: urllib3.HTTPConnectionPool) -> None:
        staff = client.request("GET", "/desk/staff", headers={"Authorization": "blue"}).json()
        assert staff["caller"] == {"lambda": {"name": "ann", "rank": 3}}
        assert (staff["branch"], staff["path"]) == ("north", "/desk/staff")
        first = client.request("GET", "/desk/guild/open?guild=smiths").json()["caller"]
        again = client.request("GET", "/desk/guild/open?guild=smiths").json()["caller"]
        assert first == again  # it was asked once, and its answer kept

    def test_the_older_format_of_events(self, client: urllib3.HTTPConnectionPool) -> None:
        answer = client.request(
            "POST", "/desk/old/a?x=1", body="word", headers={"content-type": "text/plain"}
        )
        assert answer.headers.getlist("x-part") == ["one", "two"]
        assert answer.json() == {"caller": None, "branch": "north", "path": "/desk/old/a", "body": "word"}

    def test_what_is_asked_too_often_waits(self, client: urllib3.HTTPConnectionPool) -> None:
        statuses = [client.request("GET", "/desk/seldom").status for _ in range(2)]
        assert statuses == [200, 429]
