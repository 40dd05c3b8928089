"""Statements are read alike from the local AWS and from the stand-in (`fakes.partiql`), as Stackyard sends them.

What the local AWS does not do: pages of a statement on a table itself (of an index it does). What moto does not do:
read most conditions at all, pages, capacity; so the stand-in works them out by itself.
"""

from decimal import Decimal

import pytest

from provisioning.aws.errors import Missing, Refused
from provisioning.aws.items.statements import execute_select
from provisioning.items.query import Shape, View
from provisioning.items.statements import Select, Target, read_select
from provisioning.items.values import Item, Value

from .test_contract_items import Items, items

__all__ = ["items"]  # the fixture

ROWS: tuple[Item, ...] = (
    {"id": {"S": "a"}, "user": {"S": "u"}, "at": {"N": "5"}, "text": {"S": "Hello"}, "n": {"N": "1"}},
    {"id": {"S": "b"}, "user": {"S": "u"}, "at": {"N": "10"}, "text": {"S": "it's"}, "tags": {"SS": ["x", "y"]}},
    {
        "id": {"S": "c"},
        "user": {"S": "v"},
        "at": {"N": "7"},
        "m": {"M": {"deep": {"L": [{"S": "z"}]}, "k": {"N": "2"}}},
    },
    {"id": {"S": 'd"d'}, "user": {"S": "u"}, "at": {"N": "-1"}, 'odd "name"': {"S": "?"}, "flag": {"BOOL": True}},
)


def select(table: Items, rest: str, *parameters: Value, columns: str = "*", index: str = "") -> Select:
    """A statement as Stackyard sends it."""
    shape = Shape(
        table.table,
        View("", "id"),
        (View("all", "user", "at"), View("keys", "user", "at")),
        {"id": "S", "user": "S", "at": "N"},
    )
    source = f'"{table.table}"' + (f'."{index}"' if index else "")
    return read_select(" ".join(["SELECT", columns, "FROM", source, rest]), Target(shape, parameters))


def found(table: Items, sent: Select) -> list[Item]:
    """Every item that it finds, page by page."""
    rows: list[Item] = []
    token = ""
    while True:
        page = execute_select(table.aws, sent.sent.text, sent.sent.parameters, limit=100, next_token=token)
        rows += page.items
        token = page.next_token
        if not token:
            return rows


@pytest.fixture
def table(items: Items) -> Items:
    """The table with its rows."""
    for row in ROWS:
        items.aws.dynamodb.put_item(TableName=items.table, Item=row)
    return items


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("WHERE id = 'a'", {"a"}),
        ('WHERE "id" = \'d"d\'', {'d"d'}),
        ("WHERE id IN ['a', 'c', 'nobody']", {"a", "c"}),
        ("", {"a", "b", "c", 'd"d'}),
        ("WHERE text = 'it''s'", {"b"}),
        ("WHERE begins_with(text, 'He')", {"a"}),
        ("WHERE contains(text, 'll') OR at < 0", {"a", 'd"d'}),
        ("WHERE contains(tags, 'x')", {"b"}),
        ("WHERE at BETWEEN 5 AND 7.0", {"a", "c"}),
        ("WHERE NOT (at >= 7) AND user = 'u'", {"a", 'd"d'}),
        ("WHERE text IS MISSING", {"c", 'd"d'}),
        ("WHERE m.k = 2 AND m.deep[0] = 'z'", {"c"}),
        ('WHERE "odd ""name""" = \'?\'', {'d"d'}),
        ("WHERE flag = TRUE", {'d"d'}),
        ("WHERE tags = <<'y', 'x'>>", {"b"}),
        ("WHERE n = 1.0 AND user <> 'v'", {"a"}),
    ],
)
def test_conditions_find_the_same(table: Items, where: str, ids: set[str]) -> None:
    assert {row["id"]["S"] for row in found(table, select(table, where))} == ids


def test_parameters_of_every_type_are_values(table: Items) -> None:
    given: tuple[Value, ...] = ({"S": "c"}, {"M": {"deep": {"L": [{"S": "z"}]}, "k": {"N": "2"}}})
    assert len(found(table, select(table, "WHERE id = ? AND m = ?", *given))) == 1


def test_items_are_in_dynamodbs_own_form(table: Items) -> None:
    assert found(table, select(table, "WHERE id = 'b'")) == [ROWS[1]]


def test_what_is_asked_for_comes_by_its_last_name(table: Items) -> None:
    assert found(table, select(table, "WHERE id = 'a'", columns="id, text, nothing")) == [
        {"id": {"S": "a"}, "text": {"S": "Hello"}}
    ]
    assert found(table, select(table, "WHERE id = 'c'", columns="m.k")) == [{"k": {"N": "2"}}]


def test_an_index_has_an_order_and_pages(table: Items) -> None:
    sent = select(table, "WHERE user = 'u' ORDER BY at", index="all")
    first = execute_select(table.aws, sent.sent.text, sent.sent.parameters, limit=2)
    assert len(first.items) == 2
    assert first.next_token
    rest = execute_select(table.aws, sent.sent.text, sent.sent.parameters, limit=2, next_token=first.next_token)
    assert {row["id"]["S"] for row in (*first.items, *rest.items)} == {"a", "b", 'd"d'}
    assert first.capacity >= Decimal("0.5")


def test_a_token_of_something_else_is_refused(table: Items) -> None:
    sent = select(table, "WHERE user = 'u'", index="all")
    with pytest.raises(Refused, match="NextToken"):
        execute_select(table.aws, sent.sent.text, sent.sent.parameters, next_token="bm90aGluZw==")


@pytest.mark.parametrize("where", ["WHERE id = 'a' AND", "WHERE (id = 'a'", "WHERE id = 'a' x = 1"])
def test_what_is_not_well_formed_is_refused(table: Items, where: str) -> None:
    sent = select(table, where).sent
    with pytest.raises(Refused, match="wasn't well formed"):
        execute_select(table.aws, sent.text, sent.parameters)


def test_what_is_not_there(table: Items) -> None:
    sent = select(table, "WHERE id = 'a'").sent
    with pytest.raises(Missing):
        execute_select(table.aws, sent.text.replace(table.table, "nothing"), sent.parameters)
    by_index = select(table, "WHERE user = 'u'", index="all").sent
    with pytest.raises(Refused, match="does not have the specified index"):
        execute_select(table.aws, by_index.text.replace('"all"', '"other"'), by_index.parameters)


def test_too_few_parameters_are_refused(table: Items) -> None:
    sent = select(table, "WHERE id = 'a' AND text = 'x'").sent
    with pytest.raises(Refused, match="Number of parameters"):
        execute_select(table.aws, sent.text, sent.parameters[:1])
