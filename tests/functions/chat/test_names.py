import unicodedata

import pytest
from chat import names
from chat.errors import Code, NameRefused
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)
# Text that is made of what the rules are about, so that they meet each other.
HARD_TEXT = st.text(
    st.sampled_from(
        "aZé سم\u0301\u200c\u200d\u200e\u200b\u202e\u2066\ufe0f\ufeff \t\n\u2028\u3000\u3164\ue000\ud800👍"
    ),
    max_size=12,
)


def code(name: str, clean: object = names.client) -> Code | None:
    try:
        names.client(name) if clean is names.client else names.room(name)
    except NameRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("blank", [None, "", " ", "\t\n", "\u00a0\u3000\u2028", "\u200b\u200c\ufeff \u200f"])
def test_a_blank_name_is_the_default_one(blank: str | None) -> None:
    assert names.room(blank) == "general"
    assert names.client(blank) == "anonymous"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Ada ", "Ada"),
        ("\u200fعلی\u200e", "علی"),
        ("\ufeffAda\u200b\n", "Ada"),
        ("e\u0301", "é"),
        ("a b", "a b"),
        ("a/b", "a/b"),
        ("%2F", "%2F"),
        ("~ada", "~ada"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("क्ष", "क्ष"),
        ("۱۴۰۳\u06dd", "۱۴۰۳\u06dd"),
        ("<script>", "<script>"),
        ("?", "?"),
        ("\U0001fadf", "\U0001fadf"),  # an emoji of 2024, which no older Python knows
    ],
)
def test_a_name_is_trimmed_and_normalised_and_may_be_in_any_script(raw: str, clean: str) -> None:
    assert names.room(raw) == clean
    assert names.client(raw) == clean


def test_a_name_has_at_most_64_characters_after_trimming() -> None:
    assert names.room(" " + "é" * 64 + " ") == "é" * 64
    assert names.client("e\u0301" * 64) == "é" * 64
    assert code("a" * 65) is Code.CLIENT_TOO_LONG
    assert code("👍" * 65, names.room) is Code.ROOM_TOO_LONG


@pytest.mark.parametrize(
    "bad",
    [
        *"\x00\x01\x1b\x7f\x9f\n\t\r",  # controls
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # embeddings, overrides, isolates
        *"\u200e\u200f\u061c",  # direction marks
        *"\u200b\u2060\ufeff\u00ad\u180e\ufff9\U000e0041",  # other invisible ones
        *"\u2028\u2029",  # separators
        *"\ud800\udfff\ue000\U0010fffd",  # surrogates and private use
        *"\ufdd0\uffff\U0001fffe\U0010ffff",  # noncharacters
        *"\u115f\u1160\u2800\u3164\uffa0",  # fillers
    ],
)
def test_what_has_no_look_of_its_own_is_refused(bad: str) -> None:
    assert code(f"a{bad}b") is Code.CLIENT_INVALID
    assert code(f"a{bad}b", names.room) is Code.ROOM_INVALID


@pytest.mark.parametrize(
    "bad", ["\x00", "\u202e", "\u2066ada\u2069", "\ud800", "\u3164", "\u0301", "\ufe0f", "\u0301\u0302"]
)
def test_a_name_of_nothing_visible_or_of_marks_alone_is_refused(bad: str) -> None:
    assert code(bad) is Code.CLIENT_INVALID


@pytest.mark.parametrize(
    "taken",
    [
        "system", "System", "SYSTEM", " system ", "s y s t e m", "sys\u200dtem", "sy\u0301stem",
        "ｓｙｓｔｅｍ", "𝓼𝔂𝓼𝓽𝓮𝓶", "ⓢⓨⓢⓣⓔⓜ", "🅢🅨🅢🅣🅔🅜", "🆂🆈🆂🆃🅴🅼", "🇸🇾🇸🇹🇪🇲", "ˢʸˢᵗᵉᵐ",
        "ѕуѕтем", "ЅУЅТЕМ", "SΥSΤΕΜ", "sуstem", "systеm", "ꜱʏꜱᴛᴇᴍ", "ſyſtem", "syst℮m",
        "systern", "[system]", "system.", "s-y-s-t-e-m", "sẏstėm", "ŚÝŚŤĒḾ", "ꓢꓬꓢꓔꓰꓟ", "ᏚᎩᏚᎢᎬᎷ", "ꮪꭹꮪꭲꭼꮇ",
        "s\u034fystem",
    ],
)  # fmt: skip
def test_what_reads_as_system_is_refused_as_a_client(taken: str) -> None:
    assert code(taken) is Code.CLIENT_RESERVED


@pytest.mark.parametrize(
    "free", ["systems", "ecosystem", "сустем", "سیستم", "Sister", "5ystem", "system 2", "systeme", "!!!"]
)
def test_other_names_are_free(free: str) -> None:
    assert code(free) is None


def test_a_room_may_be_called_system() -> None:
    assert names.room("system") == "system"


# Of these texts two in three are no name.
mostly_refused = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@mostly_refused
@given(ANY_TEXT | HARD_TEXT)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    assume(code(raw) is None)
    assert names.client(names.client(raw)) == names.client(raw)


@mostly_refused
@given(ANY_TEXT | HARD_TEXT)
def test_a_clean_name_is_short_visible_normal_text(raw: str) -> None:
    assume(code(raw, names.room) is None)
    name = names.room(raw)
    assert 1 <= len(name) <= 64
    assert name == unicodedata.normalize("NFC", name) == name.strip()
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Co", "Zl", "Zp"}
    assert not set(name) & set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert name.encode().decode() == name


@given(ANY_TEXT | HARD_TEXT)
def test_a_name_is_refused_by_a_code_of_the_table_and_by_nothing_else(raw: str) -> None:
    assert code(raw, names.room) in {None, Code.ROOM_TOO_LONG, Code.ROOM_INVALID}
    assert code(raw) in {None, Code.CLIENT_TOO_LONG, Code.CLIENT_INVALID, Code.CLIENT_RESERVED}


@given(
    st.lists(st.sampled_from(["s", "y", "t", "e", "m", "S", "ѕ", "\u200d", " ", "."]), max_size=9).map(
        "".join
    )
)
def test_no_free_name_looks_like_system(name: str) -> None:
    shown = "".join(filter(str.isalnum, name)).replace("ѕ", "s").lower()
    assert (code(name) is Code.CLIENT_RESERVED) == (shown == "system") or code(name) is Code.CLIENT_INVALID
