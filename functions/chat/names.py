"""The names of rooms and clients: what a person typed, made into the one form that is stored and shown.

A name may be in any script and hold any visible character. Refused is what has no look of its own, for it
could only mislead: controls, direction overrides and isolates, surrogates, private use, fillers that look
like a blank.
"""

import re
import unicodedata

from chat.errors import Code, NameRefused

MAX_LENGTH = 64
DEFAULT_ROOM = "general"
DEFAULT_CLIENT = "anonymous"
SYSTEM = "system"

# Copying and right-to-left keyboards leave these at the ends of a name, where they do nothing. So they are
# trimmed like blanks. Inside, only the two joiners are allowed: Persian is not spelled without ZWNJ
# (U+200C), nor many an emoji without ZWJ (U+200D). The direction marks (U+200E, U+200F, U+061C) are refused
# inside: the page isolates every name, so they could serve for nothing but making two different names look
# the same.
JOINERS = "\u200c\u200d"
EDGES = JOINERS + "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"
EDGES += "".join(filter(str.isspace, map(chr, range(0x3001))))  # U+3000 is the last of the blanks

REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
VISIBLE_CATEGORIES = frozenset("LNPS")
# Signs of Arabic, Syriac and Kaithi that Unicode files under "format" although they are visible.
VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Fillers, noncharacters, and unassigned code points that are never shown. Other unassigned ones pass: they
# are the letters and emoji of a Unicode newer than this Python's.
BLANK_OR_NOTHING = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)

# Letters that look like those of "system", after compatibility forms, case and accents are gone.
_LOOK_ALIKES = {
    "s": "ѕꜱꓢᏚʂȿᵴ𐑈տ",
    "y": "уүұγυʏɏƴỿꓬᎩყɣ",
    "t": "тτᴛŧƭʈƫꓔᎢ",
    "e": "еєҽεɛ℮ɇᴇꓰᎬ",
    "m": "мμӎᴍɱᵯꓟᎷ",
}
_CONFUSABLES = {ord(like): letter for letter, likes in _LOOK_ALIKES.items() for like in likes} | {
    # Letters in dark circles, in dark squares, and regional indicators have no compatibility form.
    start + offset: chr(ord("a") + offset)
    for start in (0x1F150, 0x1F170, 0x1F1E6)
    for offset in range(26)
}


def room(raw: str | None) -> str:
    """The room's name: NFC, trimmed, 1 to 64 characters. Raises `NameRefused`."""
    return _clean(raw, default=DEFAULT_ROOM, too_long=Code.ROOM_TOO_LONG, invalid=Code.ROOM_INVALID)


def client(raw: str | None) -> str:
    """The client's name: as a room's, and nothing that reads as `system`. Raises `NameRefused`."""
    name = _clean(raw, default=DEFAULT_CLIENT, too_long=Code.CLIENT_TOO_LONG, invalid=Code.CLIENT_INVALID)
    if reads_as_system(name):
        raise NameRefused(Code.CLIENT_RESERVED)
    return name


def reads_as_system(name: str) -> bool:
    """Whether a person could take `name` for `system`.

    Case, width, fonts, accents, blanks, invisible characters and punctuation make no difference, nor do the
    common look-alikes of the six letters in other scripts. Not covered: digits for letters (`5ystem`),
    additions (`system 2`), translations, and letters that resemble those of `system` only from afar.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(filter(str.isalnum, folded.translate(_CONFUSABLES)))
    return letters.replace("rn", "m") == SYSTEM


def _clean(raw: str | None, *, default: str, too_long: Code, invalid: Code) -> str:
    name = unicodedata.normalize("NFC", raw or "").strip(EDGES)
    if not name:
        return default
    if len(name) > MAX_LENGTH:
        raise NameRefused(too_long)
    if any(map(_is_refused, name)) or not any(map(_is_visible, name)):
        raise NameRefused(invalid)
    return name


def _is_refused(character: str) -> bool:
    if BLANK_OR_NOTHING.match(character):
        return True
    if character in JOINERS or character in VISIBLE_FORMATS:
        return False
    return unicodedata.category(character) in REFUSED_CATEGORIES


def _is_visible(character: str) -> bool:
    """Marks alone would hang on what stands before the name; variation selectors alone show nothing."""
    category = unicodedata.category(character)
    return category == "Cn" or category[0] in VISIBLE_CATEGORIES
