"""Estimates as a whole: sums, what is not priced, the difference of a change, and what a plan keeps."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.book import book
from provisioning.costs.estimate import PRICERS, difference, estimate
from provisioning.costs.model import CostDifference, Estimate, PricedInput, Scenario, daily
from provisioning.costs.scenarios import FIGURE_WORDS, SCENARIOS, SUMMARIES, number_words


class NotKnownYet:
    """Stands for a value that only AWS knows."""


ALARM = PricedInput("Alarm", "AWS::CloudWatch::Alarm", {"MetricName": "SystemErrors", "Period": 60})
LOGS = PricedInput("Logs", "AWS::Logs::LogGroup", {})
ROLE = PricedInput("Role", "AWS::IAM::Role", {})
QUEUE = PricedInput("Queue", "AWS::SQS::Queue", {})

# Each of these types costs something by its mere presence, whatever its properties turn out to be.
NEVER_FREE = (
    "AWS::DynamoDB::Table",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::EC2::NatGateway",
    "AWS::EC2::EIP",
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::EC2::Instance",
)
PROPERTY_NAMES = (
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "PointInTimeRecoverySpecification",
    "StreamSpecification",
    "TableClass",
    "Type",
    "Scheme",
    "Subnets",
    "InstanceType",
    "BlockDeviceMappings",
    "NetworkInterfaces",
    "LaunchTemplate",
    "LaunchType",
    "TaskDefinition",
    "CapacityProviderStrategy",
    "DesiredCount",
    "DesiredCapacity",
    "Metrics",
    "Period",
    "Tier",
    "Value",
    "LogGroupClass",
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.builds(NotKnownYet),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_the_sum_leaves_out_and_names_what_is_not_priced() -> None:
    result = estimate([ALARM, LOGS, ROLE, QUEUE])
    assert result.monthly == Decimal("0.6000")  # 0.10 + 1 GB x $0.50 + 0
    assert result.not_priced == ("Queue (AWS::SQS::Queue)",)
    queue = result.lines[3]
    assert (queue.monthly, queue.basis) == (None, "not priced: this type is not in Stackyard's price list")


def test_no_resources_cost_nothing() -> None:
    assert estimate([]).monthly == Decimal("0.0000")


def test_an_estimate_says_what_it_rests_on() -> None:
    result = estimate([LOGS], scenario="idle")
    assert result.scenario == "idle"
    assert result.published == book().published
    assert result.assumptions == (
        "Idle: it runs and nobody uses it.",
        f"USD list prices of us-east-1 as of {book().published}, on demand, before tax.",
        "A month has 730 hours. Free allowances, credits and discounts are not deducted.",
        "Traffic to the internet is not counted.",
    )


def test_another_region_is_priced_with_a_warning() -> None:
    here, there = (
        estimate([PricedInput("Logs", LOGS.type, {}, {"region": region})]) for region in ("us-east-1", "eu-west-1")
    )
    assert there.monthly == here.monthly
    assert "Prices in eu-west-1 differ; those of us-east-1 are used." in there.assumptions
    assert not any("differ" in sentence for sentence in here.assumptions)


def test_a_logical_id_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="one stack at a time"):
        estimate([LOGS, LOGS])


def test_a_scenario_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no scenario 'busy'; there are idle, expected, peak"):
        estimate([LOGS], scenario="busy")  # type: ignore[arg-type] # what a URL may carry


def test_every_figure_of_every_scenario_has_its_words_and_none_shrinks() -> None:
    assert set(SUMMARIES) == set(SCENARIOS)
    for figures in SCENARIOS.values():
        assert set(figures) == set(FIGURE_WORDS)
    idle, expected, peak = (SCENARIOS[name] for name in ("idle", "expected", "peak"))
    assert all(idle[key] <= expected[key] <= peak[key] for key in FIGURE_WORDS)


@pytest.mark.parametrize(
    ("amount", "words"),
    [("1000000", "1,000,000"), ("1E+3", "1,000"), ("0.2500", "0.25"), ("0", "0"), ("10", "10")],
)
def test_numbers_are_written_for_people(amount: str, words: str) -> None:
    assert number_words(Decimal(amount)) == words


def test_what_a_month_is_per_day() -> None:
    assert daily(Decimal("730.0000")) == Decimal("24.0000")
    assert daily(Decimal("9.0100")) == Decimal("0.2962")  # 9.01 x 24 / 730 = 0.296219...


def test_a_difference_names_what_comes_goes_and_changes() -> None:
    louder = PricedInput("Alarm", ALARM.type, {"MetricName": "SystemErrors", "Period": 10})
    result = difference(estimate([ALARM, LOGS, ROLE]), estimate([louder, ROLE, QUEUE]))
    assert result.delta == Decimal("-0.3000")  # 0.30 - (0.10 + 0.50)
    assert {line.logical_id: (line.change, line.delta) for line in result.lines} == {
        "Alarm": ("changed", Decimal("0.2000")),
        "Logs": ("removed", Decimal("-0.5000")),
        "Role": ("same", Decimal("0.0000")),
        "Queue": ("added", None),
    }


def test_a_first_plan_has_no_before() -> None:
    result = difference(None, estimate([ALARM]))
    assert result.before is None
    assert result.delta == Decimal("0.1000")
    assert [(line.change, line.before, line.after) for line in result.lines] == [("added", None, Decimal("0.1000"))]


def test_a_type_that_changes_is_one_gone_and_one_new() -> None:
    other = PricedInput("Alarm", "AWS::CloudWatch::CompositeAlarm", {})
    result = difference(estimate([ALARM]), estimate([other]))
    assert [(line.type, line.change) for line in result.lines] == [
        ("AWS::CloudWatch::Alarm", "removed"),
        ("AWS::CloudWatch::CompositeAlarm", "added"),
    ]


def test_estimates_of_two_scenarios_are_not_compared() -> None:
    with pytest.raises(ValueError, match="Scenario idle cannot be compared with peak"):
        difference(estimate([LOGS], scenario="idle"), estimate([LOGS], scenario="peak"))


@pytest.mark.parametrize("before", [None, estimate([ALARM, QUEUE])])
def test_a_difference_survives_being_kept_as_json(before: Estimate | None) -> None:
    result = difference(before, estimate([ALARM, LOGS, QUEUE]))
    assert CostDifference.from_dict(json.loads(json.dumps(result.as_dict()))) == result


def test_amounts_are_kept_as_texts() -> None:
    kept = estimate([LOGS, QUEUE]).as_dict()
    assert kept["monthly"] == "0.5000"
    assert [line["monthly"] for line in kept["lines"]] == ["0.5000", None]


def test_what_is_kept_and_broken_is_refused() -> None:
    kept = estimate([LOGS]).as_dict()
    del kept["monthly"]
    with pytest.raises(KeyError, match="monthly"):
        Estimate.from_dict(kept)


@given(types=st.lists(st.sampled_from([*PRICERS, "AWS::SQS::Queue", "Custom::Thing"]), max_size=12))
def test_the_lines_add_up_to_the_sum(types: list[str]) -> None:
    result = estimate([PricedInput(f"R{number}", type_, {}) for number, type_ in enumerate(types)])
    assert [line.type for line in result.lines] == types
    assert result.monthly == sum(line.monthly for line in result.lines if line.monthly is not None)
    assert len(result.not_priced) == sum(line.monthly is None for line in result.lines)


@given(type_=st.text(min_size=1).filter(lambda text: text not in PRICERS))
def test_a_type_that_is_not_known_is_never_zero(type_: str) -> None:
    result = estimate([PricedInput("Thing", type_, {})])
    assert result.lines[0].monthly is None
    assert result.not_priced == (f"Thing ({type_})",)


@given(
    type_=st.sampled_from(NEVER_FREE),
    names=st.sets(st.sampled_from(PROPERTY_NAMES)),
    scenario=st.sampled_from(["idle", "expected", "peak"]),
)
def test_properties_not_known_yet_never_make_it_free(type_: str, names: set[str], scenario: Scenario) -> None:
    properties = {name: NotKnownYet() for name in names}
    monthly = estimate([PricedInput("Thing", type_, properties)], scenario=scenario).lines[0].monthly
    assert monthly is None or monthly > 0


@given(
    type_=st.sampled_from(sorted(PRICERS)),
    properties=st.dictionaries(st.sampled_from(PROPERTY_NAMES), ANYTHING),
)
def test_no_template_breaks_an_estimate(type_: str, properties: dict[str, Any]) -> None:
    result = estimate([PricedInput("Thing", type_, properties)])
    assert result.monthly >= 0
    assert Estimate.from_dict(json.loads(json.dumps(result.as_dict()))) == result
