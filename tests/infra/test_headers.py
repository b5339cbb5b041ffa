"""The headers of the page, and that it does nothing which they forbid."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest


class Markup(HTMLParser):
    """What a content security policy has a say in, in a page's markup."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.policies: list[str] = []
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(given["content"])
        self.inline += [
            f"{tag} {name}" for name in given if name.startswith("on") or name in ("style", "srcdoc")
        ]
        self.addresses += [
            given[name] for name in ("src", "href", "action", "data", "poster") if name in given
        ]
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style") and data.strip():
            self.inline.append(f"{self._within}: {data.strip()[:40]}")


@pytest.fixture(scope="module")
def page(root: Path) -> Markup:
    return Markup((root / "site" / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def headers(site: dict[str, Any]) -> dict[str, Any]:
    config = site["Resources"]["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    result: dict[str, Any] = config["SecurityHeadersConfig"] | {
        item["Header"]: item for item in config["CustomHeadersConfig"]["Items"]
    }
    return result


def directives(policy: str) -> dict[str, str]:
    """A content security policy by directive."""
    pairs = [part.strip().partition(" ") for part in policy.split(";")]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value for name, _, value in pairs}


def test_the_content_security_policy_is_strict(headers: dict[str, Any]) -> None:
    policy = directives(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy.pop(name) == "'none'"
    # The one policy is for the service worker's address, which is a constant.
    assert (policy.pop("require-trusted-types-for"), policy.pop("trusted-types")) == ("'script'", "worker")
    assert policy.keys() == {
        f"{kind}-src" for kind in ("script", "style", "img", "connect", "worker", "manifest")
    }
    # Not a host by its name, and nothing inline.
    assert set(policy.values()) == {"'self'"}


def test_the_page_says_the_same_policy(headers: dict[str, Any], page: Markup) -> None:
    """For wherever else it is served. Browsers do not take frame-ancestors from there."""
    header = directives(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    del header["frame-ancestors"]
    [meta] = page.policies
    assert directives(meta) == header


def test_the_other_headers(headers: dict[str, Any]) -> None:
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 24 * 3600
    assert headers["StrictTransportSecurity"]["IncludeSubdomains"] is False
    assert "ContentTypeOptions" in headers
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert re.fullmatch(r"(\w+(-\w+)*=\(\)(, )?)+", headers["Permissions-Policy"]["Value"])
    assert headers["Cross-Origin-Opener-Policy"]["Value"] == "same-origin"
    assert all(item["Override"] is True for item in headers.values())


def test_the_reading_of_markup_finds_what_is_inline() -> None:
    bad = Markup('<p style="x" onclick="y"><script>a</script><style>b</style><img src="//c/d">')
    assert bad.inline == ["p style", "p onclick", "script: a", "style: b"]
    assert bad.addresses == ["//c/d"]


def test_nothing_in_the_page_is_inline_or_from_elsewhere(page: Markup) -> None:
    assert page.inline == []
    assert page.addresses
    for address in page.addresses:
        assert not re.match(r"[a-z]+:|//", address, re.IGNORECASE), address


def test_no_script_and_no_style_asks_for_more_than_the_policy_grants(root: Path) -> None:
    scripts = sorted((root / "site").rglob("*.js"))
    assert scripts
    for path in scripts:
        code = path.read_text(encoding="utf-8")
        for pattern in (
            r"\beval\(",
            r"\bFunction\(",
            r"\.(inner|outer)HTML\b",
            r"insertAdjacentHTML",
            r"document\.write",
            r"setAttribute\(\s*[\"'](style|on\w+)",
            r"\bstyle:(?! \"(narrow|short|long)\")",  # the one of Intl has no other names
            r"import\(\s*[\"'](https?:)?//",
            r"from\s+[\"'](https?:)?//",
        ):
            assert not re.search(pattern, code), f"{path}: {pattern}"
    for path in (root / "site").rglob("*.css"):
        assert not re.search(r"@import|url\(", path.read_text(encoding="utf-8")), path
    for path in (root / "site").rglob("*.svg"):
        drawing = Markup(path.read_text(encoding="utf-8"))
        assert (drawing.inline, drawing.addresses) == ([], []), path
