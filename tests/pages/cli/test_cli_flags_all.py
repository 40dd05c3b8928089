"""stackyard flags …: all environments at once, one shown and deleted, a secret revealed, values copied."""

from typing import Any

import pytest

from portal.accounts.models import User
from provisioning.lifecycle import ParameterVerb
from provisioning.models import AuditEntry, Change, Environment, Parameter

from .. import rows
from ..flags.conftest import ssm
from ..flags.scene import CANARY, FLAG, parameter, path_row, version
from .served import Terminal
from .test_cli_terminal import Process

__all__ = ["ssm"]  # a fixture
ENV = "fileshare/dev"


@pytest.fixture(autouse=True)
def dev_share(alice: User, served: object) -> Environment:
    """fileshare/dev, whose flag was on for a while; a secret; what nobody declared; what a stack makes."""
    found = rows.environment(alice, "dev", "fileshare")
    path_row(found)
    version(parameter(found, FLAG, "false", version=2, live_on=1, live_of=3, live_version=1), 1, "true", ago=90)
    parameter(found, "limits/upload", "5")
    parameter(found, "token", CANARY, type="SecureString")
    parameter(found, "dynamodb_policy_arn", "arn:dev", owned_by="Policy")
    return found


@pytest.fixture
def staging(alice: User, dev_share: Environment) -> Environment:
    """fileshare/staging, where less is."""
    found = rows.environment(alice, "staging", "fileshare")
    path_row(found)
    parameter(found, FLAG, "TRUE")
    parameter(found, "only", "\x1b[31mhere")
    return found


class TestOverview:
    """list, without an environment."""

    def test_side_by_side(self, staging: Environment, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "list", "--app", "fileshare")
        assert done.exit_code == 0, done.output
        lines = {line.split()[0]: line for line in done.stdout.splitlines()}
        assert lines["Key"].split() == ["Key", "dev", "staging"]
        assert lines[FLAG].split(maxsplit=1)[1] == "false (live: 1 of 3 on v2)  TRUE (not as declared)"
        assert lines["token"].split()[1:] == ["hidden", "missing"]
        assert CANARY not in done.output
        assert "\x1b" not in done.output
        assert done.stderr == ""

    def test_what_differs(self, staging: Environment, alice_types: Terminal) -> None:
        parameter(staging, "limits/upload", "5")
        found = alice_types.json("flags", "list", "--app", "fileshare", "--differs")
        assert [one["key"] for one in found["items"]] == ["only", "token", FLAG]
        told = alice_types.told("flags", "list", "--app", "fileshare", "--differs", "--only", "secrets")
        assert "hidden A" in told

    def test_the_application_is_said_where_nobody_named_one(self, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "list")
        assert "--app APP" in done.stderr
        assert FLAG in done.stdout
        assert alice_types.json("flags", "list", "--limit", "2")["next"]
        assert "reads no parameters" in alice_types.refused("flags", "list", "--app", "hello-erlang", code=5)

    def test_the_filters_of_one(self, alice_types: Terminal) -> None:
        assert [one["key"] for one in alice_types.json("flags", "list", ENV, "--only", "secrets")["items"]] == ["token"]
        for words in (["--differs"], ["--columns", "mine"], ["--only", "some"]):
            alice_types.refused("flags", "list", ENV, *words, code=2)


class TestOne:
    """show, delete."""

    def test_what_is_stored_and_what_runs(self, alice_types: Terminal) -> None:
        told = alice_types.told("flags", "show", ENV, FLAG)
        assert "v1.2" in told
        assert "1 of 3 on v2" in told
        assert "Value since  v2" in told
        assert CANARY not in alice_types.told("flags", "show", ENV, "token")
        alice_types.refused("flags", "show", ENV, "nothing", code=4)

    def test_two_versions(self, alice_types: Terminal) -> None:
        told = alice_types.told("flags", "diff", ENV, FLAG)
        assert told.split() == ["Before", "v1.1", "After", "v1.2", "-true", "+false"]
        assert "the same" in alice_types.told("flags", "diff", ENV, FLAG, "v1.1", "v1.1")
        assert alice_types.json("flags", "diff", ENV, FLAG, "v1.1")["after"] == "v1.2"
        version(Parameter.objects.get(key="token"), 2, f"{CANARY}-2")
        assert "The values differ" in alice_types.told("flags", "diff", ENV, "token")
        alice_types.refused("flags", "diff", ENV, FLAG, "1", code=2)
        alice_types.refused("flags", "diff", ENV, FLAG, "v1.9", code=4)

    def test_it_is_deleted_knowingly(self, alice_types: Terminal) -> None:
        assert "only with --yes" in alice_types.refused("flags", "delete", ENV, "limits/upload", code=2)
        assert "set, not deleted" in alice_types.refused("flags", "delete", ENV, FLAG, "--yes", code=2)
        assert "set meanwhile" in alice_types.refused(
            "flags", "delete", ENV, "limits/upload", "--if-match", "v1.9", code=5
        )
        assert not Change.objects.exists()
        words = ("--yes", "--reason", "unused", "--no-redeploy")
        told = alice_types.json("flags", "delete", ENV, "limits/upload", *words)
        change = Change.objects.get()
        assert (told["id"], change.reason, change.goal["redeploy"]) == (str(change.pk), "unused", False)
        assert change.goal["sets"][0]["verb"] == ParameterVerb.DELETE

    @pytest.mark.parametrize(("answer", "code"), [("n", 2), ("y", 0)])
    def test_on_a_terminal_it_is_shown_and_asked(self, alice_types: Terminal, answer: str, code: int) -> None:
        typed = Process(alice_types, "flags", "delete", ENV, "limits/upload")
        typed.until("Delete limits/upload of fileshare/dev? [y/N]")
        assert "v1.1" in typed.text
        typed.type_in(f"{answer}\n")
        assert typed.end() == code
        assert Change.objects.count() == (1 if answer == "y" else 0)


class TestRevealing:
    """reveal."""

    @pytest.fixture(autouse=True)
    def _stored(self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        ssm: Any = request.getfixturevalue("ssm")
        ssm.put_parameter(Name="/fileshare/dev/token", Value=CANARY, Type="SecureString")

    def test_the_value_alone_for_a_reason(self, alice_types: Terminal) -> None:
        assert alice_types.told("flags", "reveal", ENV, "token", "--reason", "Rotating it") == f"{CANARY}\n"
        assert AuditEntry.objects.get(verb="reveal_parameter").reason == "Rotating it"
        words = ("flags", "reveal", ENV, "token", "--version", "v1.1", "--reason", "Rotating it")
        assert alice_types.json(*words)["value"] == CANARY

    def test_what_is_refused(self, alice_types: Terminal) -> None:
        assert "stackyard flags reveal" in alice_types.refused("flags", "get", ENV, "token", code=3)
        alice_types.refused("flags", "reveal", ENV, "token", code=2)
        alice_types.refused("flags", "reveal", ENV, "token", "--reason", "no", code=2)
        alice_types.refused("flags", "reveal", ENV, "token", "--reason", "Rotating it", "--version", "9", code=4)
        alice_types.refused("flags", "reveal", ENV, FLAG, "--reason", "Rotating it", code=5)
        assert not AuditEntry.objects.filter(verb="reveal_parameter").exists()


class TestCopying:
    """copy."""

    def test_it_shows_what_differs_and_why_something_stays(self, staging: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("flags", "copy", ENV, "staging", "--dry-run")
        lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in told.splitlines()}
        assert lines["Key"].split() == ["dev", "staging", "Copied"]
        assert lines[FLAG].split() == ["false", "v2", "TRUE", "v1", "yes"]
        assert lines["token"].split() == ["hidden", "v1", "missing", "yes"]
        assert "no: A stack makes it" in lines["dynamodb_policy_arn"]
        assert "no: Not in fileshare/dev." in lines["only"]
        assert "\x1b" not in told
        assert CANARY not in told
        found = alice_types.json("flags", "copy", ENV, "staging", "--dry-run")
        assert (found["source"], len(found["items"])) == (ENV, 5)
        assert not Change.objects.exists()

    def test_it_copies_what_was_shown(self, staging: Environment, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "copy", "dev", "staging", "--app", "fileshare", "--yes", "--reason", "as dev")
        assert done.exit_code == 0, done.output
        assert "false v2" in done.stderr
        change = Change.objects.get(environment=staging)
        assert change.reason == "as dev"
        assert [one["key"] for one in change.goal["sets"]] == ["limits/upload", "token", FLAG]

    def test_or_only_some_of_it(self, staging: Environment, alice_types: Terminal) -> None:
        words = ("flags", "copy", ENV, "fileshare/staging", "--yes")
        assert "Neither side" in alice_types.refused(*words, "--only", "nothing", code=4)
        assert "cannot be copied" in alice_types.refused(*words, "--only", "only", code=5)
        alice_types.json(*words, "--only", "limits/upload", "--key", "k-1")
        alice_types.json(*words, "--only", "limits/upload", "--key", "k-1")
        assert [one["key"] for one in Change.objects.get().goal["sets"]] == ["limits/upload"]

    def test_nothing_differs(self, staging: Environment, alice_types: Terminal) -> None:
        Parameter.objects.filter(environment=staging).delete()
        parameter(staging, "limits/upload", "5")
        told = alice_types.told("flags", "copy", ENV, "staging", "--only", "limits/upload", "--yes")
        assert told == "Nothing differs.\n\n1 the same on both sides.\n"
        assert not Change.objects.exists()

    def test_nobody_is_copied_over_without_being_asked(self, staging: Environment, alice_types: Terminal) -> None:
        done = alice_types.run("flags", "copy", ENV, "staging")
        assert (done.exit_code, done.stdout) == (2, "")
        assert "--yes" in done.stderr
        alice_types.refused("flags", "copy", ENV, "hello-erlang/dev", "--yes", code=2)
        alice_types.refused("flags", "copy", ENV, "prod", "--yes", code=4)
        alice_types.refused("flags", "copy", "fileshare/prod", "dev", "--yes", code=4)
        assert not Change.objects.exists()

    def test_on_a_terminal_it_asks(self, staging: Environment, alice_types: Terminal) -> None:
        typed = Process(alice_types, "flags", "copy", ENV, "staging", "--only", FLAG)
        typed.until("Copy this value to fileshare/staging? [y/N]")
        typed.type_in("n\n")
        assert typed.end() == 2
        assert not Change.objects.exists()
