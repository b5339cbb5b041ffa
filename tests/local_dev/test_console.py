"""What a person reads of the functions' logs."""

import errno
import io
import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.console import Console, complaint, readable
from local_dev.errors import LocalError


def test_powertools_lines_become_level_message_and_keys() -> None:
    line = json.dumps(
        {"level": "INFO", "location": "x:1", "message": "joined", "service": "s", "room": "گپ", "n": 2}
    )
    assert readable(line) == "INFO joined  room=گپ n=2"


def test_an_exception_follows_its_line() -> None:
    line = json.dumps(
        {"level": "ERROR", "message": "no", "exception": "Traceback\n  File x", "exception_name": "E"}
    )
    assert readable(line) == "ERROR no\nTraceback\n  File x"


def test_the_runtimes_own_errors_in_both_formats() -> None:
    assert (
        readable("[ERROR] ValueError: x\rTraceback\r\xa0\xa0File")
        == "[ERROR] ValueError: x\nTraceback\n  File"
    )
    line = json.dumps({"errorType": "ValueError", "errorMessage": "x", "stackTrace": ["  File a\n    b\n"]})
    assert readable(line) == "[ERROR] ValueError: x\n  File a\n    b"


def test_metrics_become_names_and_values() -> None:
    line = {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": []},
        "service": "s",
        "reason": "late",
        "N": [1.0],
        "T": [2.0, 3],
    }
    assert readable(json.dumps(line)) == "metrics  reason=late N=1 T=[2, 3]"


@given(
    st.text()
    | st.dictionaries(
        st.sampled_from(["_aws", "message", "level", "errorType", "stackTrace"]), st.none()
    ).map(json.dumps)
)
def test_any_line_is_readable(line: str) -> None:
    assert isinstance(readable(line), str)


def test_lines_have_time_and_name_and_no_colour_in_a_file() -> None:
    stream = io.StringIO()
    console = Console(stream)
    console.function("Echo", "one\rtwo")
    console.line("gateway", "ERROR three")
    lines = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d Echo         one", lines[0])
    assert lines[1].strip() == "two"
    assert re.fullmatch(r"\d\d:\d\d:\d\d gateway      ERROR three", lines[2])


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal obeys, but for a tab and the end of a line."""


@pytest.mark.parametrize("made", [io.StringIO, Terminal])
@given(st.text() | st.text().map(lambda text: json.dumps({"message": text, "room": text})))
def test_no_terminal_obeys_what_is_logged(made: type[io.StringIO], text: str) -> None:
    stream = made()
    Console(stream).function("Echo", text)
    Console(stream).line("gateway", f"ERROR {text}")
    painted = stream.getvalue()
    assert not CONTROLS.search(
        re.sub(r"\x1b\[(?:2|3[1-6]|9[356]|0)m", "", painted) if made is Terminal else painted
    )


def test_control_characters_are_shown() -> None:
    stream = io.StringIO()
    clear, retitle = "\x1b[2J\x1b]0;mine\x07", "\x9b2J"
    Console(stream).function("Echo", json.dumps({"message": f"a\tb {clear}", "who": retitle}))
    assert stream.getvalue().endswith("INFO a\tb \\x1b[2J\\x1b]0;mine\\x07  who=\\x9b2J\n")
    assert complaint(LocalError(f"no\n{clear}")) == "error: no \\x1b[2J\\x1b]0;mine\\x07\n"


def test_a_terminal_that_is_closed_stops_nothing() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    Console(Closed()).line("gateway", "goodbye")


def test_a_terminal_gets_colours() -> None:
    stream = Terminal()
    Console(stream).line("gateway", "ERROR x")
    assert "\x1b[31mERROR x\x1b[0m" in stream.getvalue()
