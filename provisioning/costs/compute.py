"""Prices of what runs the application: instances, groups of them, and Fargate services.

A group or a service takes its size from a sibling resource (launch template, task definition), so these
functions look at the other resources of the template.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.costs.scenarios import number_words
from provisioning.costs.sheet import FREE, Bill, NotPricedError, Sheet, inside, to_number

DEFAULT_INSTANCE_TYPE = "t3.micro"
DEFAULT_ROOT_GB = 8
DEFAULT_TASK_CPU = 256
DEFAULT_TASK_MEMORY = 512
# Beyond these a gp3 volume costs extra, which the price book does not have.
GP3_IOPS, GP3_THROUGHPUT = 3_000, 125
# What a Fargate task has before extra ephemeral storage costs something.
TASK_STORAGE_GB = 20


@dataclass(frozen=True)
class Task:
    """The size of one Fargate task."""

    vcpu: Decimal
    memory_gb: Decimal
    is_arm: bool


def price_instance(sheet: Sheet) -> Bill:
    """Price an AWS::EC2::Instance; raises NotPricedError for instance types and volumes not in the book."""
    return _instance_bill(sheet, _with_launch_template(sheet), Decimal(1))


def price_group(sheet: Sheet) -> Bill:
    """Price an AWS::AutoScaling::AutoScalingGroup as its desired number of instances.

    Raises NotPricedError when its launch template is not part of the template, or not in the book.
    """
    mixed = sheet.get("MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification")
    if mixed is not None:
        sheet.assume("All instances are taken to be of the launch template's type, on demand.")
    reference = sheet.get("LaunchTemplate") if mixed is None else mixed
    data = _launch_template_data(sheet, reference)
    if data is None:
        raise NotPricedError("its launch template is not part of this template")
    desired = sheet.get("DesiredCapacity")
    if desired is None:
        desired = sheet.get("MinSize")
    count = sheet.number(desired, name="The number of instances", default=1)
    sheet.assume("The group stays at its desired size.")
    return _instance_bill(sheet, data, count)


def price_service(sheet: Sheet) -> Bill:
    """Price an AWS::ECS::Service: Fargate tasks; on instances it is free, as those are priced themselves.

    Raises NotPricedError for Windows and for tasks outside AWS.
    """
    task = _task_properties(sheet)
    launch = _launch_type(sheet, task)
    if launch == "EC2":
        return Bill(Decimal(0), f"{FREE}: its tasks run on instances that are priced themselves")
    if launch != "FARGATE":
        raise NotPricedError(f"no price on record for launch type {launch}")
    size = _task_size(sheet, task)
    count = sheet.number(sheet.get("DesiredCount"), name="The number of tasks", default=1, absent=1)
    kind = "arm" if size.is_arm else "x86"
    one = sheet.hourly(f"fargate.{kind}.vcpu", size.vcpu) + sheet.hourly(f"fargate.{kind}.gb", size.memory_gb)
    address = sheet.get("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp")
    public = sheet.text(address, name="AssignPublicIp", default="ENABLED", absent="DISABLED") == "ENABLED"
    return Bill(
        count * (one + (sheet.hourly("ipv4.hour") if public else 0)),
        f"{number_words(count)} x Fargate ({kind}) with {number_words(size.vcpu)} vCPU and "
        f"{number_words(size.memory_gb)} GB, 730 h{_address_words(public=public)}",
    )


def _with_launch_template(sheet: Sheet) -> Mapping[str, Any]:
    data = _launch_template_data(sheet, sheet.get("LaunchTemplate")) or {}
    return {**data, **sheet.resource.properties}


def _launch_template_data(sheet: Sheet, reference: Any) -> Mapping[str, Any] | None:
    if reference is None:
        return None
    name = inside(reference, "LaunchTemplateId")
    found = sheet.sibling(reference if name is None else name, "AWS::EC2::LaunchTemplate")
    data = found.properties.get("LaunchTemplateData") if found else None
    return data if isinstance(data, dict) else None


def _instance_bill(sheet: Sheet, data: Mapping[str, Any], count: Decimal) -> Bill:
    kind = sheet.text(data.get("InstanceType"), name="InstanceType", default=DEFAULT_INSTANCE_TYPE, absent="m1.small")
    if not sheet.book.has(f"ec2.{kind}"):
        raise NotPricedError(f"no price on record for instance type {kind}")
    if data.get("InstanceMarketOptions") is not None:
        sheet.assume("Spot instances count at the on-demand price, which they stay below.")
    gigabytes = _volumes(sheet, data)
    public = _has_public_address(sheet, data)
    one = sheet.hourly(f"ec2.{kind}") + sheet.cost("ebs.gp3", gigabytes)
    return Bill(
        count * (one + (sheet.hourly("ipv4.hour") if public else 0)),
        f"{number_words(count)} x {kind} (Linux), 730 h, {number_words(gigabytes)} GB gp3"
        f"{_address_words(public=public)}",
    )


def _volumes(sheet: Sheet, data: Mapping[str, Any]) -> Decimal:
    mappings = sheet.entries(data.get("BlockDeviceMappings"), name="Block devices")
    disks = [disk for disk in (inside(mapping, "Ebs") for mapping in mappings) if disk is not None]
    if not disks:
        sheet.assume(f"The image's own volume has {DEFAULT_ROOT_GB} GB of gp3.")
        return Decimal(DEFAULT_ROOT_GB)
    return sum((_volume(sheet, disk) for disk in disks), Decimal(0))


def _volume(sheet: Sheet, disk: Any) -> Decimal:
    if inside(disk, "VolumeType") is None:
        sheet.assume("A volume without a type counts as gp3.")
    kind = sheet.text(inside(disk, "VolumeType"), name="VolumeType", default="gp3", absent="gp3")
    if kind != "gp3":
        raise NotPricedError(f"no price on record for volume type {kind}")
    faster = (("Iops", GP3_IOPS), ("Throughput", GP3_THROUGHPUT))
    if any((to_number(inside(disk, key)) or 0) > included for key, included in faster):
        sheet.assume("Speed beyond what gp3 includes is not counted.")
    return sheet.number(inside(disk, "VolumeSize"), name="VolumeSize", default=DEFAULT_ROOT_GB)


def _has_public_address(sheet: Sheet, data: Mapping[str, Any]) -> bool:
    interfaces = sheet.entries(data.get("NetworkInterfaces"), name="Network interfaces")
    asked = [inside(interface, "AssociatePublicIpAddress") for interface in interfaces]
    said = [value for value in asked if value is not None]
    if not said:
        sheet.assume("No public address of its own; where the subnet gives one, $3.65 a month come on top.")
    return any(sheet.truth(value, name="AssociatePublicIpAddress", default=True) for value in said)


def _address_words(*, public: bool) -> str:
    return ", 1 public IPv4 address each" if public else ""


def _task_properties(sheet: Sheet) -> Mapping[str, Any]:
    reference = sheet.get("TaskDefinition")
    found = None if reference is None else sheet.sibling(reference, "AWS::ECS::TaskDefinition")
    if found is None:
        sheet.assume("Its task definition is not part of this template.")
    return found.properties if found else {}


def _launch_type(sheet: Sheet, task: Mapping[str, Any]) -> str:
    strategy = sheet.entries(sheet.get("CapacityProviderStrategy"), name="Capacity providers")
    providers = [str(inside(entry, "CapacityProvider")) for entry in strategy]
    if any(provider == "FARGATE_SPOT" for provider in providers):
        sheet.assume("Fargate Spot counts at the on-demand price, which it stays below.")
    if providers:
        return "FARGATE" if any(provider.startswith("FARGATE") for provider in providers) else "EC2"
    needs = task.get("RequiresCompatibilities")
    absent = "FARGATE" if isinstance(needs, list) and "FARGATE" in needs else "EC2"
    return sheet.text(sheet.get("LaunchType"), name="LaunchType", default="FARGATE", absent=absent)


def _task_size(sheet: Sheet, task: Mapping[str, Any]) -> Task:
    platform = task.get("RuntimePlatform")
    family = inside(platform, "OperatingSystemFamily")
    if isinstance(family, str) and family.upper().startswith("WINDOWS"):
        raise NotPricedError("no price on record for Fargate with Windows")
    architecture = sheet.text(
        inside(platform, "CpuArchitecture"), name="CpuArchitecture", default="X86_64", absent="X86_64"
    )
    if (to_number(inside(task.get("EphemeralStorage"), "SizeInGiB")) or 0) > TASK_STORAGE_GB:
        sheet.assume(f"Task storage beyond {TASK_STORAGE_GB} GB is not counted.")
    cpu = _in_units(task.get("Cpu"), "vcpu")
    memory = _in_units(task.get("Memory"), "gb")
    return Task(
        vcpu=sheet.number(cpu, name="Cpu of a task", default=DEFAULT_TASK_CPU) / 1_024,
        memory_gb=sheet.number(memory, name="Memory of a task", default=DEFAULT_TASK_MEMORY) / 1_024,
        is_arm=architecture == "ARM64",
    )


def _in_units(value: Any, suffix: str) -> Any:
    """Bring `1 vCPU` and `0.5 GB`, which ECS takes as well, to the plain numbers 1024 and 512."""
    written = re.fullmatch(rf"\s*([\d.]+)\s*{suffix}\s*", value, re.IGNORECASE) if isinstance(value, str) else None
    number = to_number(written[1]) if written else None
    return number * 1_024 if number is not None else value


PRICERS: Mapping[str, Callable[[Sheet], Bill]] = {
    "AWS::EC2::Instance": price_instance,
    "AWS::AutoScaling::AutoScalingGroup": price_group,
    "AWS::ECS::Service": price_service,
}
