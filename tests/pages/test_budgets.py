"""Budgets: how they stand, who may set them through the pages, and where people are told."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.costs.limits import FORECAST
from provisioning.engine.costing.budgeting import tell
from provisioning.lifecycle import BudgetScope
from provisioning.models import Budget, BudgetNotice, CostDay, Environment

from . import rows
from .cost_rows import DAY, budget, cost

SignIn = Callable[[User], Client]
PATH = "/costs/budgets/"
ASK = {"scope": "environment", "subject": "hello-erlang/dev-alice", "monthly": "40", "thresholds": "50, 80 %, 100"}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon of 20 May."""
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def spent(environment: Environment, amount: str = "3.00") -> None:
    """So much on each day from 1 to 20 May, of which the last two are still coming in."""
    for number in range(20):
        cost(amount, date(2026, 5, 1) + number * DAY, environment)


class TestPage:
    """How budgets stand."""

    def test_bars_say_what_is_used_what_comes_in_and_the_forecast(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        spent(dev)
        budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
        budget(alice, BudgetScope.OWNER, "alice", "50")
        text = rows.page(client_of(alice), PATH)
        assert "60 % of $100.00 used, forecast 93 %" in text
        assert "120 % of $50.00 used, forecast 186 %" in text
        assert text.index("120 %") < text.index("60 %")
        assert "on days that are still coming in" in text
        assert 'class="bad"' in text
        assert 'href="/environments/hello-erlang/dev-alice/costs/"' in text

    def test_before_anything_is_known(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        assert "No budgets yet" in rows.page(client_of(alice), PATH)
        budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
        assert "nothing known yet" in rows.page(client_of(alice), PATH)

    def test_a_link_fills_the_form(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        text = rows.page(client_of(alice), f"{PATH}?scope=owner&subject=%22%3E{HOSTILE}&monthly=7")
        assert '<option value="owner" selected>' in text
        assert HOSTILE not in text
        assert 'value="7"' in text

    def test_queries_do_not_grow_with_budgets(
        self, dev: Environment, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        spent(dev)
        for number in range(20):
            budget(alice, BudgetScope.APPLICATION, f"application-{number}")
        client = client_of(alice)
        rows.page(client, PATH)
        with django_assert_max_num_queries(30):
            rows.page(client, PATH)


class TestActs:
    """Setting and removing."""

    def test_setting_changing_and_removing(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        answer = client.post(f"{PATH}set/", ASK, follow=True)
        assert "The budget of hello-erlang/dev-alice is $40.00 a month." in answer.content.decode()
        made = Budget.objects.get()
        assert made.thresholds == [50, 80, 100]
        client.post(f"{PATH}set/", {**ASK, "monthly": "60"})
        assert Budget.objects.get().monthly == 60
        answer = client.post(f"{PATH}{made.pk}/remove/", follow=True)
        assert "has no budget any more" in answer.content.decode()
        assert not Budget.objects.exists()
        answer = client.post(f"{PATH}{made.pk}/remove/", follow=True)
        assert "This budget is gone already." in answer.content.decode()

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"monthly": "0"}, "An amount above zero."),
            ({"monthly": "much"}, "Enter a number."),
            ({"thresholds": "half"}, "Whole numbers with commas between them"),
            ({"thresholds": "0, 50"}, "Per cents from 1 to 1,000."),
            ({"subject": "hello-erlang/none"}, "No environment is called so."),
            ({"subject": HOSTILE}, "No environment is called so."),
            ({"scope": "planet"}, "Select a valid choice."),
        ],
    )
    def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(
        self, dev: Environment, alice: User, client_of: SignIn, wrong: dict[str, str], said: str
    ) -> None:
        answer = client_of(alice).post(f"{PATH}set/", {**ASK, **wrong})
        text = answer.content.decode()
        assert answer.status_code == 422
        assert said in text
        assert HOSTILE not in text
        assert not Budget.objects.exists()

    def test_others_are_refused_and_see_no_buttons(
        self, *, dev: Environment, alice: User, bob: User, audrey: User, ada: User, client_of: SignIn
    ) -> None:
        made = budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
        remove = f"{PATH}{made.pk}/remove/"
        for person in (bob, audrey):
            client = client_of(person)
            assert remove not in rows.page(client, PATH)
            assert client.post(f"{PATH}set/", ASK).status_code == 403
            assert client.post(remove).status_code == 403
        assert "Set budget" not in rows.page(client_of(audrey), PATH)
        assert remove in rows.page(client_of(ada), PATH)
        assert Budget.objects.get().monthly == 100

    def test_without_the_token_of_the_form_nothing_is_done(self, dev: Environment, alice: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        assert client.post(f"{PATH}set/", ASK).status_code == 403
        assert not Budget.objects.exists()

    def test_reading_sets_nothing(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        assert client_of(alice).get(f"{PATH}set/").status_code == 405


class TestTold:
    """Where people are told."""

    @pytest.fixture
    def passed(self, dev: Environment, ada: User) -> Budget:
        """ada's budget of alice's environment, of which 54 % are used on complete days."""
        spent(dev)
        made = budget(ada, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
        tell()
        return made

    def test_on_home_of_whom_it_concerns_and_on_the_environment_for_everybody(
        self, *, passed: Budget, alice: User, bob: User, ada: User, client_of: SignIn
    ) -> None:
        said = "50 % of the month&#x27;s budget of hello-erlang/dev-alice are used."
        for person, concerned in ((alice, True), (ada, True), (bob, False)):
            client = client_of(person)
            assert (said in rows.page(client, "/")) == concerned
            for path in ("", "costs/"):
                assert said in rows.page(client, f"/environments/hello-erlang/dev-alice/{path}")

    def test_the_highest_threshold_alone_and_the_activity(
        self, passed: Budget, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        CostDay.objects.update(amount="6.00")
        tell()
        client = client_of(alice)
        home = rows.page(client, "/")
        assert "is used up (100 %)" in home
        assert "50 % of" not in home
        assert "is used up (100 %)" in rows.page(client, "/environments/hello-erlang/dev-alice/activity/")
        assert set(BudgetNotice.objects.values_list("threshold", flat=True)) == {FORECAST, 50, 80, 100}

    def test_not_in_the_next_month(
        self, passed: Budget, alice: User, client_of: SignIn, clock: time_machine.Traveller
    ) -> None:
        clock.move_to(datetime(2026, 6, 4, 12, tzinfo=UTC))
        assert "month&#x27;s budget" not in rows.page(client_of(alice), "/")

    def test_costs_pitfall_22_not_to_who_may_not_see_it(
        self, passed: Budget, bob: User, client_of: SignIn, settings: Any
    ) -> None:
        settings.COSTS_BY_OWNER = True
        assert "month&#x27;s budget" not in rows.page(client_of(bob), "/environments/hello-erlang/dev-alice/")

    def test_a_team_is_told(self, dev: Environment, ada: User, bob: User, client_of: SignIn) -> None:
        bob.groups.create(name="platform")
        made = budget(ada, BudgetScope.OWNER, "platform")
        made.notices.create(month=date(2026, 5, 1), threshold=80, amount="81", at=timezone.now())
        assert "80 % of the month&#x27;s budget of platform are used." in rows.page(client_of(bob), "/")
