"""What AWS would refuse half way, read out of templates: sizes, expiry, capacity, streams, scaling, exports."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.blueprints.shapes import Resolved, ResolvedOutput, ResolvedResource, Template, Unknown
from provisioning.blueprints.template import MAX_BYTES
from provisioning.planning import exporting, preflight
from provisioning.planning.findings import Finding

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
LATER = ", known after it runs"


def table(logical_id: str = "T", **properties: Any) -> dict[str, ResolvedResource]:
    """One table, as the functions take them."""
    described = {"TableName": f"dev-{logical_id.lower()}", "BillingMode": DEMAND} | properties
    return {logical_id: ResolvedResource(logical_id, preflight.TABLE, described)}


def told(found: list[Finding]) -> list[tuple[str, str]]:
    """Severity and what each is about; each has a sentence and a way out."""
    assert all(one.sentence.endswith(".") and one.fix for one in found)
    return [(one.severity, one.about) for one in found]


def template(size: int = 100, **counts: int) -> Template:
    """A template of so many bytes and entries."""
    parts: dict[str, Any] = {
        noun: {str(number): None for number in range(counts.get(noun, 1))} for noun in preflight.MOST
    }
    return Template(body="x" * size, digest="", conditions={}, capabilities=frozenset(), **parts)


class TestSize:
    """P1."""

    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            (46_080, []),
            (46_081, [("warning", "data")]),
            (MAX_BYTES, [("warning", "data")]),
            (MAX_BYTES + 1, [("error", "data")]),
        ],
    )
    def test_bytes(self, size: int, expected: list[tuple[str, str]]) -> None:
        assert told(preflight.size_findings("data", template(size))) == expected

    @pytest.mark.parametrize("noun", preflight.MOST)
    def test_entries(self, noun: str) -> None:
        most = preflight.MOST[noun]
        assert preflight.size_findings("data", template(**{noun: most})) == []
        (found,) = preflight.size_findings("data", template(**{noun: most + 1}))
        assert (found.severity, found.sentence) == ("error", f"The template has {most + 1} {noun}; {most} is the most.")


def ttl(attribute: str | None, *, enabled: object = True) -> dict[str, ResolvedResource]:
    """A table whose items expire."""
    block = {"AttributeName": attribute, "Enabled": enabled}
    return table(TimeToLiveSpecification=block) if attribute else table()


class TestExpiry:
    """T5."""

    @pytest.mark.parametrize(
        ("before", "after", "severity", "words"),
        [
            (ttl("ttl"), ttl("expires"), "error", "cannot become expires in one update"),
            (ttl("ttl", enabled="true"), ttl("expires", enabled="false"), "error", "cannot become expires"),
            (ttl("ttl"), ttl(None), "error", "no longer says so"),
        ],
    )
    def test_what_aws_refuses(self, before: Any, after: Any, severity: str, words: str) -> None:
        (found,) = preflight.expiry_findings(before, after, updated_at=None, now=NOW)
        assert (found.severity, found.about) == (severity, "dev-t")
        assert words in found.sentence
        assert "AttributeName ttl" in found.fix

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (ttl("ttl"), ttl("ttl")),
            (ttl("ttl"), ttl("ttl", enabled=False)),
            (ttl(None), ttl("ttl")),
            (ttl("ttl", enabled=False), ttl("expires", enabled=False)),
            (ttl("ttl", enabled=False), ttl(None)),
            (ttl("ttl"), {}),
            ({}, ttl("ttl")),
        ],
    )
    def test_what_goes(self, before: Any, after: Any) -> None:
        assert preflight.expiry_findings(before, after, updated_at=NOW, now=NOW) == []

    @pytest.mark.parametrize(("minutes", "expected"), [(59, [("warning", "dev-t")]), (60, [])])
    def test_the_second_step_waits_an_hour(self, minutes: int, expected: list[tuple[str, str]]) -> None:
        before, after = ttl("ttl", enabled=False), ttl("expires")
        updated = NOW - timedelta(minutes=minutes)
        assert told(preflight.expiry_findings(before, after, updated_at=updated, now=NOW)) == expected


def index(name: str = "i", **properties: Any) -> dict[str, Any]:
    """One global index."""
    return {"GlobalSecondaryIndexes": [{"IndexName": name, **properties}]}


class TestCapacity:
    """T8."""

    @pytest.mark.parametrize(
        ("after", "words"),
        [
            (table(BillingMode=PROVISIONED), "the table lacks"),
            (table(BillingMode=PROVISIONED, ProvisionedThroughput=UNITS, **index()), "index i lacks"),
            (table(BillingMode=PROVISIONED, **index()), "the table, index i lacks"),
            (table(ProvisionedThroughput=UNITS), "the table has ProvisionedThroughput"),
            (table(**index(ProvisionedThroughput=UNITS)), "index i has ProvisionedThroughput"),
        ],
    )
    def test_what_does_not_fit_its_billing(self, after: Any, words: str) -> None:
        (found,) = preflight.capacity_findings(after)
        assert (found.severity, found.about) == ("error", "dev-t")
        assert words in found.sentence

    def test_provisioned_is_what_aws_takes_without_a_word(self) -> None:
        bare = {"T": ResolvedResource("T", preflight.TABLE, {"TableName": "dev-t"})}
        assert told(preflight.capacity_findings(bare)) == [("error", "dev-t")]

    @pytest.mark.parametrize(
        "after",
        [
            table(),
            table(**index()),
            table(BillingMode=PROVISIONED, ProvisionedThroughput=UNITS, **index(ProvisionedThroughput=UNITS)),
            table(BillingMode=Unknown("chosen later")),
            table(GlobalSecondaryIndexes=Unknown("chosen later")),
        ],
    )
    def test_what_fits(self, after: Any) -> None:
        assert preflight.capacity_findings(after) == []


def plan(to: str = DEMAND, logical_id: str = "T", path: str = "/Properties/BillingMode") -> dict[str, Any]:
    """A plan that changed how a table is paid for."""
    detail = {"path": path, "before": "x", "after": to}
    return {"stacks": [{"changes": [{"logical_id": logical_id, "details": [detail]}]}]}


def ran(hours: float, plan: dict[str, Any]) -> tuple[datetime, datetime, dict[str, Any]]:
    """A change that ended so many hours ago, after ten minutes."""
    end = NOW - timedelta(hours=hours)
    return end - timedelta(minutes=10), end, plan


class TestSwitches:
    """T7."""

    def test_only_going_on_demand_counts(self) -> None:
        on_demand, bare = table(), {"T": ResolvedResource("T", preflight.TABLE, {"TableName": "dev-t"})}
        provisioned = table(BillingMode=PROVISIONED)
        assert preflight.switched_on_demand(provisioned, on_demand) == {"T": "dev-t"}
        assert preflight.switched_on_demand(bare, on_demand) == {"T": "dev-t"}
        for before, after in ((on_demand, provisioned), (on_demand, on_demand), ({}, on_demand), (provisioned, {})):
            assert preflight.switched_on_demand(before, after) == {}

    @pytest.mark.parametrize(
        ("ours", "expected"),
        [
            ([], 0),
            ([ran(1, plan()), ran(23, plan('"PAY_PER_REQUEST"'))], 2),
            ([ran(25, plan())], 0),
            ([ran(1, plan(PROVISIONED)), ran(1, plan(logical_id="U")), ran(1, plan(path="/Properties/X"))], 0),
            ([ran(1, {})], 0),
        ],
    )
    def test_our_own_are_counted_for_a_day(self, ours: Any, expected: int) -> None:
        assert preflight.switches_done("T", ours, switched_at=None, created_at=None, now=NOW) == expected

    @pytest.mark.parametrize(
        ("hours", "made", "expected"),
        [
            (2, 100, 2),  # somebody else's, between ours
            (1, 100, 1),  # ours
            (2, 2, 1),  # made on demand, never switched
            (25, 100, 1),  # too long ago
        ],
    )
    def test_one_made_elsewhere_is_counted_once(self, hours: float, made: float, expected: int) -> None:
        switched, created = NOW - timedelta(hours=hours), NOW - timedelta(hours=made)
        ours = [ran(1, plan())]
        assert preflight.switches_done("T", ours, switched_at=switched, created_at=created, now=NOW) == expected

    @pytest.mark.parametrize(
        ("done", "expected"),
        [(2, []), (3, [("warning", "dev-t")]), (4, [("error", "dev-t")]), (7, [("error", "dev-t")])],
    )
    def test_the_last_is_told_and_the_next_refused(self, done: int, expected: list[tuple[str, str]]) -> None:
        assert told(preflight.switch_findings({"dev-t": done}, 4)) == expected


def stream(view: str | None) -> dict[str, ResolvedResource]:
    """A table with a stream."""
    return table(StreamSpecification={"StreamViewType": view}) if view else table()


class TestStreams:
    """T17."""

    @pytest.mark.parametrize("after", [stream("KEYS_ONLY"), stream(None)])
    def test_an_exported_stream_takes_two_updates(self, after: Any) -> None:
        before = stream("NEW_IMAGE")
        assert preflight.streams_replaced(before, after) == ["T"]
        (found,) = preflight.stream_findings(before, after, ["T"])
        assert (found.severity, found.about) == ("error", "dev-t")
        assert "Two updates" in found.fix
        assert told(preflight.stream_findings(before, after, ["U"])) == [("warning", "dev-t")]

    @pytest.mark.parametrize(("before", "after"), [("NEW_IMAGE", "NEW_IMAGE"), (None, "NEW_IMAGE"), (None, None)])
    def test_a_stream_that_stays_or_starts_is_nothing(self, before: str | None, after: str | None) -> None:
        assert preflight.stream_findings(stream(before), stream(after), ["T"]) == []

    def test_which_streams_are_exported(self) -> None:
        outputs = (
            ResolvedOutput("A", Unknown(f"T.StreamArn{LATER}"), "dev-stream"),
            ResolvedOutput("B", Unknown(f"U.StreamArn{LATER}"), None),
            ResolvedOutput("C", Unknown(f"V.Arn{LATER}"), "dev-arn"),
            ResolvedOutput("D", "W.StreamArn", "dev-text"),
        )
        assert preflight.exporting_streams(Resolved((), outputs, {})) == {"T"}


def target(logical_id: str, resource_id: Any) -> ResolvedResource:
    """What scales a table."""
    return ResolvedResource(logical_id, preflight.TARGET, {"ResourceId": resource_id})


class TestTargets:
    """T9, T11."""

    def test_new_ones_are_found_by_the_name_they_will_have(self) -> None:
        after = [
            *table("T").values(),
            target("Old", "table/dev-t"),
            target("Fixed", "table/dev-x"),
            target("Table", Unknown(f"table/T{LATER}")),
            target("Index", Unknown(f"table/T/index/i{LATER}")),
        ]
        assert preflight.new_targets([after[1]], after) == {
            "Fixed": "table/dev-x",
            "Table": "table/dev-t",
            "Index": "table/dev-t/index/i",
        }

    def test_what_is_registered_cannot_be_made(self) -> None:
        new = {"A": "table/dev-t", "B": "table/dev-u"}
        assert told(preflight.target_findings(new, ["table/dev-t", "table/dev-v"])) == [("error", "A")]
        assert preflight.target_findings(new, []) == []


OUTPUTS = [
    {"key": "Name", "value": "dev-t", "export": "s-Name"},
    {"key": "Arn", "value": "arn:t", "export": "s-Arn"},
    {"key": "Stream", "value": "arn:s", "export": "s-Stream"},
    {"key": "Url", "value": "http", "export": ""},
]


def outputs(**values: Any) -> Resolved:
    """What a template puts out, exported."""
    usual = {"Name": "dev-t", "Arn": Unknown(f"T.Arn{LATER}"), "Stream": Unknown(f"T.StreamArn{LATER}")}
    shown = {name: value for name, value in (usual | values).items() if value is not None}
    return Resolved((), tuple(ResolvedOutput(name, value, f"s-{name}") for name, value in shown.items()), {})


class TestExports:
    """X2."""

    @pytest.mark.parametrize(
        ("after", "replaced", "streams", "expected"),
        [
            (outputs(), set(), set(), {}),
            (outputs(), {"U"}, {"U"}, {}),
            (outputs(Arn=None), set(), set(), {"s-Arn": exporting.VANISHES}),
            (outputs(Name="dev-u"), set(), set(), {"s-Name": exporting.CHANGES}),
            (outputs(), {"T"}, set(), {"s-Arn": exporting.CHANGES, "s-Stream": exporting.CHANGES}),
            (outputs(), set(), {"T"}, {"s-Stream": exporting.CHANGES}),
            (outputs(Name=Unknown(f"T-U.Arn{LATER}")), {"U"}, set(), {"s-Name": exporting.CHANGES}),
        ],
    )
    def test_which_do_not_stay(self, after: Resolved, replaced: Any, streams: Any, expected: dict[str, str]) -> None:
        assert exporting.moving(OUTPUTS, after, replaced=replaced, streams=streams) == expected

    def test_only_those_in_use_stop(self) -> None:
        moving = {"s-Arn": exporting.VANISHES, "s-Name": exporting.CHANGES, "s-Stream": exporting.CHANGES}
        users = {"s-Arn": ("one",), "s-Name": ("one", "two"), "s-Stream": ()}
        found = exporting.export_findings(moving, users)
        assert told(found) == [("error", "s-Arn"), ("error", "s-Name")]
        assert "would vanish while one imports it" in found[0].sentence
        assert "would change while one, two import it" in found[1].sentence
