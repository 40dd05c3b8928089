"""Networks, key pairs and images: the choices a request form offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

SERVICE = "ec2"

# Amazon publishes thousands of images; these are the ones a Linux instance starts from.
AMAZON_IMAGE_NAMES = ("al2023-ami-2023.*", "al2023-ami-minimal-*")
IMAGE_LIMIT = 60


@dataclass(frozen=True)
class Vpc:
    """A network; `name` is its Name tag, empty without one."""

    vpc_id: str
    cidr: str
    name: str
    is_default: bool


@dataclass(frozen=True)
class Subnet:
    """A part of a network in one availability zone; `is_public` when it hands out public addresses."""

    subnet_id: str
    vpc_id: str
    az: str
    cidr: str
    name: str
    is_public: bool


@dataclass(frozen=True)
class SecurityGroup:
    """A firewall of a network."""

    group_id: str
    vpc_id: str
    name: str
    description: str


@dataclass(frozen=True)
class KeyPair:
    """An SSH key by name; AWS keeps only its public half."""

    name: str
    key_id: str


@dataclass(frozen=True)
class Image:
    """A machine image; `created_at` is AWS's ISO text, `owned` when it is the account's own."""

    image_id: str
    name: str
    description: str
    architecture: str
    created_at: str
    owned: bool


def list_vpcs(aws: Clients) -> tuple[Vpc, ...]:
    """Every network of the region, the default one first."""
    with translated(SERVICE, "DescribeVpcs"):
        pages = aws.ec2.get_paginator("describe_vpcs").paginate()
        found = [
            Vpc(vpc["VpcId"], vpc.get("CidrBlock", ""), _name(vpc), vpc.get("IsDefault", False))
            for page in pages
            for vpc in page["Vpcs"]
        ]
    return tuple(sorted(found, key=lambda vpc: (not vpc.is_default, vpc.name, vpc.vpc_id)))


def list_subnets(aws: Clients, vpc_id: str = "") -> tuple[Subnet, ...]:
    """The subnets of a network, or of all of them, by zone and range; empty for an unknown network."""
    with translated(SERVICE, "DescribeSubnets"):
        pages = aws.ec2.get_paginator("describe_subnets").paginate(**_of_vpc(vpc_id))
        found = [
            Subnet(
                subnet_id=subnet["SubnetId"],
                vpc_id=subnet["VpcId"],
                az=subnet.get("AvailabilityZone", ""),
                cidr=subnet.get("CidrBlock", ""),
                name=_name(subnet),
                is_public=subnet.get("MapPublicIpOnLaunch", False),
            )
            for page in pages
            for subnet in page["Subnets"]
        ]
    return tuple(sorted(found, key=lambda subnet: (subnet.vpc_id, subnet.az, subnet.cidr)))


def list_security_groups(aws: Clients, vpc_id: str = "") -> tuple[SecurityGroup, ...]:
    """The security groups of a network, or of all of them, by name."""
    with translated(SERVICE, "DescribeSecurityGroups"):
        pages = aws.ec2.get_paginator("describe_security_groups").paginate(**_of_vpc(vpc_id))
        found = [
            SecurityGroup(
                group_id=group["GroupId"],
                vpc_id=group.get("VpcId", ""),
                name=group["GroupName"],
                description=group.get("Description", ""),
            )
            for page in pages
            for group in page["SecurityGroups"]
        ]
    return tuple(sorted(found, key=lambda group: (group.vpc_id, group.name)))


def list_key_pairs(aws: Clients) -> tuple[KeyPair, ...]:
    """Every key pair of the region, by name."""
    with translated(SERVICE, "DescribeKeyPairs"):
        found = aws.ec2.describe_key_pairs()["KeyPairs"]
    return tuple(sorted((KeyPair(key["KeyName"], key.get("KeyPairId", "")) for key in found), key=lambda key: key.name))


def list_images(aws: Clients) -> tuple[Image, ...]:
    """The account's own images, then Amazon's Linux ones, each newest first and at most IMAGE_LIMIT."""
    return _images(aws, "self") + _images(aws, "amazon")


def _images(aws: Clients, owner: Literal["self", "amazon"]) -> tuple[Image, ...]:
    filters: list[Any] = [{"Name": "state", "Values": ["available"]}]
    if owner == "amazon":
        filters.append({"Name": "name", "Values": list(AMAZON_IMAGE_NAMES)})
    with translated(SERVICE, "DescribeImages"):
        pages = aws.ec2.get_paginator("describe_images").paginate(Owners=[owner], Filters=filters)
        found = [_image(image, owned=owner == "self") for page in pages for image in page["Images"]]
    return tuple(sorted(found, key=lambda image: (image.created_at, image.name), reverse=True)[:IMAGE_LIMIT])


def _image(found: Mapping[str, Any], *, owned: bool) -> Image:
    return Image(
        image_id=found["ImageId"],
        name=found.get("Name", ""),
        description=found.get("Description", ""),
        architecture=found.get("Architecture", ""),
        created_at=found.get("CreationDate", ""),
        owned=owned,
    )


def _of_vpc(vpc_id: str) -> dict[str, Any]:
    return {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]} if vpc_id else {}


def _name(found: Mapping[str, Any]) -> str:
    tags: Iterable[Mapping[str, str]] = found.get("Tags", [])
    return next((tag["Value"] for tag in tags if tag["Key"] == "Name"), "")
