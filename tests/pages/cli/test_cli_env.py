"""stackyard env …: what there is, and every request about it, in the words of the command line."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.lifecycle import ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Change, Environment

from .. import rows
from .served import Served, Terminal, answered, dropped, passed

NETWORK = [
    "--set", "compute.VpcId=vpc-1", "--set", "compute.SubnetIds=subnet-1,subnet-2", "--set", "compute.KeyName=my-key",
    "--set", "compute.ImageId=ami-12345678",
]  # fmt: skip
Terminals = Callable[..., Terminal]


@pytest.fixture
def dev(alice: User, served: Served) -> Environment:
    """Alice's environment, ready, with an end."""
    made = rows.environment(alice, "dev-alice", monthly_cost="34.99", expires_at=timezone.now() + timedelta(days=2))
    rows.outputs(made, StackKind.DATA, MessagesTableName="dev-alice-hello-erlang-messages")
    return made


def drop_first(served: Served) -> None:
    """What was asked for is done, and whoever sent it first is told nothing."""
    if served.asked[-1][0] == "POST":
        served.after = None
        raise ConnectionAbortedError


class TestReading:
    """list, show, connect."""

    def test_the_list(self, dev: Environment, bob: User, alice_types: Terminal) -> None:
        rows.environment(bob, "staging")
        told = alice_types.told("env", "list")
        assert [line.split()[0] for line in told.splitlines()] == [
            "Environment", "hello-erlang/dev-alice", "hello-erlang/staging",
        ]  # fmt: skip
        assert "34.99 USD" in told
        assert len(alice_types.json("env", "list", "--owner", "bob")["items"]) == 1
        assert alice_types.json("env", "list", "--app", "fileshare") == {"items": [], "next": None}
        assert "nonsense" not in alice_types.refused("env", "list", "--status", "nonsense", code=2)

    @pytest.mark.parametrize(
        "words",
        [
            ["hello-erlang/dev-alice"],
            ["hello-erlang", "dev-alice"],
            ["dev-alice", "--app", "hello-erlang"],
            ["hello-erlang/dev-alice", "--app", "hello-erlang"],
        ],
    )
    def test_one_however_it_is_named(self, dev: Environment, alice_types: Terminal, words: list[str]) -> None:
        told = alice_types.told("env", "show", *words)
        assert "dev-alice-hello-erlang-messages" in told
        assert "hello-erlang-data-dev-alice" in told
        assert alice_types.json("env", "show", *words)["name"] == "dev-alice"

    @pytest.mark.parametrize(
        "words", [["dev-alice"], ["a/b/c"], ["a/"], ["a", "b", "c"], ["hello-erlang/dev", "--app", "fileshare"], []]
    )
    def test_what_names_none(self, alice_types: Terminal, served: Served, words: list[str]) -> None:
        assert alice_types.run("env", "show", *words).exit_code == 2
        assert served.asked == []

    def test_the_variable_is_for_names_that_stand_alone(self, dev: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("env", "show", "hello-erlang/dev-alice", STACKYARD_APP="fileshare")
        assert "hello-erlang/dev-alice" in told
        assert "hello-erlang/dev-alice" in alice_types.told("env", "show", "dev-alice", STACKYARD_APP="hello-erlang")
        alice_types.refused("env", "show", "dev-alice", code=4, STACKYARD_APP="fileshare")

    def test_one_that_is_not_there(self, alice_types: Terminal) -> None:
        assert "no environment fileshare/dev" in alice_types.refused("env", "show", "fileshare/dev", code=4)

    def test_a_name_is_never_a_way_to_another_address(self, alice_types: Terminal, served: Served) -> None:
        for name in ("..", ".", "%2e%2e", "dev?x=1", "dev#x", "größe"):
            assert alice_types.run("env", "show", "hello-erlang", name).exit_code == 4
        assert {path.count("/") for _, path, _ in served.asked if "openapi" not in path} == {5}

    def test_how_to_connect(self, dev: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("env", "connect", "hello-erlang/dev-alice")
        assert "MESSAGES_TABLE" in told
        assert "stackyard run --env hello-erlang/dev-alice -- make start" in told


class TestCreating:
    """create."""

    def test_a_change_is_opened(self, alice_types: Terminal) -> None:
        told = alice_types.run("env", "create", "hello-erlang", "dev-new", *NETWORK, "--reason", "why – darum")
        assert told.exit_code == 0, told.output
        change = Change.objects.get()
        assert str(change.pk) in told.stdout
        assert f"stackyard changes watch {change.pk}" in told.stderr
        assert (str(change.environment), change.reason) == ("hello-erlang/dev-new", "why – darum")
        assert change.operations.get(stack__kind="compute").parameters["KeyName"] == "my-key"

    def test_a_parameter_without_its_stack_is_found(self, alice_types: Terminal) -> None:
        words = [word.replace("compute.", "") for word in NETWORK]
        alice_types.told("env", "create", "hello-erlang/dev", *words, "--expires", "2d")
        change = Change.objects.get()
        assert change.operations.get(stack__kind="compute").parameters["VpcId"] == "vpc-1"
        assert change.goal["lifetime_days"] == 2

    def test_values_come_from_files(self, alice_types: Terminal, tmp_path: object) -> None:
        done = alice_types.run(
            "env", "create", "hello-erlang/dev", *NETWORK[:4], "--set", "compute.ImageId=ami-12345678",
            "--set-file", "compute.KeyName=-", typed="of-a-pipe\n",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert Change.objects.get().operations.get(stack__kind="compute").parameters["KeyName"] == "of-a-pipe"
        assert "cannot be read" in alice_types.refused(
            "env", "create", "hello-erlang/dev", "--set-file", "compute.KeyName=/nowhere/at-all", code=2
        )

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--set", "KeyName"], "Write data.NAME=VALUE"),
            (["--set", "network.X=1"], "Write data.NAME=VALUE"),
            (["--set", "data.X=1", "--set", "data.X=2"], "set twice"),
            (["--set", "Nonsense=1"], "no parameter Nonsense"),
            (["--set", "compute.Nonsense=1"], "no parameter Nonsense"),
            (["--expires", "soon"], "2030-01-31"),
            (["--start", "2020-01-01"], "--start"),
        ],
    )
    def test_what_cannot_be(self, alice_types: Terminal, words: list[str], said: str) -> None:
        done = alice_types.run("env", "create", "hello-erlang/dev", *NETWORK, *words)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
        assert done.stdout == ""
        assert not Change.objects.exists()

    def test_what_the_server_misses_is_named(self, alice_types: Terminal) -> None:
        told = alice_types.refused("env", "create", "hello-erlang/dev", code=2)
        assert "compute.VpcId: " in told
        assert "(bad-values)" in told

    def test_one_that_is_there(self, dev: Environment, alice_types: Terminal) -> None:
        assert "exists already" in alice_types.refused("env", "create", "hello-erlang/dev-alice", *NETWORK, code=5)

    def test_who_only_reads_creates_nothing(self, alice: User, terminal_of: Terminals) -> None:
        told = terminal_of(alice, Scope.READ).refused("env", "create", "hello-erlang/dev", *NETWORK, code=3)
        assert "this needs change" in told
        assert "account page" in told

    def test_sent_again_after_a_fault_it_is_one_change(self, alice_types: Terminal, served: Served) -> None:
        served.after = lambda: drop_first(served)
        done = alice_types.run("env", "create", "hello-erlang/dev", *NETWORK)
        assert done.exit_code == 0, done.output
        assert "trying again" in done.stderr
        keys = [headers["idempotency-key"] for method, _, headers in served.asked if method == "POST"]
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert Change.objects.count() == 1

    def test_one_key_is_one_change(self, alice_types: Terminal) -> None:
        first = alice_types.json("env", "create", "hello-erlang/dev", *NETWORK, "--key", "build-17")
        assert alice_types.json("env", "create", "hello-erlang/dev", *NETWORK, "--key", "build-17")["id"] == first["id"]
        told = alice_types.refused("env", "create", "hello-erlang/dev-b", *NETWORK, "--key", "build-17", code=2)
        assert "Idempotency-Key" in told


class TestAsking:
    """update, park, wake, protect, unprotect, delete, extend."""

    def test_updating(self, dev: Environment, alice_types: Terminal) -> None:
        words = ["env", "update", "hello-erlang/dev-alice", "--set", "HealthCheckPath=/alive", *NETWORK]
        told = alice_types.json(*words, "--reason", "another probe")
        change = Change.objects.get(pk=told["id"])
        assert change.operations.get(stack__kind="compute").parameters["HealthCheckPath"] == "/alive"
        assert change.operations.count() == 2

    def test_parking(self, dev: Environment, alice_types: Terminal) -> None:
        assert alice_types.json("env", "park", "hello-erlang", "dev-alice")["kind"] == "park"
        told = alice_types.refused("env", "park", "hello-erlang", "dev-alice", code=5)
        assert f"stackyard changes show {Change.objects.get().pk}" in told

    def test_waking_what_is_awake(self, dev: Environment, alice_types: Terminal) -> None:
        assert "awake already" in alice_types.refused("env", "wake", "hello-erlang/dev-alice", code=5)

    def test_switching_protection_off_says_why(self, dev: Environment, alice_types: Terminal) -> None:
        Environment.objects.update(data_protected=True)
        assert "reason" in alice_types.refused("env", "unprotect", "hello-erlang/dev-alice", code=2)
        told = alice_types.json("env", "unprotect", "hello-erlang/dev-alice", "--reason", "moving")
        assert told["kind"] == "unprotect"

    def test_deleting_is_meant(self, dev: Environment, alice_types: Terminal, served: Served) -> None:
        told = alice_types.refused("env", "delete", "hello-erlang/dev-alice", code=2)
        assert "tables stay" in told
        assert "--confirm dev-alice" in told
        assert "not the name" in alice_types.refused(
            "env", "delete", "hello-erlang/dev-alice", "--confirm", "x", code=2
        )
        assert served.asked == []
        told = alice_types.json("env", "delete", "hello-erlang/dev-alice", "--confirm", "dev-alice")
        assert told["kind"] == "delete_compute"

    @pytest.mark.parametrize(("what", "kind"), [("data-stack", "delete_data_stack"), ("data", "delete_data")])
    def test_deleting_more(self, dev: Environment, alice_types: Terminal, what: str, kind: str) -> None:
        words = [
            "env",
            "delete",
            "hello-erlang/dev-alice",
            "--confirm",
            "dev-alice",
            "--reason",
            "over",
            "--what",
            what,
        ]
        assert "compute" in alice_types.refused(*words, code=5)
        rows.without(dev, StackKind.COMPUTE)
        Environment.objects.update(data_protected=False)
        assert alice_types.json(*words)["kind"] == kind

    def test_more_time(self, dev: Environment, alice_types: Terminal) -> None:
        before = dev.expires_at
        assert before is not None
        told = alice_types.json("env", "extend", "hello-erlang/dev-alice", "--days", "1")
        dev.refresh_from_db()
        assert dev.expires_at == before + timedelta(days=1)
        assert told["expires_at"].startswith(dev.expires_at.isoformat()[:19])
        assert "lasts until" in alice_types.told("env", "extend", "hello-erlang/dev-alice", "--days", "1")
        assert "fields" not in alice_types.refused("env", "extend", "hello-erlang/dev-alice", "--days", "300", code=2)

    def test_more_time_is_given_once(self, dev: Environment, alice_types: Terminal, served: Served) -> None:
        before = dev.expires_at
        assert before is not None
        served.after = lambda: drop_first(served)
        assert alice_types.run("env", "extend", "hello-erlang/dev-alice", "--days", "1").exit_code == 0
        dev.refresh_from_db()
        assert dev.expires_at == before + timedelta(days=1)

    def test_what_stays_has_no_end_to_move(self, alice: User, alice_types: Terminal) -> None:
        rows.environment(alice, "dev-alice")
        told = alice_types.run("env", "extend", "hello-erlang/dev-alice", "--days", "1")
        assert told.exit_code in {2, 5}
        assert told.stdout == ""


class TestWaiting:
    """--wait: the end of the change is the exit code."""

    def test_to_its_end(self, dev: Environment, alice_types: Terminal, served: Served) -> None:
        def finish() -> None:
            if Change.objects.filter(status=ChangeStatus.PLANNING).exists():
                Change.objects.update(status=ChangeStatus.SUCCEEDED, finished_at=timezone.now())

        served.after = finish
        done = alice_types.run("env", "park", "hello-erlang/dev-alice", "--wait", "--every", "0.05")
        assert done.exit_code == 0, done.output
        assert "succeeded" in done.stdout
        assert "Park of hello-erlang/dev-alice" in done.stderr

    def test_a_server_that_comes_back(
        self, dev: Environment, alice: User, alice_types: Terminal, served: Served
    ) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED, finished_at=timezone.now())
        served.before += [passed, dropped, answered("503 Busy", Retry_After="0")]
        done = alice_types.run("changes", "watch", str(change.pk))
        assert done.exit_code == 0, done.output
        assert "trying again" in done.stderr


def test_an_environment_that_is_removed_is_listed_when_asked(alice: User, alice_types: Terminal) -> None:
    rows.environment(alice, "dev-alice", status=EnvironmentStatus.REMOVED)
    assert alice_types.json("env", "list")["items"] == []
    assert alice_types.json("env", "list", "--status", "any")["items"][0]["status"] == "removed"
