"""The page's pure modules, imported in a page and called as functions: names, protocol, state, timeline, languages."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chat import names
from chat.errors import Code, NameRefused
from playwright.sync_api import Browser

from tests.conftest import ServedGateway

pytestmark = pytest.mark.browser

Evaluate = Callable[..., Any]
Event = dict[str, Any]


@pytest.fixture(scope="module")
def js(browser: Browser, gateway: ServedGateway) -> Iterator[Evaluate]:
    """Calls a JavaScript function `(module, argument) => …` with the module of that name."""
    page = browser.new_page(base_url=gateway.url)
    page.goto("/")

    def evaluate(module: str, function: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"async ([path, argument]) => ({function})(await import(path), argument)",
            [f"/js/{module}.js", argument],
        )

    yield evaluate
    page.close()


def server_says(kind: str, text: str) -> str:
    try:
        return names.client(text) if kind == "client" else names.room(text)
    except NameRefused as refused:
        return f"!{refused.code}"


def page_says(js: Evaluate, kind: str, texts: list[str]) -> list[str]:
    said: list[str] = js(
        "names",
        """({ checkName }, [kind, texts]) => texts.map((text) => {
             const { value, code } = checkName(kind, text);
             return value ?? `!${code}`;
           })""",
        [kind, texts],
    )
    return said


NAMES = [
    ("", "anonymous"),
    ("  \u200b\ufeff ", "anonymous"),
    (" Ada ", "Ada"),
    ("مریم\u200f", "مریم"),
    ("خوش\u200cآمد", "خوش\u200cآمد"),
    ("e\u0301", "\u00e9"),
    ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ("😀" * 64, "😀" * 64),
    ("😀" * 65, "!client_too_long"),
    ("a\nb", "!client_invalid"),
    ("a\x00b", "!client_invalid"),
    ("a\u202eb", "!client_invalid"),
    ("a\u2066b", "!client_invalid"),
    ("a\u200fb", "!client_invalid"),
    ("a\u061cb", "!client_invalid"),
    ("a\u2028b", "!client_invalid"),
    ("a\u2029b", "!client_invalid"),
    ("\u0301", "!client_invalid"),
    ("\u3164", "!client_invalid"),
    ("a\ud800b", "!client_invalid"),
    ("system", "!client_reserved"),
    ("SYSTEM", "!client_reserved"),
    ("ｓｙｓｔｅｍ", "!client_reserved"),
    ("ѕуѕтем", "!client_reserved"),
    ("s y s t e m", "!client_reserved"),
    ("sys\u200dtem", "!client_reserved"),
    ("sýstëm", "!client_reserved"),
    ("systern", "!client_reserved"),
    ("🅢🅨🅢🅣🅔🅜", "!client_reserved"),
    ("systems", "systems"),
    ("system 2", "system 2"),
]


def test_names_are_checked_by_the_rules_of_the_server(js: Evaluate) -> None:
    texts = [text for text, _ in NAMES]
    assert page_says(js, "client", texts) == [expected for _, expected in NAMES]
    assert [server_says("client", text) for text in texts] == [expected for _, expected in NAMES]
    assert page_says(js, "room", ["", "system", "x" * 65]) == ["general", "system", "!room_too_long"]


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
        assert errors == [*Code, "gateway_fault", "unreachable"]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("not json", None),
        ("null", None),
        ("[]", None),
        ('{"type":"unheard of"}', None),
        ('{"type":"__proto__"}', None),
        ('{"type":"message","client_id":"a","content":1,"seq":1}', None),
        ('{"type":"message","client_id":"a","content":"x","seq":-1}', None),
        ('{"type":"presence","users":"abc"}', None),
        ('{"type":"page","messages":[{}],"last_seq":1}', None),
        ('{"type":"pong","last_seq":7}', {"type": "pong", "last_seq": 7}),
        (
            '{"message": "Internal server error", "connectionId":"c", "requestId":"r"}',
            {"type": "error", "code": "gateway_fault", "content": "Internal server error", "timestamp": ""},
        ),
    ],
)
def test_frames_are_parsed_with_suspicion(js: Evaluate, frame: str, expected: Event | None) -> None:
    assert js("protocol", "(m, text) => m.parseFrame(text)", frame) == expected


def test_names_are_encoded_in_the_address(js: Evaluate) -> None:
    url = "(m, [protocol, host, room, name]) => m.socketUrl({ protocol, host }, room, name)"
    assert js("protocol", url, ["http:", "h:1", "a/b?#", "مریم"]) == (
        "ws://h:1/ws/a%2Fb%3F%23/%D9%85%D8%B1%DB%8C%D9%85"
    )
    assert js("protocol", url, ["https:", "h", "r", "."]) == "wss://h/ws/r/."


def message(seq: int, *, who: str = "Bo", id: str | None = None) -> Event:
    event: Event = {
        "type": "message",
        "room_id": "r",
        "client_id": who,
        "content": f"{who} {seq}",
        "timestamp": f"2030-01-01T10:00:{seq:02}.000Z",
        "seq": seq,
    }
    return event if id is None else event | {"id": id}


def page_of(*messages: Event, last_seq: int, more: bool = False) -> Event:
    return {"type": "page", "messages": list(messages), "last_seq": last_seq, "timestamp": "", "more": more}


def composed(id: str) -> Event:
    return {"type": "composed", "id": id, "content": id, "at": 0}


ENTERED: Event = {"type": "entered", "name": "Ada", "room": "r"}
ONLINE: Event = {"type": "link", "status": "online"}
WAITING: Event = {"type": "link", "status": "waiting", "retryAt": 5}
SYNC: Event = {"type": "sync_began"}


def after(js: Evaluate, *events: Event) -> Event:
    """The state that a person in the room is in after these events."""
    state: Event = js(
        "state",
        """(m, events) => {
             const state = events.reduce(m.reduce, m.initialState);
             return { ...state, outbox: Object.fromEntries(state.outbox), next: m.nextToSend(state)?.id ?? null };
           }""",
        [ENTERED, *events],
    )
    return state


def seqs(state: Event) -> list[int]:
    return [message["seq"] for message in state["messages"]]


def test_messages_are_held_once_and_in_order_however_they_come(js: Evaluate) -> None:
    arrivals = [message(1), message(2), page_of(message(2), message(3), last_seq=4), message(4)]
    for order in itertools.permutations(arrivals):
        assert seqs(after(js, *order)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("events", "cursor", "syncing"),
    [
        ([], None, True),
        ([message(3)], None, True),
        ([page_of(last_seq=0)], 0, False),
        ([page_of(last_seq=7)], 7, False),
        ([page_of(message(4), message(5), last_seq=5)], 5, False),
        ([page_of(message(4), last_seq=6, more=True)], 4, True),
        ([page_of(message(4), last_seq=6, more=True), page_of(message(5), message(6), last_seq=6)], 6, False),
        ([message(6), page_of(message(4), message(5), last_seq=6)], 6, False),
        ([page_of(message(4), last_seq=4), message(6)], 4, False),
        ([page_of(message(4), last_seq=4), message(6), message(5)], 6, False),
        # A page that says "more" and brings nothing is not asked for again and again.
        ([page_of(message(4), last_seq=9, more=True), page_of(last_seq=9, more=True)], 4, False),
        # The room's count went back: its log is a new one.
        ([page_of(message(4), last_seq=4), SYNC, page_of(last_seq=1)], None, True),
    ],
)
def test_the_cursor_is_what_nothing_is_missing_up_to(
    js: Evaluate, events: list[Event], cursor: int | None, syncing: bool
) -> None:
    state = after(js, ONLINE, SYNC, *events)
    assert (state["cursor"], state["syncing"]) == (cursor, syncing)


def test_the_outbox_empties_by_acks_one_message_at_a_time(js: Evaluate) -> None:
    entry = [ONLINE, SYNC, page_of(last_seq=0)]
    both = [composed("a"), composed("b")]
    sent: Event = {"type": "sent", "id": "a"}
    assert after(js, *both)["next"] is None
    assert after(js, *both, ONLINE, SYNC)["next"] is None
    assert after(js, *entry, *both)["next"] == "a"
    assert after(js, *entry, *both, sent)["next"] is None
    assert after(js, *entry, *both, sent, message(1, who="Bo", id="a"))["next"] is None
    acked = after(js, *entry, *both, sent, message(1, who="Ada", id="a"))
    assert (acked["next"], list(acked["outbox"])) == ("b", ["b"])
    assert after(js, *entry, *both, sent, WAITING, ONLINE, SYNC, page_of(last_seq=0))["next"] == "a"
    found = after(
        js, *entry, *both, sent, WAITING, ONLINE, SYNC, page_of(message(1, who="Ada", id="a"), last_seq=1)
    )
    assert found["next"] == "b"


def test_an_error_fails_the_message_that_it_answers(js: Evaluate) -> None:
    entry = [ONLINE, SYNC, page_of(last_seq=0), composed("a"), composed("b"), {"type": "sent", "id": "a"}]
    error = {"type": "error", "code": "unavailable", "content": "No.", "timestamp": "", "id": "a"}
    failed = after(js, *entry, error)
    assert failed["outbox"]["a"]["error"] == {"code": "unavailable", "content": "No."}
    assert (failed["next"], failed["notices"]) == ("b", [])
    assert after(js, *entry, error, {"type": "retried", "id": "a"})["next"] == "a"
    assert list(after(js, *entry, error, {"type": "discarded", "id": "a"})["outbox"]) == ["b"]
    assert list(after(js, *entry, error, message(1, who="Ada", id="a"))["outbox"]) == ["b"]
    fault = {"type": "error", "code": "gateway_fault", "content": "x", "timestamp": ""}
    assert after(js, *entry, fault)["outbox"]["a"]["error"]["code"] == "gateway_fault"
    assert after(js, *entry, error | {"id": "other"})["notices"] == [
        {"code": "unavailable", "content": "No."}
    ]
    other = {key: value for key, value in error.items() if key != "id"}
    assert len(after(js, other, other, other | {"code": "x"})["notices"]) == 2
    assert after(js, other, {"type": "dismissed", "code": "unavailable"})["notices"] == []


def test_keys_that_people_choose_do_no_harm(js: Evaluate) -> None:
    state = after(
        js, ONLINE, composed("__proto__"), {"type": "presence", "users": ["__proto__", "constructor"]}
    )
    assert state["users"] == ["__proto__", "constructor"]
    assert state["total"] == 2
    assert after(js, {"type": "presence", "users": ["a"], "total": 300})["total"] == 300


def rows(js: Evaluate, *events: Event) -> list[Event]:
    shown: list[Event] = js(
        "timeline",
        """async (m, events) => {
             const { reduce, initialState } = await import("/js/state.js");
             return m.timeline(events.reduce(reduce, initialState));
           }""",
        [ENTERED, *events],
    )
    return shown


def test_rows_group_messages_and_place_system_lines_by_time(js: Evaluate) -> None:
    line = {
        "type": "system",
        "room_id": "r",
        "content": "Bo left r.",
        "timestamp": "2030-01-01T10:00:02.500Z",
    }
    late = message(4) | {"timestamp": "2030-01-01T10:30:00.000Z"}
    next_day = message(5) | {"timestamp": "2030-01-03T10:00:00.000Z"}
    shown = rows(
        js, page_of(message(1), message(2), message(3), late, next_day, last_seq=5), line, composed("a")
    )
    kinds = [row["kind"] if row["kind"] != "message" else row["first"] for row in shown]
    assert kinds[:8] == ["day", True, False, "line", True, True, "day", True]
    mine = shown[-1]
    assert (mine["mine"], mine["progress"]) == (True, "waiting")


def test_a_message_keeps_its_row_and_no_two_rows_share_a_key(js: Evaluate) -> None:
    waiting = rows(js, composed("a"))[-1]
    stored = rows(js, composed("a"), message(1, who="Ada", id="a"))[-1]
    assert waiting["key"] == stored["key"]
    shown = rows(js, *[message(seq, who="Ada", id="same") for seq in (1, 2, 3)])
    assert len({row["key"] for row in shown}) == len(shown)


def speak(js: Evaluate, code: str, function: str, argument: Any = None) -> Any:
    """Calls `(speaker, argument) => …`, for a reader whose system reports an odd language tag too."""
    return js(
        "i18n",
        f"""async (m, [code, argument]) =>
             ({function})(m.createSpeaker(await m.loadLanguage(code), ["en-US@posix"]), argument)""",
        [code, argument],
    )


def test_a_broken_timestamp_breaks_nothing(js: Evaluate) -> None:
    shown = rows(js, message(1) | {"timestamp": "yesterday"})
    assert [row["kind"] for row in shown] == ["message"]
    assert speak(js, "en", "(speak) => [speak.time(NaN), speak.day(NaN, 0)]") == ["", ""]


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


def test_only_lines_of_exactly_the_known_form_are_translated(js: Evaluate) -> None:
    say = "(speak, [content, room]) => speak.systemLine(content, room)"
    assert speak(js, "fa", say, ["Ada joined r.", "r"]) == [{"user": "Ada"}, " وارد شد"]
    assert speak(js, "fa", say, ["a joined r. joined r.", "r"]) == [{"user": "a joined r."}, " وارد شد"]
    for content in ("Ada joined q.", "Ada joined r", " joined r.", "Ada has joined r!"):
        assert speak(js, "fa", say, [content, "r"]) == [{"user": content}]


def test_numbers_and_plurals_follow_the_language(js: Evaluate) -> None:
    say = "(speak, count) => speak.plain('people_here', { count })"
    assert speak(js, "en", say, 1) == "1 person here"
    assert speak(js, "en", say, 1200) == "1,200 people here"
    assert speak(js, "fa", say, 1200) == "۱٬۲۰۰ نفر در اتاق"


def test_backoff_is_full_jitter_with_a_cap(js: Evaluate) -> None:
    bounds = js("socket", "(m) => [0, 1, 4, 5, 50, 5000].map((attempt) => m.backoff(attempt, () => 1))")
    assert bounds == [1_000, 2_000, 16_000, 30_000, 30_000, 30_000]
    assert js("socket", "(m) => m.backoff(3, () => 0)") == 0


def test_every_text_that_the_page_asks_for_exists(js: Evaluate) -> None:
    keys = js(
        "i18n",
        """() => [...document.querySelectorAll("[data-text], [data-label], [data-hint]")]
             .flatMap(({ dataset: { text, label, hint } }) => [text, label, hint].filter(Boolean))""",
    )
    texts = js("i18n", "async (m) => Object.keys((await m.loadLanguage('en')).texts)")
    assert keys
    assert set(keys) <= set(texts)
