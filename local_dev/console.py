"""What the gateway prints: the functions' logs with their names, structured lines made readable."""

import contextlib
import json
import sys
import time
import zlib
from typing import Any, TextIO

_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)
_LEVEL_COLOURS = {"ERROR": 31, "CRITICAL": 31, "WARNING": 33, "WARN": 33}
_QUIET_KEYS = {
    # Said already by the prefix, or the same on every line.
    "level",
    "message",
    "timestamp",
    "time",
    "location",
    "service",
    "cold_start",
    "function_name",
    "function_memory_size",
    "function_arn",
    "function_request_id",
    "xray_trace_id",
    "sampling_rate",
    "exception",
    "exception_name",
    "stack_trace",
}


_CONTROLS = {each: f"\\x{each:02x}" for each in (*range(0x20), *range(0x7F, 0xA0)) if each != ord("\t")}


def visible(text: str) -> str:
    """The text with its control characters spelled out but for tabs: a terminal would obey them, and anybody may have
    written what is logged.
    """
    return text.translate(_CONTROLS)


def complaint(error: Exception) -> str:
    """The line that says why the command ends."""
    return f"error: {visible(' '.join(str(error).split()))}\n"


class Console:
    """Writes lines as `time  name  text`. Colours only on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._colour = self._stream.isatty()

    def function(self, name: str, line: str) -> None:
        """A line that a function printed."""
        self.line(name, readable(line), colour=_COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)])

    def line(self, name: str, text: str, *, colour: int = 2) -> None:
        """A line of text, or several: each after the first is indented under it."""
        prefix = f"{time.strftime('%H:%M:%S')} {self._paint(f'{name:<12}', colour)} "
        first, *rest = [visible(each) for each in text.splitlines()] or [""]
        level = next((word for word in _LEVEL_COLOURS if first.startswith((word, f"[{word}]"))), None)
        body = self._paint(first, _LEVEL_COLOURS[level]) if level else first
        with contextlib.suppress(OSError):  # its terminal is closed, which is no reason not to end in order
            self._stream.write("\n".join([prefix + body, *(f"{'':22}{more}" for more in rest)]) + "\n")
            self._stream.flush()

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def readable(line: str) -> str:
    """A log line for a person: JSON as `LEVEL message  key=value`; the runtime's traces on lines of their
    own.
    """
    if not line.startswith("{"):
        return line.replace("\r", "\n").replace("\xa0", " ")
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    if "errorType" in record:
        return "\n".join(
            [
                f"[ERROR] {record['errorType']}: {record.get('errorMessage', '')}",
                *_trace(record.get("stackTrace")),
            ]
        )
    if "_aws" in record:
        return _metrics(record)
    if "message" not in record:
        return line
    extras = " ".join(f"{key}={_short(value)}" for key, value in record.items() if key not in _QUIET_KEYS)
    text = f"{record.get('level', 'INFO')} {_short(record['message'])}"
    lines = [f"{text}  {extras}" if extras else text]
    if record.get("exception"):
        lines += str(record["exception"]).splitlines()
    return "\n".join(lines)


def _metrics(record: dict[str, Any]) -> str:
    """A line in CloudWatch's embedded metric format, as `metrics  name=value`."""
    extras = " ".join(
        f"{key}={_short(_only(value))}" for key, value in record.items() if key not in {"_aws", *_QUIET_KEYS}
    )
    return f"metrics  {extras}"


def _only(value: Any) -> Any:
    """A single value by itself, and whole numbers as such: Powertools makes floats of all."""
    values = [
        int(each) if isinstance(each, float) and each.is_integer() else each for each in _entries(value)
    ]
    return values[0] if len(values) == 1 else values or value


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _trace(lines: Any) -> list[str]:
    return [line for entry in _entries(lines) for line in str(entry).rstrip().splitlines()]


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
