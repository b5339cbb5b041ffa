"""Paths, hosts and custom domains, and the stages they lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.stack.model import CustomDomain
from local_dev.web.addresses import Addresses, Place, by_path

from .wire import HOST, make_api

APIS = {
    "prod": make_api(domains=(CustomDomain("chat.example.com", ""), CustomDomain("Example.org", "ws"))),
    "ChatApi/test": make_api(stage="test", domains=(CustomDomain("example.org", "ws/test"),)),
    "OtherApi/prod": make_api(id="zzzzzzzzzz", logical_id="OtherApi"),
}
OTHER = HOST.replace("a1b2c3d4e5", "zzzzzzzzzz")
addresses = Addresses(APIS)


@pytest.mark.parametrize(
    ("host", "path", "place"),
    [
        ("127.0.0.1:8000", "/prod", Place("prod", "")),
        ("127.0.0.1:8000", "/prod/", Place("prod", "/")),
        ("localhost", "/prod/hello", Place("prod", "/hello")),
        ("localhost", "/ChatApi/test/@connections/x=", Place("ChatApi/test", "/@connections/x=")),
        ("localhost", "/ChatApi", None),
        ("localhost", "/production", None),
        ("localhost", "/", None),
        ("localhost", "", None),
        ("localhost", "http://elsewhere/prod", None),
        (HOST, "/prod", Place("prod", "")),
        (f"{HOST.upper()}:443", "/prod/@connections/x", Place("prod", "/@connections/x")),
        (f"{HOST}.", "/test", Place("ChatApi/test", "")),
        (HOST, "/ChatApi/test", Place(None, "/ChatApi/test")),
        (HOST, "/", Place(None, "/")),
        (OTHER, "/prod", Place("OtherApi/prod", "")),
        (OTHER, "/test", Place(None, "/test")),
        ("chat.example.com", "/", Place("prod", "", custom=True)),
        ("chat.example.com", "", Place("prod", "", custom=True)),
        ("chat.example.com", "/@connections/x", Place("prod", "/@connections/x", custom=True)),
        ("chat.example.com", "/prod/@connections/x", Place("prod", "/prod/@connections/x", custom=True)),
        ("example.org", "/ws", Place("prod", "", custom=True)),
        ("example.org", "/ws/test", Place("ChatApi/test", "", custom=True)),
        ("example.org", "/ws/other", Place("prod", "/other", custom=True)),
        ("example.org", "/other", Place(None, "/other", custom=True)),
        ("[::1]:8000", "/prod", Place("prod", "")),
    ],
)
def test_a_request_leads_to(host: str, path: str, place: Place | None) -> None:
    assert addresses.find(host, path) == place


@given(st.text(), st.text().map("/".__add__))
def test_whatever_is_asked_a_place_or_none_is_the_answer(host: str, path: str) -> None:
    place = addresses.find(host, path)
    assert place is None or place.key is None or place.key in APIS


@given(st.text(alphabet="ab/"), st.sampled_from(["prod", "ChatApi/test"]))
def test_what_is_behind_a_key_is_left_as_it_is(rest: str, key: str) -> None:
    assert addresses.find("localhost", f"/{key}/{rest}") == Place(key, f"/{rest}")


def test_each_stage_has_a_path_that_is_nobody_elses() -> None:
    stages = [make_api(stage=stage) for stage in ("prod", "_local", "2015-03-31")]
    other = make_api(logical_id="Other")
    assert by_path([*stages, other], taken=["test"]) == {
        "prod": stages[0],
        "ChatApi/_local": stages[1],
        "ChatApi/2015-03-31": stages[2],
        "Other/prod": other,
    }


def test_the_hosts_of_all_apis_are_known() -> None:
    assert addresses.hosts == {HOST, OTHER, "chat.example.com", "example.org"}
    assert addresses.is_api("EXAMPLE.org:443")
    assert not addresses.is_api("localhost:443")
