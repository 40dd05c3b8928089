"""The data guard: whatever would take, replace or leave behind something that holds data is a danger."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.shapes import ResolvedResource, Unknown
from provisioning.planning.changes import DATA_TYPES, counters, endangers_data
from provisioning.planning.guard import dangers, kept, lost_with_stack, with_judgement

TABLE, QUEUE, BUCKET = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket"
KEYS = [{"AttributeName": "id", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "id", "AttributeType": "S"}]
MORE = [*ATTRIBUTES, {"AttributeName": "user", "AttributeType": "S"}]
LOCAL = [{"IndexName": "by-user", "KeySchema": [*KEYS, {"AttributeName": "user", "KeyType": "RANGE"}]}]


def table(
    logical_id: str = "T", *, keep: str = "Retain", replace: str = "Retain", **properties: Any
) -> ResolvedResource:
    """A table as a template describes it."""
    described = {"TableName": "dev-t", "KeySchema": KEYS, "AttributeDefinitions": ATTRIBUTES} | properties
    return ResolvedResource(logical_id, TABLE, described, keep, replace)


def row(action: str = "Modify", kind: str = TABLE, *, replacement: str = "False", policy: str = "") -> dict[str, Any]:
    """One line of a plan."""
    return {
        "logical_id": "T", "physical_id": "dev-t", "name": "dev-t", "type": kind, "action": action,
        "replacement": replacement, "policy_action": policy, "details": [],
    }  # fmt: skip


def conditional(*paths: str) -> dict[str, Any]:
    """A row of which AWS says that it depends, because of these properties."""
    details = [
        {"path": path, "before": None, "after": None, "requires_recreation": "Conditionally", "cause": ""}
        for path in paths
    ]
    return row(replacement="Conditional") | {"details": details}


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"),
    [
        ([table()], [], "removed", "would stay behind in no stack"),
        ([table(keep="Delete")], [], "removed", "would be deleted, and its items with it"),
        ([table()], [ResolvedResource("T", QUEUE, {})], "removed", "no longer in the template"),
        ([table()], [table("U")], "moved", "is called U in the template now, no longer T"),
        ([table()], [table(TableName="dev-u")], "renamed", "dev-t would become dev-u: that is a data migration"),
        ([table()], [table(TableName=None)], "renamed", "a name that CloudFormation chooses"),
        ([table()], [table(TableName=Unknown("x"))], "renamed", "a name that CloudFormation chooses"),
        ([table()], [table(KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}])], "keys", "The keys of dev-t"),
        ([table()], [table(KeySchema=Unknown("x"))], "keys", "The keys of dev-t"),
        ([table()], [table(AttributeDefinitions=Unknown("x"))], "keys", "The attributes of dev-t"),
        (
            [table()],
            [table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])],
            "keys",
            "The type of id",
        ),
        ([table()], [table(LocalSecondaryIndexes=LOCAL)], "keys", "The local indexes of dev-t"),
        ([table(LocalSecondaryIndexes=LOCAL)], [table()], "keys", "The local indexes of dev-t"),
        ([table()], [table(ImportSourceSpecification={"InputFormat": "CSV"})], "keys", "The import source of dev-t"),
        ([table()], [table(keep="Delete")], "policy", "DeletionPolicy of dev-t would change from Retain to Delete"),
        ([table()], [table(replace="Delete")], "policy", "UpdateReplacePolicy of dev-t would change from Retain"),
        ([], [table(keep="Delete")], "unkept", "it comes without DeletionPolicy."),
        ([], [table(keep="Delete", replace="Snapshot")], "unkept", "without DeletionPolicy and UpdateReplacePolicy"),
    ],
)
def test_what_two_templates_tell(
    before: list[ResolvedResource], after: list[ResolvedResource], kind: str, words: str
) -> None:
    """Rows that hide it change nothing: the templates tell (R2, R11-R13)."""
    found = dangers([], before, after)
    assert [danger.kind for danger in found] == [kind]
    assert words in found[0].sentence
    assert "dev-t" in found[0].sentence
    assert found[0].fix
    assert dangers([row()], before, after) == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([table()], [table()]),
        ([], [table()]),
        ([table()], [table(), table("U", TableName="dev-u", keep="RetainExceptOnCreate")]),
        ([table()], [table(keep="RetainExceptOnCreate")]),
        ([table()], [table(AttributeDefinitions=MORE, GlobalSecondaryIndexes=[{"IndexName": "i"}])]),
        ([table(AttributeDefinitions=MORE)], [table()]),
        ([table(LocalSecondaryIndexes=[])], [table()]),
        ([table(keep="Delete")], [table(keep="Delete")]),
        ([ResolvedResource("Q", QUEUE, {})], []),
    ],
)
def test_what_is_no_danger(before: list[ResolvedResource], after: list[ResolvedResource]) -> None:
    assert dangers([row()], before, after) == ()


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        (row("Remove", policy="Delete"), "removed", "would be deleted, and its items with it"),
        (row("Remove", policy="Retain"), "removed", "would stay behind in no stack"),
        (row(replacement="True"), "replaced", "would be replaced by a new, empty one"),
        (row(replacement="Conditional"), "replaced", "might be replaced by a new, empty one"),
        (row(policy="ReplaceAndDelete"), "replaced", "might be replaced"),
        (row(policy="ReplaceAndRetain"), "replaced", "might be replaced"),
        (row(policy="Delete"), "unsure", "does not say what would happen to dev-t"),
        (row("Dynamic"), "unsure", "does not say what would happen to dev-t and its items (Dynamic)"),
        (row("Transmogrify"), "unsure", "Transmogrify"),
        (row("Remove", BUCKET, policy="Delete"), "removed", "The bucket dev-t would be deleted, and what it holds"),
    ],
)
def test_what_a_row_alone_tells(found: dict[str, Any], kind: str, words: str) -> None:
    """Templates that hide it change nothing: the change set tells (C8)."""
    assert [danger.kind for danger in dangers([found])] == [kind]
    assert words in dangers([found], [table()], [table()])[0].sentence


@pytest.mark.parametrize("action", ["Add", "Import", "Keep", "Modify", "SyncWithActual"])
def test_rows_that_leave_data_alone(action: str) -> None:
    assert dangers([row(action, replacement="", policy="Retain" if action == "Keep" else "")]) == ()


def test_the_cause_of_a_replacement_is_named() -> None:
    (danger,) = dangers([conditional("/Properties/KeySchema/0/AttributeName", "/Properties/TableClass", "Tags")])
    assert danger.sentence.endswith("because of KeySchema, TableClass.")


def test_every_danger_is_told_once_and_the_templates_reason_wins() -> None:
    other = row("Remove", policy="Delete") | {"logical_id": "Z", "physical_id": "dev-z", "name": "dev-z"}
    found = dangers([row(replacement="True"), other], [table()], [table(TableName="dev-u", keep="Delete")])
    assert [(danger.logical_id, danger.kind) for danger in found] == [
        ("T", "renamed"),
        ("T", "policy"),
        ("Z", "removed"),
    ]


def test_a_policy_does_not_hide_a_replacement() -> None:
    found = dangers([row(replacement="True")], [table()], [table(keep="Delete")])
    assert {danger.kind for danger in found} == {"policy", "replaced"}


class TestAttributesOfIndexes:
    """AWS says Conditional as soon as attributes are declared; only editing one replaces the table (R11)."""

    def test_a_table_that_only_declares_more_of_them_stays(self) -> None:
        rows = [conditional("/Properties/AttributeDefinitions/1")]
        (judged,) = with_judgement(rows, [table()], [table(AttributeDefinitions=MORE)])
        assert judged["in_place"]
        assert judged["replacement"] == "Conditional", "AWS's own word is kept"
        assert dangers([judged], [table()], [table(AttributeDefinitions=MORE)]) == ()
        assert counters([judged])["change"] == 1

    @pytest.mark.parametrize(
        ("found", "before", "after"),
        [
            (conditional("AttributeDefinitions", "KeySchema"), table(), table(AttributeDefinitions=MORE)),
            (conditional("KeySchema"), table(), table()),
            (conditional(), table(), table(AttributeDefinitions=MORE)),
            (conditional("AttributeDefinitions"), table(), table(AttributeDefinitions=Unknown("x"))),
            (conditional("AttributeDefinitions"), table(AttributeDefinitions=Unknown("x")), table()),
            (conditional("AttributeDefinitions"), table(), table("U")),
            (conditional("AttributeDefinitions"), table(), table(KeySchema=[])),
            (conditional("AttributeDefinitions") | {"replacement": "True"}, table(), table(AttributeDefinitions=MORE)),
            (
                conditional("AttributeDefinitions"),
                table(),
                table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}]),
            ),
        ],
    )
    def test_any_doubt_remains_a_danger(
        self, found: dict[str, Any], before: ResolvedResource, after: ResolvedResource
    ) -> None:
        (judged,) = with_judgement([found], [before], [after])
        assert "in_place" not in judged
        assert endangers_data(judged)

    def test_a_deletion_is_no_doubt(self) -> None:
        assert endangers_data(row(policy="ReplaceAndDelete") | {"in_place": True})


RESOURCES = {
    "Kept": {"Type": TABLE, "DeletionPolicy": "Retain"},
    "KeptToo": {"Type": TABLE, "DeletionPolicy": "RetainExceptOnCreate"},
    "Lost": {"Type": TABLE},
    "Bucket": {"Type": BUCKET, "DeletionPolicy": "Snapshot", "Condition": "Off"},
    "Computed": {"Type": TABLE, "DeletionPolicy": {"Fn::If": ["Off", "Retain", "Delete"]}},
    "Queue": {"Type": QUEUE},
}


def test_what_outlives_its_stack() -> None:
    assert kept(RESOURCES) == {"Kept", "KeptToo"}


@pytest.mark.parametrize(
    ("conditions", "there", "lost"),
    [
        ({}, {}, ["Bucket", "Computed", "Lost"]),
        ({"Off": False}, {}, ["Computed", "Lost"]),
        ({"Off": False}, {"Bucket": "files"}, ["Bucket", "Computed", "Lost"]),
    ],
)
def test_what_goes_with_its_stack(conditions: dict[str, bool], there: dict[str, str], lost: list[str]) -> None:
    """A condition that is off is believed only of what the stack is not known to have."""
    found = lost_with_stack(RESOURCES, conditions, there)
    assert [danger.logical_id for danger in found] == lost
    assert all(
        ("files" if name == "Bucket" and there else name) in one.sentence for name, one in zip(lost, found, strict=True)
    )


names = st.sampled_from(["a", "b", "c"])
fixed = st.one_of(st.none(), st.sampled_from(["dev-a", "dev-b"]))
policies = st.sampled_from(["Retain", "RetainExceptOnCreate", "Delete", "Snapshot"])
things = st.builds(
    lambda kind, name, keys, keep, replace: ResolvedResource(
        "", kind, {"TableName": name, "BucketName": name, "KeySchema": keys}, keep, replace
    ),
    st.sampled_from([TABLE, BUCKET, QUEUE]),
    fixed,
    st.sampled_from(["id", "key"]),
    policies,
    policies,
)
templates = st.dictionaries(names, things, max_size=3).map(
    lambda found: [
        ResolvedResource(name, one.type, one.properties, one.deletion_policy, one.update_replace_policy)
        for name, one in found.items()
    ]
)
rows = st.builds(
    lambda action, kind, replacement, policy: row(action, kind, replacement=replacement, policy=policy),
    st.sampled_from(["Add", "Modify", "Remove", "Import", "Dynamic", "Keep", "New"]),
    st.sampled_from([TABLE, BUCKET, QUEUE]),
    st.sampled_from(["", "False", "Conditional", "True"]),
    st.sampled_from(["", "Retain", "Delete", "ReplaceAndDelete", "ReplaceAndRetain"]),
)


def _stays(old: ResolvedResource, after: list[ResolvedResource]) -> bool:
    """Whether a thing is still the same thing, told without the guard's help."""
    name = "TableName" if old.type == TABLE else "BucketName"
    return any(
        new.logical_id == old.logical_id
        and new.type == old.type
        and new.properties[name] == old.properties[name]
        and (old.type != TABLE or new.properties["KeySchema"] == old.properties["KeySchema"])
        for new in after
    )


@given(st.lists(rows, max_size=3), templates, templates)
def test_nothing_that_holds_data_vanishes_unsaid(
    found: list[dict[str, Any]], before: list[ResolvedResource], after: list[ResolvedResource]
) -> None:
    """Whatever the rows say, a thing that the templates lose is a danger; whatever the templates say, a row is."""
    told = {danger.logical_id for danger in dangers(found, before, after)}
    lost = {old.logical_id for old in before if old.type in DATA_TYPES and not _stays(old, after)}
    assert lost <= told
    assert ("T" in told) is any(endangers_data(one) for one in found)
    harmful = [one for one in found if one["type"] in DATA_TYPES and one["action"] in {"Remove", "Dynamic"}]
    replacing = [
        one
        for one in found
        if one["type"] in DATA_TYPES and one["action"] == "Modify" and one["replacement"] in {"True", "Conditional"}
    ]
    assert "T" in told or not (harmful or replacing)
