"""What a fresh Stackyard needs to find: its account row, and on an emulator a small network to build in."""

from provisioning.aws import demo, network
from provisioning.aws.clients import clients_for
from provisioning.engine.accounts import target
from provisioning.models import Account

NAME = "stackyard-demo"
KEY_PAIR = "demo-key"


def ensure_account(region: str) -> Account:
    """The default account; several are possible later, one is there from the start."""
    account, _ = Account.objects.get_or_create(slug="default", defaults={"region": region})
    return account


def ensure_demo_network(account: Account) -> None:
    """A VPC with two subnets in two zones and a key pair; what is there already is left alone. Raises AwsError."""
    aws = clients_for(target(account))
    vpc = next((found for found in network.list_vpcs(aws) if found.name == NAME), None)
    vpc_id = vpc.vpc_id if vpc else demo.create_vpc(aws, NAME, "10.42.0.0/16")
    there = {subnet.name for subnet in network.list_subnets(aws, vpc_id)}
    for letter, cidr in (("a", "10.42.1.0/24"), ("b", "10.42.2.0/24")):
        name = f"{NAME}-{letter}"
        if name not in there:
            demo.create_subnet(aws, vpc_id, name, cidr, f"{account.region}{letter}")
    if KEY_PAIR not in {pair.name for pair in network.list_key_pairs(aws)}:
        demo.create_key_pair(aws, KEY_PAIR)
