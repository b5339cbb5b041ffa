import json
from typing import Any

import pytest
from chat import frames
from chat.errors import Code, FrameRefused, ParleyError
from chat.frames import Frame, Ping, Presence, Publish, Sync
from hypothesis import given
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(ANY_TEXT, children, max_size=3),
    max_leaves=6,
)
FRAMES = st.fixed_dictionaries(
    {},
    optional={"content": JSON, "action": JSON | st.just("sync"), "after": JSON, "before": JSON, "id": JSON},
)


def refusal(text: str) -> tuple[Code, str | None]:
    with pytest.raises(FrameRefused) as refused:
        frames.parse(text)
    return refused.value.code, refused.value.id


def deep(levels: int) -> str:
    return '{"content":"a","x":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("hello", "hello"),
        ("  hello\n", "hello"),
        ("5", "5"),
        ("[1,2]", "[1,2]"),
        ('"quoted"', '"quoted"'),
        ("null", "null"),
        ("{oops", "{oops"),
        ("{'content':'a'}", "{'content':'a'}"),
        ('{"content":"a"} b', '{"content":"a"} b'),
        ('{"content":NaN}', '{"content":NaN}'),
        ('{"content":-Infinity}', '{"content":-Infinity}'),
        ("\ufeff{}", "\ufeff{}"),
        ("سلام", "سلام"),
        ("a\ud800b", "a\ufffdb"),
        ('{"content":"hello"}', "hello"),
        (' \n{"content":" hello "}', "hello"),
        ('{"content":"a","action":"ping"}', "a"),
        ('{"content":"a","room_id":"b","client_id":"system","type":"system"}', "a"),
        ('{"content":"a","content":"b"}', "b"),
        ('{"content":5}', "5"),
        ('{"content":-0.50}', "-0.50"),
        ('{"content":1e400}', "1e400"),
        ('{"content":true}', "true"),
        ('{"content":false}', "false"),
        ('{"content":"5"}', "5"),
        (r'{"content":"\ud83d\ude00"}', "😀"),
        (r'{"content":"\ud83d"}', "\ufffd"),
        (r'{"content":"a\u0000b"}', "a\0b"),
        ('{"content":"<script>alert(1)</script>"}', "<script>alert(1)</script>"),
    ],
)
def test_a_message(text: str, content: str) -> None:
    assert frames.parse(text) == Publish(content)


@pytest.mark.parametrize("text", ["", " ", "\n\t", '{"content":""}', '{"content":" \\n\\u3000"}'])
def test_a_blank_frame_asks_for_nothing(text: str) -> None:
    assert frames.parse(text) is None


def test_a_number_of_5000_digits_is_its_own_text_but_too_long() -> None:
    assert frames.parse('{"content":' + "7" * 4000 + "}") == Publish("7" * 4000)
    assert refusal('{"content":' + "7" * 5000 + ',"id":"a"}') == (Code.CONTENT_TOO_LONG, "a")


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('{"action":"ping"}', Ping()),
        ('{"action":"ping","id":"a"}', Ping("a")),
        ('{"action":"presence"}', Presence()),
        ('{"action":"presence","id":"a"}', Presence("a")),
        ('{"action":"sync"}', Sync()),
        ('{"action":"sync","after":0}', Sync(0)),
        ('{"action":"sync","after":12,"id":"a"}', Sync(12, id="a")),
        ('{"action":"sync","before":1}', Sync(before=1)),
        ('{"action":"sync","after":' + "9" * 5000 + "}", Sync(frames.MAX_SEQ)),
    ],
)
def test_an_action(text: str, frame: Frame) -> None:
    assert frames.parse(text) == frame


@pytest.mark.parametrize("after", ["-1", "-0", "1.0", "1e3", '"5"', "null", "true", "[]", "{}"])
@pytest.mark.parametrize("name", ["after", "before"])
def test_sync_is_after_or_before_a_whole_number(name: str, after: str) -> None:
    assert refusal('{"action":"sync","' + name + '":' + after + ',"id":"a"}') == (Code.SYNC_INVALID, "a")


@pytest.mark.parametrize("asked", ['"before":0', '"after":1,"before":5'])
def test_sync_is_before_1_or_more_and_not_after_and_before(asked: str) -> None:
    assert refusal('{"action":"sync",' + asked + ',"id":"a"}') == (Code.SYNC_INVALID, "a")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", Code.CONTENT_MISSING),
        ('{"text":"a"}', Code.CONTENT_MISSING),
        ('{"Content":"a"}', Code.CONTENT_MISSING),
        ('{"action":"$connect"}', Code.ACTION_UNKNOWN),
        ('{"action":"PING"}', Code.ACTION_UNKNOWN),
        ('{"action":null}', Code.ACTION_UNKNOWN),
        ('{"action":{"a":[]}}', Code.ACTION_UNKNOWN),
        ('{"content":null}', Code.CONTENT_INVALID),
        ('{"content":["a"]}', Code.CONTENT_INVALID),
        ('{"content":{}}', Code.CONTENT_INVALID),
        ('{"content":null,"action":"ping"}', Code.CONTENT_INVALID),
        ("a" * 4001, Code.CONTENT_TOO_LONG),
        ('{"content":"' + "😀" * 4001 + '"}', Code.CONTENT_TOO_LONG),
        ("{" + "a" * 4000, Code.CONTENT_TOO_LONG),
    ],
)
def test_a_refusal(text: str, code: Code) -> None:
    assert refusal(text) == (code, None)


@pytest.mark.parametrize("text", ['{"id":"a"}', '{"id":"a","action":"go"}', '{"id":"a","content":null}'])
def test_a_refusal_carries_the_id_of_the_frame(text: str) -> None:
    assert refusal(text)[1] == "a"


@pytest.mark.parametrize("id", ['""', "5", "null", "true", "[]", '"' + "a" * 65 + '"', r'"\ud800"'])
def test_an_id_is_text_of_1_to_64_characters(id: str) -> None:
    assert refusal('{"content":"a","id":' + id + "}") == (Code.ID_INVALID, None)
    for action in ("ping", "presence", "sync"):
        assert refusal('{"action":"' + action + '","id":' + id + "}") == (Code.ID_INVALID, None)
    assert refusal('{"action":"go","id":' + id + "}") == (Code.ACTION_UNKNOWN, None)


@pytest.mark.parametrize("id", ["a", "a" * 64, "شناسه", " "])
def test_an_id_goes_with_the_message(id: str) -> None:
    assert frames.parse(json.dumps({"content": "a", "id": id})) == Publish("a", id)


def test_content_has_at_most_4000_characters_after_trimming() -> None:
    assert frames.parse(" " + "😀" * 4000 + " ") == Publish("😀" * 4000)


def test_a_frame_has_at_most_32768_bytes() -> None:
    assert frames.parse(" " * 32_767 + "a") == Publish("a")
    assert refusal(" " * 32_768 + "a")[0] is Code.FRAME_TOO_LARGE
    assert refusal("é" * 16_385)[0] is Code.FRAME_TOO_LARGE
    assert refusal("\ud800" * 10_923)[0] is Code.FRAME_TOO_LARGE


def test_a_frame_has_at_most_64_levels() -> None:
    assert frames.parse(deep(64)) == Publish("a")
    assert refusal(deep(65))[0] is Code.FRAME_TOO_DEEP
    assert refusal(deep(500))[0] is Code.FRAME_TOO_DEEP
    assert refusal(deep(16_000))[0] is Code.FRAME_TOO_DEEP
    assert refusal('{"x":' * 5000 + "1" + "}" * 5000)[0] is Code.FRAME_TOO_DEEP
    assert refusal('{"id":"a",' + deep(65)[1:]) == (Code.FRAME_TOO_DEEP, "a")


def test_a_frame_may_be_broad() -> None:
    text = json.dumps({"content": "a", "x": [[{}]] * 100})
    assert frames.parse(text) == Publish("a")


def check(frame: Frame | None) -> None:
    if isinstance(frame, Publish):
        assert frame.content == frame.content.strip() != ""
        assert len(frame.content) <= frames.MAX_CONTENT
        assert frame.content.encode().decode() == frame.content
        assert frame.id is None or 1 <= len(frame.id.encode().decode()) <= frames.MAX_ID
    if isinstance(frame, Sync):
        assert frame.before is None or 1 <= frame.before <= frames.MAX_SEQ
        assert frame.after is None or frame.before is None
        assert frame.after is None or 0 <= frame.after <= frames.MAX_SEQ


@given(ANY_TEXT | ANY_TEXT.map("{{{}".format) | st.text('{}[]":,0123456789eE.-+ tfnacodeip', max_size=40))
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    try:
        frame = frames.parse(text)
    except ParleyError:
        return
    check(frame)


@given(FRAMES)
def test_any_object_is_a_frame_or_refused(members: dict[str, Any]) -> None:
    try:
        frame = frames.parse(json.dumps(members))
    except ParleyError as refused:
        assert refused.id is None or refused.id == members["id"]
        return
    check(frame)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=100), st.text("abc", min_size=1, max_size=64)
)
def test_what_a_client_says_is_what_is_heard(content: str, id: str) -> None:
    heard = frames.parse(json.dumps({"content": content, "id": id}))
    assert heard == (Publish(content.strip(), id) if content.strip() else None)
