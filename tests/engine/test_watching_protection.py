"""Protection is looked at again and again: a loss is told once, seen on the rows, and has a way back."""

from datetime import timedelta

import pytest

from provisioning.actions.order import why_not_now
from provisioning.actions.requesting import Ask, do_request
from provisioning.engine.watching import accounts_to_watch, missing, watch_protection
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, Outcome
from provisioning.models import AuditEntry, Check, Environment, Heartbeat

from .yard import HELLO, UPDATED, Yard

DATA = "hello-erlang-data-prod"
MESSAGES = "prod-hello-erlang-messages"
LATER = timedelta(minutes=16)


@pytest.fixture
def watched(yard: Yard) -> Environment:
    """A prod environment whose protection is due for a look."""
    environment = yard.ready(HELLO, "prod")
    yard.clock.shift(LATER)
    yard.fake.calls.clear()
    return environment


def watch(yard: Yard, environment: Environment) -> int:
    """One round of the watch."""
    looked = watch_protection(yard.account.pk, yard.fake.aws_for)
    environment.refresh_from_db()
    return looked


def told(environment: Environment) -> list[str]:
    """What the audit says of protection, oldest first."""
    entries = AuditEntry.objects.filter(environment=environment, verb__startswith="protection_")
    return list(entries.order_by("id").values_list("verb", flat=True))


def lose(yard: Yard, what: str) -> None:
    """Switch one of the three off outside Stackyard."""
    stack, table = yard.fake.stack(DATA), yard.fake.table(MESSAGES)
    if what == "termination":
        stack.protected = False
    elif what == "policy":
        stack.policy = '{"Statement": []}'
    else:
        table.described["DeletionProtectionEnabled"] = False


def restore(yard: Yard, environment: Environment) -> None:
    """Ask for protection to be switched on, have it approved, drive it."""
    change = yard.drive(do_request(yard.alice, environment, Ask(ChangeKind.PROTECT)))
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    environment.refresh_from_db()


def test_what_is_whole_is_seen_and_left_alone(yard: Yard, watched: Environment) -> None:
    before = yard.stack(watched, "data").protection_seen_at
    assert watch(yard, watched) == 1
    after = yard.stack(watched, "data").protection_seen_at
    assert before is not None
    assert after is not None
    assert after - before >= LATER
    assert (told(watched), watched.status) == ([], EnvironmentStatus.READY)
    assert yard.fake.calls.keys() <= {
        "cloudformation.DescribeStacks",
        "cloudformation.GetStackPolicy",
        "dynamodb.DescribeTable",
    }


@pytest.mark.parametrize(
    ("what", "label"),
    [
        ("termination", "Data stack: Termination protection is on"),
        ("policy", "Data stack: Stack policy keeps the tables"),
        ("table", f"{MESSAGES}: Deletion protection is on"),
    ],
)
def test_a_loss_is_told_once_and_the_way_back_is_open(yard: Yard, watched: Environment, what: str, label: str) -> None:
    assert "protected already" in why_not_now(watched, ChangeKind.PROTECT)
    lose(yard, what)
    for _ in range(3):
        watch(yard, watched)
        yard.clock.shift(LATER)
    assert told(watched) == ["protection_lost"]
    entry = AuditEntry.objects.get(verb="protection_lost")
    assert (entry.by, entry.environment) == (None, watched)
    assert "outside Stackyard" in entry.summary
    assert missing(watched) == (label,)
    assert watched.status == EnvironmentStatus.ATTENTION
    group, name = label.split(": ")
    assert Check.objects.get(environment=watched, group=group, label=name).outcome == Outcome.BAD
    stack = yard.stack(watched, "data")
    assert (stack.termination_protection, stack.update_policy) == (what != "termination", what != "policy")
    assert why_not_now(watched, ChangeKind.PROTECT) == ""
    restore(yard, watched)
    assert told(watched) == ["protection_lost", "protection_back"]
    assert (missing(watched), watched.status) == ((), EnvironmentStatus.READY)
    assert not Check.objects.filter(environment=watched, outcome=Outcome.BAD).exists()
    fake = yard.fake.stack(DATA)
    assert (fake.protected, bool(fake.policy), yard.fake.table(MESSAGES).protected) == (True, True, True)


def test_what_comes_back_by_itself_is_told_and_the_environment_rests_again(yard: Yard, watched: Environment) -> None:
    change = yard.did(watched, ChangeKind.PARK)
    yard.approve(change)
    yard.drive(change)
    yard.clock.shift(LATER)
    lose(yard, "termination")
    watch(yard, watched)
    assert watched.status == EnvironmentStatus.ATTENTION
    yard.fake.stack(DATA).protected = True
    yard.clock.shift(LATER)
    watch(yard, watched)
    assert told(watched) == ["protection_lost", "protection_back"]
    assert watched.status == EnvironmentStatus.PARKED


def test_a_second_loss_beside_the_first_is_told_too(yard: Yard, watched: Environment) -> None:
    for what in ("termination", "policy"):
        lose(yard, what)
        watch(yard, watched)
        yard.clock.shift(LATER)
    assert told(watched) == ["protection_lost", "protection_lost"]
    assert len(missing(watched)) == 2


def test_it_is_not_looked_at_before_it_is_due_and_by_one_worker_only(yard: Yard, watched: Environment) -> None:
    assert accounts_to_watch() == [yard.account.pk]
    assert watch(yard, watched) == 1
    assert accounts_to_watch() == []
    assert watch(yard, watched) == 0
    yard.clock.shift(timedelta(minutes=5))
    assert watch(yard, watched) == 0


def test_two_workers_that_look_at_once_tell_it_once(yard: Yard, watched: Environment) -> None:
    """The second one begins while the first is inside its call: it looks, and its finding is the one that counts."""
    lose(yard, "termination")

    def the_other() -> None:
        Heartbeat.objects.filter(name__startswith="protection").delete()
        watch_protection(yard.account.pk, yard.fake.aws_for)

    yard.fake.script.after("GetStackPolicy", the_other)
    watch(yard, watched)
    assert told(watched) == ["protection_lost"]


def test_a_change_that_is_open_is_not_disturbed(yard: Yard, watched: Environment) -> None:
    lose(yard, "termination")
    change = yard.ask(watched, ChangeKind.UPDATE, UPDATED[HELLO])
    assert accounts_to_watch() == []
    assert (watch(yard, watched), told(watched)) == (0, [])
    yard.drive(change)
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    assert yard.fake.stack(DATA).protected


def test_a_change_that_begins_during_a_look_has_the_last_word(yard: Yard, watched: Environment) -> None:
    lose(yard, "termination")
    yard.fake.script.after("GetStackPolicy", lambda: yard.ask(watched, ChangeKind.UPDATE, UPDATED[HELLO]))
    watch(yard, watched)
    assert told(watched) == []


def test_what_was_switched_off_knowingly_is_not_missed(yard: Yard, watched: Environment) -> None:
    change = yard.drive(do_request(yard.alice, watched, Ask(ChangeKind.UNPROTECT, reason="The service ends")))
    yard.approve(change)
    assert yard.drive(change).status == "succeeded", change.problem
    yard.clock.shift(LATER)
    assert (accounts_to_watch(), told(watched)) == ([], [])


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_stages_that_promise_no_protection_are_not_watched(yard: Yard, name: str) -> None:
    yard.ready(HELLO, name)
    yard.clock.shift(LATER)
    assert accounts_to_watch() == []


@pytest.mark.parametrize("fault", ["deny", "throttle", "lose_call"])
def test_an_aws_that_does_not_answer_is_asked_again_a_minute_later(
    yard: Yard, watched: Environment, fault: str
) -> None:
    lose(yard, "policy")
    before = yard.stack(watched, "data").protection_seen_at
    getattr(yard.fake.script, fault)("GetStackPolicy")
    assert (watch(yard, watched), told(watched)) == (0, [])
    assert yard.stack(watched, "data").protection_seen_at == before
    assert watch(yard, watched) == 0
    yard.clock.shift(timedelta(minutes=1))
    assert (watch(yard, watched), told(watched)) == (1, ["protection_lost"])
