"""Which headers go on to the gateway and back."""

from hypothesis import given
from hypothesis import strategies as st

from local_dev.tls_front.origin import HOP_BY_HOP, end_to_end

NAMES = st.sampled_from([b"a", b"B", b"cookie", b"Connection", b"te", b"Upgrade", b"keep-alive", b"x-named"])
VALUES = st.sampled_from([b"1", b"close", b"x-named, close", b"X-Named"])


def test_what_is_about_one_connection_stays_on_it() -> None:
    sent = [
        (b"Host", b"h"),
        (b"Connection", b"close, X-Own"),
        (b"x-own", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Accept", b"*/*"),
    ]
    assert end_to_end(sent) == [(b"Host", b"h"), (b"Accept", b"*/*")]


def test_cookies_that_came_apart_are_one_header() -> None:
    sent = [(b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2")]
    assert end_to_end(sent) == [(b"x", b"y"), (b"cookie", b"a=1; b=2")]
    assert end_to_end(sent[:2]) == sent[:2]


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_all_else_goes_on_as_it_is(sent: list[tuple[bytes, bytes]]) -> None:
    kept = end_to_end(sent)
    named = {
        token.strip().lower() for name, value in sent if name == b"Connection" for token in value.split(b",")
    }
    plain = [
        (name, value)
        for name, value in sent
        if name.lower() not in HOP_BY_HOP | named and name.lower() != b"cookie"
    ]
    assert [pair for pair in kept if pair[0].lower() != b"cookie"] == plain
    assert sum(name == b"cookie" for name, _ in kept) == any(name == b"cookie" for name, _ in sent)
