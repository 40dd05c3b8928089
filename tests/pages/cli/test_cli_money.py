"""stackyard budgets, savings, cost-source, cost-refresh, and what env create would cost."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.lifecycle import BudgetScope, RefreshStatus
from provisioning.models import (
    Account,
    Budget,
    Change,
    CostRefresh,
    CostRevision,
    CostTag,
    Environment,
    Table,
)

from .. import rows
from ..cost_rows import DAY, budget, last_days
from .served import Dropped, Served, Terminal

NETWORK = ["--set", "compute.VpcId=vpc-1", "--set", "compute.SubnetIds=subnet-1,subnet-2"]
MORE = ["--set", "compute.KeyName=key", "--set", "compute.ImageId=ami-12345678"]


@pytest.fixture
def dev(alice: User, served: object) -> Environment:
    """Alice's environment, which costs a bit each day."""
    made = rows.environment(alice, "dev-alice", monthly_cost="34.99")
    last_days("2.00", 40, made)
    return made


class TestBudgets:
    """budgets."""

    def test_set_listed_and_removed(self, dev: Environment, alice_types: Terminal) -> None:
        assert "There is no budget yet." in alice_types.told("budgets", "list")
        told = alice_types.told("budgets", "set", "hello-erlang/dev-alice", "40.50", "--at", "50, 90%")
        assert told == "The budget of hello-erlang/dev-alice is 40.50 USD a month.\n"
        assert Budget.objects.get().thresholds == [50, 90]
        told = alice_types.told("budgets", "list", "--scope", "environment", "--of", "hello-erlang/dev-alice")
        assert "40.50" in told
        assert "alice" in told
        assert alice_types.json("budgets", "list")["items"][0]["monthly"] == "40.5"
        assert "no budget any more" in alice_types.told("budgets", "remove", "hello-erlang/dev-alice")
        assert "has no budget" in alice_types.refused("budgets", "remove", "hello-erlang/dev-alice", code=4)

    def test_of_a_person_by_its_scope(self, dev: Environment, alice_types: Terminal) -> None:
        assert "Say what alice is" in alice_types.refused("budgets", "set", "alice", "100", code=2)
        told = alice_types.refused("budgets", "set", "alice", "much", "--scope", "owner", code=2)
        assert "Write dollars a month, such as 40 or 40.50" in told
        alice_types.told("budgets", "set", "alice", "100", "--scope", "owner")
        assert Budget.objects.get().scope == BudgetScope.OWNER

    def test_what_was_told_and_what_is_used(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        made = budget(alice, BudgetScope.OWNER, "alice", "1")
        month = timezone.now().date().replace(day=1)
        made.notices.create(month=month, threshold=0, amount="2", at=timezone.now())
        made.notices.create(month=month, threshold=100, amount="2", at=timezone.now())
        assert "100 %, the forecast" in alice_types.told("budgets", "list")

    def test_several_of_one_name(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        budget(alice, BudgetScope.OWNER, "alice")
        budget(alice, BudgetScope.APPLICATION, "alice")
        assert "say which with --scope" in alice_types.refused("budgets", "remove", "alice", code=2)
        alice_types.told("budgets", "remove", "alice", "--scope", "owner")
        assert Budget.objects.get().scope == BudgetScope.APPLICATION

    def test_one_whose_answer_is_lost_is_removed(
        self, dev: Environment, alice: User, served: Served, alice_types: Terminal
    ) -> None:
        """What removes is done, its answer never arrives, and it is sent again."""
        budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")

        def lose() -> None:
            if served.asked[-1][0] == "DELETE":
                served.after = None
                raise Dropped

        served.after = lose
        assert "no budget any more" in alice_types.told("budgets", "remove", "hello-erlang/dev-alice")
        assert [method for method, _, _ in served.asked].count("DELETE") == 2
        assert not Budget.objects.exists()

    @pytest.mark.parametrize("words", [["0"], ["much"], ["1.005"], ["7", "--at", "half"], ["7", "--at", "0"]])
    def test_what_is_no_budget(self, dev: Environment, alice_types: Terminal, words: list[str]) -> None:
        alice_types.refused("budgets", "set", "hello-erlang/dev-alice", *words, code=2)
        assert not Budget.objects.exists()

    def test_whose_money_it_is_not(self, dev: Environment, bob: User, terminal_of: Callable[..., Terminal]) -> None:
        said = terminal_of(bob).refused("budgets", "set", "hello-erlang/dev-alice", "7", code=3)
        assert "Ask alice or an admin. (not-yours)" in said


class TestSavings:
    """savings."""

    def test_dearest_first_with_what_saves_it(self, dev: Environment, alice_types: Terminal) -> None:
        assert alice_types.told("savings") == "There is nothing to save.\n"
        account = Account.objects.get()
        for name, monthly in (("kept-one", Decimal("9.5")), ("kept-two", None)):
            Table.objects.create(
                account=account, name=name, arn="arn", application="hello-erlang", environment_name="dev-old",
                monthly_cost=monthly, seen_at=timezone.now(),
            )  # fmt: skip
        told = alice_types.told("savings")
        assert "≈ 9.50 USD a month" in told
        assert told.index("kept-one") < told.index("not known")
        assert "Adopt or delete… /" in told
        assert [one["monthly"] for one in alice_types.json("savings")["items"]] == ["9.5", None]
        assert "There are more" in alice_types.run("savings", "--limit", "1").stderr


class TestSource:
    """cost-source and cost-refresh."""

    def test_where_costs_come_from(self, dev: Environment, ada: User, alice_types: Terminal, settings: Any) -> None:
        settings.COST_EXPLORER = True
        account, now = Account.objects.get(), timezone.now()
        CostTag.objects.create(account=account, key="Application", status="Active", seen_at=now)
        CostRevision.objects.create(
            account=account, day=now.date(), service="Amazon EC2", record_type="Usage", before="1", after="2.5", at=now
        )
        CostRefresh.objects.create(
            account=account, asked_by=ada, asked_at=now, status=RefreshStatus.FAILED, problem="AWS said no.",
            first_day=now.date() - DAY, end_day=now.date(),
        )  # fmt: skip
        told = alice_types.told("cost-source")
        for words in ("Cost Explorer", "0.00 of at most 5.00 USD", "AWS said no.", "ada", "no tags", "2.50"):
            assert words in told
        assert alice_types.json("cost-source")["revised"] == 1
        settings.COST_EXPLORER = False
        assert "Stackyard reckons every hour" in alice_types.told("cost-source")

    def test_reading_now(
        self, dev: Environment, ada: User, terminal_of: Callable[..., Terminal], alice_types: Terminal, settings: Any
    ) -> None:
        settings.COST_EXPLORER = True
        assert "is for admins" in alice_types.refused("cost-refresh", code=3)
        admin = terminal_of(ada)
        assert "is queued." in admin.told("cost-refresh", "--key", "nightly")
        CostRefresh.objects.update(status=RefreshStatus.DONE, finished_at=timezone.now())
        assert admin.json("cost-refresh", "--key", "nightly")["status"] == "done"
        assert CostRefresh.objects.count() == 1
        settings.COST_EXPLORER = False
        assert "no Cost Explorer here" in admin.refused("cost-refresh", code=5)


class TestPrice:
    """env create --price."""

    def test_it_tells_and_asks_for_nothing(self, dev: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("env", "create", "hello-erlang", "dev-alice", *NETWORK, *MORE, "--price")
        for words in ("≈ 34.99 USD at expected use", "As it is now", "MessagesTable", "At other use", "peak "):
            assert words in told
        assert not Change.objects.exists()

    def test_what_is_assumed_and_what_has_no_price(self, account: Account, alice_types: Terminal) -> None:
        words = ["env", "create", "hello-erlang/dev", *NETWORK, *MORE, "--price"]
        usual = alice_types.json(*words)
        busy = alice_types.json(*words, "--use", "peak", "--figure", "reads=7", "--free-tier")
        assert Decimal(busy["monthly"]) > Decimal(usual["monthly"])
        assert busy["usage"] == {"scenario": "peak", "figures": {"reads": "7"}, "free_tier": True}
        unknown = alice_types.told(*words, "--set", "compute.InstanceType=z9.huge")
        assert "Not priced, and not in the sum" in unknown
        data = alice_types.json("env", "create", "hello-erlang/dev", "--stack", "data", "--price")
        assert [one["stack"] for one in data["stacks"]] == ["data"]

    def test_what_is_assumed_goes_with_the_request(self, account: Account, alice_types: Terminal) -> None:
        alice_types.told("env", "create", "hello-erlang/dev", *NETWORK, *MORE, "--use", "idle")
        assert Change.objects.get().goal["usage"]["scenario"] == "idle"

    def test_of_an_update(self, dev: Environment, alice_types: Terminal) -> None:
        words = ["env", "update", "hello-erlang/dev-alice", *NETWORK, *MORE, "--set", "InstanceType=t3.medium"]
        assert "As it is now" in alice_types.told(*words, "--price")
        assert alice_types.json(*words, "--price", "--stack", "compute")["stacks"][0]["stack"] == "compute"
        assert not Change.objects.exists()
        alice_types.told(*words, "--use", "peak")
        assert Change.objects.get().goal["usage"]["scenario"] == "peak"

    @pytest.mark.parametrize(
        "words", [["--figure", "reads"], ["--figure", "reads=1", "--figure", "reads=2"], ["--figure", "cats=1"]]
    )
    def test_figures_that_are_none(self, account: Account, alice_types: Terminal, words: list[str]) -> None:
        alice_types.refused("env", "create", "hello-erlang/dev", *NETWORK, *MORE, "--price", *words, code=2)

    def test_with_a_token_that_only_reads(self, account: Account, alice: User, terminal_of: Any) -> None:
        reader = terminal_of(alice, Scope.READ)
        assert reader.json("env", "create", "hello-erlang/dev", *NETWORK, *MORE, "--price")["monthly"]


def test_costs_of_environments_with_a_part_of_a_name(dev: Environment, alice_types: Terminal) -> None:
    found = alice_types.json("costs", "--env", "dev-a")
    assert (found["filters"], len(found["items"])) == ({"environment": "dev-a"}, 1)
    assert alice_types.json("costs", "--env", "prod")["items"] == []
    alice_types.refused("costs", "hello-erlang/dev-alice", "--env", "dev", code=2)
