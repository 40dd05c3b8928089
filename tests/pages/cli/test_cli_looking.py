"""stackyard search, home, engine, apps problems, tokens: what these pages show, on lines."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import ApiToken, Scope, User
from provisioning.lifecycle import BudgetScope, ChangeStatus
from provisioning.models import Account, Change, Environment, Heartbeat, Parameter

from .. import rows
from ..api.program import token_for
from ..change_rows import planned, resource
from ..cost_rows import budget
from ..table_rows import table
from .served import Terminal


@pytest.fixture
def dev(alice: User, served: object) -> Environment:
    """Alice's environment."""
    return rows.environment(alice, "dev-alice", monthly_cost="34.99")


class TestSearch:
    """search."""

    def test_everything_that_fits(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        table(dev, "dev-alice-hello-erlang-messages")
        Parameter.objects.create(
            environment=dev, name="/hello-erlang/dev-alice/erlang_cookie", key="erlang_cookie", type="SecureString"
        )
        told = alice_types.told("search", "erlang", "alice")
        for words in ("hello-erlang/dev-alice", "dev-alice-hello-erlang-messages", "erlang_cookie", str(change.pk)):
            assert words in told
        assert alice_types.json("search", "dev-alice/")["more"] == []
        assert alice_types.told("search", "nothing-of-the-kind") == "Nothing has all of these words.\n"

    def test_where_there_are_more(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        for number in range(10):
            rows.environment(alice, f"dev-{number}")
        assert "there are more environments" in alice_types.run("search", "dev").stderr
        alice_types.refused("search", code=2)


class TestHome:
    """home."""

    def test_what_is_mine_and_waits_for_me(
        self, dev: Environment, alice: User, ada: User, terminal_of: Callable[..., Terminal], alice_types: Terminal
    ) -> None:
        prod = rows.environment(alice, "prod")
        waiting = planned(rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL), resource("MessagesTable", "Modify"))
        made = budget(alice, BudgetScope.OWNER, "alice")
        month = timezone.now().date().replace(day=1)
        made.notices.create(month=month, threshold=100, amount="101", at=timezone.now())
        told = alice_types.told("home")
        for words in ("≈ 34.99 USD estimated", "hello-erlang/dev-alice", "is used up (100 %)", "Lately"):
            assert words in told
        assert alice_types.json("home")["waiting_count"] == 0
        hers = terminal_of(ada).told("home")
        assert hers.index("Waits for me ") < hers.index(str(waiting.pk))


class TestEngine:
    """engine."""

    def test_for_who_may(
        self, dev: Environment, alice: User, audrey: User, terminal_of: Callable[..., Terminal], alice_types: Terminal
    ) -> None:
        assert "Engine is for" in alice_types.refused("engine", code=3)
        theirs = terminal_of(audrey)
        silent = theirs.told("engine")
        assert "no worker finishes any" in silent
        assert "Nothing is set aside." in silent

    def test_signs_of_life_and_what_is_set_aside(
        self, dev: Environment, alice: User, audrey: User, terminal_of: Callable[..., Terminal], settings: Any
    ) -> None:
        settings.CLOUDFORMATION_READS_PER_SECOND, settings.CLOUDFORMATION_READ_BURST = 2.5, 40
        now = timezone.now()
        Heartbeat.objects.create(name="sweep", at=now)
        Heartbeat.objects.create(name="worker here/7", at=now)
        change = rows.change(dev, alice, ChangeStatus.RUNNING, set_aside_because="Workers ended.")
        Change.objects.filter(pk=change.pk).update(set_aside_at=now, next_check_at=now - timedelta(minutes=2))
        told = terminal_of(audrey).told("engine")
        for words in ("here/7", "Workers ended.", "40 of 40", "2.5", "Longest wait", "2 min", "off"):
            assert words in told
        assert "no worker finishes any" not in told


class TestProblems:
    """apps problems."""

    def test_file_line_and_fix(
        self, account: Account, audrey: User, terminal_of: Callable[..., Terminal], tmp_path: Path, settings: Any
    ) -> None:
        theirs = terminal_of(audrey)
        assert "Every blueprint is in order" in theirs.told("apps", "problems")
        (tmp_path / "blueprints" / "broken").mkdir(parents=True)
        (tmp_path / "blueprints" / "broken" / "blueprint.yaml").write_text("title: Broken\n")
        settings.BLUEPRINT_DIRS = (tmp_path / "blueprints",)
        assert "blueprint.yaml:1" in theirs.told("apps", "problems")

    def test_engineers_do_not_see_them(self, account: Account, alice_types: Terminal) -> None:
        assert "Blueprints is for" in alice_types.refused("apps", "problems", code=3)


class TestTokens:
    """tokens."""

    def test_ones_own_without_secrets(self, account: Account, alice: User, alice_types: Terminal) -> None:
        made = token_for(alice, Scope.READ, name="nightly", expires_at=timezone.now() + timedelta(days=1))
        gone = token_for(alice, name="old")
        ApiToken.objects.filter(pk=gone.row.pk).update(expires_at=timezone.now())
        told = alice_types.told("tokens", "list")
        for words in ("nightly", f"sy_{made.row.prefix}", "this one", "usable", "over", "not by itself"):
            assert words in told
        assert made.text.rpartition("_")[2] not in told
        assert [one["name"] for one in alice_types.json("tokens", "list")["items"]] == ["old", "nightly", "terminal"]

    def test_one_is_revoked(self, account: Account, alice: User, bob: User, alice_types: Terminal) -> None:
        made, others = token_for(alice, name="nightly"), token_for(bob)
        assert "is revoked." in alice_types.told("tokens", "revoke", str(made.row.pk))
        assert "revoked" in alice_types.told("tokens", "list")
        assert "You have no such token." in alice_types.refused("tokens", "revoke", str(others.row.pk), code=4)
        alice_types.refused("tokens", "revoke", "nightly", code=2)

    def test_revoking_the_one_in_use_says_what_to_do(self, account: Account, alice_types: Terminal) -> None:
        found = alice_types.run("tokens", "revoke", str(ApiToken.objects.get(name="terminal").pk))
        assert "stackyard login takes another" in found.stderr
        assert "stackyard login" in alice_types.refused("whoami", code=3)
