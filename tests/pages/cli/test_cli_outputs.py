"""stackyard env outputs, stackyard run: the configuration where it is needed, secrets only where somebody said why, and
nothing of the command's own in what it runs."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes.readers import github_env, workflow_command

from portal.accounts.models import Scope, User
from portal.cli.running import given
from provisioning.lifecycle import StackKind
from provisioning.models import AuditEntry, Environment

from .. import rows
from ..flags.scene import CANARY
from ..vault import REASON, SECRET, parameter_store, vault
from .served import Terminal

ENV, VAULT = "hello-erlang/dev-alice", "vaulted/dev"
Terminals = Callable[..., Terminal]
SEES = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"


@pytest.fixture
def dev(alice: User, served: object) -> Environment:
    """Alice's environment of hello-erlang, with its tables."""
    made = rows.environment(alice, "dev-alice")
    rows.outputs(made, StackKind.DATA, MessagesTableName="real-messages", SessionsTableName="it's $5")
    return made


@pytest.fixture
def vaulted(
    alice: User, served: object, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """An environment whose configuration names a secret."""
    with parameter_store(monkeypatch) as ssm:
        yield vault(alice, tmp_path, settings, ssm)


class Shell:
    """A real process of the command, as a script starts it."""

    def __init__(self, terminal: Terminal, **more: str) -> None:
        asked = {name: value for name, value in terminal.environment.items() if value is not None}
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **asked, **more}

    def start(self, *words: str, **how: Any) -> "subprocess.Popen[bytes]":
        """The process."""
        command = [sys.executable, "-m", "portal.cli", *words]
        return subprocess.Popen(command, env=self.environment, **how)  # noqa: S603  our own command

    def run(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """The process at its end."""
        process = self.start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, error = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, error)

    def seen(self, *words: str) -> tuple[Mapping[str, str], list[str]]:
        """What a process that it runs is given: its variables and its words."""
        done = self.run("run", *words)
        assert done.returncode == 0, done.stderr
        variables, arguments = json.loads(done.stdout)
        return variables, arguments


class TestOutputs:
    """env outputs."""

    def test_a_file_for_nobody_else(self, dev: Environment, alice_types: Terminal, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        assert alice_types.told("env", "outputs", ENV, "-o", str(file)) == ""
        assert 'MESSAGES_TABLE=real-messages\nSESSIONS_TABLE="it\'s $5"\n'.replace('"it\'s $5"', "'it\\'s $5'") in (
            file.read_text()
        )
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert AuditEntry.objects.get(verb="deliver_configuration").detail["token"].startswith("terminal (")

    @pytest.mark.parametrize(
        ("form", "sign"),
        [
            ("dotenv", "MESSAGES_TABLE=real-messages\n"),
            ("shell", "export MESSAGES_TABLE=real-messages\n"),
            ("erlang", '{messages_table, "real-messages"}'),
            ("github", "MESSAGES_TABLE=real-messages\n"),
            ("ecs", '"value": "real-messages"'),
            ("kubernetes", '- name: MESSAGES_TABLE\n  value: "real-messages"\n'),
            ("json", '"MESSAGES_TABLE": "real-messages"'),
        ],
    )
    def test_every_format(self, dev: Environment, alice_types: Terminal, form: str, sign: str) -> None:
        assert sign in alice_types.told("env", "outputs", ENV, "--format", form)

    def test_json_is_the_apis(self, dev: Environment, alice_types: Terminal) -> None:
        assert alice_types.json("env", "outputs", ENV)["values"]["MESSAGES_TABLE"] == "real-messages"
        assert "a format of its own" in alice_types.refused(
            "env", "outputs", ENV, "--json", "--format", "shell", code=2
        )

    def test_what_is_missing_is_said_and_fails_where_that_matters(
        self, vaulted: Environment, alice_types: Terminal, tmp_path: Path
    ) -> None:
        done = alice_types.run("env", "outputs", VAULT)
        assert "Without a value: API_TOKEN" in done.stderr
        assert "# API_TOKEN: " in done.stdout
        file = tmp_path / "kept"
        file.write_text("as it was")
        told = alice_types.refused("env", "outputs", VAULT, "--complete", "-o", str(file), code=5)
        assert "API_TOKEN" in told
        assert file.read_text() == "as it was"

    def test_secrets_come_with_a_reason_only(self, vaulted: Environment, alice_types: Terminal) -> None:
        assert CANARY not in alice_types.told("env", "outputs", VAULT)
        for words in (["--secrets"], ["--secrets", "--reason", " "], ["--reason", REASON]):
            alice_types.refused("env", "outputs", VAULT, *words, code=2)
        assert "5 characters" in alice_types.refused("env", "outputs", VAULT, "--secrets", "--reason", "no", code=2)
        assert not AuditEntry.objects.filter(verb="deliver_secrets").exists()
        assert CANARY in alice_types.told("env", "outputs", VAULT, "--secrets", "--reason", REASON)
        assert AuditEntry.objects.get(verb="deliver_secrets").reason == REASON
        assert (
            alice_types.json("env", "outputs", VAULT, "--secrets", "--reason", REASON)["values"]["API_TOKEN"] == SECRET
        )

    def test_who_may_not(self, vaulted: Environment, alice: User, audrey: User, terminal_of: Terminals) -> None:
        for terminal in (terminal_of(audrey), terminal_of(alice, Scope.READ)):
            assert CANARY not in terminal.refused("env", "outputs", VAULT, "--secrets", "--reason", REASON, code=3)

    def test_a_workflow(self, vaulted: Environment, alice_types: Terminal, tmp_path: Path) -> None:
        file = tmp_path / "github_env"
        file.write_text("BEFORE=1\n")
        said = ["env", "outputs", VAULT, "--format", "github", "--secrets", "--reason", REASON]
        assert "GITHUB_ENV" in alice_types.refused(*said, code=2)
        told = alice_types.told(*said, "-o", str(file))
        assert [workflow_command(line) for line in told.splitlines()] == [
            ("add-mask", SECRET), *(("add-mask", line) for line in SECRET.split("\n")),
        ]  # fmt: skip
        found = github_env(file.read_text())
        assert (found["BEFORE"], found["API_TOKEN"]) == ("1", SECRET)

    def test_a_file_that_cannot_be_written(self, dev: Environment, alice_types: Terminal, tmp_path: Path) -> None:
        told = alice_types.refused("env", "outputs", ENV, "-o", str(tmp_path / "no" / "where"), code=2)
        assert "cannot be written: No such file or directory." in told
        assert list(tmp_path.glob(".stackyard-*")) == []


class TestRunning:
    """run."""

    def test_it_has_the_configuration_and_nothing_of_ours(self, dev: Environment, alice_types: Terminal) -> None:
        token = str(alice_types.environment["STACKYARD_TOKEN"])
        shell = Shell(alice_types, STACKYARD_PROFILE_OF_MINE="x", MESSAGES_TABLE="another", OTHER="stays")
        variables, words = shell.seen("--env", ENV, "--", sys.executable, "-c", SEES, "--env", "a b", "--json")
        assert (variables["MESSAGES_TABLE"], variables["SESSIONS_TABLE"]) == ("real-messages", "it's $5")
        assert (variables["OTHER"], variables["AWS_REGION"]) == ("stays", "us-east-1")
        assert words == ["--env", "a b", "--json"]
        assert not [name for name in variables if name.startswith("STACKYARD_")]
        assert token not in json.dumps([dict(variables), words])

    def test_nor_is_it_in_the_process_or_what_that_has_open(self, dev: Environment, alice_types: Terminal) -> None:
        token = str(alice_types.environment["STACKYARD_TOKEN"])
        looks = "cat /proc/self/environ /proc/$$/environ /proc/$$/cmdline | tr '\\0' '\\n'; ls -l /proc/$$/fd"
        done = Shell(alice_types).run("run", "--env", ENV, "--", "/bin/sh", "-c", looks)
        assert b"MESSAGES_TABLE=real-messages" in done.stdout
        assert token.encode() not in done.stdout + done.stderr
        assert b"socket:" not in done.stdout

    @pytest.mark.parametrize("code", [0, 1, 3, 77])
    def test_it_ends_as_the_command_ends(self, dev: Environment, alice_types: Terminal, code: int) -> None:
        assert Shell(alice_types).run("run", "--env", ENV, "--", "/bin/sh", "-c", f"exit {code}").returncode == code

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_signals_reach_it(self, dev: Environment, alice_types: Terminal, number: signal.Signals) -> None:
        waits = f"trap 'echo caught; exit 9' {number.name[3:]}; echo ready; while :; do sleep 0.05; done"
        process = Shell(alice_types).start("run", "--env", ENV, "--", "/bin/sh", "-c", waits, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.communicate(timeout=30)[0] == b"caught\n"
        assert process.returncode == 9

    def test_a_closed_pipe_ends_it_as_it_ends_others(self, dev: Environment, alice_types: Terminal) -> None:
        process = Shell(alice_types).start("run", "--env", ENV, "--", "yes", stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(timeout=30) == -signal.SIGPIPE

    def test_the_terminal_is_its_own(self, dev: Environment, alice_types: Terminal) -> None:
        master, slave = pty.openpty()
        process = Shell(alice_types).start("run", "--env", ENV, "--", "tty", stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        told = b""
        while b"\n" not in told:
            told += os.read(master, 1000)
        os.close(master)
        assert process.wait(timeout=30) == 0
        assert told.startswith(b"/dev/pts/")

    def test_what_cannot_be_run(self, dev: Environment, alice_types: Terminal, tmp_path: Path) -> None:
        shell, file = Shell(alice_types), tmp_path / "no-program"
        file.write_text("x")
        absent = shell.run("run", "--env", ENV, "--", "no-such-command-here")
        assert (absent.returncode, absent.stderr) == (127, b"There is no command no-such-command-here.\n")
        closed = shell.run("run", "--env", ENV, "--", str(file))
        assert (closed.returncode, b"cannot be run" in closed.stderr) == (126, True)
        assert shell.run("run", "--env", ENV).returncode == 2
        assert shell.run("run", "--env", "hello-erlang/nobody", "--", "echo", "ran").stdout == b""

    def test_secrets_only_where_somebody_said_so(self, vaulted: Environment, alice_types: Terminal) -> None:
        shell, sees = Shell(alice_types), ["--", sys.executable, "-c", SEES]
        assert "API_TOKEN" not in shell.seen("--env", VAULT, *sees)[0]
        refused = shell.run("run", "--env", VAULT, "--complete", *sees)
        assert (refused.returncode, refused.stdout) == (5, b"")
        variables, _ = shell.seen("--env", VAULT, "--secrets", "--reason", REASON, *sees)
        assert variables["API_TOKEN"] == SECRET


def test_the_configuration_goes_before_what_was_there_and_our_own_never_goes_along() -> None:
    around = {"PATH": "/bin", "STACKYARD_TOKEN": "t", "STACKYARD_": "x", "A": "old", "stackyard_a": "kept"}
    assert given(around, {"A": "new", "B": "1"}) == {"PATH": "/bin", "A": "new", "B": "1", "stackyard_a": "kept"}
