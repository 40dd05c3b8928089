"""What follows when amounts change: thresholds of budgets are told once, estimates learn from the bill."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from fakes.costs import Spend
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import User
from provisioning.costs.days import known
from provisioning.costs.limits import FORECAST
from provisioning.engine.costing.accruing import accrue
from provisioning.engine.costing.budgeting import VERB, standings, tell
from provisioning.engine.costing.calibrating import calibrate, expected_of
from provisioning.engine.costing.following import costs_changed
from provisioning.lifecycle import BudgetScope, ChangeKind, CostSource
from provisioning.models import Account, AuditEntry, Budget, BudgetNotice, CostCalibration, CostDay, Environment

from .test_reading_costs import run
from .yard import FILESHARE, HELLO, Yard

DAY = timedelta(days=1)
MAY = date(2026, 5, 1)


def cost(amount: str, day: date, environment: Environment | None, **columns: Any) -> CostDay:
    """A day's cost as Cost Explorer has it, read at noon of the newest day."""
    columns = {"source": CostSource.EXPLORER, "service": "Amazon EC2", "as_of": timezone.now(), **columns}
    tags = (environment.application, environment.name) if environment else ("", "")
    return CostDay.objects.create(
        account=Account.objects.get(),
        day=day,
        application=columns.pop("application", tags[0]),
        environment_name=columns.pop("environment_name", tags[1]),
        environment=environment,
        amount=Decimal(amount),
        **columns,
    )


def every_day(amount: str, first: date, count: int, environment: Environment, **columns: Any) -> None:
    for number in range(count):
        cost(amount, first + number * DAY, environment, **columns)


def budget(scope: BudgetScope, subject: str, monthly: str, thresholds: tuple[int, ...] = (50, 80, 100)) -> Budget:
    return Budget.objects.create(
        scope=scope,
        subject=subject,
        monthly=Decimal(monthly),
        thresholds=list(thresholds),
        set_by=User.objects.order_by("pk")[0],
        set_at=timezone.now(),
    )


def told() -> list[tuple[str, int]]:
    return [(one.budget.subject, one.threshold) for one in BudgetNotice.objects.order_by("pk")]


@pytest.fixture
def dev(yard: Yard) -> Environment:
    """hello-erlang/dev, ready since 4 May; it is 20 May now, at noon."""
    environment = yard.ready(HELLO)
    yard.clock.move_to(datetime(2026, 5, 20, 12, tzinfo=UTC))
    return environment


class TestBudgets:
    """Thresholds."""

    def test_each_is_told_once_with_an_audit_entry_on_its_environment(self, dev: Environment) -> None:
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "100")
        every_day("4", MAY, 18, dev)  # $72, and 13 days to come
        assert tell() == 2
        assert told() == [(f"{HELLO}/dev", FORECAST), (f"{HELLO}/dev", 50)]
        assert (tell(), tell()) == (0, 0)
        entries = AuditEntry.objects.filter(verb=VERB, environment=dev)
        assert [one.summary for one in entries.order_by("id")] == [
            f"The month of {HELLO}/dev is forecast to end above its budget.",
            f"50 % of the month's budget of {HELLO}/dev are used.",
        ]
        assert {one.by for one in entries} == {None}

    def test_costs_pitfall_06_the_two_newest_days_tell_nothing(self, dev: Environment) -> None:
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "100")
        cost("1", date(2026, 5, 17), dev)
        every_day("400", date(2026, 5, 19), 2, dev)
        assert tell() == 0
        standing = standings(Budget.objects.all(), known(), date(2026, 5, 20))[0]  # type: ignore[arg-type]  # there is something
        assert (standing.spent.settled, standing.spent.so_far) == (Decimal(1), Decimal(801))

    def test_a_month_is_told_to_its_end_and_the_next_one_anew(self, dev: Environment, yard: Yard) -> None:
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "31", (100,))
        every_day("1", MAY, 30, dev)
        yard.clock.move_to(datetime(2026, 6, 1, 12, tzinfo=UTC))
        CostDay.objects.update(as_of=timezone.now())
        assert tell() == 0
        cost("1", date(2026, 5, 31), dev)
        yard.clock.shift(DAY)
        CostDay.objects.update(as_of=timezone.now())
        assert tell() == 1
        every_day("40", date(2026, 6, 1), 3, dev)
        yard.clock.shift(3 * DAY)
        CostDay.objects.update(as_of=timezone.now())
        tell()
        assert {(one.month, one.threshold) for one in BudgetNotice.objects.all()} == {
            (MAY, 100),
            (date(2026, 6, 1), 100),
            (date(2026, 6, 1), FORECAST),
        }

    def test_applications_people_and_teams(self, dev: Environment, yard: Yard) -> None:
        other = yard.ready(FILESHARE)
        Group.objects.create(name="platform").user_set.add(other.owner)
        cost("60", date(2026, 5, 10), dev)
        cost("30", date(2026, 5, 10), other)
        cost("500", date(2026, 5, 10), None)
        cost("-70", date(2026, 5, 10), dev, record_type="Credit")
        subjects = [
            (BudgetScope.APPLICATION, HELLO),
            (BudgetScope.APPLICATION, FILESHARE),
            (BudgetScope.OWNER, "platform"),
            (BudgetScope.OWNER, dev.owner.get_username()),
            (BudgetScope.OWNER, "nobody"),
        ]
        for scope, subject in subjects:
            budget(scope, subject, "100")
        what = known()
        assert what is not None
        stand = {one.budget.subject: one.spent.settled for one in standings(Budget.objects.all(), what, what.settled)}
        mine = 90 if other.owner == dev.owner else 60
        assert stand == {
            HELLO: 60,
            FILESHARE: 30,
            "platform": mine if other.owner == dev.owner else 30,
            dev.owner.get_username(): mine,
            "nobody": 0,
        }

    def test_budgets_are_read_with_one_question_however_many(
        self, dev: Environment, django_assert_num_queries: Any
    ) -> None:
        every_day("4", MAY, 14, dev)
        for number in range(30):
            budget(BudgetScope.OWNER, f"team-{number}", "100")
            budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev-{number}", "100")
        what, budgets = known(), list(Budget.objects.all())
        assert what is not None
        with django_assert_num_queries(2):
            standings(budgets, what, what.settled)

    def test_without_amounts_nothing_is_told(self, dev: Environment) -> None:
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "1")
        CostDay.objects.all().delete()
        assert tell() == 0

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(amounts=st.lists(st.decimals(min_value=0, max_value=60, places=2), min_size=1, max_size=12))
    def test_a_threshold_is_told_once_whatever_is_read(self, dev: Environment, amounts: list[Decimal]) -> None:
        """Amounts go up and down from reading to reading, as AWS corrects them; each is looked at twice."""
        CostDay.objects.all().delete()
        Budget.objects.all().delete()
        before = AuditEntry.objects.filter(verb=VERB).count()
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "100", (50, 80, 100))
        row = cost("0", date(2026, 5, 10), dev)
        highest = Decimal(0)
        for amount in amounts:
            highest = max(highest, amount * 2)
            CostDay.objects.filter(pk=row.pk).update(amount=amount * 2)
            tell()
            tell()
            thresholds = [one.threshold for one in BudgetNotice.objects.all() if one.threshold != FORECAST]
            assert sorted(thresholds) == [one for one in (50, 80, 100) if highest >= one]
        assert AuditEntry.objects.filter(verb=VERB).count() - before == BudgetNotice.objects.count()


class TestLearning:
    """Calibration."""

    def test_costs_pitfall_20_what_an_environment_cost_feeds_the_next_estimate(self, dev: Environment) -> None:
        estimated = expected_of([dev.pk])[dev.pk][-1].monthly
        daily = estimated * 24 / 730
        actual = str(round(daily * Decimal("1.12"), 10))
        every_day(actual, date(2026, 5, 6), 13, dev)
        assert calibrate() == 0  # 6 May to 18 May are 13 days
        cost(actual, date(2026, 5, 5), dev)
        assert calibrate() == 1
        learnt = CostCalibration.objects.get()
        assert (learnt.application, learnt.stage, learnt.samples) == (HELLO, "dev", 1)
        assert round(learnt.factor, 2) == Decimal("1.12")
        assert calibrate() == 1
        assert CostCalibration.objects.count() == 1

    def test_the_own_reckoning_teaches_nothing(self, dev: Environment) -> None:
        every_day("9", date(2026, 5, 4), 20, dev, source=CostSource.ACCRUAL)
        assert calibrate() == 0
        assert not CostCalibration.objects.exists()

    def test_a_stage_without_environments_to_learn_from_keeps_its_factor(self, dev: Environment, yard: Yard) -> None:
        every_day("1", date(2026, 5, 5), 14, dev)
        calibrate()
        before = CostCalibration.objects.get()
        yard.clock.shift(timedelta(days=200))
        cost("1", timezone.now().date(), None)
        assert calibrate() == 0
        after = CostCalibration.objects.get()
        assert (after.factor, after.at) == (before.factor, before.at)

    def test_parking_is_an_estimate_of_its_own(self, dev: Environment, yard: Yard) -> None:
        yard.did(dev, ChangeKind.PARK)
        up, parked = expected_of([dev.pk])[dev.pk]
        assert up.at < parked.at
        assert parked.monthly < up.monthly


class TestHooks:
    """When it is looked at."""

    def test_after_a_reading_that_is_whole(self, dev: Environment, yard: Yard, settings: Any) -> None:
        settings.COST_EXPLORER = True
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "10", (50,))
        yard.fake.costs.spends = [Spend(date(2026, 5, 12), "9.00", "Amazon EC2", HELLO, "dev")]
        run(yard)
        assert (f"{HELLO}/dev", 50) in told()

    def test_after_an_accrual(self, dev: Environment, yard: Yard, settings: Any) -> None:
        settings.COST_EXPLORER = False
        budget(BudgetScope.APPLICATION, HELLO, "1", (100,))
        accrue()
        assert (HELLO, 100) in told()

    def test_any_number_of_times(self, dev: Environment) -> None:
        budget(BudgetScope.ENVIRONMENT, f"{HELLO}/dev", "10", (50,))
        cost("6", date(2026, 5, 12), dev)
        for _ in range(3):
            costs_changed()
        assert told().count((f"{HELLO}/dev", 50)) == 1
