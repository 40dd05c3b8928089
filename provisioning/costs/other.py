"""Prices of everything around tables and compute: load balancers, network, alarms, logs, parameters.

`FREE_TYPES` are the types that AWS does not charge for. A type in none of the lists is not priced, which is
not the same as free.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from provisioning.costs.scenarios import number_words
from provisioning.costs.sheet import FREE, Bill, NotPricedError, Sheet, inside, to_number

DEFAULT_SUBNETS = 2
# Alarms that look more often than once a minute are high-resolution ones.
STANDARD_PERIOD_SECONDS = 60
# A larger value makes an Intelligent-Tiering parameter an advanced one.
STANDARD_VALUE_BYTES = 4_096

FREE_TYPES = frozenset(
    {
        "AWS::AutoScaling::LifecycleHook",
        "AWS::CloudFormation::WaitConditionHandle",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::Group",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
    }
)


def price_nothing(sheet: Sheet) -> Bill:
    """Price a resource that AWS does not charge for."""
    return Bill(Decimal(0), FREE)


def price_load_balancer(sheet: Sheet) -> Bill:
    """Price an application load balancer: hours, capacity units, and a public address per subnet.

    Raises NotPricedError for the other kinds, whose prices are not in the book.
    """
    kind = sheet.option("Type", "application")
    if kind != "application":
        raise NotPricedError(f"no price on record for {kind} load balancers")
    lcu = sheet.figure("lcu")
    addresses = _load_balancer_addresses(sheet)
    return Bill(
        sheet.hourly("alb.hour") + sheet.hourly("alb.lcu", lcu) + sheet.hourly("ipv4.hour", addresses),
        f"1 load balancer, 730 h, {number_words(lcu)} LCU, {addresses} public IPv4 "
        f"{'address' if addresses == 1 else 'addresses'}",
    )


def _load_balancer_addresses(sheet: Sheet) -> int:
    scheme = sheet.option("Scheme", "internet-facing")
    if scheme == "internal" or sheet.get("IpAddressType") == "dualstack-without-public-ipv4":
        return 0
    subnets = sheet.get("Subnets")
    if subnets is None:
        subnets = sheet.get("SubnetMappings")
    if isinstance(subnets, str):
        subnets = [part for part in subnets.split(",") if part.strip()]
    if isinstance(subnets, list) and subnets:
        return len(subnets)
    sheet.assume(f"Its subnets are not known yet; {DEFAULT_SUBNETS} assumed.")
    return DEFAULT_SUBNETS


def price_nat_gateway(sheet: Sheet) -> Bill:
    """Price an AWS::EC2::NatGateway: hours, traffic, and its address unless that is a resource of its own."""
    traffic = sheet.figure("nat_gb")
    kind = sheet.option("ConnectivityType", "public")
    allocation = sheet.get("AllocationId")
    separate = allocation is not None and sheet.sibling(allocation, "AWS::EC2::EIP") is not None
    addresses = 1 if kind == "public" and not separate else 0
    return Bill(
        sheet.hourly("nat.hour") + sheet.cost("nat.gb", traffic) + sheet.hourly("ipv4.hour", addresses),
        f"1 NAT gateway, 730 h, {number_words(traffic)} GB{', 1 public IPv4 address' if addresses else ''}",
    )


def price_address(sheet: Sheet) -> Bill:
    """Price an AWS::EC2::EIP, which costs the same attached or not."""
    return Bill(sheet.hourly("ipv4.hour"), "1 public IPv4 address, 730 h")


def price_alarm(sheet: Sheet) -> Bill:
    """Price an AWS::CloudWatch::Alarm by its metrics, more when it looks oftener than once a minute."""
    periods = _alarm_periods(sheet)
    # An alarm on an expression alone names no metric and is billed as one.
    metrics = max(1, len(periods))
    fast = any(_is_fast(period) for period in periods)
    kind = "high-resolution" if fast else "standard"
    return Bill(
        sheet.cost("cloudwatch.alarm_high" if fast else "cloudwatch.alarm", metrics),
        f"{kind} alarm on {metrics} {'metric' if metrics == 1 else 'metrics'}",
    )


def _alarm_periods(sheet: Sheet) -> list[Any]:
    queries = sheet.get("Metrics")
    if isinstance(queries, list):
        stats = (inside(query, "MetricStat") for query in queries)
        return [inside(stat, "Period") for stat in stats if stat is not None]
    if queries is not None:
        sheet.assume("Its metrics are not known yet; 1 assumed.")
    return [sheet.get("Period")]


def _is_fast(period: Any) -> bool:
    seconds = to_number(period)
    return seconds is not None and seconds < STANDARD_PERIOD_SECONDS


def price_composite_alarm(sheet: Sheet) -> Bill:
    """Price an AWS::CloudWatch::CompositeAlarm; the alarms it looks at are priced themselves."""
    return Bill(sheet.cost("cloudwatch.alarm_composite", 1), "1 composite alarm")


def price_log_group(sheet: Sheet) -> Bill:
    """Price what is written to an AWS::Logs::LogGroup; raises NotPricedError for infrequent access."""
    kind = sheet.option("LogGroupClass", "STANDARD")
    if kind != "STANDARD":
        raise NotPricedError(f"no price on record for log class {kind}")
    written = sheet.figure("log_gb")
    return Bill(sheet.cost("logs.ingest", written), f"{number_words(written)} GB of logs written")


def price_parameter(sheet: Sheet) -> Bill:
    """Price an AWS::SSM::Parameter: standard ones are free, advanced ones cost per month and call (M1)."""
    tier = sheet.text(sheet.get("Tier"), name="Tier", default="Advanced", absent="Standard")
    if tier == "Intelligent-Tiering":
        value = sheet.text(sheet.get("Value"), name="Value", default="a standard value")
        tier = "Advanced" if len(value.encode()) > STANDARD_VALUE_BYTES else "Standard"
    if tier == "Standard":
        return Bill(Decimal(0), f"{FREE}: a standard parameter")
    calls = sheet.figure("parameter_calls")
    return Bill(
        sheet.cost("ssm.advanced", 1) + sheet.cost("ssm.advanced_call", calls),
        f"1 advanced parameter, {number_words(calls)} calls",
    )


PRICERS: Mapping[str, Callable[[Sheet], Bill]] = {
    **dict.fromkeys(FREE_TYPES, price_nothing),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": price_load_balancer,
    "AWS::EC2::NatGateway": price_nat_gateway,
    "AWS::EC2::EIP": price_address,
    "AWS::CloudWatch::Alarm": price_alarm,
    "AWS::CloudWatch::CompositeAlarm": price_composite_alarm,
    "AWS::Logs::LogGroup": price_log_group,
    "AWS::SSM::Parameter": price_parameter,
}
