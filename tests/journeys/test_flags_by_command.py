"""Flags by the command alone: copied from one environment to another, set for a while, compared, revealed, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.running import Running, until

from .looks import Aws
from .test_command_line import Shell

ONE, TWO = "fileshare/dev-one", "fileshare/dev-two"
SECRET = "swordfish by command"


@pytest.fixture
def types(yard: Running, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An engineer's shell, and two environments of theirs, without compute."""
    shell = Shell(yard, "alice", tmp_path_factory.mktemp("alice"))
    for environment in (ONE, TWO):
        shell.wait("data-stack", "create", environment.partition("/")[2], "--app", "fileshare")
    return shell


@pytest.fixture
def stored(aws: Aws) -> Callable[[str], str]:
    """What Parameter Store has under a name below fileshare."""

    def value(name: str) -> str:
        found: Any = aws("ssm").get_parameter(Name=f"/fileshare/{name}", WithDecryption=True)
        return str(found["Parameter"]["Value"])

    return value


def test_values_go_from_one_environment_to_another_and_back(types: Shell, stored: Callable[[str], str]) -> None:
    types.wait("flags", "set", ONE, "limits/upload", "5", "--new")
    typed = ("flags", "set", ONE, "token", "-", "--new", "--type", "SecureString", "--wait", "--every", "0.2")
    types.run(*typed, typed=f"{SECRET}\n")
    told = types.run("flags", "list", "--app", "fileshare", "--only", "parameters")
    assert SECRET not in told
    assert "missing" in told

    dry = types.run("flags", "copy", ONE, "dev-two", "--dry-run")
    assert "limits/upload" in dry
    assert SECRET not in dry
    types.wait("flags", "copy", ONE, "dev-two", "--yes", "--reason", "the same as one")
    assert (stored("dev-two/limits/upload"), stored("dev-two/token")) == ("5", SECRET)
    assert "Nothing differs." in types.run("flags", "copy", ONE, "dev-two", "--only", "token", "--yes")
    assert types.run("flags", "reveal", TWO, "token", "--reason", "is it the same") == f"{SECRET}\n"

    types.wait("flags", "schedule", TWO, "limits/upload", "6", "--for", "1d", "--confirmed", "--reason", "the fair")
    assert stored("dev-two/limits/upload") == "6"
    assert types.run("flags", "diff", TWO, "limits/upload").splitlines()[-2:] == ["-5", "+6"]

    def only_the_way_back() -> Any:
        found = types.json("flags", "schedules", TWO)["items"]
        return found[0] if len(found) == 1 else None  # the value itself is over once a worker has followed it

    back = until(only_the_way_back, "the value is stored and its way back waits", pause=0.2)
    assert (back["value"], back["back_of"] is not None) == ("5", True)
    types.run("flags", "unschedule", TWO, str(back["id"]))
    types.run("flags", "schedule", TWO, "limits/upload", "7", "--at", "8h")
    (waits,) = types.json("flags", "schedules", TWO)["items"]
    assert waits in types.json("flags", "schedules", "--app", "fileshare")["items"]
    assert types.json("flags", "unschedule", TWO, str(waits["id"]))["status"] == "cancelled"

    types.wait("flags", "delete", TWO, "limits/upload", "--yes", "--confirmed", "--reason", "not used")
    types.run("flags", "show", TWO, "limits/upload", code=4)
    assert stored("dev-one/limits/upload") == "5"
