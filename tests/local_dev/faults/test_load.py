"""`--faults FILE`: YAML or JSON, or one line about why not."""

import re
from pathlib import Path

import pytest

from local_dev.errors import FaultsError
from local_dev.faults.faults import load_plan
from local_dev.faults.rules import Plan, Rule
from tests.conftest import ROOT

RULES = (
    Rule(at="post", do="answer", status=429, chance=0.1),
    Rule(at="invoke", do="lose", function="Leave*"),
)


def test_no_file_is_no_rule_and_some_seed() -> None:
    assert load_plan(None).rules == ()
    assert load_plan(None).seed != load_plan(None).seed


@pytest.mark.parametrize(
    "text",
    [
        "seed: 7\nfaults:\n  - {at: post, do: answer, status: 429, chance: 0.1}\n"
        "  - at: invoke\n    do: lose\n    function: Leave*\n",
        '{"seed": 7, "faults": [{"at": "post", "do": "answer", "status": 429, "chance": 0.1},'
        ' {"at": "invoke", "do": "lose", "function": "Leave*"}]}',
    ],
)
def test_yaml_and_json(tmp_path: Path, text: str) -> None:
    file = tmp_path / "faults"
    file.write_text(text, encoding="utf-8")
    assert load_plan(file) == Plan(7, RULES)


def test_the_example_of_the_manual(tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "local-gateway.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(# faults.yaml\n.*?)```", manual, re.DOTALL)
    file = tmp_path / "faults.yaml"
    file.write_text(example, encoding="utf-8")
    plan = load_plan(file)
    assert plan.seed == 7
    assert [(rule.at, rule.do) for rule in plan.rules] == [
        ("post", "answer"),
        ("invoke", "lose"),
        ("aws", "crash"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "give a mapping with seed and faults, not None"),
        ("seed: [", ", line 1: it is neither YAML nor JSON"),
        ("faults: [{at: post, do: fly}]", "faults[0].do: it cannot be 'fly'"),
        ("faults: !!python/object:os.system {}", "neither YAML nor JSON"),
        ("[" * 5000, "neither YAML nor JSON"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FaultsError) as raised:
        load_plan(file)
    assert str(raised.value).startswith(f"--faults {file}")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match="No such file"):
        load_plan(tmp_path / "gone.yaml")
