"""The network of a demo: made on an emulator only, so that there is something to choose on the request form."""

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

SERVICE = "ec2"


def create_vpc(aws: Clients, name: str, cidr: str) -> str:
    """Make a VPC with a Name tag; returns its id."""
    with translated(SERVICE, "CreateVpc"):
        made = aws.ec2.create_vpc(
            CidrBlock=cidr,
            TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}],
        )
    return made["Vpc"]["VpcId"]


def create_subnet(aws: Clients, vpc_id: str, name: str, cidr: str, zone: str) -> str:
    """Make a subnet with a Name tag in one zone; returns its id."""
    with translated(SERVICE, "CreateSubnet"):
        made = aws.ec2.create_subnet(
            VpcId=vpc_id,
            CidrBlock=cidr,
            AvailabilityZone=zone,
            TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": name}]}],
        )
    return made["Subnet"]["SubnetId"]


def create_key_pair(aws: Clients, name: str) -> None:
    """Make a key pair; its private half is thrown away, since nobody signs in to a demo machine."""
    with translated(SERVICE, "CreateKeyPair"):
        aws.ec2.create_key_pair(KeyName=name)
