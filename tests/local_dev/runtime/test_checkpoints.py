"""Places of mappings survive a restart, one file each, and what cannot be read is no place."""

from pathlib import Path
from typing import Any

import pytest

from local_dev.runtime.checkpoints import Checkpoints, checkpoint_folder, sequence_number
from local_dev.runtime.streams import Start

ABOUT = {"endpoint": "http://127.0.0.1:1", "stream": "arn:aws:dynamodb:::table/T/stream/1", "function": "fn"}


def checkpoints(folder: Path, **other: str) -> Checkpoints:
    about: dict[str, Any] = {**ABOUT, **other}
    return Checkpoints(folder, **about)


def test_places_are_there_at_the_next_start(tmp_path: Path) -> None:
    first = checkpoints(tmp_path / "new" / "folder")
    assert first.places == {}
    first.begun("a", Start.OLDEST)
    first.begun("b", Start.NEWEST)
    first.processed("b", "000017")
    first.begun("b", Start.OLDEST)
    again = checkpoints(tmp_path / "new" / "folder")
    assert again.places == {"a": "TRIM_HORIZON", "b": "000017"}
    assert [sequence_number(place) for place in (*again.places.values(), None)] == [None, "000017", None]
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 1


@pytest.mark.parametrize("other", [{"endpoint": "http://b"}, {"stream": "arn:2"}, {"function": "other"}])
def test_each_mapping_has_places_of_its_own(tmp_path: Path, other: dict[str, str]) -> None:
    checkpoints(tmp_path).processed("a", "1")
    assert checkpoints(tmp_path, **other).places == {}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"shards": []}', '{"shards": {"a": 7, "b": "x", "c": "²", "d": "AT_TIMESTAMP"}}', "\0"],
)
def test_what_cannot_be_read_is_no_place(tmp_path: Path, text: str) -> None:
    checkpoints(tmp_path).processed("a", "1")
    [file] = tmp_path.iterdir()
    file.write_text(text, encoding="utf-8")
    kept = checkpoints(tmp_path)
    assert kept.places == {}
    kept.processed("a", "2")
    assert checkpoints(tmp_path).places == {"a": "2"}


def test_where_nothing_can_be_kept_the_mapping_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    kept = checkpoints(tmp_path / "file")
    kept.processed("a", "1")
    assert kept.places == {"a": "1"}
    assert "cannot be kept" in caplog.text


def test_they_are_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert checkpoint_folder() == tmp_path / "parley" / "checkpoints"
