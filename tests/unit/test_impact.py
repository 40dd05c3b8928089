"""What a plan does to data, in one sentence and table by table."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.planning.changes import DATA_TYPES, endangers_data
from provisioning.planning.impact import NO_TABLE, UNTOUCHED, TableSeen, data_impact

TABLE, BUCKET, BALANCER = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::ElasticLoadBalancingV2::LoadBalancer"
AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


def row(
    action: str = "Modify", kind: str = TABLE, *, replacement: str = "", name: str = "t", policy: str = ""
) -> dict[str, Any]:
    """One line of a plan."""
    return {
        "logical_id": name.upper(), "physical_id": f"dev-{name}", "type": kind, "action": action,
        "replacement": replacement, "policy_action": policy, "details": [],
    }  # fmt: skip


def seen(name: str = "t", items: int = 41203, **more: Any) -> TableSeen:
    """A table that is there."""
    return TableSeen(f"dev-{name}", items, 2048, protected=True, **more)


@pytest.mark.parametrize(
    ("rows", "tone", "sentence"),
    [
        ([], "good", NO_TABLE),
        ([row("Remove", BALANCER)], "good", NO_TABLE),
        ([row("Add")], "good", "1 table is created, none is touched."),
        ([row("Add"), row("Add", name="u")], "good", "2 tables are created, none is touched."),
        ([row("Add"), row("Add", BUCKET, name="u")], "good", "2 stores are created, none is touched."),
        ([row("Keep", policy="Retain")], "good", "1 table is kept with all items."),
        ([row("Keep"), row("Keep", name="u")], "good", "2 tables are kept with all items."),
        ([row("Import")], "good", "1 table is taken over with all items."),
        ([row()], "attention", "1 table is changed in place with all items."),
        ([row(), row(name="u")], "attention", "2 tables are changed in place with all items."),
        (
            [row(replacement="Conditional") | {"in_place": True}],
            "attention",
            "1 table is changed in place with all items.",
        ),
        ([row("Remove", policy="Delete")], "bad", "dev-t would be deleted."),
        ([row("Remove", policy="Retain")], "bad", "dev-t would be left in no stack."),
        ([row("Add"), row(replacement="True", name="u")], "bad", "dev-u would be replaced."),
        (
            [row("Remove", policy="Delete"), row("Dynamic", name="u")],
            "bad",
            "dev-t would be deleted; dev-u would be replaced.",
        ),
    ],
)
def test_one_sentence_about_data(rows: list[dict[str, Any]], tone: str, sentence: str) -> None:
    impact = data_impact(rows)
    assert (impact["tone"], impact["sentence"]) == (tone, sentence)


@pytest.mark.parametrize(
    ("items", "words"), [(41203, "replaced: 41,203 items."), (1, "replaced: 1 item."), (0, "replaced: 0 items.")]
)
def test_what_would_be_lost_is_counted(items: int, words: str) -> None:
    impact = data_impact([row(replacement="True")], [seen(items=items)])
    assert impact["sentence"] == f"dev-t would be {words}"


def test_each_thing_that_holds_data_has_a_line() -> None:
    rows = [
        row("Add", name="a"), row("Keep", name="b"), row("Import", name="c"), row(name="d"),
        row("Remove", name="e", policy="Delete"), row("Add", BALANCER, name="f"),
    ]  # fmt: skip
    assert [(line["name"], line["effect"]) for line in data_impact(rows)["lines"]] == [
        ("dev-a", "is created, empty"),
        ("dev-b", "is kept with its items"),
        ("dev-c", "is taken over with its items"),
        ("dev-d", "is changed in place, items stay"),
        ("dev-e", "would be deleted"),
    ]


def test_a_table_that_two_parts_touch_has_one_line() -> None:
    """Taken over first, then brought to the whole template: what counts is the first, or the worst."""
    impact = data_impact([row("Import"), row()])
    assert (len(impact["lines"]), impact["sentence"]) == (1, "1 table is taken over with all items.")
    impact = data_impact([row(), row(replacement="True")])
    assert (len(impact["lines"]), impact["sentence"]) == (1, "dev-t would be replaced.")


def test_a_line_says_all_that_is_known() -> None:
    table = seen(restorable=True, earliest=AT, latest=AT, last_write=AT)
    assert data_impact([row()], [table])["lines"] == [
        {
            "name": "dev-t",
            "effect": "is changed in place, items stay",
            "items": 41203,
            "bytes": 2048,
            "protected": True,
            "recovery": {"enabled": True, "earliest": AT.isoformat(), "latest": AT.isoformat()},
            "last_write": AT.isoformat(),
        }
    ]


def test_what_is_not_known_is_left_open() -> None:
    (line,) = data_impact([row("Add")])["lines"]
    unknown = {"items": None, "bytes": None, "protected": None, "recovery": None, "last_write": None}
    assert line == {"name": "dev-t", "effect": "is created, empty"} | unknown
    (line,) = data_impact([], [seen()])["lines"]
    assert (line["recovery"], line["last_write"]) == (None, None)


def test_tables_that_nothing_touches_have_a_line_and_no_say() -> None:
    impact = data_impact([row("Modify", BALANCER)], [seen("u"), seen("t")])
    assert impact["sentence"] == NO_TABLE
    assert [(line["name"], line["effect"]) for line in impact["lines"]] == [("dev-t", UNTOUCHED), ("dev-u", UNTOUCHED)]


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from(["Add", "Modify", "Remove", "Import", "Dynamic", "Keep"]),
            st.sampled_from([TABLE, BALANCER]),
            replacement=st.sampled_from(["", "False", "Conditional", "True"]),
            name=st.sampled_from(["t", "u"]),
        ),
        max_size=6,
    ),
    st.lists(st.builds(seen, st.sampled_from(["t", "u", "v"])), max_size=3),
)
def test_the_sentence_is_bad_exactly_when_data_is_in_danger(
    rows: list[dict[str, Any]], tables: list[TableSeen]
) -> None:
    impact = data_impact(rows, tables)
    assert (impact["tone"] == "bad") is any(endangers_data(one) for one in rows)
    assert (impact["sentence"] == NO_TABLE) is not any(one["type"] in DATA_TYPES for one in rows)
    names = [line["name"] for line in impact["lines"]]
    assert sorted(names) == sorted(
        {f"dev-{one['physical_id'][4:]}" for one in rows if one["type"] in DATA_TYPES}
        | {table.name for table in tables}
    )
