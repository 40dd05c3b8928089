"""stackyard data-stack and compute-stack: one stack by itself, in the words of the scripts that came before."""

import pytest

from portal.accounts.models import User
from provisioning.aws.clients import clients_for
from provisioning.lifecycle import StackKind
from provisioning.models import Change, Environment

from .. import rows
from ..requesting.conftest import network  # noqa: F401  the account that has something to choose from
from .served import Served, Terminal

APP = ["--app", "hello-erlang"]
NAMED = ["--vpc", "vpc-1", "--subnets", "subnet-x,subnet-y", "--key-name", "my-key", "--image=ami-12345678"]


@pytest.fixture
def data_only(alice: User, served: Served) -> Environment:
    """An environment that has its data stack alone."""
    return rows.without(rows.environment(alice, "dev"), StackKind.COMPUTE)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is where moto stands in for it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    clients_for.cache_clear()


def stacks_of(change: Change) -> list[str]:
    return sorted(change.operations.values_list("stack__kind", flat=True))


class TestData:
    """data-stack."""

    def test_created_by_itself(self, alice_types: Terminal) -> None:
        told = alice_types.json("data-stack", "create", "dev", *APP, "--billing-mode", "PROVISIONED")
        change = Change.objects.get(pk=told["id"])
        assert (change.kind, stacks_of(change)) == ("create", ["data"])
        assert change.operations.get().parameters["BillingMode"] == "PROVISIONED"
        assert change.environment.expires_at is None

    def test_updated_by_itself(self, data_only: Environment, alice_types: Terminal) -> None:
        told = alice_types.json("data-stack", "update", "dev", *APP, "--set", "BillingMode=PROVISIONED")
        assert stacks_of(Change.objects.get(pk=told["id"])) == ["data"]

    def test_status_and_outputs(self, data_only: Environment, alice_types: Terminal) -> None:
        rows.outputs(data_only, StackKind.DATA, MessagesTableName="dev-hello-erlang-messages")
        assert "CREATE_COMPLETE" in alice_types.told("data-stack", "status", "dev", *APP)
        assert alice_types.json("data-stack", "status", "dev", *APP)["name"] == "hello-erlang-data-dev"
        (line,) = [
            line for line in alice_types.told("data-stack", "outputs", "dev", *APP).splitlines() if "TableName" in line
        ]
        assert line.split()[1] == "dev-hello-erlang-messages"
        assert alice_types.json("data-stack", "outputs", "dev", *APP)["items"][0]["key"] == "MessagesTableName"

    def test_deleted_it_keeps_its_tables(self, data_only: Environment, alice_types: Terminal) -> None:
        assert "items stay" in alice_types.refused("data-stack", "delete", "dev", *APP, code=2)
        told = alice_types.json("data-stack", "delete", "dev", *APP, "--confirm", "dev")
        assert told["kind"] == "delete_data_stack"

    def test_one_that_is_there(self, data_only: Environment, alice_types: Terminal) -> None:
        assert "has its data stack already" in alice_types.refused("data-stack", "create", "dev", *APP, code=5)


class TestCompute:
    """compute-stack."""

    def test_created_on_its_data(self, data_only: Environment, alice_types: Terminal) -> None:
        told = alice_types.json("compute-stack", "create", "dev", *APP, *NAMED)
        change = Change.objects.get(pk=told["id"])
        assert (change.kind, stacks_of(change)) == ("create", ["compute"])
        sent = change.operations.get().parameters
        assert (sent["KeyName"], sent["SubnetIds"], sent["VpcId"]) == ("my-key", "subnet-x,subnet-y", "vpc-1")
        assert change.environment.expires_at is not None

    def test_the_rest_is_what_a_form_starts_with(
        self,
        data_only: Environment,
        alice_types: Terminal,
        reached: None,
        network: dict[str, str],  # noqa: F811  the fixture that is imported
    ) -> None:
        subnets = f"{network['a']},{network['b']}"
        done = alice_types.run(
            "compute-stack", "create", "dev", *APP, "--key-name", "demo-key", "--subnets", subnets,
            "--image", "ami-12345678",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert f"compute.VpcId={network['vpc']}" in done.stderr
        sent = Change.objects.get().operations.get().parameters
        assert (sent["VpcId"], sent["SubnetIds"]) == (network["vpc"], subnets)

    def test_an_environment_without_a_word_about_its_network(
        self,
        alice_types: Terminal,
        reached: None,
        network: dict[str, str],  # noqa: F811  the fixture that is imported
    ) -> None:
        alice_types.told("env", "create", "hello-erlang", "dev", "--set", "ImageId=ami-12345678")
        sent = Change.objects.get().operations.get(stack__kind="compute").parameters
        assert sent["KeyName"] == "demo-key"
        assert sent["VpcId"] == network["default"]
        assert len(sent["SubnetIds"].split(",")) == 2

    def test_not_before_its_data(self, alice_types: Terminal) -> None:
        told = alice_types.refused("compute-stack", "create", "dev", *APP, *NAMED, code=5)
        assert "Create that first" in told
        assert not Environment.objects.exists()

    def test_what_is_not_there(self, data_only: Environment, alice_types: Terminal) -> None:
        for word in ("status", "outputs"):
            assert "no compute stack now" in alice_types.refused("compute-stack", word, "dev", *APP, code=4)
        assert "no compute stack to update" in alice_types.refused("compute-stack", "update", "dev", *APP, code=5)

    def test_deleted(self, alice: User, alice_types: Terminal) -> None:
        rows.environment(alice, "dev")
        told = alice_types.json("compute-stack", "delete", "dev", *APP, "--confirm", "dev")
        assert told["kind"] == "delete_compute"

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["dev", "--nonsense", "1"], "no parameter --nonsense. It has: "),
            (["dev", "--key-name"], "needs a value"),
            (["dev", "--key-name", "a", "--key-name", "b"], "set twice"),
            (["dev", "--key-name", "a", "--set", "KeyName=b"], "set twice"),
            (["dev", "--set", "data.BillingMode=PROVISIONED", *NAMED], "not about the data stack"),
            (["dev", "staging"], "Name one environment"),
            ([], "Name one environment"),
        ],
    )
    def test_what_cannot_be(self, data_only: Environment, alice_types: Terminal, words: list[str], said: str) -> None:
        assert said in alice_types.refused("compute-stack", "create", *words, *APP, code=2)
        assert not Change.objects.exists()

    def test_options_may_come_first(self, data_only: Environment, alice_types: Terminal) -> None:
        alice_types.told("compute-stack", "create", *NAMED, "hello-erlang/dev")
        assert Change.objects.get().operations.get().parameters["KeyName"] == "my-key"
