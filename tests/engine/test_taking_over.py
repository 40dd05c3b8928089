"""Adoption of hand-made stacks: nothing in AWS is altered, and afterwards they are an environment like any other."""

from collections.abc import Mapping
from typing import Any

import pytest

from provisioning.actions.adopting import do_request_adopt, found_pairs
from provisioning.actions.requesting import Ask
from provisioning.engine.surveying import survey
from provisioning.lifecycle import ChangeKind, EnvironmentStatus
from provisioning.models import Account, Change, Environment, FoundStack, Stack, StackResource

from .by_hand import DATA, SERVICE, compute_body, data_body, make_pair
from .yard import HELLO, UPDATED, Yard

MESSAGES = "dev-hello-erlang-messages"
READS = ("Describe", "List", "Get")


def altering(yard: Yard) -> list[str]:
    """The calls made so far that alter something."""
    return [call for call in yard.fake.calls if not call.partition(".")[2].startswith(READS)]


def asked(yard: Yard, name: str = "dev") -> Change:
    """An adoption, asked for after a survey; nothing of it runs yet."""
    Account.objects.update(survey_due_at=None)
    survey(yard.account.pk, yard.fake.aws_for)
    return do_request_adopt(yard.alice, HELLO, name, Ask(ChangeKind.ADOPT, reason="Ours from now on"))


def adopted(yard: Yard, name: str = "dev", **pair: Any) -> Environment:
    """An environment made of a hand-made pair."""
    make_pair(yard, name, **pair)
    change = yard.drive(asked(yard, name))
    assert change.status == "succeeded", change.problem
    return change.environment


def findings(change: Change, severity: str) -> str:
    """The sentences of one severity."""
    return " ".join(one["sentence"] for one in change.findings if one["severity"] == severity)


def planned(change: Change) -> Mapping[str, Mapping[str, Any]]:
    """The stacks of the plan, by kind."""
    assert change.plan is not None
    return {stack["kind"]: stack for stack in change.plan["stacks"]}


class TestAdopting:
    """A pair, and a data stack alone."""

    @pytest.mark.parametrize(
        ("tags", "said"),
        [
            ({"Application": "shop", "Environment": "dev"}, f"Its tag Application says “shop”, its name says {HELLO}."),
            ({"Environment": "prod"}, "Its tag Environment says “prod”, its name says dev."),
            ({"Application": HELLO.upper(), "Environment": "Dev", "Team": "shop"}, ""),
        ],
    )
    def test_tags_that_speak_of_something_else_are_told_to_who_decides(
        self, yard: Yard, tags: dict[str, str], said: str
    ) -> None:
        make_pair(yard)
        yard.fake.stack(DATA).tags = tags
        warned = findings(yard.drive(asked(yard)), "warning")
        assert (said in warned) if said else ("Its tag" not in warned)

    def test_a_pair_becomes_an_environment_and_nothing_is_altered(self, yard: Yard) -> None:
        environment = adopted(yard)
        assert altering(yard) == []
        assert (environment.status, environment.owner.username) == (EnvironmentStatus.READY, "alice")
        for kind, name in (("data", DATA), ("compute", SERVICE)):
            there, stack = yard.fake.stack(name), yard.stack(environment, kind)
            assert (stack.stack_id, stack.status) == (there.stack_id, "CREATE_COMPLETE")
            assert stack.template is not None
            assert (stack.template.body, stack.parameters) == (there.body, there.parameters)
            assert {output["key"] for output in stack.outputs} == {one["OutputKey"] for one in there.outputs}
            assert stack.adopted_at is not None
            rows = set(StackResource.objects.filter(stack=stack).values_list("logical_id", "physical_id"))
            assert rows == {(one.logical_id, one.physical_id) for one in there.resources.values()}
        assert yard.stack(environment, "data").tags == {"Team": "ops"}
        assert len(yard.fake.table(MESSAGES).items) == 7

    def test_the_plan_says_so(self, yard: Yard) -> None:
        environment = adopted(yard)
        change = environment.changes.get()
        stacks = planned(change)
        assert {stack["action"] for stack in stacks.values()} == {"adopt"}
        assert {row["action"] for stack in stacks.values() for row in stack["changes"]} == {"Import"}
        assert change.plan is not None
        assert change.plan["impact"]["sentence"] == "2 tables are taken over with all items."

    def test_the_lists_know_at_once(self, yard: Yard) -> None:
        adopted(yard)
        yard.account.refresh_from_db()
        assert not FoundStack.objects.exists()
        assert found_pairs() == ()
        assert yard.account.survey_due_at is not None
        survey(yard.account.pk, yard.fake.aws_for)
        assert not FoundStack.objects.exists()

    def test_a_data_stack_alone(self, yard: Yard) -> None:
        environment = adopted(yard, alone=True)
        assert environment.status == EnvironmentStatus.DATA_ONLY
        assert yard.stack(environment, "compute").status == ""
        created = yard.create()
        yard.drive(created)
        assert created.status == "succeeded", created.problem
        assert len(yard.fake.table(MESSAGES).items) == 7

    def test_differences_to_the_blueprint_are_shown(self, yard: Yard) -> None:
        make_pair(
            yard,
            data=data_body(
                ("BillingMode: !Ref BillingMode", "TableClass: STANDARD\n      BillingMode: !Ref BillingMode")
            ),
            compute=compute_body(("\nOutputs:", "\n  Topic:\n    Type: AWS::SNS::Topic\n\nOutputs:")),
        )
        change = yard.drive(asked(yard))
        assert change.status == "succeeded"
        rows = {row["logical_id"]: row for row in planned(change)["data"]["changes"]}
        differing = {detail["path"]: detail["after"] for detail in rows["MessagesTable"]["details"]}
        assert differing["/Properties/TableClass"] == "not set"
        assert "resources differ from the blueprint: " in findings(change, "info")
        assert "The stack has Topic, the blueprint has not" in findings(change, "warning")

    def test_tables_that_would_go_with_their_stack_are_warned_of(self, yard: Yard) -> None:
        loose = data_body(("    DeletionPolicy: Retain\n", "    DeletionPolicy: Delete\n"))
        make_pair(yard, data=loose)
        change = yard.drive(asked(yard))
        assert f"does not keep {MESSAGES}" in findings(change, "warning")

    def test_data_that_the_next_update_would_endanger_is_warned_of(self, yard: Yard) -> None:
        other = data_body(("  MessagesTable:\n", "  Messages:\n"), ("MessagesTable", "Messages"))
        make_pair(
            yard, data=other.replace("MessagesName", "MessagesTableName").replace("MessagesArn", "MessagesTableArn")
        )
        change = yard.drive(asked(yard))
        assert "The next update would be refused" in findings(change, "warning")
        refused = yard.did(change.environment, ChangeKind.UPDATE, UPDATED[HELLO])
        assert refused.status == "failed"
        assert len(yard.fake.table(MESSAGES).items) == 7


class TestRefusing:
    """What is not adopted, in words."""

    @pytest.mark.parametrize(
        ("status", "expected"),
        [("UPDATE_ROLLBACK_FAILED", "only stacks at rest"), ("CREATE_FAILED", "only stacks at rest")],
    )
    def test_a_stack_that_is_stuck(self, yard: Yard, status: str, expected: str) -> None:
        make_pair(yard)
        change = asked(yard)
        yard.fake.force(SERVICE, status)
        yard.drive(change)
        assert change.status == "failed"
        assert change.problem is not None
        assert expected in change.problem["sentence"]
        assert change.environment.status == EnvironmentStatus.REMOVED
        assert not Stack.objects.exclude(stack_id="").exists()

    def test_a_stack_that_moves_is_waited_for(self, yard: Yard) -> None:
        make_pair(yard)
        change = asked(yard)
        yard.fake.force(DATA, "UPDATE_IN_PROGRESS")
        yard.tick(change)
        assert (change.status, change.waiting_for) == ("planning", f"{DATA} is still updating")
        yard.fake.force(DATA, "UPDATE_COMPLETE")
        assert yard.drive(change).status == "succeeded"

    def test_a_data_stack_that_is_gone_meanwhile(self, yard: Yard) -> None:
        make_pair(yard)
        change = asked(yard)
        yard.fake.lose_stack(SERVICE)
        yard.fake.lose_stack(DATA)
        yard.drive(change)
        assert change.problem is not None
        assert "Compute without its data stack cannot be adopted." in change.problem["sentence"]

    def test_another_stackyards(self, yard: Yard) -> None:
        make_pair(yard)
        change = asked(yard)
        yard.fake.update_stack(DATA, tags={"EnvironmentId": "99"})
        yard.drive(change)
        assert change.problem is not None
        assert "belongs to another Stackyard environment" in change.problem["sentence"]

    def test_a_template_that_cannot_be_read(self, yard: Yard) -> None:
        make_pair(yard)
        change = asked(yard)
        stack = yard.fake.stack(DATA)
        unreadable = f"Transform: AWS::LanguageExtensions\n{stack.body}"
        yard.fake.script.before("GetTemplate", lambda: setattr(stack, "body", unreadable))
        yard.drive(change)
        assert change.problem is not None
        assert "Transforms cannot be read." in change.problem["sentence"]


class TestProd:
    """Where somebody has to agree."""

    def test_agreed(self, yard: Yard) -> None:
        make_pair(yard, "prod")
        change = yard.drive(asked(yard, "prod"))
        assert change.status == "awaiting_approval"
        assert not Stack.objects.exclude(stack_id="").exists()
        yard.approve(change)
        assert yard.drive(change).status == "succeeded"
        assert altering(yard) == []

    def test_not_agreed(self, yard: Yard) -> None:
        make_pair(yard, "prod")
        change = yard.drive(asked(yard, "prod"))
        yard.reject(change)
        yard.drive(change)
        assert change.environment.status == EnvironmentStatus.REMOVED
        assert altering(yard) == []
        again = yard.drive(asked(yard, "prod"))
        assert again.status == "awaiting_approval"

    def test_changed_since_it_was_read(self, yard: Yard) -> None:
        make_pair(yard, "prod")
        change = yard.drive(asked(yard, "prod"))
        yard.approve(change)
        yard.fake.update_stack("hello-erlang-prod", parameters={"InstanceType": "t3.large"})
        yard.drive(change)
        assert change.status != "succeeded"
        assert not Stack.objects.exclude(stack_id="").exists()


class TestBadDays:
    """Throttles, lost answers, workers that die."""

    @pytest.mark.parametrize("call", ["DescribeStacks", "GetTemplate", "ListStackResources", "DescribeStackEvents"])
    @pytest.mark.parametrize("trouble", ["throttle", "lose_answer"])
    def test_any_call(self, yard: Yard, call: str, trouble: str) -> None:
        make_pair(yard)
        change = asked(yard)
        for skip in range(4):
            getattr(yard.fake.script, trouble)(call, skip=skip)
        assert yard.drive(change).status == "succeeded"
        assert change.environment.status == EnvironmentStatus.READY
        assert StackResource.objects.filter(stack__name=DATA).count() == len(yard.fake.stack(DATA).resources)


class TestAfterwards:
    """An adopted environment is one like any other."""

    def test_an_update_brings_it_to_the_blueprint(self, yard: Yard) -> None:
        environment = adopted(yard)
        change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
        assert change.status == "succeeded", change.problem
        assert yard.fake.stack(DATA).tags["EnvironmentId"] == str(environment.pk)
        assert yard.stack(environment, "compute").parameters["InstanceType"] == "t3.medium"
        assert len(yard.fake.table(MESSAGES).items) == 7

    def test_park_and_wake(self, yard: Yard) -> None:
        environment = adopted(yard)
        assert yard.did(environment, ChangeKind.PARK).status == "succeeded"
        assert [stack.name for stack in yard.fake.stacks()] == [DATA]
        woken = yard.did(environment, ChangeKind.WAKE)
        assert woken.status == "succeeded", woken.problem
        assert environment.checks.filter(outcome="bad").count() == 0
        assert environment.checks.filter(detail__contains="next update").exists()

    def test_delete_and_keep_the_tables(self, yard: Yard) -> None:
        environment = adopted(yard)
        for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
            change = yard.did(environment, kind)
            assert change.status == "succeeded", change.problem
        assert yard.fake.stacks() == []
        assert len(yard.fake.table(MESSAGES).items) == 7
