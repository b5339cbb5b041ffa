"""What the page's headers forbid in Chromium. That the page itself needs none of it is shown by all the other tests,
whose consoles stay free of errors under the same headers.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import ServedGateway

pytestmark = pytest.mark.browser

WATCH = """() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(
    { directive: event.effectiveDirective, framed: event.originalPolicy.includes("frame-ancestors") }));
}"""


@pytest.fixture
def page(browser: Browser, gateway: ServedGateway) -> Iterator[Page]:
    """The page, whose console may have errors: that is what is tested."""
    opened = browser.new_page(base_url=gateway.url, service_workers="block")
    opened.goto("/")
    opened.evaluate(WATCH)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("directive", "act"),
    [
        ("script-src-elem", "import(URL).catch(() => {})"),
        ("img-src", "document.body.append(Object.assign(document.createElement('img'), {src: URL}))"),
        ("img-src", "document.body.append(Object.assign(document.createElement('img'), {src: 'data:,x'}))"),
        ("style-src-attr", "document.body.setAttribute('style', 'color: red')"),
        (
            "style-src-elem",
            "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))",
        ),
        ("connect-src", "fetch(URL).catch(() => {})"),
        ("connect-src", "new WebSocket('wss://elsewhere.example/')"),
        ("frame-src", "document.body.append(Object.assign(document.createElement('iframe'), {src: URL}))"),
        ("base-uri", "document.head.append(Object.assign(document.createElement('base'), {href: URL}))"),
        ("require-trusted-types-for", "document.body.innerHTML = '<p>text</p>'"),
        ("require-trusted-types-for", "document.createElement('div').setAttribute('onclick', 'act()')"),
        ("trusted-types", "trustedTypes.createPolicy('mine', {})"),
    ],
)
def test_the_policy_forbids(directive: str, act: str, page: Page) -> None:
    code = act.replace("URL", "'https://elsewhere.example/x'")
    # What trusted types forbid throws, too.
    page.evaluate(
        f"() => {{ try {{ {code} }} catch (error) {{ if (!(error instanceof TypeError)) throw error; }} }}"
    )
    # By the header, too, and not only by what the page says itself.
    page.wait_for_function("refused.some(({ framed }) => framed)")
    assert {item["directive"] for item in page.evaluate("refused")} == {directive}


def test_the_page_is_in_nobodys_frame(browser: Browser, gateway: ServedGateway) -> None:
    other = browser.new_page()
    with other.expect_event("console", lambda line: "frame-ancestors" in line.text):
        other.set_content(f"<iframe src='{gateway.url}/'></iframe>")
    assert other.frames[1].locator("#entry").count() == 0
    other.close()
