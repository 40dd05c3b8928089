"""What goes wrong in other browsers of tables, and that each of it is tested: every number has a test with its name."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

TESTS: Path = settings.BASE_DIR / "tests"
PITFALLS = {
    1: "An empty page with a continuation key",
    2: "Pages of 1 MB",
    3: "A key that is there is no promise of more",
    4: "The start key of a global index",
    5: "The index is dropped on page 2",
    6: "Previous from page 3",
    7: "The label of the rows",
    8: "Count is not ScannedCount",
    9: "The count of a table is hours old",
    10: "A limit counts what is evaluated",
    11: "Cursors that were tampered with",
    12: "Numbers over 2^53",
    13: "39 digits",
    14: "Numbers out of range",
    15: "Floats, NaN and infinity",
    16: "The service writes numbers its own way",
    17: "The empty set",
    18: "Sets become lists, binary becomes text",
    19: "An integer shown as a date",
    20: "Items of 400 KB",
    21: "A key that is edited",
    22: "Reserved words, dots and dashes in names",
    23: "The same attribute twice in filters",
    24: "A key attribute in a filter of a query",
    25: "Operators that do not fit the type",
    26: "What an index does not project",
    27: "Consistent reads of a global index",
    28: "PartiQL that scans",
    29: "The lost update",
    30: "A new item over an old one",
    31: "An item under another key than its address",
    32: "Keys in addresses",
    33: "Batches over 25, and what they leave",
    34: "Deleting all results",
    35: "The hot scan",
    36: "Filters save nothing",
    37: "A scan inside a web worker",
    38: "Stored XSS through names",
    39: "Formulas in CSV",
    40: "No rights, no CSRF",
    41: "Personal data",
    42: "Another environment's table",
    43: "Links to exports",
}


def named() -> set[str]:
    """The names of all tests, wherever they are."""
    trees = (ast.parse(path.read_text()) for path in TESTS.rglob("test_*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


NAMES = named()


@pytest.mark.parametrize("number", PITFALLS, ids=[f"{number:02}" for number in PITFALLS])
def test_every_pitfall_has_a_test_with_its_number(number: int) -> None:
    found = [name for name in NAMES if name.startswith(f"test_pitfall_{number:02}_")]
    assert found, PITFALLS[number]


def test_the_numbers_are_those_of_the_list() -> None:
    assert list(PITFALLS) == list(range(1, 44))
    numbers = {name.removeprefix("test_pitfall_")[:3] for name in NAMES if name.startswith("test_pitfall_")}
    assert numbers <= {f"{number:02}_" for number in PITFALLS}
