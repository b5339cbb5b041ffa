"""The page's pure modules, imported in a page and called as functions: names, protocol, languages."""

import itertools
import json
from typing import Any

import pytest
from chat import names
from chat.errors import Code, NameRefused

from tests.browser.events import Evaluate, Event

pytestmark = pytest.mark.browser


def server_says(kind: str, text: str) -> str:
    try:
        return names.client(text) if kind == "client" else names.room(text)
    except NameRefused as refused:
        return f"!{refused.code}"


def page_says(js: Evaluate, kind: str, texts: list[str]) -> list[str]:
    said: list[str] = js(
        "core/names",
        """({ checkName }, [kind, texts]) => texts.map((text) => {
             const { value, code } = checkName(kind, text);
             return value ?? `!${code}`;
           })""",
        [kind, texts],
    )
    return said


def test_every_common_character_is_judged_as_the_server_judges_it(js: Evaluate) -> None:
    planes = itertools.chain(
        range(0x3100), range(0xA4D0, 0xAC00), range(0xD7FF, 0x10000, 3), range(0x1F100, 0x1F200)
    )
    for frame in ("a{}b", "sy{}tem", "{}system"):
        texts = [frame.format(chr(code)) for code in planes]
        here = page_says(js, "client", texts)
        differing = [
            (hex(ord(text[frame.index("{")])), said)
            for text, said in zip(texts, here, strict=True)
            if said != server_says("client", text)
        ]
        # A browser may know a newer Unicode than this Python, and so that a new character is a mark or a letter.
        assert len(differing) < 60, differing


def test_names_that_a_url_cannot_carry_are_refused(js: Evaluate) -> None:
    """A path's "." and ".." are resolved away even when they are percent-encoded."""
    assert page_says(js, "room", [".", " .. ", "...", "a."]) == [
        "!room_invalid",
        "!room_invalid",
        "...",
        "a.",
    ]


def test_every_language_has_every_text_and_exactly_the_codes_of_the_server(js: Evaluate) -> None:
    texts = "async (m, code) => Object.values(await m.loadLanguage(code)).slice(-2).map(Object.keys)"
    english, _ = js("i18n", texts, "en")
    for code in js("i18n", "(m) => [...m.LANGUAGES.keys()]"):
        keys, errors = js("i18n", texts, code)
        assert keys == english
        assert errors == [*Code, "gateway_fault", "unreachable", "ticket_expired"]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("not json", None),
        ("null", None),
        ("[]", None),
        ('{"type":"unheard of"}', None),
        ('{"type":"__proto__"}', None),
        ('{"type":"message","client_id":"a","content":1,"timestamp":"","seq":1}', None),
        ('{"type":"message","client_id":"a","content":"x","timestamp":"","seq":0}', None),
        ('{"type":"message","client_id":"a","content":"x","seq":1}', None),
        ('{"type":"presence","users":"abc","timestamp":""}', None),
        ('{"type":"presence","users":["abc"]}', None),
        ('{"type":"page","messages":[{}],"from":1,"through":1,"last_seq":1,"more":false}', None),
        ('{"type":"page","messages":[],"last_seq":1,"more":false}', None),
        ('{"type":"page","messages":[],"from":1,"through":-1,"last_seq":1,"more":false}', None),
        ('{"type":"page","messages":[],"from":1,"through":1,"last_seq":1}', None),
        ('{"type":"system","content":"x","timestamp":"","event":"joined","clients":"Ada","total":1}', None),
        (
            '{"type":"system","content":"x","timestamp":"","event":"joined","clients":["a","b"],"total":1}',
            None,
        ),
        ('{"type":"error","code":"x","content":"x","retry_after_ms":"soon"}', None),
        ('{"type":"pong","last_seq":7}', {"type": "pong", "last_seq": 7}),
        (
            '{"message": "Internal server error", "connectionId":"c", "requestId":"r"}',
            {"type": "error", "code": "gateway_fault", "content": "Internal server error", "timestamp": ""},
        ),
    ],
)
def test_frames_are_parsed_with_suspicion(js: Evaluate, frame: str, expected: Event | None) -> None:
    parse = "(m, text) => m.parseFrame(text)"
    assert js("core/protocol", parse, frame) == ([] if expected is None else [expected])


def test_several_events_in_a_frame_are_those_that_are_known(js: Evaluate) -> None:
    pong = {"type": "pong", "last_seq": 7}
    frame = json.dumps([pong, {"type": "unheard of"}, None, [pong], pong | {"last_seq": 8}])
    assert js("core/protocol", "(m, text) => m.parseFrame(text)", frame) == [pong, pong | {"last_seq": 8}]


def test_names_are_encoded_in_the_address(js: Evaluate) -> None:
    url = "(m, [protocol, host, room, name]) => m.socketUrl({ protocol, host }, room, name)"
    assert js("core/protocol", url, ["http:", "h:1", "a/b?#", "مریم"]) == (
        "ws://h:1/ws/a%2Fb%3F%23/%D9%85%D8%B1%DB%8C%D9%85?frames=batch"
    )
    assert js("core/protocol", url, ["https:", "h", "r", "."]) == "wss://h/ws/r/.?frames=batch"


def speak(js: Evaluate, code: str, function: str, argument: Any = None) -> Any:
    """Calls `(speaker, argument) => …`, for a reader whose system reports an odd language tag too."""
    return js(
        "i18n",
        f"""async (m, [code, argument]) =>
             ({function})(m.createSpeaker(await m.loadLanguage(code), ["en-US@posix"]), argument)""",
        [code, argument],
    )


@pytest.mark.parametrize(
    ("chosen", "preferred", "code"),
    [
        ("", ["fa-IR", "en"], "fa"),
        ("", ["de", "FA"], "fa"),
        ("", ["de"], "en"),
        ("", [], "en"),
        ("en", ["fa"], "en"),
        ("xx", ["fa"], "fa"),
    ],
)
def test_the_language_is_the_chosen_or_the_first_that_the_browser_likes(
    js: Evaluate, chosen: str, preferred: list[str], code: str
) -> None:
    assert (
        js("i18n", "(m, [chosen, preferred]) => m.pickLanguage(chosen, preferred)", [chosen, preferred])
        == code
    )


SUMMARIES: list[tuple[str, str, list[str], int, str]] = [
    ("en", "joined", ["Ada"], 1, "<Ada> joined"),
    ("en", "left", ["Ada", "Bo"], 2, "<Ada> and <Bo> left"),
    ("en", "joined", ["Ada", "Bo", "Cy"], 4, "<Ada>, <Bo>, <Cy>, and 1 other joined"),
    ("en", "joined", ["Ada", "Bo", "Cy"], 1200, "<Ada>, <Bo>, <Cy>, and 1,197 others joined"),
    ("en", "joined", ["{count}", "and"], 2, "<{count}> and <and> joined"),
    ("fa", "joined", ["Ada"], 1, "<Ada> وارد شد"),
    ("fa", "left", ["Ada", "Bo"], 2, "<Ada> و <Bo> رفتند"),
    ("fa", "joined", ["Ada", "Bo", "Cy"], 100, "<Ada>،\u200f <Bo>،\u200f <Cy>، و ۹۷ نفر دیگر وارد شدند"),
]


def test_a_summary_names_some_and_counts_the_others(js: Evaluate) -> None:
    say = """(speak, told) => speak.summary(told)
      .map((part) => (typeof part === "string" ? part : `<${part.user}>`)).join("")"""
    for code, event, clients, total, text in SUMMARIES:
        assert speak(js, code, say, [{"event": event, "clients": clients, "total": total}]) == text
    both = [
        {"event": "joined", "clients": ["Ada"], "total": 9},
        {"event": "left", "clients": ["Bo"], "total": 1},
    ]
    assert speak(js, "en", say, both) == "<Ada> and 8 others joined; <Bo> left"
    assert speak(js, "fa", say, both) == "<Ada> و ۸ نفر دیگر وارد شدند؛ <Bo> رفت"


def test_a_time_is_told_by_how_long_ago_while_that_is_recent(js: Evaluate) -> None:
    say = (
        "(speak, minutes) => minutes.map((ago) => speak.ago(1.9e12 - ago * 60_000, 1.9e12).replace('.', ''))"
    )
    minutes = [0.5, 1, 59.9, 60, -0.5, -2]
    recent = ["now", "1 min ago", "59 min ago"]
    assert speak(js, "en", say, minutes)[:3] == recent
    by_clock = "(speak, minutes) => minutes.map((ago) => speak.ago(1.9e12 - ago * 60_000, 0))"
    clock = speak(js, "en", by_clock, minutes)
    assert speak(js, "en", say, minutes) == [*recent, clock[3], "now", clock[5]]
    assert speak(js, "fa", say, minutes)[:3] == ["اکنون", "۱ دقیقه پیش", "۵۹ دقیقه پیش"]
    exact = "(speak) => speak.exact(new Date(2026, 4, 17, 14, 5, 9).getTime())"
    for code, pieces in [
        ("en", ["Sunday", "May 17, 2026", "2:05:09"]),
        ("fa", ["اردیبهشت", "۱۴۰۵", "۱۴:۰۵:۰۹"]),
    ]:
        assert all(piece in speak(js, code, exact) for piece in pieces)


def test_numbers_and_plurals_follow_the_language(js: Evaluate) -> None:
    say = "(speak, count) => speak.plain('people_here', { count })"
    assert speak(js, "en", say, 1) == "1 person here"
    assert speak(js, "en", say, 1200) == "1,200 people here"
    assert speak(js, "fa", say, 1200) == "۱٬۲۰۰ نفر در اتاق"


def test_a_broken_timestamp_has_no_words(js: Evaluate) -> None:
    assert speak(js, "en", "(speak) => [speak.ago(NaN, 0), speak.exact(NaN), speak.day(NaN, 0)]") == [
        "",
        "",
        "",
    ]


FRAMES = [
    ({"type": "message", "id": "a", "content": "x"}, '{"content":"x","id":"a"}'),
    ({"type": "sync", "id": "newest"}, '{"action":"sync","id":"newest"}'),
    ({"type": "sync", "id": "after:0", "after": 0}, '{"action":"sync","after":0,"id":"after:0"}'),
    ({"type": "sync", "id": "before:9", "before": 9}, '{"action":"sync","before":9,"id":"before:9"}'),
    ({"type": "ping"}, '{"action":"ping","id":"ping"}'),
    ({"type": "presence"}, '{"action":"presence","id":"presence"}'),
]


def test_every_question_carries_its_id(js: Evaluate) -> None:
    asks, texts = zip(*FRAMES, strict=True)
    assert js("core/protocol", "(m, asks) => asks.map(m.frameOf)", list(asks)) == list(texts)


def test_backoff_is_full_jitter_with_a_cap(js: Evaluate) -> None:
    bounds = js("core/backoff", "(m) => [0, 1, 4, 5, 50, 5000].map((attempt) => m.backoff(attempt, 1))")
    assert bounds == [1_000, 2_000, 16_000, 30_000, 30_000, 30_000]
    assert js("core/backoff", "(m) => m.backoff(3, 0)") == 0


def test_every_text_that_the_page_asks_for_exists(js: Evaluate) -> None:
    keys = js(
        "i18n",
        """() => [...document.querySelectorAll("[data-text], [data-label], [data-hint]")]
             .flatMap(({ dataset: { text, label, hint } }) => [text, label, hint].filter(Boolean))""",
    )
    texts = js("i18n", "async (m) => Object.keys((await m.loadLanguage('en')).texts)")
    assert keys
    assert set(keys) <= set(texts)
