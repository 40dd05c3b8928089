"""The survey: what is found of tables and hand-made stacks, by whom, how often, and on bad days."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from provisioning.actions.surveying import do_look_again
from provisioning.engine import surveying
from provisioning.engine.surveying import Surveyed, due_surveys, survey
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, FoundStack, Table

from .by_hand import DATA, SERVICE, make_pair
from .yard import HELLO, Yard

TOPIC = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
MESSAGES, SESSIONS = "dev-hello-erlang-messages", "dev-hello-erlang-sessions"


def surveyed(yard: Yard, rounds: int = 20) -> Account:
    """Survey until there is nothing left to read."""
    Account.objects.update(survey_due_at=None, survey_until=None)
    for _ in range(rounds):
        if not survey(yard.account.pk, yard.fake.aws_for).more:
            yard.account.refresh_from_db()
            return yard.account
    raise AssertionError("The survey does not end")


def names() -> set[str]:
    return set(Table.objects.values_list("name", flat=True))


class TestTables:
    """Tables, with owner, size, writes and cost."""

    def test_those_of_our_stacks_have_their_owner(self, yard: Yard) -> None:
        environment = yard.ready()
        surveyed(yard)
        row = Table.objects.get(name=MESSAGES)
        assert names() == {MESSAGES, SESSIONS}
        assert (row.application, row.environment_name, row.environment) == (HELLO, "dev", environment)
        assert row.stack_name == DATA
        assert row.described["billing_mode"] == "PAY_PER_REQUEST"
        assert [key["attribute"] for key in row.described["keys"]] == ["id"]

    def test_those_that_were_kept_have_none(self, yard: Yard) -> None:
        environment = yard.ready()
        yard.fake.table(MESSAGES).items.update({str(number): {} for number in range(40)})
        yard.fake.wrote(MESSAGES, datetime(2026, 5, 1, 8, tzinfo=UTC))
        for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
            assert yard.did(environment, kind).status == "succeeded"
        surveyed(yard)
        row = Table.objects.get(name=MESSAGES)
        assert (row.stack_name, row.item_count) == ("", 40)
        assert row.last_write_at == datetime(2026, 5, 1, 8, tzinfo=UTC)
        assert Table.objects.get(name=SESSIONS).last_write_at is None

    def test_a_name_is_enough_and_so_are_tags(self, yard: Yard) -> None:
        yard.fake.make_table("dev-bob-hello-erlang-messages")
        yard.fake.make_table(
            "anything", tags={"ManagedBy": "Stackyard", "Application": "fileshare", "Environment": "staging"}
        )
        yard.fake.make_table("somebody-elses")
        yard.fake.make_table("dev-hello-erlang-messages-copy")
        surveyed(yard)
        found = set(Table.objects.values_list("name", "application", "environment_name"))
        assert found == {("dev-bob-hello-erlang-messages", HELLO, "dev-bob"), ("anything", "fileshare", "staging")}

    def test_what_keeping_costs(self, yard: Yard) -> None:
        yard.fake.make_table("dev-a-hello-erlang-messages")
        yard.fake.make_table(
            "dev-b-hello-erlang-messages",
            BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 10},
        )
        surveyed(yard)
        assert Table.objects.get(name="dev-a-hello-erlang-messages").monthly_cost == Decimal(0)
        assert Table.objects.filter(name="dev-b-hello-erlang-messages", monthly_cost__gt=5).exists()

    def test_what_is_gone_loses_its_row(self, yard: Yard) -> None:
        yard.fake.make_table(MESSAGES)
        yard.fake.make_table(SESSIONS)
        surveyed(yard)
        yard.fake.lose_table(MESSAGES)
        surveyed(yard)
        assert names() == {SESSIONS}

    def test_writes_that_cannot_be_read_are_not_known(self, yard: Yard) -> None:
        yard.fake.make_table(MESSAGES)
        yard.fake.script.deny("GetMetricData")
        assert surveyed(yard).surveyed_at is not None
        assert Table.objects.get().last_write_at is None


class TestStacks:
    """Hand-made stacks."""

    def test_a_pair_is_found(self, yard: Yard) -> None:
        make_pair(yard)
        surveyed(yard)
        found = {stack.name: stack for stack in FoundStack.objects.all()}
        assert set(found) == {DATA, SERVICE}
        assert (found[DATA].kind, found[DATA].application, found[DATA].environment_name) == ("data", HELLO, "dev")
        assert (found[DATA].status, found[DATA].tags) == ("CREATE_COMPLETE", {"Team": "ops"})
        assert found[SERVICE].kind == "compute"
        assert set(Table.objects.values_list("stack_name", flat=True)) == {DATA}

    def test_ours_are_not(self, yard: Yard) -> None:
        yard.ready()
        surveyed(yard)
        assert not FoundStack.objects.exists()

    def test_neither_are_others_nor_those_that_are_not_at_rest(self, yard: Yard) -> None:
        make_pair(yard)
        make_pair(yard, "dev-b", alone=True)
        yard.fake.make_stack("my-hello-erlang-dev-c", TOPIC)
        yard.fake.force("hello-erlang-data-dev-b", "UPDATE_ROLLBACK_FAILED")
        surveyed(yard)
        assert set(FoundStack.objects.values_list("name", flat=True)) == {DATA, SERVICE}

    def test_what_is_gone_loses_its_row(self, yard: Yard) -> None:
        make_pair(yard)
        surveyed(yard)
        yard.fake.lose_stack(SERVICE)
        surveyed(yard)
        assert list(FoundStack.objects.values_list("name", flat=True)) == [DATA]


class TestRounds:
    """When it is due, who does it, what a bad day leaves."""

    def test_every_six_hours(self, yard: Yard) -> None:
        now = yard.account
        assert due_surveys(datetime.now(UTC)) == [now.pk]
        account = surveyed(yard)
        assert account.surveyed_at == datetime.now(UTC)
        assert due_surveys(datetime.now(UTC)) == []
        yard.clock.shift(timedelta(hours=6))
        assert due_surveys(datetime.now(UTC)) == [now.pk]

    def test_what_is_not_due_costs_no_call(self, yard: Yard) -> None:
        surveyed(yard)
        before = yard.fake.calls_of()
        assert survey(yard.account.pk, yard.fake.aws_for) == Surveyed()
        assert yard.fake.calls_of() == before

    def test_one_worker_at_a_time(self, yard: Yard) -> None:
        Account.objects.update(survey_until=datetime.now(UTC) + timedelta(seconds=30))
        assert survey(yard.account.pk, yard.fake.aws_for) == Surveyed()
        assert yard.fake.calls_of() == 0
        yard.clock.shift(timedelta(seconds=31))
        survey(yard.account.pk, yard.fake.aws_for)
        assert yard.fake.calls_of("ListTables") == 1

    def test_a_large_account_takes_several_ticks(self, yard: Yard) -> None:
        count = 2 * surveying.BATCH + 3
        for number in range(count):
            yard.fake.make_table(f"dev-{number}-hello-erlang-messages")
        sizes = []
        for _ in range(4):
            done = survey(yard.account.pk, yard.fake.aws_for)
            sizes.append(len(names()))
            if not done.more:
                break
        assert sizes == [surveying.BATCH, 2 * surveying.BATCH, count]
        assert yard.fake.calls_of("DescribeTable") == count

    def test_after_trouble_the_old_rows_stay_and_say_so(self, yard: Yard) -> None:
        yard.fake.make_table(MESSAGES)
        first = surveyed(yard).surveyed_at
        yard.fake.lose_table(MESSAGES)
        yard.fake.script.deny("ListTables")
        yard.clock.shift(timedelta(hours=6))
        survey(yard.account.pk, yard.fake.aws_for)
        yard.account.refresh_from_db()
        assert (yard.account.surveyed_at, names()) == (first, {MESSAGES})
        assert "ListTables" in yard.account.survey_problem
        assert due_surveys(datetime.now(UTC)) == []
        yard.clock.shift(timedelta(minutes=10))
        survey(yard.account.pk, yard.fake.aws_for)
        yard.account.refresh_from_db()
        assert (yard.account.survey_problem, names()) == ("", set())

    def test_a_ring_during_a_round_is_not_lost(self, yard: Yard) -> None:
        for number in range(surveying.BATCH + 1):
            yard.fake.make_table(f"dev-{number}-hello-erlang-messages")
        assert survey(yard.account.pk, yard.fake.aws_for).more
        yard.clock.shift(timedelta(seconds=5))
        do_look_again(yard.alice, yard.account)
        assert survey(yard.account.pk, yard.fake.aws_for).more
        assert not survey(yard.account.pk, yard.fake.aws_for).more
        assert yard.fake.calls_of("DescribeTable") == 2 * surveying.BATCH + 1

    def test_it_alters_nothing(self, yard: Yard) -> None:
        make_pair(yard)
        surveyed(yard)
        read = ("Describe", "List", "Get")
        assert [call for call in yard.fake.calls if not call.partition(".")[2].startswith(read)] == []
