"""Asking for an adoption, and giving kept tables their environment back."""

import uuid

import pytest
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.adopting import do_claim_environment, do_request_adopt, found_pairs
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, FoundStack, Operation

ADOPT = Ask(ChangeKind.ADOPT)
HELLO = "hello-erlang"


def found(name: str = "dev", *kinds: StackKind, application: str = HELLO, tags: dict[str, str] | None = None) -> None:
    """What a survey has found."""
    for kind in kinds or tuple(StackKind):
        part = f"{application}-data" if kind == StackKind.DATA else application
        FoundStack.objects.create(
            account=Account.objects.get(),
            name=f"{part}-{name}",
            stack_id=f"arn:{part}-{name}",
            kind=kind,
            application=application,
            environment_name=name,
            status="CREATE_COMPLETE",
            tags=tags or {},
            seen_at=timezone.now(),
        )


class TestAsking:
    """do_request_adopt."""

    def test_a_change_of_both_stacks(self, account: Account, alice: Actor) -> None:
        found()
        change = do_request_adopt(alice, HELLO, "dev", Ask(ChangeKind.ADOPT, reason="Ours now"))
        environment = change.environment
        assert (change.kind, change.status, change.reason) == (ChangeKind.ADOPT, ChangeStatus.PLANNING, "Ours now")
        assert (environment.status, environment.owner_id) == (EnvironmentStatus.REQUESTED, alice.user_id)
        assert set(change.operations.values_list("stack__kind", flat=True)) == set(StackKind)
        assert {stack.stack_id for stack in environment.stacks.all()} == {""}
        assert AuditEntry.objects.filter(verb="request_adopt", by_id=alice.user_id).count() == 1

    def test_a_second_click_is_the_first_ones_change(self, account: Account, alice: Actor) -> None:
        found()
        ask = Ask(ChangeKind.ADOPT, key=uuid.uuid4())
        first = do_request_adopt(alice, HELLO, "dev", ask)
        FoundStack.objects.all().delete()
        assert do_request_adopt(alice, HELLO, "dev", ask) == first
        assert Change.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "kinds", "application", "expected"),
        [
            ("dev-x", (), HELLO, ""),
            ("dev", (StackKind.COMPUTE,), HELLO, "There is no data stack beside it."),
            ("dev", (), "unknown", "There is no application called unknown."),
        ],
    )
    @pytest.mark.usefixtures("account")
    def test_refusals(
        self, alice: Actor, name: str, kinds: tuple[StackKind, ...], application: str, expected: str
    ) -> None:
        found("dev", *kinds, application=application)
        with pytest.raises(Refusal, match=expected or "No stack of hello-erlang/dev-x was found"):
            do_request_adopt(alice, application, name, ADOPT)
        assert not Environment.objects.exists()

    def test_what_another_stackyard_made_is_not_offered(self, account: Account, alice: Actor) -> None:
        found(tags={"EnvironmentId": "99"})
        assert found_pairs() == ()
        with pytest.raises(Refusal, match="was found that could be adopted"):
            do_request_adopt(alice, HELLO, "dev", ADOPT)

    def test_a_change_that_is_open_is_in_the_way(self, account: Account, alice: Actor, bob: Actor) -> None:
        found()
        first = do_request_adopt(alice, HELLO, "dev", ADOPT)
        with pytest.raises(Refusal) as refusal:
            do_request_adopt(bob, HELLO, "dev", ADOPT)
        assert refusal.value.change_id == str(first.pk)
        (pair,) = found_pairs()
        assert "alice has a change of hello-erlang/dev open" in pair.why_not

    def test_what_is_there_is_stackyards_already(self, account: Account, alice: Actor) -> None:
        found()
        change = do_request_adopt(alice, HELLO, "dev", ADOPT)
        change.environment.stacks.update(status="CREATE_COMPLETE")
        Operation.objects.update(is_open=False)
        with pytest.raises(Refusal, match="Stackyard's already"):
            do_request_adopt(alice, HELLO, "dev", ADOPT)

    def test_somebody_elses_name(self, account: Account, alice: Actor, bob: Actor, ada: Actor) -> None:
        found("dev-bob")
        do_claim_environment(bob, HELLO, "dev-bob")
        with pytest.raises(Refusal, match="belongs to bob") as refusal:
            do_request_adopt(alice, HELLO, "dev-bob", ADOPT)
        assert refusal.value.forbidden
        assert do_request_adopt(ada, HELLO, "dev-bob", ADOPT).environment.owner_id == ada.user_id

    def test_auditors_may_not(self, account: Account, audrey: Actor) -> None:
        found()
        with pytest.raises(Refusal) as refusal:
            do_request_adopt(audrey, HELLO, "dev", ADOPT)
        assert refusal.value.forbidden
        assert not Change.objects.exists()


class TestClaiming:
    """do_claim_environment."""

    def test_a_row_without_stacks_once(self, account: Account, alice: Actor, bob: Actor) -> None:
        made = do_claim_environment(alice, HELLO, "dev")
        assert do_claim_environment(bob, HELLO, "dev") == made
        assert (made.stage, made.status, made.owner_id) == ("dev", EnvironmentStatus.REMOVED, alice.user_id)
        assert {stack.name for stack in made.stacks.all()} == {"hello-erlang-data-dev", "hello-erlang-dev"}
        assert AuditEntry.objects.get().summary == "Took hello-erlang/dev into the list"

    @pytest.mark.parametrize("name", ["qa", "prod-eu", "dev-"])
    def test_only_under_a_name_that_can_be_one(self, account: Account, alice: Actor, name: str) -> None:
        with pytest.raises(Refusal):
            do_claim_environment(alice, HELLO, name)
        assert not Environment.objects.exists()
