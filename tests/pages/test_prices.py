"""Prices on pages: three totals, changed assumptions, what experience makes of them, and prices that have grown old."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.costs.book import book
from provisioning.costs.estimate import difference, estimate
from provisioning.costs.model import PricedInput
from provisioning.costs.scenarios import SCENARIOS
from provisioning.costs.usage import Usage
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Account, Change, CostCalibration, Environment

from . import rows
from .rich_plans import asked, update_plan
from .rows import page

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
FORM = "/request/hello-erlang/"
OLD = datetime.combine(book().published + timedelta(days=61), datetime.min.time(), UTC)
TABLE = PricedInput("Table", "AWS::DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST"})


def words(text: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def figure(text: str) -> Decimal:
    """The large amount of a price card."""
    found = re.search(r'class="figure"><span class="money">≈ \$([\d,.]+)<', text)
    assert found is not None
    return Decimal(found[1].replace(",", ""))


def priced(client: Client, **typed: str) -> str:
    """The price card, as the form sends for it."""
    response = client.post(f"{FORM}price/", {"name": "dev", **typed}, headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


class TestForms:
    """The price card beside the form."""

    def test_shows_three_totals_and_marks_the_chosen_one(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        text = priced(client_of(alice))
        assert re.findall(r"<dt>(\w+)</dt>", text)[:3] == ["Idle", "Expected", "Peak"]
        assert text.count("totals-chosen") == 1
        assert "per month at expected use" in text

    def test_follows_the_scenario_and_the_figures(self, account: Account, alice: User, client_of: ClientOf) -> None:
        client = client_of(alice)
        usual, peak = figure(priced(client)), figure(priced(client, **{"usage-scenario": "peak"}))
        assert peak > usual
        text = priced(client, **{"usage-scenario": "expected", "usage-stored_gb": "101"})
        # 100 GB more than the expected 1, with no index that keeps whole copies beside hello-erlang's own
        assert figure(text) > usual + 24
        assert "per month at expected use with 1 figure changed" in text
        assert "As given: 101 GB stored" in text

    def test_says_which_assumption_cannot_be_read(self, account: Account, alice: User, client_of: ClientOf) -> None:
        text = priced(client_of(alice), **{"usage-reads": "many"})
        assert "Some assumptions cannot be read, so the usual ones are used." in text

    def test_a_free_tier_is_a_labelled_choice_that_is_off(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        assert "are not deducted" in priced(client)
        free = priced(client, **{"usage-free_tier": "on"})
        assert figure(free) < figure(priced(client))
        assert "free allowances deducted" in free

    def test_a_calibration_stands_beside_the_list_price_and_never_instead(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        usual = figure(priced(client))
        CostCalibration.objects.create(
            application="hello-erlang", stage="dev", factor=Decimal("1.12"), samples=3, at=timezone.now()
        )
        text = priced(client)
        assert figure(text) == usual
        assert "as earlier ones turned out (× 1.12 after 14 days of 3 environments)" in words(text)

    def test_costs_pitfall_20_a_calibration_of_nobody_is_none(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        CostCalibration.objects.create(
            application="hello-erlang", stage="prod", factor=Decimal(2), samples=3, at=timezone.now()
        )
        CostCalibration.objects.create(
            application="hello-erlang", stage="dev", factor=Decimal(2), samples=0, at=timezone.now()
        )
        assert "turned out" not in priced(client_of(alice))

    def test_a_request_keeps_the_assumptions_and_the_next_form_begins_with_them(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        usage = {"scenario": "peak", "figures": {"writes": "7"}, "free_tier": False}
        rows.change(rows.environment(alice, "dev"), alice, ChangeStatus.SUCCEEDED, goal={"usage": usage})
        text = page(client, "/environments/hello-erlang/dev/update/")
        assert '<option value="peak" selected>' in text
        assert re.search(r'name="usage-writes" value="7"', text)
        assert "at peak use with 1 figure changed" in text


class TestCatalogue:
    """The cards."""

    def test_prices_follow_the_address_and_go_along_to_the_form(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), "/catalogue/?usage-scenario=peak&usage-lcu=4")
        assert "per month at peak use with 1 figure changed" in text
        assert f"{FORM}?usage-scenario=peak&amp;usage-lcu=4" in text
        assert 'value="4"' in text

    def test_a_figure_without_a_scenario_belongs_to_the_expected_use(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), "/catalogue/?usage-lcu=4")
        assert "per month at expected use with 1 figure changed" in text

    def test_what_cannot_be_read_is_named_and_not_used(
        self, account: Account, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), "/catalogue/?usage-scenario=rush&usage-lcu=four")
        assert "per month at expected use" in text
        assert "is not one of the available choices" in text
        assert "This must be a number from 0 up" in text

    def test_an_application_does_as_well(self, account: Account, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), "/catalogue/hello-erlang/?usage-scenario=idle")
        assert "?name=prod&amp;usage-scenario=idle" in text
        assert "totals-chosen" in text

    def test_nothing_chosen_is_the_expected_use(self, account: Account, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), "/catalogue/")
        assert "per month at expected use" in text
        assert f'href="{FORM}"' in text


class TestOldPrices:
    """A book of more than sixty days."""

    @pytest.mark.parametrize("path", ["/catalogue/", "/catalogue/hello-erlang/", "/environments/", "/approvals/", "/"])
    def test_every_page_with_prices_says_so_and_not_a_day_before(
        self, dev: Environment, ada: User, client_of: ClientOf, path: str
    ) -> None:
        client = client_of(ada)
        with time_machine.travel(OLD - timedelta(days=1), tick=False):
            client.force_login(ada)
            assert "old-prices" not in page(client, path)
        with time_machine.travel(OLD, tick=False):
            client.force_login(ada)
            assert "more than 60 days ago" in page(client, path)

    def test_so_does_the_price_card_and_an_environment(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        with time_machine.travel(OLD, tick=False):
            client = client_of(alice)
            assert "Do not decide by them." in priced(client)
            assert "old-prices" in page(client, "/environments/hello-erlang/dev-alice/")

    def test_approving_by_them_is_said_to_be_unsafe(
        self, alice: User, ada: User, account: Account, client_of: ClientOf
    ) -> None:
        made = planned(rows.environment(alice, "prod"), Usage("peak", {"writes": Decimal(9_000_000)}))
        text = words(page(client_of(ada), f"/changes/{made.pk}/"))
        assert "Approving by them" not in text
        assert "a month at peak use with 1 figure changed" in text
        assert "As given: 9,000,000 writes a month" in text
        assert re.search(r"Idle ≈ \$[\d.]+ Expected ≈ \$[\d.]+ Peak ≈ \$[\d.]+", text)
        with time_machine.travel(OLD, tick=False):
            client = client_of(ada)
            Change.objects.update(expires_at=timezone.now() + timedelta(days=1))
            assert page(client, f"/changes/{made.pk}/").count("Approving by them is not safe") == 2


def planned(environment: Environment, usage: Usage) -> Change:
    """A change that waits, with a plan that was priced on these assumptions."""
    found = difference(None, estimate([TABLE], usage=usage))
    totals = {one: str(estimate([TABLE], usage=usage.within(one)).monthly) for one in SCENARIOS}
    cost = {
        "stacks": {"data": found.as_dict()},
        "before": "0",
        "after": str(found.after.monthly),
        "delta": str(found.delta),
        "usage": usage.as_dict(),
        "totals": totals,
    }
    return asked(environment, environment.owner, sealed_plan=update_plan(cost=cost))
