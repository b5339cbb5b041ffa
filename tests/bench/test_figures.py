"""What turns samples into figures: whoever gets this wrong publishes wrong figures."""

from xml.etree import ElementTree

import pytest

from tests.bench.plots import Series, bars, lines
from tests.bench.pouring import verdict
from tests.bench.report import put
from tests.bench.soak import growth, is_flat, judge
from tests.bench.statistic import percentile, summary_ms
from tests.bench.tables import number, table


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (12345.6, "12,300"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (0.1234, "0.123"),
        (0.0321, "0.0321"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, written: str) -> None:
    assert number(value) == written


def test_a_column_of_numbers_stands_to_the_right_and_what_is_missing_is_a_dash() -> None:
    rows = [("a", 1200, None), ("b", 2.5, 3)]
    assert table(("name", "x", "y"), rows).splitlines() == [
        "| name | x | y |",
        "| --- | ---: | ---: |",
        "| a | 1,200 | - |",
        "| b | 2.50 | 3 |",
    ]


def test_the_99th_percentile_of_few_samples_is_the_longest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile(list(range(1, 201)), 99) == 198
    assert summary_ms([0.001, 0.002, 0.009]) == {"p50": 2.0, "p99": 9.0}


def test_each_receiver_is_asked_for_what_it_missed_had_twice_and_had_out_of_order() -> None:
    whole = [(0, 0), (1, 1), (0, 2)]
    assert verdict([whole, whole], 3) == {"lost": 0, "doubled": 0, "swapped": 0}
    assert verdict([whole, [(0, 0), (1, 1)]], 3) == {"lost": 1, "doubled": 0, "swapped": 0}
    assert verdict([[*whole, (1, 1)]], 3) == {"lost": 0, "doubled": 1, "swapped": 0}
    assert verdict([[(0, 2), (1, 1), (0, 0)]], 3) == {"lost": 0, "doubled": 0, "swapped": 1}


def test_growth_is_that_of_the_second_half_whatever_came_before() -> None:
    warm_then_flat = [(float(at), min(at, 50) * 2.0) for at in range(101)]
    assert growth(warm_then_flat) == pytest.approx(0.0, abs=1e-9)
    assert growth([(float(at), at * 2.0) for at in range(101)]) == pytest.approx(100.0)


def test_a_process_that_grows_is_named_and_one_that_wavers_is_flat() -> None:
    samples = [
        (float(at), {"gateway": 90.0 + at % 2, "moto": 80.0 + at, "defaultx4": 120.0}) for at in range(40)
    ]
    verdicts = {role: told for role, *_, told in judge(samples)}
    assert verdicts == {"gateway": "flat", "moto": "GROWS", "default": "flat", "all": "GROWS"}
    assert is_flat(4.9, 10) and is_flat(9, 200) and not is_flat(11, 200)


def test_a_table_takes_the_place_of_the_one_before() -> None:
    page = "a\n<!-- bench: x -->\nold\n<!-- /bench -->\nb\n<!-- bench: y -->\n<!-- /bench -->\n"
    written = put(page, "x", r"new \1")
    assert written == page.replace("old", r"new \1")
    assert put(written, "x", "old") == page
    with pytest.raises(LookupError):
        put(page, "z", "")


def test_plots_are_well_formed_and_say_their_units() -> None:
    drawn = bars("Posts & more", "ms", [("ours", 10.0), ("<theirs>", 200.0)])
    words = " ".join(ElementTree.fromstring(drawn).itertext())
    assert "Posts & more, ms" in words and "<theirs>" in words and "200 ms" in words
    drawn = lines("Last", "members", "ms", [Series("a", [(2, 1.5), (200, 80.0)]), Series("b", [(2, 9.0)])])
    words = " ".join(ElementTree.fromstring(drawn).itertext())
    assert "members" in words and "ms" in words and "100" in words
