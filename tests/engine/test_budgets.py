"""Call budgets: no more goes out than the bucket holds, held-back work waits and is no failed try, watching goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as settings_of_the_suite
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from fakes.world import Stack
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from provisioning.aws import cloudformation
from provisioning.aws.errors import AwsError, Busy
from provisioning.engine.budgets import (
    PAUSE,
    READS,
    SLOTS_AHEAD,
    WRITES,
    AccountGate,
    Budget,
    BudgetState,
    budget_of,
    budget_states,
    take,
)
from provisioning.engine.reaching import reach
from provisioning.engine.surveying import Surveyed, due_surveys, survey
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, CallBudget

from .yard import HELLO, UPDATED, Yard

MOVING = ["CREATE_IN_PROGRESS"]
BODY = "Resources: {Topic: {Type: AWS::SNS::Topic}}"


@pytest.fixture
def budgeted(yard: Yard, settings: Any) -> Yard:
    """A yard whose account may make 24 reads at once: 12 to begin with, 21 to go on with, all for watching that has
    begun; and three writes."""
    settings.CLOUDFORMATION_READS_PER_SECOND, settings.CLOUDFORMATION_READ_BURST = 2.0, 24
    settings.CLOUDFORMATION_WRITES_PER_SECOND, settings.CLOUDFORMATION_WRITE_BURST = 1.0, 3
    return yard


def read_until_held_back(yard: Yard, *, urgent: bool = False, anew: bool = True) -> Busy:
    """Read until the budget says no, each time as something new; how often that worked is in `fake.calls`."""
    aws = reach(yard.account, yard.fake.aws_for, urgent=urgent)
    for _ in range(1000):
        if anew:
            aws = reach(yard.account, yard.fake.aws_for, urgent=urgent)
        try:
            cloudformation.list_stacks(aws, MOVING)
        except Busy as busy:
            return busy
    raise AssertionError("Nothing holds calls back")


def state(yard: Yard, kind: str = READS) -> BudgetState:
    return next(one for one in budget_states(yard.account.pk)[yard.account.pk] if one.budget.kind == kind)


def test_what_is_held_back_never_reaches_aws_and_says_when_to_come_back(budgeted: Yard) -> None:
    busy = read_until_held_back(budgeted)
    assert budgeted.fake.calls_of("ListStacks") == 12
    assert (busy.reason, busy.operation) == ("budget", "ListStacks")
    assert busy.again_in == pytest.approx(0.5, abs=0.02)
    assert "Stackyard holds back its calls to CloudFormation" in busy.sentence
    assert "nothing to do" in busy.sentence
    assert (state(budgeted).taken, state(budgeted).held_back, state(budgeted).left) == (12, 1, 12)


def test_it_comes_back_at_the_rate(budgeted: Yard) -> None:
    read_until_held_back(budgeted)
    for _ in range(3):
        budgeted.clock.shift(timedelta(seconds=0.5))
        before = budgeted.fake.calls_of("ListStacks")
        read_until_held_back(budgeted)
        assert budgeted.fake.calls_of("ListStacks") == before + 1


def test_what_has_begun_goes_on_where_nothing_new_begins(budgeted: Yard) -> None:
    """Otherwise many would make the first call of their step, and none the last."""
    read_until_held_back(budgeted)
    budgeted.clock.shift(timedelta(seconds=0.5))
    before = budgeted.fake.calls_of("ListStacks")
    busy = read_until_held_back(budgeted, anew=False)
    assert budgeted.fake.calls_of("ListStacks") == before + 1 + 9
    # It has to begin again: not before what it and the others took has come back.
    assert busy.again_in == pytest.approx(10 * 0.5, abs=0.02 + 4)
    assert state(budgeted).left == 24 - 21


def test_watching_has_a_reserve_that_steps_cannot_use(budgeted: Yard) -> None:
    read_until_held_back(budgeted)
    budgeted.clock.shift(timedelta(seconds=0.5))
    read_until_held_back(budgeted, anew=False)
    budgeted.clock.shift(timedelta(seconds=0.5))
    before = budgeted.fake.calls_of("ListStacks")
    busy = read_until_held_back(budgeted, urgent=True, anew=False)
    assert budgeted.fake.calls_of("ListStacks") == before + 1 + 3
    assert state(budgeted).left == 0
    assert busy.again_in == pytest.approx(4 * 0.5, abs=0.02)


def test_a_listing_that_has_begun_is_read_to_its_end_and_paid_for(budgeted: Yard) -> None:
    now = timezone.now()
    many = {f"s{number}": Stack(f"s{number}", f"s{number}", "u", now, "CREATE_COMPLETE") for number in range(2450)}
    budgeted.fake.world.by_status["CREATE_COMPLETE"] = many
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    assert len(cloudformation.list_stacks(aws, ["CREATE_COMPLETE"])) == 2450
    assert state(budgeted).taken == 25
    busy = read_until_held_back(budgeted)
    assert busy.again_in == pytest.approx((25 - 12 + 1) * 0.5, abs=0.02)


def test_reads_and_writes_are_counted_apart_and_every_page_counts(budgeted: Yard) -> None:
    for number in range(150):
        budgeted.fake.make_stack(f"somebody-elses-{number}", BODY)
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    assert len(cloudformation.list_stacks(aws, ["CREATE_COMPLETE"])) == 150
    assert state(budgeted).taken == budgeted.fake.calls_of("ListStacks") == 2
    cloudformation.delete_stack(aws, budgeted.fake.stack("somebody-elses-1").stack_id, token="t-1")
    assert (state(budgeted).taken, state(budgeted, WRITES).taken) == (2, 1)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("ListStacks", READS),
        ("DescribeStackEvents", READS),
        ("BatchDescribeTypeConfigurations", READS),
        ("GetTemplateSummary", READS),
        ("DetectStackDrift", READS),
        ("ValidateTemplate", READS),
        ("CreateChangeSet", WRITES),
        ("ExecuteChangeSet", WRITES),
        ("DeleteStack", WRITES),
        ("ContinueUpdateRollback", WRITES),
        ("SetStackPolicy", WRITES),
        ("SomethingOfNextYear", WRITES),
    ],
)
def test_each_call_counts_against_one(budgeted: Yard, operation: str, kind: str) -> None:
    budget = budget_of(operation)
    assert budget is not None
    assert budget.kind == kind


def test_other_services_have_none(budgeted: Yard) -> None:
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    for _ in range(20):
        aws.sts.get_caller_identity()
    assert aws.dynamodb is budgeted.fake.clients().dynamodb
    assert state(budgeted).taken == 0


def test_one_client_for_each_gate(budgeted: Yard) -> None:
    """However often an account is reached: a client that asked two gates would count each call twice."""
    first, second = (reach(budgeted.account, budgeted.fake.aws_for) for _ in range(2))
    assert first is second
    assert first is not reach(budgeted.account, budgeted.fake.aws_for, urgent=True)
    cloudformation.list_stacks(first, MOVING)
    cloudformation.list_stacks(reach(budgeted.account, budgeted.fake.aws_for, urgent=True), MOVING)
    assert state(budgeted).taken == 2
    cloudformation.list_stacks(budgeted.fake.clients(), MOVING)
    assert state(budgeted).taken == 2


def test_without_a_rate_no_row_is_written(yard: Yard) -> None:
    assert yard.ready(HELLO).status == "ready"
    assert not CallBudget.objects.exists()
    assert budget_states(yard.account.pk) == {yard.account.pk: ()}
    assert reach(yard.account, yard.fake.aws_for) is yard.fake.clients()


def test_a_change_that_is_held_back_waits_and_that_is_no_try(budgeted: Yard) -> None:
    change = budgeted.create()
    read_until_held_back(budgeted)
    budgeted.tick(change)
    assert (change.status, change.tries) == ("planning", 0)
    assert change.waiting_for.startswith("Stackyard holds back its calls")
    assert change.next_check_at is not None
    pause = (change.next_check_at - timezone.now()).total_seconds()
    assert 2.4 <= pause <= 3.8  # the second slot, a step's four calls after the first, and up to 1.3 s by chance


def test_everything_ends_within_the_budget(budgeted: Yard) -> None:
    """Five environments at once on a budget for one: later, never above the rate, and nobody starves."""
    began = timezone.now()
    changes = [budgeted.create(name=f"dev-{name}") for name in "abcde"]
    budgeted.drive(*changes, rounds=3000)
    assert [change.status for change in changes] == ["succeeded"] * 5
    seconds = (timezone.now() - began).total_seconds()
    calls = budgeted.fake.calls_of("cloudformation.")
    reads, writes = state(budgeted), state(budgeted, WRITES)
    assert reads.taken + writes.taken == calls
    assert reads.taken <= 24 + 2 * seconds + 1
    assert writes.taken <= 3 + seconds + 1
    assert reads.held_back + writes.held_back > 0


def test_each_that_is_held_back_gets_a_moment_of_its_own(budgeted: Yard) -> None:
    read_until_held_back(budgeted)
    budget = budget_of("ListStacks")
    assert budget is not None
    slots = [take(budgeted.account.pk, budget) for _ in range(200)]
    assert None not in slots
    waits = [slot for slot in slots if slot is not None]
    assert waits == sorted(waits)
    assert len({round(wait, 3) for wait in waits if wait < SLOTS_AHEAD - 1}) > 25
    assert max(waits) <= SLOTS_AHEAD


def test_a_throttled_call_slows_every_worker_down(budgeted: Yard) -> None:
    budgeted.fake.script.throttle("ListStacks")
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    with pytest.raises(Busy) as caught:
        cloudformation.list_stacks(aws, MOVING)
    assert caught.value.reason == "throttled"
    busy = read_until_held_back(budgeted)
    assert budgeted.fake.calls_of("ListStacks") == 1
    assert busy.again_in == pytest.approx(PAUSE, abs=0.02)
    found = state(budgeted)
    assert (found.throttled, found.throttled_at) == (1, timezone.now())
    budgeted.clock.shift(timedelta(seconds=PAUSE))
    read_until_held_back(budgeted)
    assert budgeted.fake.calls_of("ListStacks") == 2


def test_a_change_throttled_while_budgeted_ends_all_the_same(budgeted: Yard) -> None:
    budgeted.fake.script.throttle("CreateChangeSet", times=3)
    budgeted.fake.script.throttle("DescribeStacks", times=3)
    change = budgeted.drive(budgeted.create(), rounds=3000)
    assert (change.status, change.problem) == ("succeeded", None)
    assert state(budgeted, WRITES).throttled == 3


def test_other_errors_cost_one_call_only(budgeted: Yard) -> None:
    budgeted.fake.script.deny("ListStacks")
    budgeted.fake.script.lose_answer("ListStacks")
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    for _ in range(2):
        with pytest.raises(AwsError):
            cloudformation.list_stacks(aws, MOVING)
    assert (state(budgeted).taken, state(budgeted).throttled) == (2, 0)


def test_no_call_goes_out_inside_a_transaction(budgeted: Yard) -> None:
    """It would hold the bucket's row, and with it every other worker, until that transaction ends."""
    aws = reach(budgeted.account, budgeted.fake.aws_for)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        cloudformation.list_stacks(aws, MOVING)
    assert budgeted.fake.calls_of("ListStacks") == 0


def test_a_throttle_that_cannot_be_noted_stays_a_throttle(budgeted: Yard) -> None:
    """The database away at that moment: what the caller learns is what AWS said."""
    gate = AccountGate(budgeted.account.pk)

    def away(*_: Any) -> None:
        raise DatabaseError("away")

    with connection.execute_wrapper(away):
        gate.left("ListStacks", "Throttling")
    gate.enter("ListStacks", page=False)
    assert state(budgeted).throttled == 0


@given(
    rate=st.sampled_from([0.5, 1.0, 2.0, 7.0, 100.0]),
    burst=st.integers(8, 30),
    kind=st.sampled_from([READS, WRITES]),
    asks=st.lists(st.tuples(st.floats(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=60),
)
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_never_more_than_the_burst_and_the_rate_allow(
    yard: Yard, rate: float, burst: int, kind: str, asks: list[tuple[float, bool, bool]]
) -> None:
    """Whoever asks, whenever: in no stretch of time more than burst + rate × seconds."""
    budget = Budget(kind, rate, burst)
    CallBudget.objects.all().delete()
    taken: list[float] = []
    for pause, urgent, begun in asks:
        yard.clock.shift(pause)
        if take(yard.account.pk, budget, urgent=urgent, begun=begun) is None:
            taken.append(timezone.now().timestamp())
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - start) + 0.05


def test_no_kind_of_change_calls_inside_a_transaction(budgeted: Yard, settings: Any) -> None:
    """With a budget that nobody can use up: a call inside one would fail the change."""
    settings.CLOUDFORMATION_READS_PER_SECOND, settings.CLOUDFORMATION_READ_BURST = 100.0, 4000
    settings.CLOUDFORMATION_WRITES_PER_SECOND, settings.CLOUDFORMATION_WRITE_BURST = 100.0, 4000
    environment = budgeted.ready(HELLO)
    for kind, values in (
        (ChangeKind.UPDATE, UPDATED[HELLO]),
        (ChangeKind.PARK, None),
        (ChangeKind.WAKE, None),
    ):
        change = budgeted.did(environment, kind, values)
        assert (change.kind, change.status, change.problem) == (kind, "succeeded", None)
    assert state(budgeted).taken + state(budgeted, WRITES).taken == budgeted.fake.calls_of("cloudformation.")


def test_a_survey_that_is_held_back_goes_on_when_there_is_room(budgeted: Yard) -> None:
    budgeted.ready(HELLO)
    Account.objects.update(survey_due_at=timezone.now())
    read_until_held_back(budgeted)
    assert survey(budgeted.account.pk, budgeted.fake.aws_for) == Surveyed()
    account = Account.objects.get()
    assert (account.surveyed_at, account.survey_problem) == (None, "")
    assert due_surveys(timezone.now()) == []
    for _ in range(100):
        budgeted.clock.shift(timedelta(seconds=5))
        survey(budgeted.account.pk, budgeted.fake.aws_for)
    account.refresh_from_db()
    assert account.surveyed_at is not None
    assert account.survey_problem == ""


def test_nobody_reaches_cloudformation_another_way() -> None:
    """Who makes calls to it takes clients from `reach`; who makes clients otherwise calls other services."""
    folder = settings_of_the_suite.BASE_DIR
    wrong = []
    for path in [*(folder / "provisioning").rglob("*.py"), *(folder / "portal").rglob("*.py")]:
        text = path.read_text()
        if "clients_for(" in text and "/aws/" not in path.as_posix() and "cloudformation" in text:
            wrong.append(path.relative_to(folder).as_posix())
    assert wrong == []
