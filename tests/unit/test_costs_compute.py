"""Prices of instances, groups and Fargate services, each reckoned by hand beside the assertion."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.estimate import estimate
from provisioning.costs.model import CostLine, PricedInput


@dataclass(frozen=True)
class NotKnownYet:
    """Stands for a value that only AWS knows, and reads as what it will be."""

    text: str = "something"

    def __str__(self) -> str:
        return self.text


def line_of(logical_id: str, *resources: PricedInput) -> CostLine:
    return next(line for line in estimate(resources).lines if line.logical_id == logical_id)


def template(logical_id: str = "WebTemplate", **data: Any) -> PricedInput:
    return PricedInput(logical_id, "AWS::EC2::LaunchTemplate", {"LaunchTemplateData": data})


def group(reference: Any = NotKnownYet("WebTemplate, known after it runs"), **properties: Any) -> PricedInput:
    launch = {"LaunchTemplate": {"LaunchTemplateId": reference, "Version": NotKnownYet()}}
    return PricedInput("Group", "AWS::AutoScaling::AutoScalingGroup", {**launch, **properties})


def task(logical_id: str = "Task", **properties: Any) -> PricedInput:
    return PricedInput(logical_id, "AWS::ECS::TaskDefinition", properties)


def service(reference: Any = NotKnownYet("Task, known after it runs"), **properties: Any) -> PricedInput:
    return PricedInput("Service", "AWS::ECS::Service", {"TaskDefinition": reference, **properties})


def disk(size: Any, kind: str | None = "gp3", **more: Any) -> list[dict[str, Any]]:
    ebs = {"VolumeSize": size, **({"VolumeType": kind} if kind else {}), **more}
    return [{"DeviceName": "/dev/xvda", "Ebs": ebs}]


def test_a_group_costs_its_desired_instances_with_their_volumes() -> None:
    line = line_of(
        "Group",
        template(InstanceType="t3.small", BlockDeviceMappings=disk(20)),
        group(DesiredCapacity="2", MinSize="1", MaxSize="4"),
    )
    # 2 x (730 h x $0.0208 + 20 GB x $0.08) = 2 x (15.184 + 1.6)
    assert line.monthly == Decimal("33.5680")
    assert line.basis == "2 x t3.small (Linux), 730 h, 20 GB gp3"


def test_the_launch_template_itself_is_free() -> None:
    line = line_of("WebTemplate", template(InstanceType="t3.small"), group())
    assert (line.monthly, line.basis) == (Decimal(0), "free of charge")


@pytest.mark.parametrize(
    "reference",
    [
        NotKnownYet("WebTemplate, known after it runs"),
        {"Ref": "WebTemplate"},
        {"Fn::GetAtt": ["WebTemplate", "LaunchTemplateId"]},
    ],
)
def test_a_group_finds_its_own_launch_template_among_several(reference: Any) -> None:
    line = line_of(
        "Group",
        template("WebTemplateOld", InstanceType="t3.medium"),
        template("Template", InstanceType="t3.medium"),
        template("WebTemplate", InstanceType="t4g.micro", BlockDeviceMappings=disk(8)),
        group(reference, DesiredCapacity=1),
    )
    assert line.monthly == Decimal("6.7720")  # 730 x $0.0084 + 8 x $0.08 = 6.132 + 0.64


def test_the_only_launch_template_is_taken_when_the_reference_does_not_say() -> None:
    line = line_of("Group", template(InstanceType="t3.micro"), group(NotKnownYet("?"), DesiredCapacity=1))
    assert line.monthly == Decimal("8.2320")  # 730 x $0.0104 + 8 x $0.08 = 7.592 + 0.64
    assert "It is taken to use WebTemplate, the only one of its kind here." in line.assumptions
    assert "The image's own volume has 8 GB of gp3." in line.assumptions


@pytest.mark.parametrize("reference", ["lt-0123456789abcdef0", NotKnownYet("Elsewhere"), {"Ref": "Elsewhere"}])
def test_a_group_whose_launch_template_is_elsewhere_is_not_priced(reference: Any) -> None:
    templates = (template("A", InstanceType="t3.micro"), template("B", InstanceType="t3.micro"))
    line = line_of("Group", *templates, group(reference, DesiredCapacity=1))
    assert line.monthly is None
    assert line.basis == "not priced: its launch template is not part of this template"


def test_a_group_without_a_launch_template_is_not_priced() -> None:
    lone = PricedInput("Group", "AWS::AutoScaling::AutoScalingGroup", {"MinSize": "1"})
    assert line_of("Group", template(InstanceType="t3.micro"), lone).monthly is None


def test_a_group_without_desired_capacity_stays_at_its_minimum() -> None:
    line = line_of("Group", template(InstanceType="t3.micro"), group(MinSize="3", MaxSize="9"))
    assert line.monthly == Decimal("24.6960")  # 3 x 8.232


def test_a_parked_group_of_none_costs_nothing() -> None:
    line = line_of("Group", template(InstanceType="t3.micro"), group(DesiredCapacity="0"))
    assert line.monthly == 0
    assert line.basis.startswith("0 x t3.micro")


@pytest.mark.parametrize("desired", [NotKnownYet(), "many", "-1", -1, True, "9e9", "Infinity", {"Ref": "Count"}])
def test_a_number_of_instances_not_known_yet_counts_as_one(desired: Any) -> None:
    line = line_of("Group", template(InstanceType="t3.micro"), group(DesiredCapacity=desired))
    assert line.monthly == Decimal("8.2320")
    assert "The number of instances is not known yet; 1 assumed." in line.assumptions


def test_an_absurd_number_of_instances_gives_an_absurd_price() -> None:
    big = "9" * 15
    line = line_of(
        "Group",
        template(InstanceType="t3.micro", BlockDeviceMappings=disk(big)),
        group(DesiredCapacity=big),
    )
    assert line.monthly is not None
    assert line.monthly > 10**27


def test_a_mixed_group_uses_the_template_of_its_policy() -> None:
    spec = {"LaunchTemplateSpecification": {"LaunchTemplateId": {"Ref": "WebTemplate"}}}
    mixed = PricedInput(
        "Group",
        "AWS::AutoScaling::AutoScalingGroup",
        {"DesiredCapacity": 1, "MixedInstancesPolicy": {"LaunchTemplate": spec}},
    )
    line = line_of("Group", template(InstanceType="t3.micro"), mixed)
    assert line.monthly == Decimal("8.2320")
    assert "All instances are taken to be of the launch template's type, on demand." in line.assumptions


def test_a_public_address_is_counted_when_asked_for() -> None:
    asked = template(InstanceType="t3.micro", NetworkInterfaces=[{"AssociatePublicIpAddress": "true"}])
    line = line_of("Group", asked, group(DesiredCapacity=2))
    assert line.monthly == Decimal("23.7640")  # 2 x (8.232 + 730 x $0.005) = 2 x 11.882
    assert "1 public IPv4 address each" in line.basis


def test_no_public_address_is_counted_when_refused_and_the_doubt_is_told_when_unsaid() -> None:
    doubt = "No public address of its own; where the subnet gives one, $3.65 a month come on top."
    refused = template(InstanceType="t3.micro", NetworkInterfaces=[{"AssociatePublicIpAddress": False}])
    assert doubt not in line_of("Group", refused, group(DesiredCapacity=1)).assumptions
    unsaid = line_of("Group", template(InstanceType="t3.micro"), group(DesiredCapacity=1))
    assert doubt in unsaid.assumptions
    assert unsaid.monthly == Decimal("8.2320")


def test_an_instance_costs_its_type() -> None:
    line = line_of("Box", PricedInput("Box", "AWS::EC2::Instance", {"InstanceType": "t3.medium"}))
    assert line.monthly == Decimal("31.0080")  # 730 x $0.0416 + 8 x $0.08 = 30.368 + 0.64


def test_an_instance_takes_from_its_launch_template_what_it_does_not_say() -> None:
    box = PricedInput("Box", "AWS::EC2::Instance", {"LaunchTemplate": {"LaunchTemplateId": {"Ref": "WebTemplate"}}})
    line = line_of("Box", template(InstanceType="t4g.small", BlockDeviceMappings=disk(10, None)), box)
    assert line.monthly == Decimal("13.0640")  # 730 x $0.0168 + 10 x $0.08 = 12.264 + 0.8
    assert "A volume without a type counts as gp3." in line.assumptions


def test_an_instance_type_not_known_yet_counts_as_the_usual_one() -> None:
    line = line_of("Box", PricedInput("Box", "AWS::EC2::Instance", {"InstanceType": NotKnownYet()}))
    assert line.monthly == Decimal("8.2320")
    assert "InstanceType is not known yet; t3.micro assumed." in line.assumptions


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"InstanceType": "m7i.48xlarge"}, "no price on record for instance type m7i.48xlarge"),
        ({}, "no price on record for instance type m1.small"),
        (
            {"InstanceType": "t3.micro", "BlockDeviceMappings": disk(100, "io2")},
            "no price on record for volume type io2",
        ),
    ],
)
def test_what_the_book_does_not_have_is_not_priced(data: dict[str, Any], reason: str) -> None:
    line = line_of("Box", PricedInput("Box", "AWS::EC2::Instance", data))
    assert (line.monthly, line.basis) == (None, f"not priced: {reason}")


def test_faster_volumes_and_spot_are_told() -> None:
    data = {"BlockDeviceMappings": disk(8, Iops=6_000), "InstanceMarketOptions": {"MarketType": "spot"}}
    line = line_of("Box", PricedInput("Box", "AWS::EC2::Instance", {"InstanceType": "t3.micro", **data}))
    assert "Speed beyond what gp3 includes is not counted." in line.assumptions
    assert "Spot instances count at the on-demand price, which they stay below." in line.assumptions


def test_a_small_fargate_service() -> None:
    line = line_of("Service", task(Cpu="256", Memory="512"), service(LaunchType="FARGATE", DesiredCount=1))
    # 730 x (0.25 vCPU x $0.04048 + 0.5 GB x $0.004445) = 730 x 0.0123425 = 9.010025
    assert line.monthly == Decimal("9.0100")
    assert line.basis == "1 x Fargate (x86) with 0.25 vCPU and 0.5 GB, 730 h"


def test_arm_tasks_with_public_addresses() -> None:
    arm = task(Cpu=512, Memory=1_024, RuntimePlatform={"CpuArchitecture": "ARM64"})
    network = {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED", "Subnets": ["subnet-1"]}}
    line = line_of("Service", arm, service(LaunchType="FARGATE", DesiredCount="3", NetworkConfiguration=network))
    # 730 x (0.5 x $0.03238 + 1 x $0.00356) = 730 x 0.01975 = 14.4175; address 3.65; 3 x 18.0675
    assert line.monthly == Decimal("54.2025")


@pytest.mark.parametrize(("cpu", "memory"), [("1 vCPU", "2 GB"), ("1vcpu", "2GB"), ("1024", "2048")])
def test_sizes_may_be_written_with_their_unit(cpu: str, memory: str) -> None:
    line = line_of("Service", task(Cpu=cpu, Memory=memory), service(LaunchType="FARGATE"))
    assert line.monthly == Decimal("36.0401")  # 730 x (0.04048 + 2 x 0.004445) = 730 x 0.04937 = 36.0401


def test_a_service_without_a_count_runs_one_task() -> None:
    parts = (task(Cpu="256", Memory="512"), service(LaunchType="FARGATE"))
    line = line_of("Service", *parts)
    assert line.monthly == Decimal("9.0100")
    assert not any("number of tasks" in sentence for sentence in line.assumptions)


def test_a_task_definition_elsewhere_counts_as_a_small_one() -> None:
    line = line_of("Service", service("arn:aws:ecs:us-east-1:123456789012:task-definition/x", LaunchType="FARGATE"))
    assert line.monthly == Decimal("9.0100")
    assert "Its task definition is not part of this template." in line.assumptions
    assert "Cpu of a task is not known yet; 256 assumed." in line.assumptions
    assert "Memory of a task is not known yet; 512 assumed." in line.assumptions


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}]},
        {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]},
        {"LaunchType": NotKnownYet()},
    ],
)
def test_fargate_is_recognised(properties: dict[str, Any]) -> None:
    fargate = task(Cpu="256", Memory="512", RequiresCompatibilities=["FARGATE"])
    assert line_of("Service", fargate, service(**properties)).monthly == Decimal("9.0100")


def test_a_service_on_instances_is_free_itself() -> None:
    line = line_of("Service", task(), service(LaunchType="EC2", DesiredCount=4))
    assert line.monthly == 0
    assert line.basis == "free of charge: its tasks run on instances that are priced themselves"


@pytest.mark.parametrize(
    ("properties", "platform", "reason"),
    [
        ({"LaunchType": "EXTERNAL"}, {}, "no price on record for launch type EXTERNAL"),
        (
            {"LaunchType": "FARGATE"},
            {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
            "no price on record for Fargate with Windows",
        ),
    ],
)
def test_services_without_a_price(properties: dict[str, Any], platform: dict[str, Any], reason: str) -> None:
    line = line_of("Service", task(RuntimePlatform=platform), service(**properties))
    assert (line.monthly, line.basis) == (None, f"not priced: {reason}")


@given(count=st.integers(1, 10_000))
def test_doubling_the_tasks_doubles_the_price(count: int) -> None:
    def monthly(tasks: int) -> Decimal:
        parts = (task(Cpu="256", Memory="512"), service(LaunchType="FARGATE", DesiredCount=tasks))
        amount = line_of("Service", *parts).monthly
        assert amount is not None
        return amount

    # Each amount is kept to 4 decimals, so the last one may differ by one.
    assert abs(monthly(2 * count) - 2 * monthly(count)) <= Decimal("0.0001")


@given(count=st.integers(1, 10_000), size=st.integers(1, 16_384))
def test_doubling_the_instances_doubles_the_price(count: int, size: int) -> None:
    def monthly(instances: int) -> Decimal:
        launch = template(InstanceType="t3.micro", BlockDeviceMappings=disk(size))
        amount = line_of("Group", launch, group(DesiredCapacity=instances)).monthly
        assert amount is not None
        return amount

    assert monthly(2 * count) == 2 * monthly(count)
