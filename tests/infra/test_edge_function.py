"""The edge function, run as it is deployed: /ws/<room>/<client> becomes the stage and its query, /api/rooms/<room>/…
the path of the HTTP API and its query, nothing else.
"""

import re
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Run

PERSIAN = "گپ‌وگفت"
IN_PATHS = "!$&'()*+,;=:@"
"""Characters that a path segment may hold as they are (RFC 3986); some of them mean something in a query."""


def query_string(request: dict[str, Any]) -> str:
    """The query as CloudFront sends it to the origin: names and values exactly as the function left them."""
    return "&".join(
        f"{name}={item['value']}"
        for name, field in request["querystring"].items()
        for item in field.get("multiValue", [field])
    )


def decoded(request: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(query_string(request), keep_blank_values=True, strict_parsing=True, errors="strict")


@pytest.mark.parametrize(
    ("uri", "room", "client"),
    [
        ("/ws/general/ada", "general", "ada"),
        ("/ws/general", "general", ""),
        ("/ws/general/", "general", ""),
        ("/ws//ada", "", "ada"),
        ("/ws//", "", ""),
        ("/ws/", "", ""),
        ("/ws/%20/%20%20", " ", "  "),
        ("/ws/a+b/c+d", "a+b", "c+d"),
        ("/ws/a&client_id=eve/b", "a&client_id=eve", "b"),
        ("/ws/a=b;c=d/e?f", "a=b;c=d", "e?f"),
        ("/ws/c%23/100%25", "c#", "100%"),
        ("/ws/a%2Fb/c%2fd%2F", "a/b", "c/d/"),
        ("/ws/%2E%2E/..", "..", ".."),
        ("/ws/%2525/x", "%25", "x"),
        ("/ws/a%00b/%0D%0AX:1", "a\0b", "\r\nX:1"),
        (f"/ws/{quote(PERSIAN)}/{quote('آدا')}", PERSIAN, "آدا"),
        (f"/ws/{PERSIAN}/آدا", PERSIAN, "آدا"),
        ("/ws/%F0%9F%92%AC/%E2%80%AEeve", "💬", "\u202eeve"),
        ("/ws/constructor/__proto__", "constructor", "__proto__"),
    ],
)
def test_path_becomes_query(run: Run, uri: str, room: str, client: str) -> None:
    request = run(uri)
    assert request["uri"] == "/live"
    assert decoded(request) == {"room_id": [room], "client_id": [client]}


@pytest.mark.parametrize(
    ("uri", "path", "room", "client"),
    [
        ("/api/rooms/general/members/ada", "/api/members", "general", "ada"),
        ("/api/rooms/general/members/", "/api/members", "general", ""),
        ("/api/rooms/general/members", "/api/members", "general", ""),
        ("/api/rooms/general/events", "/api/events", "general", ""),
        ("/api/rooms/general/messages", "/api/messages", "general", ""),
        ("/api/rooms//events", "/api/events", "", ""),
        ("/api/rooms//members/", "/api/members", "", ""),
        ("/api/rooms/members/members/members", "/api/members", "members", "members"),
        ("/api/rooms/a%2Fmembers%2Fb/members/c%2fd", "/api/members", "a/members/b", "c/d"),
        ("/api/rooms/a+b&client_id=eve/members/c=d", "/api/members", "a+b&client_id=eve", "c=d"),
        ("/api/rooms/%2E%2E/members/..", "/api/members", "..", ".."),
        (f"/api/rooms/{quote(PERSIAN)}/members/{quote('آدا')}", "/api/members", PERSIAN, "آدا"),
        (f"/api/rooms/{PERSIAN}/events", "/api/events", PERSIAN, ""),
    ],
)
def test_path_of_the_http_api_becomes_query(run: Run, uri: str, path: str, room: str, client: str) -> None:
    request = run(uri)
    assert request["uri"] == path
    assert decoded(request) == {"room_id": [room], "client_id": [client]}


@pytest.mark.parametrize("uri", ["/ws/general/ada", "/api/rooms/general/members/ada"])
def test_the_rest_of_the_request_is_left_alone(run: Run, uri: str) -> None:
    before = run("/elsewhere")
    after = run(uri)
    for key in ("method", "headers", "cookies"):
        assert after[key] == before[key]


@pytest.mark.parametrize(
    "uri",
    [
        "/",
        "/index.html",
        "/ws",
        "/wsx/a/b",
        "/WS/a/b",
        "/live",
        "/api/ws/a/b",
        "/%77s/a/b",
        "/a%",
        "//ws/a/b",
        "/api",
        "/api/",
        "/api/rooms",
        "/api/members",
        "/api/room/a/events",
        "/API/rooms/a/events",
        "//api/rooms/a/events",
        "/x/api/rooms/a/events",
    ],
)
def test_other_paths_pass_unchanged(run: Run, uri: str) -> None:
    query = {"room_id": {"value": "r"}, "a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}}
    request = run(uri, query)
    assert request["uri"] == uri
    assert request["querystring"] == query


@pytest.mark.parametrize(
    "uri",
    [
        "/ws/a/b/c",
        "/ws/a/b/",
        "/ws///",
        "/ws/a/b/c/d",
        "/ws/%/b/c",
        "/api/rooms/",
        "/api/rooms/a",
        "/api/rooms/%",
        "/api/rooms/a/events/",
        "/api/rooms/a/events/b",
        "/api/rooms/a/messages/b",
        "/api/rooms/a/members/b/",
        "/api/rooms/a/members/b/c",
        "/api/rooms/a/Members/b",
        "/api/rooms/a/b/members/c",
    ],
)
def test_segments_of_another_number_are_not_found(run: Run, uri: str) -> None:
    response = run(uri)
    assert response["statusCode"] == 404
    assert "uri" not in response


@pytest.mark.parametrize(
    "segment", ["%", "%2", "%zz", "%FF", "%C3%28", "%E0%A4%A", "%ED%A0%80", "%C0%AF", "ok%u0041"]
)
def test_malformed_encoding_is_refused(run: Run, segment: str) -> None:
    for uri in (
        f"/ws/{segment}/ada",
        f"/ws/general/{segment}",
        f"/ws/{segment}",
        f"/api/rooms/{segment}/events",
        f"/api/rooms/{segment}/members/ada",
        f"/api/rooms/general/members/{segment}",
    ):
        response = run(uri)
        assert response["statusCode"] == 400
        assert response["statusDescription"] == "Bad Request"
        assert "uri" not in response
        # Nothing of the address comes back, so there is nothing to inject into.
        assert segment not in response["body"]["data"]


def test_a_refusal_is_a_cloudfront_response(run: Run) -> None:
    response = run("/ws/a/b/c")
    assert response.keys() == {"statusCode", "statusDescription", "headers", "body"}
    assert response["body"].keys() == {"encoding", "data"}
    assert response["body"]["encoding"] == "text"
    assert all(name == name.lower() for name in response["headers"])
    assert response["headers"]["cache-control"] == {"value": "no-store"}


def test_other_parameters_stay_as_the_viewer_spelt_them(run: Run) -> None:
    query = {
        "ticket": {"value": "a.b%2Bc"},
        "n": {"value": "1", "multiValue": [{"value": "1"}, {"value": "%D9%85"}]},
        "flag": {"value": ""},
    }
    request = run("/ws/general/ada", query)
    assert query_string(request) == "ticket=a.b%2Bc&n=1&n=%D9%85&flag=&room_id=general&client_id=ada"


@pytest.mark.parametrize(
    "name", ["room_id", "client_id", "room%5Fid", "room%5fid", "%72oom_id", "client%5Fid", "%63%6C%69ent_id"]
)
def test_the_path_wins_over_the_query(run: Run, name: str) -> None:
    forged = {"value": "eve", "multiValue": [{"value": "eve"}, {"value": "mallory"}]}
    request = run("/ws/general/ada", {"x": {"value": "1"}, name: forged, "y%": {"value": "2"}})
    assert query_string(request) == "x=1&y%=2&room_id=general&client_id=ada"
    request = run("/api/rooms/general/events", {"after": {"value": "1"}, name: forged})
    assert query_string(request) == "after=1&room_id=general&client_id="


names = st.text(max_size=80)
spellings = st.sampled_from(["", IN_PATHS])  # what the viewer leaves unencoded


@given(room=names, client=names, unencoded=spellings)
def test_any_names_arrive_as_they_were(run: Run, room: str, client: str, unencoded: str) -> None:
    request = run(f"/ws/{quote(room, safe=unencoded)}/{quote(client, safe=unencoded)}")
    assert request["uri"] == "/live"
    assert decoded(request) == {"room_id": [room], "client_id": [client]}


@given(room=names, client=names, unencoded=spellings)
def test_any_names_arrive_at_the_http_api_as_they_were(
    run: Run, room: str, client: str, unencoded: str
) -> None:
    request = run(f"/api/rooms/{quote(room, safe=unencoded)}/members/{quote(client, safe=unencoded)}")
    assert request["uri"] == "/api/members"
    assert decoded(request) == {"room_id": [room], "client_id": [client]}
    request = run(f"/api/rooms/{quote(room, safe=unencoded)}/events", {"wait": {"value": "25"}})
    assert request["uri"] == "/api/events"
    assert decoded(request) == {"wait": ["25"], "room_id": [room], "client_id": [""]}


parameter_names = st.sampled_from(
    ["room_id", "client_id", "room%5Fid", "Room_id", "room_id%20", "%"]
) | st.text(max_size=12).map(lambda name: quote(name, safe="%"))
parameter_values = st.text(max_size=12).map(lambda value: quote(value, safe=""))


@given(query=st.dictionaries(parameter_names, parameter_values, max_size=6))
def test_any_query_keeps_all_but_the_two_names(run: Run, query: dict[str, str]) -> None:
    request = run("/ws/general/ada", {name: {"value": value} for name, value in query.items()})
    assert request["querystring"].pop("room_id") == {"value": "general"}
    assert request["querystring"].pop("client_id") == {"value": "ada"}
    others = {name: value for name, value in query.items() if unquote(name) not in ("room_id", "client_id")}
    assert request["querystring"] == {name: {"value": value} for name, value in others.items()}


@given(uri=st.text(alphabet="/ws%2Fa+é", max_size=20).map(lambda tail: "/ws/" + tail))
def test_any_path_is_rewritten_or_refused(run: Run, uri: str) -> None:
    answer = run(uri)
    assert answer.get("uri") == "/live" or answer["statusCode"] in (400, 404)


segments = st.sampled_from(["members", "events", "messages", "..", "", "a", "%2F", "%", "é", "ws"])


@given(parts=st.lists(segments, max_size=5))
def test_any_path_of_the_http_api_is_of_one_room_or_refused(run: Run, parts: list[str]) -> None:
    """It never leads out of /api/, and what it leads to is one segment."""
    answer = run("/api/rooms/" + "/".join(parts))
    if "statusCode" in answer:
        assert answer["statusCode"] in (400, 404)
    else:
        assert answer["uri"] == f"/api/{parts[1]}"
        assert decoded(answer)["room_id"] == [unquote(parts[0])]


def test_source_fits(edge_source: str) -> None:
    assert len(edge_source.encode()) < 10_000


def test_source_keeps_to_what_the_runtime_has(edge_source: str, site: dict[str, Any]) -> None:
    config = site["Resources"]["EdgeFunction"]["Properties"]["FunctionConfig"]
    assert config["Runtime"] == "cloudfront-js-2.0"
    code = re.sub(r"//[^\n]*|'[^'\n]*'", "''", edge_source)
    # Newer syntax than ECMAScript 5.1 with const and let, and what the runtime forbids.
    assert not re.search(r"`|=>|\.\.\.|\?\.|\?\?|\*\*", code)
    assert not re.search(r"\b(class|async|await|import|export|require|eval|Function|yield|of|static)\b", code)
    assert not re.search(r"\b(setTimeout|setInterval|fetch|process|globalThis|URL|Buffer|console)\b", code)
    assert re.findall(r"^function handler\(event\)", edge_source, re.MULTILINE) == ["function handler(event)"]
    assert code.isascii()
