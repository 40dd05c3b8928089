"""Values that the account would have to have: the API refuses those it has not, as the form does."""

from collections.abc import Iterator

import pytest
from fakes.as_aws import plain
from moto import mock_aws

from portal.accounts.models import User
from provisioning.aws.clients import clients_for
from provisioning.models import Account, Change, Environment

from .program import Program, program_of


@pytest.fixture
def network(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An account in moto with a VPC of two subnets and a key pair: what compute can be given of it."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    clients_for.cache_clear()
    with mock_aws():
        ec2 = plain("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.42.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
        ]
        ec2.create_key_pair(KeyName="demo-key")
        yield {"VpcId": vpc, "SubnetIds": ",".join(subnets), "KeyName": "demo-key", "ImageId": "ami-12345678"}


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("VpcId", "vpc-0dead", "VpcId: The account does not have this. Choose from the list."),
        ("KeyName", "lost-key", "KeyName: The account does not have this. Choose from the list."),
        ("SubnetIds", "subnet-1,subnet-2", "SubnetIds: This is not in the chosen VPC. Choose from the list."),
    ],
)
def test_what_the_account_has_not_is_refused(
    network: dict[str, str], program: Program, name: str, value: str, sentence: str
) -> None:
    sent = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": {**network, name: value}}}
    refused = program.post("/environments", sent, 422)
    assert refused["fields"][f"compute.{name}"] == sentence
    assert not Change.objects.exists()


def test_what_it_has_is_taken(network: dict[str, str], program: Program) -> None:
    sent = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": network}}
    assert program.post("/environments", sent, 202)["status"] == "planning"


def test_an_update_is_held_against_the_network_it_has(
    network: dict[str, str], dev: Environment, program: Program
) -> None:
    dev.stacks.filter(kind="compute").update(parameters=network)
    path = "/environments/hello-erlang/dev-alice/changes"
    wrong = {"kind": "update", "parameters": {"compute": {"SubnetIds": "subnet-1,subnet-2"}}}
    assert "compute.SubnetIds" in program.post(path, wrong, 422)["fields"]
    right = {"kind": "update", "parameters": {"compute": {"SubnetIds": network["SubnetIds"]}}}
    assert program.post(path, right, 202)["status"] == "planning"
