"""What a message's text is made of, by the page's pure module: links that lead where they say, quotes, nothing lost."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.events import Evaluate

pytestmark = pytest.mark.browser

PIECES = "(m, texts) => texts.map(m.pieces)"


def links(js: Evaluate, *texts: str) -> list[list[str]]:
    """The links of each text, as they are shown."""
    found = js("core/text", PIECES, list(texts))
    return [[piece["text"] for piece in each if isinstance(piece, dict)] for each in found]


@pytest.mark.parametrize(
    ("text", "link", "href"),
    [
        ("See https://a.example.", "https://a.example", "https://a.example/"),
        ("(https://en.example/wiki/A_(b))", "https://en.example/wiki/A_(b)", "https://en.example/wiki/A_(b)"),
        ("[this](https://a.example/x),", "https://a.example/x", "https://a.example/x"),
        ("*https://a.example/?q=1&r=[2]*", "https://a.example/?q=1&r=[2]", "https://a.example/?q=1&r=[2]"),
        ("is it www.a.example?!", "www.a.example", "https://www.a.example/"),
        ("<HTTP://A.example:8080/B>", "HTTP://A.example:8080/B", "http://a.example:8080/B"),
        ("http://localhost:8000/#r", "http://localhost:8000/#r", "http://localhost:8000/#r"),
        ("https://a.example/@ada", "https://a.example/@ada", "https://a.example/@ada"),
        ("این «https://a.example/x» است", "https://a.example/x", "https://a.example/x"),
        ("https://a.example/x؛ و", "https://a.example/x", "https://a.example/x"),
        ("دیدید https://a.example/x؟", "https://a.example/x", "https://a.example/x"),
        ("یکhttps://a.example/x، دو", "https://a.example/x", "https://a.example/x"),
        ("https://مثال.example", "https://مثال.example", "https://xn--mgbh0fb.example/"),
        # A Cyrillic letter: what is shown is what was typed, and the address says what it is.
        ("https://аda.example", "https://аda.example", "https://xn--da-6kc.example/"),
        ("javascript:http://a.example", "http://a.example", "http://a.example/"),
    ],
)
def test_a_link_ends_where_its_writer_meant_and_leads_where_it_says(
    js: Evaluate, text: str, link: str, href: str
) -> None:
    before, _, after = text.partition(link)
    expected = [before, {"text": link, "href": href}, after]
    assert js("core/text", PIECES, [text]) == [[piece for piece in expected if piece]]


def test_what_might_deceive_is_no_link(js: Evaluate) -> None:
    texts = [
        "https://good.example@evil.example/",
        "https://@evil.example/",
        "https://ada:secret@a.example",
        "https://good.example\\@evil.example",
        "https://a.example/\u202egpj.exe",
        "https://a.example\u2066/x\u2069",
        "\u200fhttps://a.example\u200f",
        "https://good.example\u2044x.evil.example",
        "https://good.example\u2215x.evil.example",
        "https://good.example\uff0fx.evil.example",
        "https://go\u00adod.example",
        "https://go\u200bod.example",
        "https://%67ood.example",
        "http://http://a.example",
        "https:///a.example",
        "https://a.example:99999",
        "https://a.example/cut-o…",
        "http://[::1]/",
        "xhttps://a.example",
        "ada@www.a.example",
        "javascript:alert(1)",
        "JavaScript://%0aalert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "www... http:// https://. www.",
    ]
    assert links(js, *texts) == [[] for _ in texts]


# Texts of what matters to a search for links and quotes, in any order.
WORDS = "http:// https:// HTTPS:// www. a.example :8080 [::1] سلام é 😀"
MARKS = "/()[]{}<>@.,:؟،»…#?&_*~-%"
UNSEEN = [" ", "\n", "\t", "\r", "\u2028", "\u200c", "\u202e", "\u0301", "\x00", "> ", "\\", '"', "'"]
SCRAPS = st.sampled_from([*WORDS.split(), *MARKS, *UNSEEN])
TEXTS = st.lists(SCRAPS, max_size=20).map("".join) | st.text(max_size=40)

ALL = """(m, texts) => texts.map((content) => {
  const { quote, text } = m.split(content);
  const pieces = m.pieces(text);
  const whole = quote + pieces.map((piece) => piece.text ?? piece).join("");
  const links = pieces.filter((piece) => piece.href !== undefined).map(({ href, text }) => {
    const { protocol, username, password, host } = new URL(href);
    return { protocol, credentials: username + password, host, text };
  });
  return { same: whole === content, empty: pieces.includes(""), quote, links };
})"""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_nothing_is_lost_and_every_link_is_plain(js: Evaluate, texts: list[str]) -> None:
    for content, found in zip(texts, js("core/text", ALL, texts), strict=True):
        assert found["same"]
        assert not found["empty"]
        assert all(line[:2] in (">", "> ") for line in found["quote"].split("\n")[:-1])
        for link in found["links"]:
            assert link["protocol"] in ("http:", "https:")
            assert link["credentials"] == ""
            assert link["host"]
            assert link["text"] in content


REPLY = """(m, cases) => cases.map(([name, content, answer]) => {
  const quote = m.quoteOf(name, content);
  const { quote: read, text } = m.split(quote + answer);
  const again = answer.trim() === "" || m.quoteOf("Zoe", quote + answer) === m.quoteOf("Zoe", answer);
  return { quote, read, text, quoted: m.quoted(read), again };
})"""
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=64)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(NAMES, TEXTS, st.text(min_size=1)), min_size=1, max_size=10))
def test_a_quote_is_read_as_it_was_made(js: Evaluate, cases: list[tuple[str, str, str]]) -> None:
    for (name, _, answer), found in zip(cases, js("core/text", REPLY, cases), strict=True):
        if answer[0] == ">":  # who goes on quoting, does
            continue
        assert (found["read"], found["text"]) == (found["quote"], answer)
        assert found["quoted"]["name"] == name
        assert len(found["quoted"]["text"]) <= 2 * 200 + 1
        assert found["again"]


def quote_of(js: Evaluate, content: str) -> Any:
    return js("core/text", "(m, content) => m.quoteOf('Ada', content)", content)


def test_a_quote_is_the_beginning_of_what_was_said_last(js: Evaluate) -> None:
    assert quote_of(js, "Tea?") == "> Ada:\n> Tea?\n"
    assert quote_of(js, "one\n\n two\r\nthree\nfour") == "> Ada:\n> one\n>  two\n> three…\n"
    assert quote_of(js, "> Bo:\n> Tea?\nYes\nplease") == "> Ada:\n> Yes\n> please\n"
    assert quote_of(js, "> Bo:\n> Tea?\n") == "> Ada:\n> Tea?\n"
    assert quote_of(js, "word " * 100) == "> Ada:\n> " + ("word " * 40).strip() + "…\n"
    assert quote_of(js, "😀" * 300) == "> Ada:\n> " + "😀" * 200 + "…\n"


def test_only_lines_with_the_mark_and_a_space_are_a_quote(js: Evaluate) -> None:
    read = "(m, texts) => texts.map((text) => { const { quote } = m.split(text); return [quote, m.quoted(quote)]; })"
    whole = [
        ("> a\n>\n> b", {"name": "", "text": "a\n\nb"}),
        ("> Ada:", {"name": "", "text": "Ada:"}),
        ("> Ada B:\n> c:\n> d", {"name": "Ada B", "text": "c:\nd"}),
        ("> :\n> x", {"name": "", "text": ":\nx"}),
        (f"> {'n' * 65}:\n> x", {"name": "", "text": f"{'n' * 65}:\nx"}),
    ]
    assert js("core/text", read, [text for text, _ in whole]) == [[*each] for each in whole]
    none = ["", {"name": "", "text": ""}]
    assert js("core/text", read, [">:(", ">.<", "a\n> b", ">>> x", " > a", ""]) == [none] * 6


# The least of three times: now and then this machine has something else to do.
TIME = """(m, text) => Math.min(...[1, 2, 3].map(() => {
  const begun = performance.now();
  m.split(text);
  m.pieces(text);
  m.quoteOf("Ada", text);
  m.quoted(text);
  return performance.now() - begun;
}))"""


HOSTILE = [
    "(",
    "http://",
    "http://http://",
    "www.",
    "https://a(",
    "https://a)",
    "https://a.",
    ">",
    "…",
    "[](",
    "https://[",
    "@",
    "https://é.",
    "a",
]


@pytest.mark.parametrize("scrap", [*HOSTILE, "www.a ", "> ", ">\n", "\u200c", " ", "\n", "https://a\u202e"])
def test_the_worst_that_can_be_said_takes_no_longer_than_what_is_usual(js: Evaluate, scrap: str) -> None:
    """Ten times the longest message: what took the square of its length would take minutes."""
    hostile = (scrap * 40_000)[:40_000]
    assert js("core/text", TIME, hostile) < 500
