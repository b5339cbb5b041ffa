import pytest
from chat.origins import Origins, of_host
from chat.refusals import Reason, Refused
from hypothesis import given
from hypothesis import strategies as st

SITE = "https://chat.example.com"
ORIGINS = Origins.of("chat.example.com,http://localhost:3000")


def refused(origins: Origins, sent: list[str], *, absent: bool = True) -> bool:
    try:
        origins.check(sent, absent=absent)
    except Refused as refusal:
        assert refusal.reason is Reason.ORIGIN
        assert str(refusal) == "origin_refused"
        return True
    return False


@pytest.mark.parametrize("sent", [SITE, "http://localhost:3000"])
def test_a_page_of_the_site_may_connect(sent: str) -> None:
    assert not refused(ORIGINS, [sent])


@pytest.mark.parametrize(
    "sent",
    [
        "https://evil.example",
        "http://chat.example.com",  # without TLS anyone on the way writes the page
        "https://chat.example.com.evil.example",
        "https://evil.example/https://chat.example.com",
        "https://notchat.example.com",
        "https://chat.example.com:8443",
        "https://chat.example.com/",
        "https://CHAT.example.com",
        "https://chat.example.com evil",
        "https://chаt.example.com",  # a Cyrillic а
        "null",  # a sandboxed frame, or a file
        "*",
        "",
    ],
)
def test_any_other_origin_is_refused(sent: str) -> None:
    assert refused(ORIGINS, [sent])


@given(st.text())
def test_only_what_is_listed_is_let_in(sent: str) -> None:
    assert refused(ORIGINS, [sent]) == (sent not in ORIGINS.allowed)


def test_two_origins_are_none() -> None:
    assert refused(ORIGINS, [SITE, SITE])
    assert refused(ORIGINS, [SITE, "https://evil.example"])


def test_who_names_no_origin_is_no_browser_and_may_be_refused() -> None:
    assert not refused(ORIGINS, [])
    assert refused(ORIGINS, [], absent=False)
    assert not refused(ORIGINS, [SITE], absent=False)


def test_a_site_is_served_with_tls_and_on_the_machine_itself_also_without() -> None:
    assert of_host("d111abc.cloudfront.net") == {"https://d111abc.cloudfront.net"}
    assert of_host("") == set()
    assert of_host("127.0.0.1:8000") == {
        f"{scheme}://{name}:8000"
        for scheme in ("http", "https")
        for name in ("127.0.0.1", "localhost", "[::1]")
    }
    assert of_host("[::1]:8000") == of_host("127.0.0.1:8000")
    assert "http://localhost" in of_host("[::1]")
    assert of_host("127.0.0.1.evil.example:80") == {"https://127.0.0.1.evil.example:80"}


def test_the_list_has_the_sites_host_and_more() -> None:
    assert Origins.of("chat.example.com,").allowed == {SITE}
    assert Origins.of("chat.example.com, https://a.example,https://b.example,").allowed == {
        SITE,
        "https://a.example",
        "https://b.example",
    }
    assert Origins.of("").allowed == set()
