"""Index changes put in an order that DynamoDB takes: one index of a table at a time (T1, T2, T4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.promises import with_indexes
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, ResolvedResource, Unknown
from provisioning.blueprints.template import parse
from provisioning.planning.splitting import IndivisibleError, Shape, changing, divide, steps

NAMES, ATTRIBUTES = st.sampled_from("abcd"), st.sampled_from(["p", "q", "r"])
TEMPLATE = """\
Parameters: {Units: {Type: Number, Default: 5}}
Conditions: {Many: !Equals [!Ref Units, '5']}
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: dev-t
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: p, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes: !If
        - Many
        - [{IndexName: a, KeySchema: [{AttributeName: p, KeyType: HASH}], Projection: {ProjectionType: ALL}}]
        - !Ref AWS::NoValue
  P:
    Type: AWS::SSM::Parameter
    Properties: {Name: /t, Type: String, Value: !Ref T}
"""


def index(name: str, key: str = "p", projection: str = "ALL", **more: Any) -> dict[str, Any]:
    """A global index as a template lists it."""
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": projection}, **more}


def shape(*indexes: dict[str, Any], kind: str = "S") -> Shape:
    """A table's indexes; its own key is id."""
    return Shape(indexes, {"id": "S", **dict.fromkeys("pqr", kind)}, ("id",))


def table(*indexes: dict[str, Any], name: str = "T", types: str = "S", **more: Any) -> ResolvedResource:
    """A table with these global indexes, and attributes only for what uses them."""
    used = dict.fromkeys(["id", *(key["AttributeName"] for one in indexes for key in one["KeySchema"])])
    properties = {
        "TableName": f"dev-{name.lower()}",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": one, "AttributeType": "S" if one == "id" else types} for one in used
        ],
        **({"GlobalSecondaryIndexes": list(indexes)} if indexes else {}),
        **more,
    }
    return ResolvedResource(name, "AWS::DynamoDB::Table", properties)


def purposes(before: list[ResolvedResource], after: list[ResolvedResource]) -> list[str]:
    return [part.purpose for part in divide(before, after)]


@st.composite
def index_sets(draw: st.DrawFn) -> Shape:
    """Any set of indexes, over attributes of either type."""
    names = draw(st.sets(NAMES))
    found = [index(name, draw(ATTRIBUTES), draw(st.sampled_from(["ALL", "KEYS_ONLY"]))) for name in sorted(names)]
    return shape(*draw(st.permutations(found)), kind=draw(st.sampled_from("SN")))


def essence(one: Shape) -> dict[str, Any]:
    """Each index with what makes it another one."""
    return {
        each["IndexName"]: (
            [(key["AttributeName"], one.types[key["AttributeName"]]) for key in each["KeySchema"]],
            each["Projection"],
        )
        for each in one.indexes
    }


@given(index_sets(), index_sets())
def test_every_step_changes_one_index_and_the_last_is_the_goal(before: Shape, after: Shape) -> None:
    here = essence(before)
    for step in steps(before, after):
        there = essence(step.after)
        assert len(here.keys() ^ there.keys()) == 1, "one more, or one less"
        assert all(here[name] == there[name] for name in here.keys() & there.keys()), "none altered in place"
        declared = {one["AttributeName"] for one in step.after.attributes()}
        used = {key["AttributeName"] for one in step.after.indexes for key in one["KeySchema"]}
        assert declared == used | {"id"}, "attributes that nothing uses are refused"
        here = there
    assert here == essence(after)


@given(index_sets(), index_sets())
def test_there_are_no_more_steps_than_differences(before: Shape, after: Shape) -> None:
    old, new = essence(before), essence(after)
    altered = sum(old[name] != new[name] for name in old.keys() & new.keys())
    assert len(steps(before, after)) == len(old.keys() ^ new.keys()) + 2 * altered


def test_removals_come_first_and_several_tables_move_side_by_side() -> None:
    before = [table(index("a"), index("b", "q")), table(index("x"), name="U")]
    after = [table(index("b", "q"), index("c", "r")), table(index("x"), index("y", "q"), name="U")]
    assert purposes(before, after) == [
        "Remove index a of dev-t; Add index y of dev-u",
        "Add index c of dev-t",
    ]


BACK_AGAIN = ["Remove index a of dev-t", "Add index a of dev-t"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (table(index("a")), table(index("a")), []),
        (table(index("a")), table(), ["Remove index a of dev-t"]),
        (table(), table(index("a"), index("b")), ["Add index a of dev-t", "Add index b of dev-t"]),
        (table(index("a")), table(index("b")), ["Remove index a of dev-t", "Add index b of dev-t"]),
        (table(index("a")), table(index("a", "q")), BACK_AGAIN),
        (table(index("a")), table(index("a"), types="N"), BACK_AGAIN),
        (table(index("a")), table(index("a", projection="KEYS_ONLY")), BACK_AGAIN),
        (table(index("a"), index("b")), table(index("b"), index("a")), []),
        (table(index("a")), table(index("a", ProvisionedThroughput={"ReadCapacityUnits": 5})), []),
    ],
)  # fmt: skip
def test_what_counts_as_a_change_of_an_index(
    before: ResolvedResource, after: ResolvedResource, expected: list[str]
) -> None:
    assert purposes([before], [after]) == expected


def test_a_table_that_is_new_or_goes_is_no_index_change() -> None:
    assert divide([], [table(index("a"), index("b"))]) == []
    assert changing([table(index("a"), index("b"))], []) == {}


def test_a_table_that_is_done_early_keeps_its_goal() -> None:
    before, after = [table(index("a"), index("b")), table(name="U")], [table(), table(index("x"), name="U")]
    first, last = divide(before, after)
    assert [one["IndexName"] for one in first.tables["U"].indexes] == ["x"]
    assert [one["IndexName"] for one in last.tables["U"].indexes] == ["x"]


def test_what_only_aws_knows_is_divided_by_hand() -> None:
    unknown = table(GlobalSecondaryIndexes=Unknown("a list, known after it runs"))
    with pytest.raises(IndivisibleError, match="only AWS can tell"):
        divide([table(index("a"))], [unknown])
    assert divide([unknown], [unknown]) == []


def test_indexes_and_billing_do_not_change_together() -> None:
    after = table(index("a"), index("b"), BillingMode="PROVISIONED")
    with pytest.raises(IndivisibleError, match="its billing mode and 2 indexes at once"):
        divide([table(BillingMode="PAY_PER_REQUEST")], [after])
    one = table(index("a"), BillingMode="PROVISIONED")
    assert len(divide([table(BillingMode="PAY_PER_REQUEST")], [one])) == 1


def test_a_stop_on_the_way_is_the_template_with_other_indexes() -> None:
    template = parse(TEMPLATE)
    goal = shape(index("a"), index("b", "q"))
    body = with_indexes(template, {"T": (goal.indexes, goal.attributes())})
    there, was = (resolve(one, {}, pseudo=Pseudo("r", "1", "s")) for one in (parse(body), template))
    properties = there.resource("T").properties
    assert [one["IndexName"] for one in properties["GlobalSecondaryIndexes"]] == ["a", "b"]
    assert [one["AttributeName"] for one in properties["AttributeDefinitions"]] == ["id", "p", "q"]
    assert there.resource("P") == was.resource("P")
    assert properties["KeySchema"] == was.resource("T").properties["KeySchema"]
    none = parse(with_indexes(template, {"T": ((), shape().attributes())}))
    assert "GlobalSecondaryIndexes" not in none.resources["T"]["Properties"]
