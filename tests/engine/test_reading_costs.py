"""Costs as they are read: whole or not at all, once at a time, within the cap, and with what AWS changed later."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from fakes.costs import Spend

from provisioning.engine.costing.questions import days_to_read
from provisioning.engine.costing.reading import begin, due, read
from provisioning.lifecycle import CostSource, RefreshStatus
from provisioning.models import CostCall, CostDay, CostRefresh, CostRevision, CostStage, CostTag, CostTotal

from .yard import FILESHARE, HELLO, Yard

TODAY = date(2026, 5, 4)
YESTERDAY = TODAY - timedelta(days=1)
ASKED = "GetCostAndUsage"


@pytest.fixture(autouse=True)
def _explorer(settings: Any) -> None:
    settings.COST_EXPLORER = True
    settings.COST_EXPLORER_MONTHLY_CAP = Decimal("5.00")


@pytest.fixture
def spent(yard: Yard) -> Yard:
    """Two applications, something untagged, a credit, and the tax."""
    yard.fake.costs.spends = [
        Spend(YESTERDAY, "1.25", "Amazon DynamoDB", HELLO, "dev"),
        Spend(YESTERDAY, "3.50", "Amazon EC2", HELLO, "dev"),
        Spend(YESTERDAY, "0.75", "Amazon ECS", FILESHARE, "prod"),
        Spend(YESTERDAY, "9.99", "AWS Support"),
        Spend(YESTERDAY, "0.10", "Amazon EC2", "", "dev"),
        Spend(YESTERDAY, "-2.00", "Amazon EC2", HELLO, "dev", "Credit"),
        Spend(YESTERDAY, "1.11", "Tax", record_type="Tax"),
    ]
    return yard


def run(yard: Yard, rounds: int = 60) -> CostRefresh:
    """Go on with what is due until nothing is under way; time moves to the next try."""
    for _ in range(rounds):
        for refresh_id in due(timezone.now()):
            read(refresh_id, yard.fake.aws_for)
        newest = CostRefresh.objects.latest("pk")
        if newest.next_check_at is None:
            return newest
        yard.clock.shift(max(newest.next_check_at - timezone.now(), timedelta(milliseconds=1)))
    raise AssertionError("The reading does not end")


def rows() -> dict[tuple[str, str, str, str], Decimal]:
    return {
        (one.application, one.environment_name, one.service, one.record_type): one.amount
        for one in CostDay.objects.filter(source=CostSource.EXPLORER, day=YESTERDAY)
    }


class TestWhole:
    """A reading that goes well."""

    def test_it_keeps_days_by_application_environment_and_service(self, spent: Yard) -> None:
        environment = spent.ready(HELLO)
        refresh = run(spent)
        assert (refresh.status, refresh.problem) == (RefreshStatus.DONE, "")
        assert rows() == {
            (HELLO, "dev", "Amazon DynamoDB", "Usage"): Decimal("1.25"),
            (HELLO, "dev", "Amazon EC2", "Usage"): Decimal("3.50"),
            (FILESHARE, "prod", "Amazon ECS", "Usage"): Decimal("0.75"),
            ("", "", "AWS Support", "Usage"): Decimal("9.99"),
            ("", "dev", "Amazon EC2", "Usage"): Decimal("0.10"),
            ("", "", "Amazon EC2", "Credit"): Decimal("-2.00"),
            ("", "", "Tax", "Tax"): Decimal("1.11"),
        }
        assert CostDay.objects.filter(environment=environment).count() == 2
        assert not CostStage.objects.exists()

    def test_costs_pitfall_05_the_groups_add_up_to_the_total(self, spent: Yard) -> None:
        run(spent)
        total = CostTotal.objects.get(day=YESTERDAY)
        assert total.amount == sum(rows().values())

    def test_every_page_of_every_question_is_read(self, spent: Yard) -> None:
        spent.fake.costs.page_size = 1
        run(spent)
        assert len(rows()) == 7

    def test_costs_pitfall_02_each_page_has_its_price_in_the_ledger(self, spent: Yard) -> None:
        run(spent)
        asked = spent.fake.calls_of(ASKED) + spent.fake.calls_of("ListCostAllocationTags")
        assert CostCall.objects.count() == asked == 7
        assert {call.price for call in CostCall.objects.all()} == {Decimal("0.01")}

    def test_names_with_a_dollar_sign_and_no_name_at_all(self, yard: Yard) -> None:
        yard.fake.costs.spends = [Spend(YESTERDAY, "1", "S", "a$b", "$"), Spend(YESTERDAY, "2", "S", "a$b", "")]
        run(yard)
        assert rows() == {("a$b", "$", "S", "Usage"): Decimal(1), ("a$b", "", "S", "Usage"): Decimal(2)}

    def test_tags_and_whether_they_are_active(self, spent: Yard) -> None:
        spent.fake.costs.tags = [
            {"TagKey": "Application", "Status": "Active"},
            {"TagKey": "environment", "Status": "Inactive"},
        ]
        run(spent)
        assert dict(CostTag.objects.values_list("key", "status")) == {
            "Application": "Active",
            "environment": "Inactive",
        }

    def test_an_account_that_may_not_tell_its_tags_still_has_costs(self, spent: Yard) -> None:
        spent.fake.script.refuse("ListCostAllocationTags", "AccessDeniedException", "no")
        assert run(spent).status == RefreshStatus.DONE
        assert not CostTag.objects.exists()
        assert rows()


class TestAgain:
    """Later readings, and what changed."""

    def test_one_reading_a_day_and_one_at_a_time(self, spent: Yard) -> None:
        first = begin(spent.account)
        assert begin(spent.account).pk == first.pk
        run(spent)
        assert due(timezone.now()) == []
        spent.clock.shift(timedelta(hours=24))
        assert len(due(timezone.now())) == 1
        assert CostRefresh.objects.count() == 2

    def test_costs_pitfall_03_two_workers_make_one_reading(self, spent: Yard) -> None:
        refresh = begin(spent.account)
        CostRefresh.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
        assert read(refresh.pk, spent.fake.aws_for) is None
        assert spent.fake.calls_of(ASKED) == 0
        spent.clock.shift(timedelta(seconds=61))
        assert read(refresh.pk, spent.fake.aws_for) is not None

    def test_costs_pitfall_07_what_aws_changes_later_is_kept_as_a_revision(self, spent: Yard) -> None:
        old = YESTERDAY - timedelta(days=10)
        spent.fake.costs.spends += [Spend(old, "5", "Amazon S3", HELLO, "dev"), Spend(old, "6", "Gone", HELLO, "dev")]
        run(spent)
        spent.clock.shift(timedelta(hours=24))
        spent.fake.costs.spends = [one for one in spent.fake.costs.spends if one.day != old]
        spent.fake.costs.spends.append(Spend(old, "7.5", "Amazon S3", HELLO, "dev"))
        assert run(spent).changed == 2
        assert {(one.service, one.before, one.after) for one in CostRevision.objects.all()} == {
            ("Amazon S3", Decimal(5), Decimal("7.5")),
            ("Gone", Decimal(6), Decimal(0)),
        }
        assert CostDay.objects.get(day=old, application=HELLO).amount == Decimal("7.5")

    def test_days_that_are_still_coming_in_change_without_a_revision(self, spent: Yard) -> None:
        run(spent)
        spent.clock.shift(timedelta(hours=24))
        spent.fake.costs.spends.append(Spend(YESTERDAY, "1", "Amazon EC2", HELLO, "dev"))
        run(spent)
        assert rows()[HELLO, "dev", "Amazon EC2", "Usage"] == Decimal("4.50")
        assert not CostRevision.objects.exists()

    @pytest.mark.parametrize(
        ("today", "first_time", "first", "end"),
        [
            (date(2026, 5, 15), False, date(2026, 4, 1), date(2026, 5, 16)),
            (date(2026, 5, 16), False, date(2026, 5, 1), date(2026, 5, 17)),
            (date(2026, 3, 1), False, date(2026, 2, 1), date(2026, 3, 2)),
            (date(2026, 1, 31), False, date(2026, 1, 1), date(2026, 2, 1)),
            (date(2026, 1, 2), False, date(2025, 12, 1), date(2026, 1, 3)),
            (date(2026, 3, 29), False, date(2026, 3, 1), date(2026, 3, 30)),
            (date(2026, 5, 4), True, date(2025, 5, 1), date(2026, 5, 5)),
        ],
    )
    def test_costs_pitfall_08_ends_are_exclusive_and_days_are_utc(
        self,
        today: date,
        first_time: bool,  # noqa: FBT001  (a case)
        first: date,
        end: date,
    ) -> None:
        assert days_to_read(today, first_time=first_time) == (first, end)


class TestBadDays:
    """Faults in the middle leave the last good data."""

    def test_costs_pitfall_14_throttling_half_way_goes_on_where_it_stood(self, spent: Yard) -> None:
        spent.fake.costs.page_size = 1
        spent.fake.script.refuse(ASKED, "LimitExceededException", "Rate exceeded", skip=4)
        refresh = begin(spent.account)
        read(refresh.pk, spent.fake.aws_for)
        refresh.refresh_from_db()
        assert "slow down" in refresh.problem
        assert not CostDay.objects.exists()
        assert run(spent).status == RefreshStatus.DONE
        assert len(rows()) == 7

    def test_costs_pitfall_14_a_question_that_aws_took_for_another_starts_over(self, spent: Yard) -> None:
        spent.fake.costs.page_size = 1
        spent.fake.script.refuse(ASKED, "RequestChangedException", "changed", skip=3)
        assert run(spent).status == RefreshStatus.DONE
        assert sum(rows().values()) == CostTotal.objects.get(day=YESTERDAY).amount

    def test_costs_pitfall_14_no_data_yet_is_said(self, spent: Yard) -> None:
        spent.fake.script.refuse(ASKED, "DataUnavailableException", "no data")
        refresh = run(spent)
        assert refresh.status == RefreshStatus.FAILED
        assert "needs a day" in refresh.problem

    def test_costs_pitfall_14_a_failed_reading_leaves_the_last_good_one(self, spent: Yard) -> None:
        run(spent)
        before = rows()
        spent.clock.shift(timedelta(hours=24))
        spent.fake.costs.spends = []
        spent.fake.script.refuse(ASKED, "AccessDeniedException", "no", skip=2)
        refresh = run(spent)
        assert refresh.status == RefreshStatus.FAILED
        assert rows() == before
        assert not CostStage.objects.exists()

    def test_costs_pitfall_02_the_cap_stops_it_with_a_note(self, spent: Yard, settings: Any) -> None:
        settings.COST_EXPLORER_MONTHLY_CAP = Decimal("0.03")
        refresh = run(spent)
        assert refresh.status == RefreshStatus.CAPPED
        assert "$0.03 this month" in refresh.problem
        assert spent.fake.calls_of(ASKED) == CostCall.objects.count() == 3
        spent.clock.move_to(datetime(2026, 6, 1, 1, tzinfo=UTC))
        settings.COST_EXPLORER_MONTHLY_CAP = Decimal("5.00")
        assert run(spent).status == RefreshStatus.DONE

    def test_a_worker_that_ended_after_a_page_has_paid_for_it(self, spent: Yard) -> None:
        spent.fake.script.lose_answer(ASKED)
        assert run(spent).status == RefreshStatus.DONE
        assert CostCall.objects.count() == 8
        assert sum(rows().values()) == CostTotal.objects.get(day=YESTERDAY).amount

    def test_without_cost_explorer_nothing_is_asked(self, spent: Yard, settings: Any) -> None:
        settings.COST_EXPLORER = False
        assert due(timezone.now()) == []
        assert not CostRefresh.objects.exists()
