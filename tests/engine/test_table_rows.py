"""Rows of tables: there the moment that a change is done, filled by the survey, and never a reason for it to end."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.aws import backups
from provisioning.engine.surveying import survey
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, StackResource, Table

from .yard import APPLICATIONS, FILESHARE, HELLO, Yard

MESSAGES, SESSIONS = "dev-hello-erlang-messages", "dev-hello-erlang-sessions"
ALARMED = {"data": {"Alarms": "true"}}


def surveyed(yard: Yard) -> None:
    """One whole round, a moment after what went before."""
    yard.clock.shift(timedelta(seconds=1))
    Account.objects.update(survey_due_at=None, survey_until=None, survey_problem="")
    while survey(yard.account.pk, yard.fake.aws_for).more:
        pass


def row(name: str = MESSAGES) -> Table:
    """The row of a table."""
    return Table.objects.get(name=name)


class TestAfterAChange:
    """What verification keeps, without a survey."""

    @pytest.mark.parametrize("application", APPLICATIONS)
    def test_every_table_is_there_when_the_change_is_done(self, yard: Yard, application: str) -> None:
        environment = yard.ready(application)
        rows = Table.objects.filter(environment=environment)
        placed = StackResource.objects.filter(stack__environment=environment, type="AWS::DynamoDB::Table")
        assert {(one.name, one.logical_id) for one in rows} == set(placed.values_list("physical_id", "logical_id"))
        assert {one.stack_name for one in rows} == {environment.stacks.get(kind="data").name}
        assert all(one.described["keys"] and one.monthly_cost is not None for one in rows)

    def test_with_what_was_read_of_expiry_and_recovery(self, yard: Yard) -> None:
        yard.ready(HELLO, "prod")
        assert row("prod-hello-erlang-sessions").ttl_attribute == "ttl"
        messages = row("prod-hello-erlang-messages")
        assert messages.recovery_from is not None
        assert (messages.protected, messages.ttl_attribute) == (True, "")
        assert (messages.backups, messages.alarms, messages.firing) == (None, None, 0)

    def test_a_later_change_keeps_what_only_the_survey_reads(self, yard: Yard) -> None:
        environment = yard.ready()
        yard.fake.wrote(MESSAGES, datetime(2026, 5, 1, 8, tzinfo=UTC))
        backups.create_backup(yard.fake.clients(), MESSAGES, "before")
        surveyed(yard)
        assert yard.did(environment, ChangeKind.PARK).status == "succeeded"
        assert yard.did(environment, ChangeKind.WAKE).status == "succeeded"
        assert (row().backups, row().last_write_at) == (1, datetime(2026, 5, 1, 8, tzinfo=UTC))

    def test_a_wake_sees_items_that_came_meanwhile(self, yard: Yard) -> None:
        environment = yard.ready()
        yard.did(environment, ChangeKind.PARK)
        yard.fake.table(MESSAGES).items.update({str(number): {} for number in range(7)})
        yard.did(environment, ChangeKind.WAKE)
        assert row().item_count == 7

    def test_tables_taken_over_are_the_environments_again(self, yard: Yard) -> None:
        environment = yard.ready()
        for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
            assert yard.did(environment, kind).status == "succeeded"
        surveyed(yard)
        assert row().stack_name == ""
        yard.ready()
        assert (row().stack_name, row().logical_id) == ("hello-erlang-data-dev", "MessagesTable")


class TestTheSurvey:
    """What it fills, at what cost, and what it does without rights."""

    def test_it_fills_every_column(self, yard: Yard) -> None:
        yard.ready(HELLO, "staging")
        made = backups.create_backup(yard.fake.clients(), "staging-hello-erlang-messages", "before")
        alarms = StackResource.objects.filter(type="AWS::CloudWatch::Alarm", logical_id__startswith="Messages")
        yard.fake.world.alarmed.add(alarms.get(logical_id="MessagesReadThrottled").physical_id)
        Table.objects.all().delete()
        surveyed(yard)
        messages = row("staging-hello-erlang-messages")
        assert (messages.logical_id, messages.ttl_attribute) == ("MessagesTable", "")
        assert (messages.backups, messages.backup_at) == (1, made.created_at)
        assert messages.firing == 1
        assert messages.alarms is not None
        assert len(messages.alarms) == alarms.count()
        firing = next(alarm for alarm in messages.alarms if alarm["state"] == "ALARM")
        assert firing["metric"] == "ReadThrottleEvents"
        sessions = row("staging-hello-erlang-sessions")
        assert (sessions.ttl_attribute, sessions.backups, sessions.firing) == ("ttl", 0, 0)

    def test_many_tables_are_asked_about_at_once(self, yard: Yard) -> None:
        for name in ("dev-a", "dev-b"):
            yard.ready(FILESHARE, name)
        yard.fake.calls.clear()
        surveyed(yard)
        assert Table.objects.count() == 4
        once = ("ListBackups", "DescribeAlarms", "GetMetricData")
        assert [yard.fake.calls_of(call) for call in once] == [1, 1, 1]
        each = ("DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups")
        assert [yard.fake.calls_of(call) for call in each] == [4, 4, 4]

    @pytest.mark.parametrize("denied", ["DescribeTimeToLive", "ListBackups", "DescribeAlarms"])
    def test_what_may_not_be_read_is_not_known_and_ends_nothing(self, yard: Yard, denied: str) -> None:
        yard.ready()
        yard.fake.script.deny(denied)
        surveyed(yard)
        yard.account.refresh_from_db()
        assert yard.account.survey_problem == ""
        assert (row().backups is None) == (denied == "ListBackups")
        assert (row().alarms is None) == (denied == "DescribeAlarms")
        assert row(SESSIONS).ttl_attribute == "ttl"

    def test_a_backup_of_an_earlier_table_of_the_name_is_not_this_ones(self, yard: Yard) -> None:
        yard.fake.make_table(MESSAGES)
        backups.create_backup(yard.fake.clients(), MESSAGES, "before")
        yard.fake.lose_table(MESSAGES)
        yard.fake.make_table(MESSAGES)
        surveyed(yard)
        assert row().backups == 0

    def test_a_kept_table_still_has_its_place_in_the_template(self, yard: Yard) -> None:
        environment = yard.ready()
        for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
            yard.did(environment, kind)
        StackResource.objects.all().delete()
        Table.objects.all().delete()
        surveyed(yard)
        assert (row().stack_name, row().logical_id) == ("", "MessagesTable")
