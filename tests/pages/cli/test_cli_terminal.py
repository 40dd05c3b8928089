"""The command as a process: on a terminal, in a pipe that closes, interrupted; and completing what is typed."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change, Environment, Table

from .. import rows
from .items_scene import DEV, SOON, all_of
from .served import Served, Terminal

COMMAND = [sys.executable, "-m", "portal.cli"]
ROOT = Path(__file__).parents[3]


def environment_of(terminal: Terminal, **more: str) -> dict[str, str]:
    """What a process inherits from that person's shell."""
    named = {name: value for name, value in terminal.environment.items() if value and name != "NO_COLOR"}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200", **named, **more}


class Process:
    """The command on a terminal of its own. `type_in` answers what it asks."""

    def __init__(self, terminal: Terminal, *words: str, **more: str) -> None:
        self.seen = b""
        ours, theirs = pty.openpty()
        self._terminal = ours
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment_of(terminal, **more),
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def until(self, text: str) -> None:
        """Read until that is on the screen."""
        while text.encode() not in self.seen:
            assert select.select([self._terminal], [], [], 60)[0], f"never saw {text!r} in {self.seen.decode()}"
            self._read()

    def type_in(self, text: str) -> None:
        """Press these keys."""
        os.write(self._terminal, text.encode())

    def end(self) -> int:
        """Its exit code; what it wrote is in `seen`."""
        while self._read():
            pass
        os.close(self._terminal)
        return self._process.wait(timeout=60)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def _read(self) -> bool:
        try:
            found = os.read(self._terminal, 65536)
        except OSError:  # the other end is gone
            return False
        self.seen += found
        return bool(found)

    @property
    def text(self) -> str:
        """Everything that was on the screen."""
        return self.seen.decode(errors="replace")


@pytest.fixture
def running(alice: User, served: Served) -> Change:
    """A change that runs, of alice's environment."""
    change = rows.change(rows.environment(alice, "dev-alice"), alice, ChangeStatus.RUNNING, started_at=timezone.now())
    change.steps.create(name="ensure_data_stack", position=1, state="running", note="CREATE_IN_PROGRESS")
    for logical_id, status in (("Bring up the data stack", "step_waiting"), ("UsersTable", "CREATE_IN_PROGRESS")):
        change.events.create(at=timezone.now(), logical_id=logical_id, status=status, reason="it was asked for")
    return change


class TestOnATerminal:
    """A progress display, questions, colours."""

    def test_progress_is_drawn_until_the_end(self, running: Change, served: Served, alice_types: Terminal) -> None:
        process = Process(alice_types, "changes", "watch", str(running.pk), "--every", "0.1")
        process.until("Bring up the data stack")
        served.after = lambda: Change.objects.update(status=ChangeStatus.SUCCEEDED, finished_at=timezone.now())
        assert process.end() == 0
        assert "\x1b[" in process.text
        assert "Update" in process.text
        assert "succeeded" in process.text

    @pytest.mark.parametrize(("columns", "beside"), [("60", 0), ("200", 1)])
    def test_an_id_stays_in_one_piece_however_narrow_it_is(
        self, running: Change, alice_types: Terminal, columns: str, beside: int
    ) -> None:
        process = Process(alice_types, "changes", "list", COLUMNS=columns)
        assert process.end() == 0
        line = next(line for line in process.text.splitlines() if str(running.pk) in line)
        assert line.count("dev-alice") == beside
        assert "dev-alice" in process.text

    def test_ctrl_c_leaves_the_change_running(self, running: Change, alice_types: Terminal) -> None:
        process = Process(alice_types, "changes", "watch", str(running.pk), "--every", "0.1")
        process.until("Bring up the data stack")
        process.interrupt()
        assert process.end() == 130
        assert f"stackyard changes watch {running.pk}" in process.text
        assert f"stackyard changes cancel {running.pk}" in process.text
        running.refresh_from_db()
        assert running.status == ChangeStatus.RUNNING

    def test_a_token_is_asked_for_and_not_shown(self, served: Served, alice_types: Terminal, tmp_path: Path) -> None:
        token = str(alice_types.environment["STACKYARD_TOKEN"])
        process = Process(Terminal(str(tmp_path / "new")), "login")
        process.until("Address of Stackyard")
        process.type_in(f"{served.url}\n")
        process.until("Token for")
        process.type_in(f"{token}\n")
        assert process.end() == 0
        assert "Logged in" in process.text
        assert token not in process.text

    def test_a_name_is_asked_for_before_something_is_deleted(
        self, alice: User, served: Served, alice_types: Terminal
    ) -> None:
        rows.environment(alice, "dev-alice")
        process = Process(alice_types, "env", "delete", "hello-erlang/dev-alice")
        process.until("Type dev-alice to go on")
        process.type_in("dev-bob\n")
        assert process.end() == 2
        assert not Change.objects.exists()
        process = Process(alice_types, "env", "delete", "hello-erlang/dev-alice")
        process.until("Type dev-alice to go on")
        process.type_in("dev-alice\n")
        assert process.end() == 0
        assert Change.objects.get().kind == "delete_compute"

    def test_colours_only_where_they_are_wanted(self, dev: Environment, served: Served, alice_types: Terminal) -> None:
        process = Process(alice_types, "env", "list")
        assert process.end() == 0
        assert "\x1b[32m" in process.text
        process = Process(alice_types, "env", "list", NO_COLOR="1")
        assert process.end() == 0
        assert "\x1b[32m" not in process.text
        assert "\x1b" not in alice_types.told("env", "list", FORCE_COLOR="1")


class TestInAPipe:
    """Whoever reads may stop reading."""

    def test_a_reader_that_goes_away(self, alice: User, served: Served, alice_types: Terminal) -> None:
        made = rows.environment(alice, "dev-alice")
        for number in range(300):
            rows.change(made, alice, ChangeStatus.SUCCEEDED, ago=number, reason="x" * 900)
        process = subprocess.Popen(  # noqa: S603  our own program
            [*COMMAND, "changes", "list", "--limit", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment_of(alice_types),
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""
        process.stderr.close()

    def test_no_progress_in_colours(self, running: Change, served: Served, alice_types: Terminal) -> None:
        served.after = lambda: Change.objects.update(status=ChangeStatus.FAILED, finished_at=timezone.now())
        done = subprocess.run(  # noqa: S603  our own program
            [*COMMAND, "changes", "watch", str(running.pk), "--json", "--every", "0.1"],
            capture_output=True, env=environment_of(alice_types), check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stdout.startswith("{")
        lines = [line.partition("  ")[2] for line in done.stderr.splitlines()]
        assert lines[:3] == [
            "Bring up the data stack: waiting – it was asked for",
            "UsersTable CREATE_IN_PROGRESS – it was asked for",
            "Update of hello-erlang/dev-alice: failed",
        ]
        assert "\x1b" not in done.stderr


class TestCompletion:
    """Names from the server; silence where there are none."""

    @pytest.fixture
    def completed(self, alice_types: Terminal) -> Callable[..., list[str]]:
        alice_types.told("whoami")  # the first answer of a process takes longer than completion waits

        def complete(line: str, **more: str) -> list[str]:
            words = line.split(" ")
            asked = {"_STACKYARD_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
            done = alice_types.run(**asked, **more)
            assert done.stderr == ""
            return [one.partition(",")[2] for one in done.stdout.splitlines() if one]

        return complete

    def test_words_of_the_command(self, completed: Callable[..., list[str]]) -> None:
        assert completed("stackyard env ex") == ["extend"]
        assert "send-back" in completed("stackyard changes ")

    def test_names_of_the_server(self, dev: Environment, alice: User, completed: Callable[..., list[str]]) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        assert completed("stackyard env show hello") == ["hello-erlang/dev-alice"]
        assert completed("stackyard flags copy hello") == ["hello-erlang/dev-alice"]
        assert completed("stackyard apps show f") == ["fileshare"]
        assert completed(f"stackyard changes show {str(change.pk)[:3]}") == [str(change.pk)]
        assert completed("stackyard compute-stack status dev --app hello") == ["hello-erlang"]

    def test_silence(self, dev: Environment, served: Served, completed: Callable[..., list[str]]) -> None:
        assert completed("stackyard env show h", STACKYARD_URL="http://127.0.0.1:9") == []
        assert completed("stackyard env show h", STACKYARD_TOKEN="sy_0000000000_wrong") == []
        assert completed("stackyard env show h", STACKYARD_URL="no address") == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_what_a_shell_reads(self, alice_types: Terminal, shell: str) -> None:
        assert "_STACKYARD_COMPLETE" in alice_types.told("completion", shell)
        assert alice_types.run("completion", "cmd").exit_code == 2


def test_nothing_of_a_thread_is_left() -> None:
    """Each test's server has ended with it."""
    assert [thread.name for thread in threading.enumerate() if "_serve" in thread.name] == []


class TestItemsOnATerminal:
    """What is asked before many items go."""

    @pytest.mark.usefixtures("worker")
    def test_a_list_is_shown_and_what_is_typed_decides(
        self, alice_types: Terminal, messages: Table, aws: AsAws
    ) -> None:
        words = ["items", "delete-many", DEV, "messages", "--where", "timestamp < 1002", *SOON]
        process = Process(alice_types, *words)
        process.until("Type 2 or dev-alice to delete them:")
        process.type_in("3\n")
        assert process.end() == 2
        assert "The list is kept" in process.text
        assert len(all_of(aws, messages)) == 60
        process = Process(alice_types, *words, "--wait")
        process.until("Type 2 or dev-alice to delete them:")
        assert "m001" in process.text
        process.type_in("2\n")
        assert process.end() == 0
        assert len(all_of(aws, messages)) == 58

    def test_a_statement_that_reads_everything_is_told_and_asked(self, alice_types: Terminal, messages: Table) -> None:
        words = ["items", "statement", DEV, "messages", " ".join(["SELECT id FROM", f'"{messages.name}"'])]
        for typed, code in (("n\n", 2), ("y\n", 0)):
            process = Process(alice_types, *words)
            process.until("Read everything? [y/N]")
            assert "Scan of the whole table" in process.text
            process.type_in(typed)
            assert process.end() == code
            assert ("m001" in process.text) is (code == 0)

    @pytest.mark.usefixtures("worker")
    def test_a_copy_says_what_it_takes_and_asks(
        self, alice_types: Terminal, messages: Table, staging: Table, aws: AsAws
    ) -> None:
        words = ["items", "copy-many", DEV, "messages", "--into", "staging", "--count", "100", "--wait", *SOON]
        process = Process(alice_types, *words)
        process.until("Copy them? [y/N]")
        assert "write units" in process.text
        process.type_in("y\n")
        assert process.end() == 0
        assert {"S": "m001"} in [item["id"] for item in all_of(aws, staging)]
