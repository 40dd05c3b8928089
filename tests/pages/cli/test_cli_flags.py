"""stackyard flags …: on the version that was looked at, secrets never told, the way back in one word."""

import pytest

from portal.accounts.models import User
from provisioning.flags.sealing import opened
from provisioning.lifecycle import ChangeStatus, ParameterVerb
from provisioning.models import Change, Environment, Parameter

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from .served import Terminal

ENV = "fileshare/dev"


@pytest.fixture(autouse=True)
def share(alice: User, served: object) -> Environment:
    """A fileshare whose flag was off for a while, and a secret."""
    made = rows.environment(alice, "dev", "fileshare")
    flag = parameter(made, FLAG, "true", version=2, live_on=1, live_of=3)
    version(flag, 1, "false", ago=90)
    parameter(made, "deep/api_token", CANARY, type="SecureString")
    parameter(made, "a/../b", "\x1b[31mred\n")
    return made


class TestReading:
    """list, get, history."""

    def test_the_list(self, alice_types: Terminal) -> None:
        told = alice_types.told("flags", "list", ENV)
        line = next(line for line in told.splitlines() if line.startswith(FLAG))
        assert line.split()[1:3] == ["true", "v1.2"]
        assert "1 of 3" in line
        assert "hidden" in told
        assert CANARY not in told
        assert "\x1b" not in told
        assert [one["key"] for one in alice_types.json("flags", "list", ENV, "-q", "use_")["items"]] == [FLAG]
        assert "no such parameter" in alice_types.told("flags", "list", ENV, "-q", "nothing")

    def test_the_value_alone_as_it_is(self, alice_types: Terminal) -> None:
        assert alice_types.told("flags", "get", "dev", FLAG, "--app", "fileshare") == "true\n"
        assert alice_types.told("flags", "get", ENV, "a/../b") == "\x1b[31mred\n\n"
        assert alice_types.json("flags", "get", ENV, FLAG)["version"] == 2

    def test_a_secret_is_not_told(self, alice_types: Terminal) -> None:
        assert "is a secret" in alice_types.refused("flags", "get", ENV, "deep/api_token", code=3)
        assert alice_types.json("flags", "get", ENV, "deep/api_token")["value"] is None
        assert "hidden" in alice_types.told("flags", "history", ENV, "deep/api_token")

    def test_the_history(self, alice_types: Terminal) -> None:
        told = alice_types.told("flags", "history", ENV, FLAG).splitlines()
        assert [line.split()[:2] for line in told[1:]] == [["v1.1", "false"], ["v1.2", "true"]]
        alice_types.refused("flags", "history", ENV, "nothing", code=4)
        alice_types.refused("flags", "get", ENV, "../../prod/x", code=4)


class TestSetting:
    """set, rollback."""

    def test_it_is_set_on_the_version_that_is_there(self, alice_types: Terminal) -> None:
        told = alice_types.json(
            "flags", "set", ENV, FLAG, "false", "--reason", "too slow", "--no-redeploy", "--confirmed"
        )
        change = Change.objects.get()
        assert told["id"] == str(change.pk)
        assert (change.reason, change.goal["redeploy"], change.goal["sets"][0]["expected"]) == ("too slow", False, 2)

    def test_or_on_the_one_that_was_named(self, alice_types: Terminal) -> None:
        assert "set meanwhile" in alice_types.refused("flags", "set", ENV, FLAG, "false", "--if-match", "v1.1", code=5)
        assert "whole version" in alice_types.refused("flags", "set", ENV, FLAG, "false", "--if-match", "2", code=2)
        assert not Change.objects.exists()
        alice_types.told("flags", "set", ENV, FLAG, "false", "--if-match", "v1.2", "--confirmed")
        assert Change.objects.get().goal["sets"][0]["expected"] == 2

    def test_a_new_one(self, alice_types: Terminal) -> None:
        assert "add --new" in alice_types.refused("flags", "set", ENV, "limits/most", "5", code=4)
        alice_types.told("flags", "set", ENV, "limits/most", "5", "--new")
        assert Change.objects.get().goal["sets"][0]["verb"] == ParameterVerb.CREATE
        assert "exists already" in alice_types.refused("flags", "set", ENV, FLAG, "false", "--new", code=5)
        for words in (["--new", "--if-match", "v1.1"], ["--type", "String"]):
            alice_types.refused("flags", "set", ENV, FLAG, "false", *words, code=2)

    def test_a_secret_comes_from_standard_input(self, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "set", ENV, "deep/api_token", "-", "--confirmed", typed="line\nswordfish\n")
        assert done.exit_code == 0, done.output
        assert "swordfish" not in done.output
        assert opened("SecureString", Parameter.objects.get(key="deep/api_token").asked_value) == "line\nswordfish"

    def test_twice_with_one_key_is_once(self, alice_types: Terminal) -> None:
        told = [alice_types.json("flags", "set", ENV, FLAG, "false", "--confirmed", "--key", "k-1") for _ in range(2)]
        assert told[0]["id"] == told[1]["id"]
        assert Change.objects.count() == 1

    def test_a_quick_flip_is_meant_or_not_at_all(self, alice: User, share: Environment, alice_types: Terminal) -> None:
        version(Parameter.objects.get(key=FLAG), 3, "true", by=alice)
        Parameter.objects.filter(key=FLAG).update(version=3)
        said = alice_types.refused("flags", "set", ENV, FLAG, "false", code=5)
        assert "all the same?" in said
        assert "Say it with --confirmed." in said
        alice_types.told("flags", "set", ENV, FLAG, "false", "--confirmed")

    def test_back_to_the_value_before_or_to_a_version(self, alice_types: Terminal) -> None:
        alice_types.told("flags", "rollback", ENV, FLAG, "--reason", "too slow", "--confirmed")
        change = Change.objects.get()
        assert change.goal["sets"][0]["verb"] == ParameterVerb.RESTORE
        assert Parameter.objects.get(key=FLAG).asked_value == "false"
        Change.objects.update(status=ChangeStatus.CANCELLED)
        alice_types.told("flags", "rollback", ENV, FLAG, "--to", "v1.1", "--confirmed")
        assert Change.objects.count() == 2

    @pytest.mark.parametrize(
        ("words", "code"),
        [(["--to", "2"], 5), (["--to", "9"], 4), (["--to", "last"], 2), (["--if-match", "v1.1"], 5), (["--new"], 5)],
    )
    def test_what_cannot_be(self, alice_types: Terminal, words: list[str], code: int) -> None:
        alice_types.refused("flags", "rollback", ENV, FLAG, *words, code=code)
        assert not Change.objects.exists()
