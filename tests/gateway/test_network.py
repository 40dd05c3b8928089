"""What a request form offers, against moto."""

from typing import Any

import pytest

from provisioning.aws import network
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Denied

from .scripts import Script


def named(kind: str, name: str) -> list[Any]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def test_networks_come_default_first_with_their_names(aws: Clients) -> None:
    made = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=named("vpc", "workshop"))["Vpc"]["VpcId"]
    default, other = network.list_vpcs(aws)
    assert (default.is_default, default.name) == (True, "")
    assert other == network.Vpc(made, "10.1.0.0/16", "workshop", is_default=False)


def test_subnets_are_those_of_the_network(aws: Clients) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    for zone, cidr in (("us-east-1b", "10.1.2.0/24"), ("us-east-1a", "10.1.1.0/24")):
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=named("subnet", cidr))
    found = network.list_subnets(aws, vpc)
    assert [(one.vpc_id, one.az, one.cidr, one.name) for one in found] == [
        (vpc, "us-east-1a", "10.1.1.0/24", "10.1.1.0/24"),
        (vpc, "us-east-1b", "10.1.2.0/24", "10.1.2.0/24"),
    ]
    assert len(network.list_subnets(aws)) > len(found)
    assert network.list_subnets(aws, "vpc-00000000") == ()


def test_security_groups_and_key_pairs(aws: Clients) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    aws.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)
    assert [group.name for group in network.list_security_groups(aws, vpc)] == ["default", "web"]
    assert network.list_key_pairs(aws) == ()
    for name in ("laptop", "desk"):
        aws.ec2.create_key_pair(KeyName=name)
    assert [key.name for key in network.list_key_pairs(aws)] == ["desk", "laptop"]


def image(number: int) -> dict[str, Any]:
    return {
        "ImageId": f"ami-{number}",
        "Name": f"al2023-ami-2023.{number:03}",
        "CreationDate": f"2026-01-{number % 28 + 1:02}T00:00:00.000Z",
        "Architecture": "arm64",
    }


def test_images_are_our_own_then_amazons_newest_first_and_not_all(script: Script) -> None:
    aws, answers = script("ec2")
    state = {"Name": "state", "Values": ["available"]}
    answers.add_response("describe_images", {"Images": [image(1)]}, {"Owners": ["self"], "Filters": [state]})
    names = {"Name": "name", "Values": list(network.AMAZON_IMAGE_NAMES)}
    many = {"Images": [image(number) for number in range(100)]}
    answers.add_response("describe_images", many, {"Owners": ["amazon"], "Filters": [state, names]})
    own, *amazons = network.list_images(aws)
    assert (own.image_id, own.owned) == ("ami-1", True)
    assert len(amazons) == network.IMAGE_LIMIT
    dates = [one.created_at for one in amazons]
    assert dates == sorted(dates, reverse=True)
    assert not any(one.owned for one in amazons)


def test_a_missing_right_is_denied(script: Script) -> None:
    aws, answers = script("ec2")
    answers.add_client_error("describe_vpcs", "UnauthorizedOperation", "You are not authorized", 403)
    with pytest.raises(Denied):
        network.list_vpcs(aws)
