"""What a response headers policy makes of an answer's headers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.stack.response_headers import MANAGED, Header, ResponseHeaders, response_headers


def policy(**config: Any) -> ResponseHeaders:
    return response_headers({"ResponseHeadersPolicyConfig": {"Name": "p", **config}})


@pytest.mark.parametrize(
    ("security", "header"),
    [
        (
            {"StrictTransportSecurity": {"AccessControlMaxAgeSec": 63072000, "Override": True}},
            Header("Strict-Transport-Security", "max-age=63072000", override=True),
        ),
        (
            {
                "StrictTransportSecurity": {
                    "AccessControlMaxAgeSec": "60",
                    "IncludeSubdomains": "true",
                    "Preload": True,
                    "Override": False,
                }
            },
            Header("Strict-Transport-Security", "max-age=60; includeSubDomains; preload", override=False),
        ),
        (
            {"ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'none'", "Override": True}},
            Header("Content-Security-Policy", "default-src 'none'", override=True),
        ),
        (
            {"ContentTypeOptions": {"Override": True}},
            Header("X-Content-Type-Options", "nosniff", override=True),
        ),
        (
            {"FrameOptions": {"FrameOption": "DENY", "Override": "true"}},
            Header("X-Frame-Options", "DENY", override=True),
        ),
        (
            {"ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True}},
            Header("Referrer-Policy", "no-referrer", override=True),
        ),
        (
            {"XSSProtection": {"Protection": False, "Override": True}},
            Header("X-XSS-Protection", "0", override=True),
        ),
        (
            {"XSSProtection": {"Protection": True, "ModeBlock": True, "Override": True}},
            Header("X-XSS-Protection", "1; mode=block", override=True),
        ),
        (
            {"XSSProtection": {"Protection": True, "ReportUri": "https://r/", "Override": True}},
            Header("X-XSS-Protection", "1; report=https://r/", override=True),
        ),
    ],
)
def test_security_headers(security: dict[str, Any], header: Header) -> None:
    assert policy(SecurityHeadersConfig=security).added == (header,)


def test_custom_headers_come_after_and_others_are_removed() -> None:
    made = policy(
        SecurityHeadersConfig={"ContentTypeOptions": {"Override": True}},
        CustomHeadersConfig={
            "Items": [{"Header": "Permissions-Policy", "Value": "camera=()", "Override": True}]
        },
        RemoveHeadersConfig={"Items": [{"Header": "ETag"}]},
    )
    assert [item.name for item in made.added] == ["X-Content-Type-Options", "Permissions-Policy"]
    assert made.apply([("etag", "1"), ("content-type", "text/html")]) == [
        ("content-type", "text/html"),
        ("X-Content-Type-Options", "nosniff"),
        ("Permissions-Policy", "camera=()"),
    ]


def test_a_header_that_does_not_override_gives_way() -> None:
    origin = [("Cache-Control", "no-cache"), ("cache-control", "private")]
    weak = ResponseHeaders((Header("cache-control", "max-age=60", override=False),))
    strong = ResponseHeaders((Header("cache-control", "max-age=60", override=True),))
    assert weak.apply(origin) == origin
    assert weak.apply([]) == [("cache-control", "max-age=60")]
    assert strong.apply(origin) == [("cache-control", "max-age=60")]


NAMES = st.sampled_from(["a", "A", "b", "B", "c"])
PAIRS = st.lists(st.tuples(NAMES, st.text("xyz", max_size=2)), max_size=6)


@given(
    PAIRS, st.lists(st.builds(Header, NAMES, st.just("p"), st.booleans()), max_size=3), st.frozensets(NAMES)
)
def test_whatever_the_origin_says(
    origin: list[tuple[str, str]], added: list[Header], removed: frozenset[str]
) -> None:
    removed = frozenset(map(str.lower, removed))
    result = ResponseHeaders(tuple(added), removed).apply(origin)
    told = {name.lower() for name, _ in result}
    assert {item.name.lower() for item in added} <= told
    for name in {name.lower() for name, _ in origin}:
        came = [value for other, value in origin if other.lower() == name]
        went = [value for other, value in result if other.lower() == name]
        mine = [item for item in added if item.name.lower() == name]
        if not mine:
            assert went == ([] if name in removed else came)
        elif any(item.override for item in mine) or name in removed:
            assert set(went) == {"p"}
        else:
            assert went == came


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda it: st.lists(it, max_size=3)
)
KEYS = st.sampled_from(
    [
        "SecurityHeadersConfig",
        "CustomHeadersConfig",
        "RemoveHeadersConfig",
        "Items",
        "FrameOptions",
        "Header",
        "Override",
    ]
)


@given(
    st.dictionaries(
        KEYS, JSON | st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, JSON), max_size=2))
    )
)
def test_whatever_the_properties_are(config: dict[str, Any]) -> None:
    made = response_headers({"ResponseHeadersPolicyConfig": config})
    assert all(isinstance(item.value, str) for item in made.added)


def test_the_managed_security_policy() -> None:
    (made,) = MANAGED.values()
    assert ("X-Frame-Options", "SAMEORIGIN") in made.apply([])
