"""A person's own proxy, as their environment names it."""

import pytest

from local_dev.web.upstream import NextProxy, Upstream


def test_without_one_every_way_is_direct() -> None:
    assert Upstream({}).of("example.com") is None


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_it_is_used_for_what_is_not_excepted(name: str) -> None:
    upstream = Upstream({name: "http://proxy.example:3128", "no_proxy": "direct.example, .inside"})
    found = upstream.of("example.com")
    assert found is not None
    assert (found.host, found.port) == ("proxy.example", 3128)
    for host in ("direct.example", "a.inside", "localhost", "127.0.0.1"):
        assert upstream.of(host) is None


@pytest.mark.parametrize("url", ["socks5://a:1", "https://a:443", "http://", "http://a:b", "http://a:99999"])
def test_one_that_speaks_no_http_is_ignored_with_a_word(url: str, caplog: pytest.LogCaptureFixture) -> None:
    assert Upstream({"HTTPS_PROXY": url}).of("example.com") is None
    assert "ignored" in caplog.text
    assert url not in caplog.text, "it may hold a password"


def test_it_is_told_who_asks() -> None:
    head = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"
    assert NextProxy("proxy:1").introduce(head) == head
    assert NextProxy("http://me:p%40ss@proxy:1").introduce(head) == (
        b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    )
