"""An account in moto to request environments in, and one that does not answer."""

import socket
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from fakes.as_aws import plain
from moto import mock_aws

from provisioning.aws.clients import clients_for
from provisioning.models import Account


@pytest.fixture(autouse=True)
def fresh() -> None:
    """No test sees what another one read."""
    cache.clear()


@pytest.fixture
def network(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An account in moto with the default VPC, one named demo with two subnets, and one key pair."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # hundreds of images that no test looks at
    with mock_aws():
        ec2 = plain("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "demo"}])
        found = {"vpc": vpc}
        for letter, third in (("a", 1), ("b", 2)):
            subnet = ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.42.{third}.0/24", AvailabilityZone=f"us-east-1{letter}"
            )
            found[letter] = subnet["Subnet"]["SubnetId"]
        ec2.create_key_pair(KeyName="demo-key")
        default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        yield {**found, "default": default}


@pytest.fixture
def away(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account whose AWS does not answer: a port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    clients_for.cache_clear()
    yield
    clients_for.cache_clear()
