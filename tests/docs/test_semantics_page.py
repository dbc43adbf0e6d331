"""docs/semantics.md and tests/semantics/ have the same rules: none without a test, no test of a rule that is not written."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = re.findall(
    r"^- \*\*([A-Z]\d+[a-z]?)\*\*", (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8"), re.MULTILINE
)


def test_every_rule_has_its_tests():
    tested = {path.name.split("_")[1] for path in (ROOT / "tests" / "semantics").glob("test_*.py")}
    assert tested == set(RULES), sorted(tested ^ set(RULES))


def test_rules_stand_once_and_in_order():
    def key(rule):
        number = re.fullmatch(r"([A-Z])(\d+)([a-z]?)", rule)
        return "NEDBPC".index(number[1]), int(number[2]), number[3]

    assert sorted(set(RULES), key=key) == RULES
