"""A history on disk is the history: also one whose run was cut off in the middle of a line."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.history import History, Kind, Record, read

FACTS = st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20), max_size=3)


@given(st.sampled_from(Kind), st.text(max_size=9), FACTS)
def test_a_record_is_one_line_and_comes_back_from_it(kind: Kind, name: str, facts: dict[str, object]) -> None:
    record = Record(1.25, "room", name, kind, facts)
    assert "\n" not in record.line()
    assert Record.parse(record.line()) == record


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History(path)
    for seq in (1, 2):
        history.add(Record(seq, "room", "Ada", Kind.SHOWN, {"seq": seq}))
    path.write_text(path.read_text()[:-5])  # nothing was closed, and yet the first is there
    assert read(path) == history.records[:1]
    history.close()
