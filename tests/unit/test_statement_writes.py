"""INSERT, UPDATE and DELETE become intents to write one item, and what cannot is refused in words."""

import pytest

from provisioning.items.intents import Edit
from provisioning.items.query import Shape, View
from provisioning.items.statement_tokens import BadStatementError
from provisioning.items.statement_writes import read_write
from provisioning.items.statements import Target
from provisioning.items.values import Value
from provisioning.lifecycle import WriteVerb

SHAPE = Shape("dev-t", View("", "id", "at"), (View("by-note", "note"),), {"id": "S", "at": "N", "note": "S"})
KEY: dict[str, Value] = {"id": {"S": "a"}, "at": {"N": "5"}}


def test_an_insert_is_a_new_item_of_every_type() -> None:
    text = """INSERT INTO "dev-t" VALUE {'id': 'a', 'at': 5, 'n': -1.5e3, 'set': <<1, 2>>, 'texts': <<'x'>>,
        'list': ['it''s', TRUE, NULL, []], 'map': {'': {}}, 'blob': ?, 'empty': ''}"""
    intent = read_write(text, Target(SHAPE, [{"B": b"\x00"}]))
    assert (intent.verb, intent.table, intent.key) == (WriteVerb.CREATE, "dev-t", KEY)
    assert intent.item == {
        **KEY,
        "n": {"N": "-1.5e3"},
        "set": {"NS": ["1", "2"]},
        "texts": {"SS": ["x"]},
        "list": {"L": [{"S": "it's"}, {"BOOL": True}, {"NULL": True}, {"L": []}]},
        "map": {"M": {"": {"M": {}}}},
        "blob": {"B": b"\x00"},
        "empty": {"S": ""},
    }


def test_a_number_of_an_insert_stays_exact() -> None:
    intent = read_write("INSERT INTO \"dev-t\" VALUE {'id': 'a', 'at': 1318796827993409899}", Target(SHAPE))
    assert intent.key["at"] == {"N": "1318796827993409899"}


def test_an_update_is_a_patch() -> None:
    text = "update \"dev-t\" set a.b = 'x', c = ? remove d[0], e set f = NULL where (at = 5) and \"id\" = 'a';"
    intent = read_write(text, Target(SHAPE, [{"N": "1"}]))
    assert (intent.verb, intent.key) == (WriteVerb.EDIT, KEY)
    assert intent.patch == (
        Edit(("a", "b"), {"S": "x"}),
        Edit(("c",), {"N": "1"}),
        Edit(("d", 0), None),
        Edit(("e",), None),
        Edit(("f",), {"NULL": True}),
    )


def test_a_delete_names_one_item() -> None:
    intent = read_write("DELETE FROM \"dev-t\" WHERE at = 5 AND id = 'a'", Target(SHAPE))
    assert (intent.verb, intent.key, intent.item) == (WriteVerb.DELETE, KEY, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('DELETE FROM "dev-t"', "WHERE"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a'", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' AND at > 1", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' AND at = 1 AND x = 1", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' AND at = 1 AND at = 2", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' OR at = 1", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE NOT (id = 'a' AND at = 1)", "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id IN ['a'] AND at = 1", "one item, named by its whole key"),
        ('DELETE FROM "dev-t" WHERE id = other AND at = 1', "one item, named by its whole key"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' AND at = '1'", "id (S) and at (N)"),
        ("DELETE FROM \"dev-t\" WHERE id = 'a' AND at = 1 RETURNING ALL OLD *", "Leave RETURNING out"),
        ('DELETE FROM "dev-t"."by-note" WHERE id = \'a\' AND at = 1', "An index is not written to"),
        ("DELETE FROM other WHERE id = 'a' AND at = 1", "no other table"),
        ("DELETE \"dev-t\" WHERE id = 'a' AND at = 1", "“FROM” is needed"),
        ("UPDATE \"dev-t\" SET x = x + 1 WHERE id = 'a' AND at = 1", "nothing is worked out"),
        ("UPDATE \"dev-t\" SET x = 1 + 1 WHERE id = 'a' AND at = 1", "nothing is worked out"),
        ("UPDATE \"dev-t\" SET x = list_append(x, [1]) WHERE id = 'a' AND at = 1", "nothing is worked out"),
        ("UPDATE \"dev-t\" SET at = 2 WHERE id = 'a' AND at = 1", "Copy the item to another key"),
        ("UPDATE \"dev-t\" SET x = 1, x.y = 2 WHERE id = 'a' AND at = 1", "x.y is written twice"),
        ("UPDATE \"dev-t\" SET x[0] = 1 REMOVE x[1] WHERE id = 'a' AND at = 1", "one place at a time"),
        ("UPDATE \"dev-t\" SET x = <<>> WHERE id = 'a' AND at = 1", "members of one type"),
        ("UPDATE \"dev-t\" WHERE id = 'a' AND at = 1", "SET or REMOVE"),
        ('UPDATE "dev-t" SET x = 1', "WHERE"),
        ("INSERT INTO \"dev-t\" VALUE {'id': 'a'}", "has no at, its key"),
        ("INSERT INTO \"dev-t\" VALUE {'id': 'a', 'at': '5'}", "id (S) and at (N)"),
        ("INSERT INTO \"dev-t\" VALUE {'id': 'a', 'at': 5, 'at': 6}", "“at” is there twice"),
        ('INSERT INTO "dev-t" VALUE {"id": \'a\'}', "a name in “'”"),
        ("INSERT INTO \"dev-t\" VALUE ['a']", "A new item is a map"),
        ("INSERT INTO \"dev-t\" VALUES {'id': 'a', 'at': 5}", "“VALUE” is needed"),
        ("INSERT INTO \"dev-t\" VALUE {'id': 'a', 'at': 5} ON CONFLICT DO NOTHING", "“ON” is not taken"),
        ("INSERT INTO \"dev-t\" VALUE {'id': 'a', 'at': " + "1" * 39 + "}", "38 digits"),
    ],
)
def test_what_cannot_be_done_is_said(text: str, sentence: str) -> None:
    with pytest.raises(BadStatementError) as bad:
        read_write(text, Target(SHAPE))
    assert sentence in bad.value.sentence
