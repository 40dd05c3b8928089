"""stackyard deploy, releases and promote: what programs and people deploy, compare, put back and send further."""

from typing import Any

import pytest

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment

from .. import rows
from ..releases.scene import CANARY, release, toggled, versions
from .served import Terminal

ENV, STAGING = "fileshare/dev", "fileshare/staging"
SHOP = "registry.example.org/shop:2"


@pytest.fixture(autouse=True)
def share(alice: User, served: object) -> Environment:
    """dev, with two releases of a flag and a secret."""
    return toggled(rows.environment(alice, "dev", "fileshare"), alice)


@pytest.fixture
def staging(alice: User, share: Environment) -> Environment:
    """staging, where SHOP ran well, and prod above it."""
    made = rows.environment(alice, "staging", "fileshare")
    rows.environment(alice, "prod", "fileshare")
    release(made, 1, alice, artifact=SHOP, stack_parameters={"ContainerImage": SHOP})
    release(made, 2, alice, artifact="shop:broken", good=False)
    return made


class TestDeploying:
    """deploy."""

    def test_an_artifact(self, alice_types: Terminal) -> None:
        told = alice_types.json("deploy", "dev", "--app", "fileshare", "--artifact", SHOP, "--reason", "spring")
        change = Change.objects.get()
        assert (told["id"], change.kind, change.goal["artifact"]) == (str(change.pk), ChangeKind.DEPLOY, SHOP)
        assert change.reason == "spring"

    def test_without_one_what_runs_is_started_anew(self, alice_types: Terminal) -> None:
        assert "Follow it: stackyard changes watch" in alice_types.run("deploy", ENV).stderr
        assert Change.objects.get().kind == ChangeKind.REDEPLOY

    def test_with_one_key_it_is_one_change(self, alice_types: Terminal) -> None:
        first, second = (
            alice_types.json("deploy", ENV, "--artifact", SHOP, "--key", "build-17")["id"] for _ in range(2)
        )
        assert first == second

    @pytest.mark.parametrize(("artifact", "code"), [("two words", 2), ("x" * 301, 2)])
    def test_what_is_no_artifact(self, alice_types: Terminal, artifact: str, code: int) -> None:
        alice_types.refused("deploy", ENV, "--artifact", artifact, code=code)
        assert not Change.objects.exists()

    def test_what_a_stage_does_not_take(self, alice_types: Terminal, staging: Environment, settings: Any) -> None:
        assert "Say why" in alice_types.refused("deploy", "fileshare/prod", "--artifact", "shop:9", code=2)
        assert not Change.objects.exists()

    def test_who_only_reads(self, audrey: User, terminal_of: Any) -> None:
        terminal_of(audrey).refused("deploy", ENV, "--artifact", SHOP, code=3)


class TestReleases:
    """releases list, show, diff, back."""

    def test_the_list(self, alice_types: Terminal, staging: Environment) -> None:
        told = alice_types.told("releases", "list", STAGING).splitlines()
        assert [line.split()[0] for line in told[1:]] == ["2", "1"]
        assert "failed" in told[1]
        assert SHOP in told[2]
        assert [one["number"] for one in alice_types.json("releases", "list", STAGING, "--good")["items"]] == [1]
        only = alice_types.json("releases", "list", STAGING, "--artifact", "shop:broken")
        assert [one["number"] for one in only["items"]] == [2]
        assert "Nothing was deployed yet." in alice_types.told("releases", "list", "fileshare/prod")

    def test_one(self, alice_types: Terminal) -> None:
        told = alice_types.told("releases", "show", ENV, "1")
        assert "2 of 2 tasks run" in told
        assert "hidden #" in told
        assert CANARY not in told
        assert alice_types.json("releases", "show", ENV, "1")["number"] == 1
        alice_types.refused("releases", "show", ENV, "99", code=4)
        alice_types.refused("releases", "show", ENV, "x", code=2)

    def test_two_compared(self, alice_types: Terminal, share: Environment, alice: User) -> None:
        told = alice_types.told("releases", "diff", ENV, "1", "2")
        assert next(line for line in told.splitlines() if "use_dynamodb" in line).split()[1:] == [
            "true",
            "(v1)",
            "false",
            "(v2)",
        ]
        assert CANARY not in told
        release(share, 3, alice, artifact="\x1b[31mshop", versions=versions())
        assert "\x1b" not in alice_types.told("releases", "diff", ENV, "2", "3")
        assert "Both ran the same." in alice_types.told("releases", "diff", ENV, "2", "2")

    def test_the_way_back_to_any(self, alice_types: Terminal, share: Environment, alice: User) -> None:
        release(share, 3, alice, versions=versions(use_dynamodb=(2, "false")))
        alice_types.told("releases", "back", ENV, "1")
        assert Change.objects.get().goal["release"] == 1

    def test_the_way_back_to_the_last_good_one(self, alice_types: Terminal) -> None:
        alice_types.told("releases", "back", ENV)
        assert Change.objects.get().goal["release"] == 1

    def test_no_way_back_to_one_that_failed(self, alice_types: Terminal, staging: Environment) -> None:
        assert "not proved good" in alice_types.refused("releases", "back", STAGING, "2", code=5)


class TestPromoting:
    """promote."""

    def test_the_newest_good_one(self, alice_types: Terminal, staging: Environment) -> None:
        ran = alice_types.run("promote", STAGING, "--to", "prod", "--reason", "It ran well")
        assert ran.exit_code == 0, ran.stderr
        assert f"Release 1: {SHOP}" in ran.stderr
        change = Change.objects.get()
        assert (str(change.environment), change.goal["promoted_from"]["release"]) == ("fileshare/prod", 1)

    def test_one_that_was_named(self, alice_types: Terminal, staging: Environment) -> None:
        args = ("promote", "staging", "--app", "fileshare", "--to", "prod", "--reason", "x")
        assert "not proved good" in alice_types.refused(*args, "--release", "2", code=2)
        assert alice_types.json(*args, "--release", "1")["environment"] == "fileshare/prod"

    def test_what_goes_nowhere(self, alice_types: Terminal, staging: Environment) -> None:
        alice_types.refused("promote", STAGING, "--to", "nowhere", "--reason", "x", code=4)
        alice_types.refused("promote", STAGING, "--to", "dev", "--reason", "x", code=2)
        alice_types.refused("promote", STAGING, "--reason", "x", code=2)
        said = alice_types.refused("promote", "fileshare/prod", "--to", "prod", "--reason", "x", code=5)
        assert "Nothing was proved good in fileshare/prod yet" in said
        assert not Change.objects.exists()
