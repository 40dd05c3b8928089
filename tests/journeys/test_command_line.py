"""Both applications from nothing to nothing by the command alone: create, watch, configuration, items, flags, deploy,
prove, go back, park, delete; prod approved by somebody else's token."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.running import PYTHON, Running, free_ports, launch_of
from tools.installing import CHECKOUT

HELLO = ["--app", "hello-erlang"]
MESSAGE = {"id": {"S": "m-1"}, "user_id": {"S": "alice"}, "timestamp": {"N": "1767225600"}, "text": {"S": "größer"}}
USER = {"user_id": {"S": "u-1"}, "email": {"S": "u@example.com"}}
UNITS = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 3}
INDEX = {"Update": {"IndexName": "user-timestamp-index", "ProvisionedThroughput": UNITS}}
PROVISIONED: dict[str, Any] = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": UNITS,
    "GlobalSecondaryIndexUpdates": [INDEX],
}


class Shell:
    """Somebody's shell, in which `stackyard` is theirs by its variables."""

    def __init__(self, yard: Running, person: str, home: Path) -> None:
        made = subprocess.run(  # noqa: S603  our own program
            [str(PYTHON), "manage.py", "create_token", person, "--scopes", "read,change,approve"],
            cwd=CHECKOUT, env={**os.environ, **yard.launch.settings}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.home = home
        self.token = made.stdout.strip()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "XDG_CONFIG_HOME": str(home / person),
            "STACKYARD_URL": yard.address,
            "STACKYARD_TOKEN": self.token,
        }

    def run(self, *words: str, code: int = 0, typed: str | None = None) -> str:
        """What one command answers, which ends with this code; the token is nowhere in it."""
        done = subprocess.run(  # noqa: S603  our own program
            [str(PYTHON), "-m", "portal.cli", *words],
            cwd=self.home, env=self.environment, capture_output=True, text=True, check=False, input=typed,
        )  # fmt: skip
        assert self.token not in done.stdout + done.stderr
        assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-4000:]}"
        return done.stdout

    def wait(self, *words: str, code: int = 0) -> str:
        """The same for what opens a change: its end."""
        return self.run(*words, "--wait", "--every", "0.2", "--timeout", "300", code=code)

    def json(self, *words: str) -> Any:
        """The JSON that a command answers."""
        return json.loads(self.run(*words, "--json"))


@pytest.fixture(scope="module")
def own_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Stackyard of this file's own: it makes and deletes whole environments under their plain names."""
    port, aws_port = free_ports(2)
    running = Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port))
    try:
        running.bring_up()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def alice_types(own_yard: Running, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An engineer's shell."""
    return Shell(own_yard, "alice", tmp_path_factory.mktemp("alice"))


@pytest.fixture(scope="module")
def ada_types(own_yard: Running, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An admin's shell."""
    return Shell(own_yard, "ada", tmp_path_factory.mktemp("ada"))


def stacks_of(shell: Shell, environment: str) -> dict[str, str]:
    """The stacks of an environment with the statuses that they were last seen with."""
    return {one["kind"]: one["status"] for one in shell.json("env", "show", environment)["stacks"]}


def test_hello_erlang_in_the_words_of_its_scripts(alice_types: Shell) -> None:
    alice_types.wait("data-stack", "create", "dev", *HELLO)
    assert "CREATE_COMPLETE" in alice_types.run("data-stack", "status", "dev", *HELLO)
    assert "no compute stack now" not in alice_types.run("data-stack", "outputs", "dev", *HELLO)
    alice_types.run("compute-stack", "status", "dev", *HELLO, code=4)

    choices = alice_types.json("apps", "show", "hello-erlang")["parameters"]
    assert {"KeyName", "SubnetIds"} <= {one["name"] for one in choices}
    network = ["--key-name", "demo-key", "--subnets", "subnet-00000001,subnet-00000002"]
    alice_types.wait("compute-stack", "create", "dev", *HELLO, *network)
    outputs = alice_types.run("compute-stack", "outputs", "dev", *HELLO)
    (balancer,) = [line.split()[1] for line in outputs.splitlines() if line.startswith("LoadBalancerDNS")]
    assert balancer.endswith(".amazonaws.com")

    alice_types.run("env", "outputs", "hello-erlang/dev", "-o", ".env")
    lines = (alice_types.home / ".env").read_text().splitlines()
    assert "MESSAGES_TABLE=dev-hello-erlang-messages" in lines
    told = alice_types.run("run", "--env", "hello-erlang/dev", "--", "env")
    assert "MESSAGES_TABLE=dev-hello-erlang-messages" in told.splitlines()
    assert "STACKYARD_TOKEN" not in told

    alice_types.run("items", "put", "hello-erlang/dev", "messages", "-", typed=json.dumps(MESSAGE))
    newest = ["--pattern", "messages-of-a-user-newest-first", "--pk", "alice"]
    assert alice_types.json("items", "query", "hello-erlang/dev", "messages", *newest)["items"] == [MESSAGE]

    table = ["hello-erlang/dev", "messages"]
    statement = " ".join(["SELECT * FROM", '"dev-hello-erlang-messages"', "WHERE id = ?"])
    assert alice_types.json("items", "statement", *table, statement, "-p", "m-1")["items"] == [MESSAGE]
    assert "everything, by a scan" in alice_types.run("items", "scan", *table, "--price")
    alice_types.run("items", "copy", *table, "m-1", "--to", "m-2")
    doomed = ["items", "delete-many", *table, "--where", "id = m-2"]
    alice_types.run(*doomed, code=2)
    alice_types.wait(*doomed, "--confirm", "1")
    alice_types.run("items", "get", *table, "m-2", code=4)

    alice_types.wait("compute-stack", "delete", "dev", *HELLO, "--confirm", "dev")
    alice_types.wait("data-stack", "delete", "dev", *HELLO, "--confirm", "dev")
    assert "REMOVED" not in str(stacks_of(alice_types, "hello-erlang/dev"))
    assert alice_types.json("env", "list", "--app", "hello-erlang")["items"] == []

    # The tables were kept, with what is in them: creating takes them over.
    alice_types.wait("env", "create", "hello-erlang", "dev", "--reason", "again")
    assert alice_types.json("items", "query", "hello-erlang/dev", "messages", *newest)["items"] == [MESSAGE]


def test_fileshare_from_nothing_to_nothing(alice_types: Shell) -> None:
    here = "fileshare/dev"
    alice_types.wait("env", "create", "fileshare", "dev", "--reason", "by the command alone")
    (created,) = alice_types.json("changes", "list", "--env", here)["items"]
    assert "succeeded" in alice_types.run("changes", "watch", created["id"])
    alice_types.run("env", "outputs", here, "-o", ".env")
    assert "DYNAMODB_USERS_TABLE_NAME=file-sharing-app-dev-users" in (alice_types.home / ".env").read_text()

    alice_types.run("items", "put", here, "users", "-", typed=json.dumps(USER))
    assert alice_types.json("items", "query", here, "users", "--pk", "u-1")["items"] == [USER]
    assert "u@example.com" in alice_types.run("items", "get", here, "users", "u-1")

    # The quick rollback to the built-in database: the flag off, redeployed, proved.
    alice_types.wait("flags", "set", here, "use_dynamodb", "false", "--reason", "slow")
    assert alice_types.run("flags", "get", here, "use_dynamodb") == "false\n"

    before = alice_types.json("releases", "list", here)["items"]
    alice_types.wait("deploy", "dev", "--app", "fileshare", "--artifact", "registry.example.com/shop:2")
    newest = alice_types.json("releases", "list", here)["items"][0]
    assert newest["number"] > before[0]["number"]
    assert "registry.example.com/shop:2" in alice_types.run("releases", "show", here, str(newest["number"]))
    alice_types.wait("releases", "back", here, str(before[0]["number"]), "--reason", "back to what ran")
    assert alice_types.json("releases", "list", here)["items"][0]["number"] > newest["number"]

    alice_types.wait("env", "park", here)
    alice_types.run("compute-stack", "status", "dev", "--app", "fileshare", code=4)
    assert alice_types.json("env", "show", here)["status"] == "parked"
    alice_types.run("env", "delete", here, "--what", "data-stack", code=2)
    alice_types.wait("env", "delete", here, "--what", "data-stack", "--confirm", "dev")
    assert alice_types.json("env", "list", "--app", "fileshare")["items"] == []

    # What was kept goes for good by a change of its own, after a backup, with a receipt.
    alice_types.run("kept", "look-again", "--wait", "--timeout", "60")
    assert "file-sharing-app-dev-users" in alice_types.run("kept", "list", "--app", "fileshare")
    over = ["kept", "delete", here, "--confirm", "dev", "--reason", "over"]
    assert alice_types.run(*over, code=5) == ""  # protected
    alice_types.wait("env", "unprotect", here, "--reason", "over")
    alice_types.wait(*over)
    assert alice_types.json("kept", "list", "--app", "fileshare")["items"] == []
    happened = alice_types.json("env", "activity", here)["items"]
    assert [one["change"]["kind"] for one in happened if one["change"]][:2] == ["delete_data", "unprotect"]
    receipt = alice_types.json("changes", "receipt", happened[0]["change"]["id"])["receipt"]
    assert {(table["outcome"], bool(table["backup_arn"])) for table in receipt["tables"]} == {("deleted", True)}


def test_drift_is_found_and_accepted(alice_types: Shell, own_yard: Running) -> None:
    here = "hello-erlang/dev"
    aws = boto3.client("dynamodb", endpoint_url=own_yard.endpoint, region_name="us-east-1")
    assert "in sync" in alice_types.run("drift", "detect", here, "--wait", "--timeout", "120")
    aws.update_table(TableName="dev-hello-erlang-messages", **PROVISIONED)
    billing = "data.MessagesTable/BillingMode"
    assert billing in alice_types.run("drift", "detect", here, "--stack", "data", "--wait", "--timeout", "120")
    repaired = alice_types.wait("drift", "repair", here, "--reason", "as planned", code=1)
    assert "does not know change sets that revert drift" in repaired  # the local AWS, which this is about
    alice_types.wait("drift", "accept", here, billing, "--reason", "steady use")
    assert alice_types.json("drift", "show", here)["differs"] is False
    assert "No stack" in alice_types.run("env", "stuck", here)
    alice_types.run("env", "recover", here, "--what", "delete", code=5)
    assert alice_types.json("env", "look-again", here, "--wait", "--timeout", "60")["looking"] is False


@pytest.mark.parametrize("application", ["hello-erlang", "fileshare"])
def test_prod_is_approved_by_a_second_token(application: str, alice_types: Shell, ada_types: Shell) -> None:
    alice_types.wait("env", "create", application, "prod", "--reason", "going live", code=8)
    (change,) = alice_types.json("changes", "list", "--env", f"{application}/prod", "--status", "open")["items"]
    plan = alice_types.run("changes", "show", change["id"])
    assert "2 tables are created, none is touched." in plan
    alice_types.run("changes", "approve", change["id"], "--yes", code=3)
    ada_types.run("changes", "approve", change["id"], "--digest", "0" * 64, code=5)
    ada_types.wait("changes", "approve", change["id"], "--yes", "--comment", "read every line")
    told = alice_types.run("changes", "show", change["id"])
    assert "read every line" in told
    assert set(stacks_of(alice_types, f"{application}/prod").values()) == {"CREATE_COMPLETE"}
    assert "protected" in alice_types.json("env", "show", f"{application}/prod")
    if application == "hello-erlang":  # there is a dev to compare it with
        compare = ["items", "compare", "hello-erlang/dev", "messages", "--with", "prod", "--pk"]
        assert "only here" in alice_types.run(*compare, "m-1", code=1)
        assert "Nothing differs." in alice_types.run(*compare, "m-9")
    assert (
        alice_types.run(
            "env", "delete", f"{application}/prod", "--what", "data", "--confirm", "prod", "--reason", "x", code=5
        )
        == ""
    )
