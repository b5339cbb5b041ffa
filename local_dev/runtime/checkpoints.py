"""How far a mapping has come in its stream, kept between starts: Lambda goes on where it was, and so does a mapping
whose stream outlives the gateway.
"""

import contextlib
import hashlib
import json
import logging
import os
from pathlib import Path

from .bytecode import cache_folder
from .streams import Start

log = logging.getLogger(__name__)


def checkpoint_folder() -> Path:
    """Where they are: beside the cache of modules, and as dispensable. Whether it exists or not."""
    return cache_folder().with_name("checkpoints")


class Checkpoints:
    """The places of one mapping in the shards of one stream: `endpoint` is where the stream is. A place is the
    sequence number of the last record that was processed, or where reading the shard began.
    """

    def __init__(self, folder: Path, *, endpoint: str, stream: str, function: str) -> None:
        self._about = {"endpoint": endpoint, "stream": stream, "function": function}
        name = hashlib.sha256("\n".join(self._about.values()).encode()).hexdigest()[:32]
        self._file = folder / f"{name}.json"
        self.places: dict[str, str] = self._read()

    def begun(self, shard: str, start: Start) -> None:
        """The shard is read from there on, unless it has a place already."""
        if shard not in self.places:
            self._put(shard, start.value)

    def processed(self, shard: str, sequence_number: str) -> None:
        """Everything up to that record was processed."""
        self._put(shard, sequence_number)

    def _put(self, shard: str, place: str) -> None:
        self.places[shard] = place
        kept = {**self._about, "shards": self.places}
        beside = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(kept), encoding="utf-8")
            beside.replace(self._file)  # whole or not at all, also where the gateway is killed
        except OSError as error:
            log.warning("%s: how far it has come cannot be kept: %s", self._about["function"], error.strerror)

    def _read(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(found, dict) and isinstance(found.get("shards"), dict):
                return {str(shard): str(place) for shard, place in found["shards"].items() if _known(place)}
        return {}


def sequence_number(place: str | None) -> str | None:
    """The record that a place is behind; None where it is where reading began."""
    return place if place and place.isdecimal() else None


def _known(place: object) -> bool:
    starts = {start.value for start in Start}
    return isinstance(place, str) and (place in starts or (place.isascii() and place.isdecimal()))
