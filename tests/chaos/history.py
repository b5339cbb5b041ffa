"""What happened, as the clients saw it: a log that only grows, on disk line by line, so that a run can be judged and
looked at after it has failed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any


class Kind(StrEnum):
    """What a record tells, and its facts."""

    SAY = "say"  # id, content: someone typed a message
    SENT = "sent"  # frame: it, or a question, went out; once for each attempt
    ACKED = "acked"  # id, seq: the sender got its own copy
    FAILED = "failed"  # id, code: the server refused the message for good
    BEGUN = "begun"  # seq: from this number on the client misses nothing
    SHOWN = "shown"  # seq, id, sender, content
    GAP = "gap"  # first, last: the client was told that these are gone
    ANEW = "anew"  # last_seq: the client was told that the room has a new log
    PAGE = "page"  # first, through, last_seq, seqs, and what was asked: after, before or neither
    PRESENCE = "presence"  # users
    ERROR = "error"  # code, id: an error frame, or the gateway's own
    CONNECTED = "connected"  # by: the transport
    DISCONNECTED = "disconnected"  # why; "changed": it has gone over to another transport
    FAULT = "fault"  # action, and what it takes: the nemesis did something
    PHASE = "phase"  # name: the run went on to its next part
    ENDING = "ending"  # what the checker needs besides, see `checker.Ending`


@dataclass(frozen=True, slots=True)
class Record:
    """One line. `at` is in seconds since the start of the run; room and client are empty where none is meant."""

    at: float
    room: str
    client: str
    kind: Kind
    facts: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The record as a JSON line, without its line break."""
        head = {"at": round(self.at, 4), "room": self.room, "client": self.client, "kind": self.kind}
        return json.dumps(head | {"facts": dict(self.facts)}, ensure_ascii=False)

    @classmethod
    def parse(cls, line: str) -> "Record":
        """The record that `line` made."""
        members = json.loads(line)
        return cls(members["at"], members["room"], members["client"], Kind(members["kind"]), members["facts"])


class History:
    """The records of a run, in order of time. Each is on disk before the next is made."""

    def __init__(self, path: Path | None = None) -> None:
        self.records: list[Record] = []
        self._file: IO[str] | None = path.open("w", encoding="utf-8", buffering=1) if path else None

    def add(self, record: Record) -> None:
        self.records.append(record)
        if self._file:
            self._file.write(record.line() + "\n")

    def close(self) -> None:
        if self._file:
            self._file.close()

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


def read(path: Path) -> list[Record]:
    """The records in a file that a run has written. A last line that was cut off by a crash is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [Record.parse(line) for line in lines[:-1]]
