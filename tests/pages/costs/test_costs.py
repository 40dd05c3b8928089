"""The costs page: total, change and why, where, who; what stands apart; who sees what."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portal.accounts.models import User
from provisioning.lifecycle import CostSource, RefreshStatus
from provisioning.models import (
    Account,
    AuditEntry,
    CostCall,
    CostDay,
    CostRefresh,
    CostRevision,
    CostTag,
    Environment,
)

from .spent import APRIL, MAY, NOW, TODAY, days, lines, numbers, read, spend, whole, words

SignIn = Callable[[User], Client]


class TestFourQuestions:
    """What the page answers."""

    def test_total_forecast_and_last_month(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = words(read(client_of(alice)))
        assert "This month so far $64.82" in text  # 18 × (1.10 + 2 + 0.50) + 0.02
        assert "Last month $33.00" in text
        assert "Forecast for May ≈ $11" in text
        assert "from 14 complete days" in text

    def test_change_and_why_with_signs(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = words(read(client_of(alice)))
        assert "Against last month +$45.00 +227 %, same days, to 18 May" in text
        assert "+$36.00 fileshare/prod Amazon Elastic Container Service" in text
        assert "+$9.00 Untagged AWS Support (Business)" in text

    def test_where_and_who_have_the_same_numbers(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = read(client_of(alice), "range=month")
        assert text.count('class="column"') == 20
        assert "Wed 13 May 2026: $3.60. fileshare/prod $2.00, hello-erlang/dev-alice $1.10, Untagged $0.50" in text
        told = words(text)
        assert re.search(r"hello-erlang/dev-alice (by service\W+\S+ )?\$19.81 31 % \$1.10", told)
        assert "All 3 $64.82" in told

    def test_a_day_counts_from_the_first_that_cost_something(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        spend(dev, "3", days(TODAY - timedelta(days=4), 3))
        assert re.search(
            r"hello-erlang/dev-alice (by service\W+\S+ )?\$9.00 100 % \$3.00", words(read(client_of(alice)))
        )

    def test_what_came_back_takes_no_share(
        self, dev: Environment, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        spend(dev, "3", days(TODAY - timedelta(days=4), 2))
        spend(prod, "1", days(TODAY - timedelta(days=4), 2))
        spend(("", ""), "-2", days(TODAY - timedelta(days=4), 2), "AWS Support (Business)")
        told = words(read(client_of(alice)))
        assert re.search(r"\$6.00 75 % .*\$2.00 25 % .*−\$4.00 – ", told)

    @pytest.mark.parametrize("by", ["environment", "application", "service", "stage", "owner"])
    def test_costs_pitfall_05_however_it_is_split_the_sum_is_the_same(
        self, steady: None, alice: User, client_of: SignIn, by: str
    ) -> None:
        client = client_of(alice)
        found = numbers(client, f"range=month&by={by}")
        assert found["total"] == "64.82"
        assert sum(Decimal(one["total"]) for one in found["groups"]) == Decimal("64.82")
        assert "64.82" in words(read(client, f"range=month&by={by}"))

    def test_costs_pitfall_05_what_does_not_add_up_is_said(self, steady: None, alice: User, client_of: SignIn) -> None:
        day = TODAY - timedelta(days=4)
        whole(day, "3.605")
        assert "do not add up" not in read(client_of(alice))
        cache.clear()
        whole(day - timedelta(days=1), "10")
        assert "do not add up to AWS’s own total 15 May: −$6.40" in words(read(client_of(alice)))

    def test_costs_pitfall_06_newest_days_are_hatched(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = read(client_of(alice), "range=month")
        assert text.count('class="hatched"') == 1  # the 20th; nothing is known of the 19th yet
        assert "Wed 20 May 2026: $0.02, incomplete" in text
        found = {one["day"]: one["incomplete"] for one in lines(client_of(alice), "range=month")}
        assert (found["2026-05-18"], found["2026-05-20"]) == ("no", "yes")

    def test_sorted_and_paged(self, account: Account, alice: User, client_of: SignIn) -> None:
        for number in range(30):
            spend(("hello-erlang", f"dev-{number:02}"), str(number + 1))
        client = client_of(alice)
        first = read(client)
        assert first.index("dev-29</a>") < first.index("dev-28</a>")
        assert "Other (22)" in first
        assert "1–25 of 30" in first
        by_name = read(client, "sort=name")
        table = by_name[by_name.index('id="who"') :]
        assert table.index("dev-00") < table.index("dev-01")
        assert "dev-00" in read(client, "page=2").split('id="who"')[1]

    def test_a_bar_leads_to_its_days_and_a_part_to_its_environment(
        self, steady: None, alice: User, client_of: SignIn
    ) -> None:
        text = read(client_of(alice), "range=month&stage=dev")
        assert 'href="?by=environment&amp;stage=dev&amp;from=2026-05-13&amp;to=2026-05-13"' in text
        assert "environment=hello-erlang%2Fdev-alice" in text


class TestFilters:
    """Links that can be shared, and mean what they meant."""

    @pytest.mark.parametrize(
        ("query", "total"),
        [
            ("range=month&application=fileshare", "36.01"),
            ("range=month&environment=hello-erlang/dev-alice", "19.81"),
            ("range=month&environment=ALICE", "19.81"),
            ("range=month&environment=dev-ali/ce", "0"),
            ("range=month&environment=Untagged", "9"),
            ("range=month&stage=prod", "36.01"),
            ("range=month&service=AmazonCloudWatch", "0.02"),
            ("range=month&owner=bob", "36.01"),
            ("range=month&owner=bob&application=hello-erlang", "0"),
            ("range=last-month", "33"),
            ("from=2026-05-02&to=2026-05-02", "3.6"),
            ("to=2026-05-03", "40.5"),
            ("range=nonsense", "0"),
        ],
    )
    def test_each(self, steady: None, alice: User, client_of: SignIn, query: str, total: str) -> None:
        client = client_of(alice)
        if query == "range=nonsense":
            assert numbers(client, query)["total"] == numbers(client)["total"]
        else:
            assert numbers(client, query)["total"] == total

    def test_what_does_not_fit_is_said(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = read(client_of(alice), "from=2026-05-09&to=2026-05-01")
        assert "The last day is before the first." in text
        assert "a year at most" in read(client_of(alice), "from=2020-05-09&to=2026-05-01")
        text = read(client_of(alice), "application=nothing-is-called-so")
        assert "Nothing was spent" in text
        assert "Clear the filters" in text

    def test_nothing_at_all_has_no_filters_to_clear(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        spend(dev, "0", days(MAY, 18))
        text = read(client_of(alice))
        assert "Nothing was spent" in text
        assert "Clear the filters" not in text

    def test_costs_pitfall_12_credits_are_apart_and_out_by_default(
        self, steady: None, alice: User, client_of: SignIn
    ) -> None:
        spend(("", ""), "-70", [MAY], record_type="Credit")
        spend(("", ""), "1.5", [MAY], "Tax", record_type="Tax")
        client = client_of(alice)
        assert numbers(client, "range=month")["total"] == "64.82"
        assert numbers(client, "range=month&types=Credit")["total"] == "-70"
        everything = numbers(client, "range=month&types=all")
        assert everything["total"] == "-3.68"
        assert {one["label"]: one["total"] for one in everything["groups"]}["Credit"] == "-70"
        assert "−$3.68" in words(read(client, "range=month&types=all"))

    def test_the_two_sources_are_never_added(
        self, steady: None, alice: User, dev: Environment, client_of: SignIn
    ) -> None:
        spend(dev, "100", [MAY], source=CostSource.ACCRUAL)
        client = client_of(alice)
        assert numbers(client, "range=month")["total"] == "64.82"
        own = read(client, "range=month&source=accrual")
        assert "own reckoning, not a bill" in own
        assert numbers(client, "range=month&source=accrual")["total"] == "100"

    def test_costs_pitfall_08_the_last_day_of_a_month_is_in_it(
        self, account: Account, alice: User, client_of: SignIn
    ) -> None:
        for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 30), MAY):
            spend(("hello-erlang", "dev"), "1", [day])
        assert numbers(client_of(alice), "range=last-month")["total"] == "2"
        assert numbers(client_of(alice), "from=2026-03-31&to=2026-03-31")["total"] == "1"


class TestApart:
    """What has no tags, and names that look alike."""

    def test_costs_pitfall_11_untagged_is_shown_and_never_divided(
        self, steady: None, alice: User, client_of: SignIn
    ) -> None:
        spend(("", ""), "3", [MAY], "Amazon Simple Storage Service")
        text = words(read(client_of(alice)))
        assert "never divided among environments" in text
        assert "Amazon Simple Storage Service untagged $3.00" in text
        assert "AWS Support (Business) shared $9.00" in text

    def test_costs_pitfall_10_variants_are_listed(self, steady: None, alice: User, client_of: SignIn) -> None:
        spend(("hello-erlang", "Dev-Alice"), "1")
        client = client_of(alice)
        assert "Dev-Alice" in {one["label"].partition("/")[2] for one in numbers(client)["groups"]}
        text = words(read(client, path="/costs/source/"))
        assert "Environment of hello-erlang Dev-Alice dev-alice" in text

    def test_costs_pitfall_10_variants_of_keys(self, account: Account, alice: User, client_of: SignIn) -> None:
        for key in ("Environment", "environment", "Application"):
            CostTag.objects.create(account=account, key=key, status="Active", seen_at=NOW)
        assert "Key Environment environment" in words(read(client_of(alice), path="/costs/source/"))

    def test_costs_pitfall_09_an_inactive_tag_is_said_and_whom_to_ask(
        self, steady: None, account: Account, alice: User, client_of: SignIn
    ) -> None:
        CostTag.objects.create(account=account, key="Application", status="Active", seen_at=NOW)
        CostTag.objects.create(
            account=account, key="Environment", status="Inactive", seen_at=NOW, last_used_on=date(2026, 5, 1)
        )
        for path in ("/costs/", "/costs/source/"):
            text = words(read(client_of(alice), path=path))
            assert "Environment is not activated for costs, as of 20 May 2026" in text
            assert "Ask whoever manages the payer account" in text
            assert "Application is not" not in text

    def test_costs_pitfall_04_values_are_text_wherever_they_go(
        self, account: Account, alice: User, client_of: SignIn
    ) -> None:
        spend(("hello-erlang", 'a$b"><script>alert(1)</script>'), "1")
        text = read(client_of(alice))
        assert "<script>alert" not in text
        assert "a$b&quot;&gt;&lt;script&gt;" in text

    def test_stacks_without_tags_are_listed(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        dev.stacks.filter(kind="data").update(tags={"Application": "hello-erlang"})
        dev.stacks.filter(kind="compute").update(tags={"Application": "hello-erlang", "Environment": "dev-alice"})
        assert "hello-erlang-data-dev-alice lacks Environment" in words(read(client_of(alice), path="/costs/source/"))


class TestKnowing:
    """How old the numbers are, what AWS changed, what reading has cost."""

    def test_age_and_source(self, steady: None, alice: User, client_of: SignIn) -> None:
        text = words(read(client_of(alice)))
        assert "Cost Explorer as of just now estimated" in text
        CostDay.objects.update(estimated=False)
        cache.clear()
        assert "estimated" not in words(read(client_of(alice)))

    def test_costs_pitfall_07_revisions_are_counted_and_listed(
        self, steady: None, account: Account, alice: User, client_of: SignIn
    ) -> None:
        for day in days(APRIL, 3):
            CostRevision.objects.create(
                account=account, day=day, application="hello-erlang", environment_name="dev-alice",
                service="Amazon DynamoDB", record_type="Usage", before="1.00", after="1.10", at=NOW,
            )  # fmt: skip
        assert "AWS changed 3 amounts of April since." in read(client_of(alice))
        assert "hello-erlang/dev-alice Amazon DynamoDB $1.00 $1.10" in words(
            read(client_of(alice), path="/costs/source/")
        )

    def test_costs_pitfall_02_ledger_and_cap(
        self, steady: None, account: Account, ada: User, client_of: SignIn
    ) -> None:
        refresh = CostRefresh.objects.create(
            account=account, asked_at=NOW, status=RefreshStatus.CAPPED, first_day=APRIL, end_day=TODAY,
            problem="Reading costs has itself cost $5.00 this month, which is the cap. It goes on next month.",
        )  # fmt: skip
        for _ in range(500):
            CostCall.objects.create(account=account, refresh=refresh, operation="GetCostAndUsage", price="0.01", at=NOW)
        client = client_of(ada)
        assert "which is the cap" in read(client)
        assert "$5.00 this month for 500 pages, of $5.00 at most" in words(read(client, path="/costs/source/"))
        text = client.post("/costs/refresh/", follow=True).content.decode()
        assert "which is the cap. It goes on next month." in text
        assert CostRefresh.objects.count() == 1

    def test_costs_pitfall_03_two_people_one_reading(
        self, account: Account, ada: User, grace: User, client_of: SignIn
    ) -> None:
        first = client_of(ada).post("/costs/refresh/", follow=True).content.decode()
        second = client_of(grace).post("/costs/refresh/", follow=True).content.decode()
        assert "Costs are being read. The new numbers" in first
        assert "Costs are being read already. You will see the result" in second
        assert CostRefresh.objects.count() == 1
        assert AuditEntry.objects.filter(verb="refresh_costs").count() == 1
        assert "Costs are being read" in read(client_of(grace))

    def test_only_admins_have_them_read(self, account: Account, alice: User, audrey: User, client_of: SignIn) -> None:
        for user in (alice, audrey):
            assert client_of(user).post("/costs/refresh/").status_code == 403
            assert "Refresh now" not in read(client_of(user), path="/costs/source/")
        assert not CostRefresh.objects.exists()

    def test_without_cost_explorer_there_is_nothing_to_read(
        self, account: Account, ada: User, client_of: SignIn, settings: Any
    ) -> None:
        settings.COST_EXPLORER = False
        assert "There is no Cost Explorer here" in client_of(ada).post("/costs/refresh/", follow=True).content.decode()
        assert not CostRefresh.objects.exists()

    def test_empty_states_teach(self, account: Account, alice: User, client_of: SignIn, settings: Any) -> None:
        assert "Cost Explorer needs a day after it is enabled" in read(client_of(alice))
        settings.COST_EXPLORER = False
        assert "The first amounts appear an hour after" in read(client_of(alice))
        for path in ("numbers.csv", "numbers.json"):
            assert client_of(alice).get(f"/costs/{path}").status_code == 302


def test_home_has_what_the_page_has(steady: None, alice: User, client_of: SignIn) -> None:
    spend(("", ""), "4", [MAY], record_type="Tax")
    client = client_of(alice)
    assert numbers(client, "range=month&owner=alice")["total"] == "19.81"
    text = read(client, path="/")
    assert "Cost this month $19.81" in words(text)
    assert 'href="/costs/?range=month&amp;owner=alice"' in text
