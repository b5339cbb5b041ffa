"""The page over TLS, and which version of HTTP Chromium uses for what; the server says so as well."""

import base64
import hashlib
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.acts import contents, enter, say, stored
from tests.browser.conftest import PageFactory, visitors
from tests.conftest import ServedGateway, serve, stop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    """The chat over TLS."""
    served = serve(tmp_path_factory.mktemp("secure") / "log.txt", "--https")
    yield served
    assert stop(served) == 0


def trusting(secure: ServedGateway) -> str:
    """What has Chromium take the certificate, and no other that nobody known has signed."""
    found = x509.load_pem_x509_certificate(secure.authority.with_name("chain.pem").read_bytes())
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"--ignore-certificate-errors-spki-list={digest}"


@contextmanager
def chromium_with(browser: Browser, secure: ServedGateway, *arguments: str) -> Iterator[PageFactory]:
    """Another Chromium, which trusts the certificate."""
    other = browser.browser_type.launch(
        executable_path=chromium.executable(), args=[*chromium.ARGUMENTS, trusting(secure), *arguments]
    )
    with visitors(other, secure.secure) as open_page:
        yield open_page
    other.close()


def protocols(page: Page) -> set[str]:
    """What the page and its files came by."""
    script = "performance.getEntries().filter(e => 'nextHopProtocol' in e).map(e => e.nextHopProtocol)"
    return set(page.evaluate(script))


def seen(secure: ServedGateway, path: str) -> list[dict[str, Any]]:
    """The requests whose path begins so, as the server saw them."""
    with urllib.request.urlopen(f"{secure.url}/_local/handshakes") as answer:
        listed = json.load(answer)["handshakes"]
    return [each for each in listed if any(f" {path}" in line for line in each["request"])]


def test_chromium_talks_http_2_and_its_websocket_too(
    browser: Browser, secure: ServedGateway, room: str
) -> None:
    with chromium_with(browser, secure) as open_page:
        ada, bo = open_page(), open_page()
        assert protocols(ada) == {"h2"}
        enter(ada, "Ada", room)
        enter(bo, "Bo", room)
        say(ada, "over HTTP/2")
        expect(stored(ada)).to_have_count(1)
        expect(contents(bo)).to_have_text(["over HTTP/2"])
    (socket,) = seen(secure, f"/ws/{quote(room)}/Ada")
    assert (socket["version"], socket["alpn"], socket["websocket"], socket["status"]) == (
        "2",
        "h2",
        True,
        200,
    )
    assert {":method = CONNECT", ":protocol = websocket"} <= set(socket["request"])


def test_chromium_talks_http_3_where_it_has_to(browser: Browser, secure: ServedGateway, room: str) -> None:
    arguments = [
        f"--origin-to-force-quic-on={secure.secure.removeprefix('https://')}",
        "--host-resolver-rules=MAP localhost 127.0.0.1",  # or it asks at ::1 alone, where nobody is
    ]
    with chromium_with(browser, secure, *arguments) as open_page:
        ada = open_page()
        assert protocols(ada) == {"h3"}
        enter(ada, "Ada", room)
        say(ada, "over HTTP/3")
        expect(stored(ada)).to_have_count(1)
    assert {each["version"] for each in seen(secure, "/style.css")} >= {"3"}


def test_the_plain_address_leads_to_the_page_over_tls(
    browser: Browser, secure: ServedGateway, room: str
) -> None:
    with chromium_with(browser, secure) as open_page:
        page = open_page()
        page.goto(f"{secure.url}/?x=1")
        assert page.url == f"{secure.secure}/?x=1"
        enter(page, "Ada", room)


def test_the_page_is_kept_and_its_websocket_stays_http_2(
    browser: Browser, secure: ServedGateway, room: str
) -> None:
    with chromium_with(browser, secure) as open_page:
        page = open_page(service_workers="allow")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        enter(page, "Ada", room)
        say(page, "before")
        expect(stored(page)).to_have_count(1)
        page.context.set_offline(True)
        page.reload()
        expect(contents(page)).to_have_text(["before"])  # by the worker, as nobody else was asked
        say(page, "meanwhile")
        page.context.set_offline(False)
        expect(stored(page)).to_have_count(2)
    sockets = seen(secure, f"/ws/{quote(room)}/Ada")
    assert {(each["version"], each["websocket"], each["status"]) for each in sockets} == {("2", True, 200)}
