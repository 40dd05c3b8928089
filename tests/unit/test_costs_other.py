"""Prices of load balancers, network, alarms, logs and parameters, each reckoned beside the assertion."""

from decimal import Decimal
from typing import Any

import pytest

from provisioning.costs.estimate import estimate
from provisioning.costs.model import CostLine, PricedInput, Scenario


class NotKnownYet:
    """Stands for a value that only AWS knows."""


def price(type_: str, properties: dict[str, Any], scenario: Scenario = "expected", **context: Any) -> CostLine:
    return estimate([PricedInput("It", type_, properties, context)], scenario=scenario).lines[0]


def load_balancer(scenario: Scenario = "expected", **properties: Any) -> CostLine:
    return price("AWS::ElasticLoadBalancingV2::LoadBalancer", properties, scenario)


@pytest.mark.parametrize(
    ("scenario", "monthly"),
    [
        # 730 x $0.0225 = 16.425; 2 addresses x 730 x $0.005 = 7.30; LCU x 730 x $0.008 = 5.84 each
        ("idle", "23.7250"),
        ("expected", "25.1850"),  # + 0.25 x 5.84 = 1.46
        ("peak", "35.4050"),  # + 2 x 5.84 = 11.68
    ],
)
def test_a_public_load_balancer_in_two_subnets(scenario: Scenario, monthly: str) -> None:
    assert load_balancer(scenario, Subnets=["subnet-a", "subnet-b"]).monthly == Decimal(monthly)


@pytest.mark.parametrize(
    ("properties", "monthly"),
    [
        ({"Subnets": "subnet-a,subnet-b,subnet-c"}, "28.8350"),  # 16.425 + 1.46 + 3 x 3.65
        ({"SubnetMappings": [{"SubnetId": "subnet-a"}]}, "21.5350"),  # 16.425 + 1.46 + 3.65
        ({"Subnets": [NotKnownYet(), NotKnownYet()]}, "25.1850"),
        ({"Subnets": ["subnet-a"], "Scheme": "internal"}, "17.8850"),  # 16.425 + 1.46
        ({"Subnets": ["subnet-a"], "IpAddressType": "dualstack-without-public-ipv4"}, "17.8850"),
    ],
)
def test_addresses_of_a_load_balancer(properties: dict[str, Any], monthly: str) -> None:
    assert load_balancer(**properties).monthly == Decimal(monthly)


def test_subnets_not_known_yet_count_as_two() -> None:
    line = load_balancer(Subnets=NotKnownYet())
    assert line.monthly == Decimal("25.1850")
    assert "Its subnets are not known yet; 2 assumed." in line.assumptions
    assert "0.25 load balancer capacity units (LCU) used on average." in line.assumptions


def test_other_load_balancers_are_not_priced() -> None:
    line = load_balancer(Type="network", Subnets=["subnet-a"])
    assert (line.monthly, line.basis) == (None, "not priced: no price on record for network load balancers")


def test_a_nat_gateway_with_an_address_from_elsewhere() -> None:
    line = price("AWS::EC2::NatGateway", {"AllocationId": "eipalloc-1"})
    assert line.monthly == Decimal("37.4000")  # 730 x $0.045 = 32.85; 20 GB x $0.045 = 0.90; 3.65


def test_a_nat_gateway_without_a_public_address() -> None:
    line = price("AWS::EC2::NatGateway", {"ConnectivityType": "private"}, "idle")
    assert line.monthly == Decimal("32.8950")  # 32.85 + 1 GB x $0.045


def test_an_address_of_its_own_is_counted_once() -> None:
    total = estimate(
        [
            PricedInput("Address", "AWS::EC2::EIP", {"Domain": "vpc"}),
            PricedInput("Gateway", "AWS::EC2::NatGateway", {"AllocationId": {"Fn::GetAtt": "Address.AllocationId"}}),
        ]
    )
    assert [line.monthly for line in total.lines] == [Decimal("3.6500"), Decimal("33.7500")]  # 32.85 + 0.90


@pytest.mark.parametrize(
    ("properties", "monthly"),
    [
        ({"MetricName": "WriteThrottleEvents", "Period": 60}, "0.1000"),
        ({"MetricName": "WriteThrottleEvents", "Period": "10"}, "0.3000"),
        ({"MetricName": "WriteThrottleEvents", "Period": NotKnownYet()}, "0.1000"),
        (
            {
                "Metrics": [
                    {"MetricStat": {"Period": 300}},
                    {"MetricStat": {"Period": 300}},
                    {"Expression": "a+b"},
                ]
            },
            "0.2000",
        ),
        ({"Metrics": [{"MetricStat": {"Period": 10}}, {"MetricStat": {"Period": 60}}]}, "0.6000"),
        ({"Metrics": [{"Expression": "SELECT 1"}]}, "0.1000"),
        ({"Metrics": NotKnownYet()}, "0.1000"),
    ],
)
def test_alarms_cost_by_metric(properties: dict[str, Any], monthly: str) -> None:
    assert price("AWS::CloudWatch::Alarm", properties).monthly == Decimal(monthly)


def test_a_composite_alarm() -> None:
    assert price("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": "TRUE"}).monthly == Decimal("0.5000")


@pytest.mark.parametrize(("scenario", "monthly"), [("idle", "0.0500"), ("expected", "0.5000"), ("peak", "10.0000")])
def test_logs_cost_by_what_is_written(scenario: Scenario, monthly: str) -> None:
    line = price("AWS::Logs::LogGroup", {"RetentionInDays": 30}, scenario)  # 0.1, 1 and 20 GB x $0.50
    assert line.monthly == Decimal(monthly)
    assert any("keeping them is not counted" in sentence for sentence in line.assumptions)


def test_measured_logs_replace_the_scenario() -> None:
    line = price("AWS::Logs::LogGroup", {}, log_gb=Decimal("3.2"))
    assert line.monthly == Decimal("1.6000")  # 3.2 x $0.50
    assert "Measured: 3.2 GB of logs written a month; keeping them is not counted." in line.assumptions


def test_logs_of_another_class_are_not_priced() -> None:
    assert price("AWS::Logs::LogGroup", {"LogGroupClass": "INFREQUENT_ACCESS"}).monthly is None


@pytest.mark.parametrize(
    "properties",
    [
        {"Value": "true"},
        {"Value": "true", "Tier": "Standard"},
        {"Value": "x" * 4_096, "Tier": "Intelligent-Tiering"},
    ],
)
def test_standard_parameters_are_free(properties: dict[str, Any]) -> None:
    line = price("AWS::SSM::Parameter", properties)
    assert (line.monthly, line.basis) == (Decimal(0), "free of charge: a standard parameter")


@pytest.mark.parametrize(
    "properties",
    [
        {"Value": "true", "Tier": "Advanced"},
        {"Value": "é" * 2_049, "Tier": "Intelligent-Tiering"},
        {"Value": "true", "Tier": NotKnownYet()},
    ],
)
def test_advanced_parameters_cost(properties: dict[str, Any]) -> None:
    # $0.05 a month + 10,000 calls x $0.05 / 10,000
    assert price("AWS::SSM::Parameter", properties).monthly == Decimal("0.1000")


@pytest.mark.parametrize(
    "type_",
    [
        "AWS::IAM::Role",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::InstanceProfile",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::LaunchTemplate",
        "AWS::ECS::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::ElasticLoadBalancingV2::Listener",
    ],
)
def test_free_types_say_that_they_are_free(type_: str) -> None:
    line = price(type_, {})
    assert (line.monthly, line.basis, line.assumptions) == (Decimal(0), "free of charge", ())
