"""Why an operation failed: the first real cause, told by a stack's events or by DescribeEvents where AWS has it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws import cloudformation
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change, ResourceTime

from .sides import EMULATOR, TEMPLATE, Side
from .yard import HELLO, UPDATED, Yard


def problem(change: Change) -> dict[str, Any]:
    found: dict[str, Any] | None = change.problem
    assert found is not None
    return found


class TestDescribeEvents:
    """The gateway, on both sides."""

    def test_failures_of_resources_are_told(self, side: Side) -> None:
        """KNOWN: the emulator tells only what its early checks found; a stack's events tell the rest."""
        plan = side.plan("CREATE")
        if side.fake is not None:
            side.fake.script.fail("Pointer", "Rate exceeded", verb="CREATE")
        side.run(plan, token="run")
        told = cloudformation.failed_events(side.aws, stack_id=plan.stack_id)
        if side.kind == EMULATOR:
            assert told == ()
            return
        assert told is not None
        assert [(one.logical_id, one.status, one.reason, one.token) for one in told] == [
            ("Pointer", "CREATE_FAILED", "Rate exceeded", "run")
        ]

    def test_an_endpoint_without_it_is_asked_once(self, yard: Yard) -> None:
        yard.fake.world.tells_events = False
        aws = yard.fake.clients()
        assert cloudformation.failed_events(aws, stack_id="any") is None
        assert cloudformation.failed_events(aws, stack_id="any") is None
        assert yard.fake.calls_of("DescribeEvents") == 1

    def test_what_an_early_check_says(self, side: Side) -> None:
        """KNOWN: the emulator looks only for buckets, and only when the change set is executed (R4); then the stack
        has the failed check, and AWS, which looks earlier, has it at the change set."""
        body = TEMPLATE
        if side.kind == EMULATOR:
            body = "Resources:\n  Things:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !Ref Name}\n"
            body = f"Parameters:\n  Name: {{Type: String}}\n{body}"
        first = side.plan("CREATE", body)
        assert side.run(first).status == "CREATE_COMPLETE"
        plan = side.plan("CREATE", body, stack=f"{side.name}-again")
        if side.kind == EMULATOR:
            side.run(plan)
            told = cloudformation.failed_events(side.aws, stack_id=plan.stack_id)
        else:
            told = cloudformation.failed_events(side.aws, change_set_id=plan.change_set_id)
        checks = [one for one in told or () if one.validation]
        assert [(one.logical_id, one.validation, one.warns) for one in checks] == [
            ("Things", "NAME_CONFLICT_VALIDATION", False)
        ]
        assert checks[0].path.startswith("/Resources/Things")
        assert "already exists" in checks[0].reason


class TestCauses:
    """The change says what happened, whose turn it is, what to do."""

    def test_an_unknown_reason_is_quoted_as_aws_says_it(self, yard: Yard) -> None:
        yard.fake.script.fail("LoadBalancer", "The moon is in the\n seventh house.")
        found = problem(yard.drive(yard.create()))
        assert found["sentence"].endswith("could not be created. AWS says: “The moon is in the seventh house”")
        assert (found["turn"], found["advice"]) == ("you", "Correct what AWS names, then retry.")

    def test_one_without_a_reason_is_an_administrators(self, yard: Yard) -> None:
        yard.fake.script.fail("LoadBalancer", "")
        found = problem(yard.drive(yard.create()))
        assert found["sentence"].endswith("could not be created, and AWS gave no reason.")
        assert found["turn"] == "an administrator"

    def test_a_hook_that_stopped_it_is_found_where_only_describe_events_tells(self, yard: Yard) -> None:
        environment = yard.ready()
        stack = yard.fake.stack("hello-erlang-dev")

        def stopped() -> None:
            yard.fake.world.told.append(
                {
                    "EventId": "hook-1",
                    "StackId": stack.stack_id,
                    "EventType": "HOOK_INVOCATION_ERROR",
                    "LogicalResourceId": "LaunchTemplate",
                    "ResourceType": "AWS::EC2::LaunchTemplate",
                    "Timestamp": yard.fake.world.now(),
                    "ClientRequestToken": stack.token,
                    "HookType": "Company::Checks::Encryption",
                    "HookFailureMode": "FAIL",
                    "HookStatusReason": "Disks are encrypted here.",
                }
            )
            yard.fake.world.told.append(yard.fake.world.told[0] | {"EventId": "hook-2", "HookFailureMode": "WARN"})

        yard.fake.script.fail("LaunchTemplate", "Resource update cancelled", verb="UPDATE")
        yard.fake.script.after("ExecuteChangeSet", stopped)
        change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
        found = problem(change)
        assert found["sentence"] == (
            "LaunchTemplate (EC2 LaunchTemplate) was stopped before it was made: a check of your organisation does not"
            " let it through. It says: “Company::Checks::Encryption: Disks are encrypted here”"
        )
        assert found["turn"] == "an administrator"
        assert change.events.filter(status="HOOK_FAILED").count() == 1
        assert yard.fake.calls_of("DescribeEvents") == 1

    def test_failures_that_both_tell_are_kept_once(self, yard: Yard) -> None:
        yard.fake.script.fail("LoadBalancer", "Rate exceeded")
        change = yard.drive(yard.create())
        assert yard.fake.calls_of("DescribeEvents") == 1
        assert change.events.filter(logical_id="LoadBalancer", status="CREATE_FAILED").count() == 1

    @pytest.mark.parametrize("trouble", ["deny", "throttle", "break_down"])
    def test_trouble_with_asking_does_not_hold_the_end_up(self, yard: Yard, trouble: str) -> None:
        getattr(yard.fake.script, trouble)("DescribeEvents")
        yard.fake.script.fail("LoadBalancer", "Rate exceeded")
        change = yard.drive(yard.create())
        assert change.status == ChangeStatus.FAILED
        assert "AWS was asked for too much at once" in problem(change)["sentence"]

    def test_an_operation_that_ends_well_asks_nothing(self, yard: Yard) -> None:
        yard.ready()
        assert yard.fake.calls_of("DescribeEvents") == 0


class TestEarlyChecks:
    """A change set that AWS's own checks refused (C3)."""

    def refused(self, yard: Yard) -> dict[str, Any]:
        """The problem of an update that brings a table whose name is taken, after our own look for it."""
        change = yard.create()
        yard.fake.script.before(
            "CreateChangeSet", lambda: yard.fake.make_table("dev-hello-erlang-messages") and None, times=1
        )
        return problem(yard.drive(change))

    def test_the_resource_and_the_value_are_named(self, yard: Yard) -> None:
        found = self.refused(yard)
        assert found["code"] == "early-validation"
        assert found["sentence"].startswith(
            "The plan for hello-erlang-data-dev does not pass AWS's checks: a name is taken already (MessagesTable at"
        )
        assert "AWS says: “Resource of type 'AWS::DynamoDB::Table' with this name already exists”" in found["sentence"]
        assert "Adopt or remove what has the name" in found["advice"]

    def test_where_nobody_tells_which_the_check_is_still_put_into_words(self, yard: Yard) -> None:
        yard.fake.world.tells_events = False
        found = self.refused(yard)
        assert found["sentence"].endswith("does not pass AWS's checks: a name is taken already.")


class TestLearnedTimes:
    """What each resource took, from our own events."""

    def test_every_resource_that_came_up_is_learned_once(self, yard: Yard) -> None:
        yard.fake.pace.seconds = 3.0
        yard.ready()
        tables = ResourceTime.objects.filter(type="AWS::DynamoDB::Table", verb="create")
        assert tables.count() == 2
        assert all(one.seconds >= 3 for one in tables)
        assert not ResourceTime.objects.filter(type="AWS::CloudFormation::Stack").exists()

    def test_what_failed_teaches_nothing(self, yard: Yard) -> None:
        yard.fake.script.fail("LoadBalancer", "Rate exceeded")
        yard.drive(yard.create())
        assert not ResourceTime.objects.filter(type__endswith="LoadBalancer", verb="create").exists()
        assert ResourceTime.objects.filter(type="AWS::DynamoDB::Table", verb="create").exists()

    def test_the_newest_are_kept(self, yard: Yard) -> None:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        rows = [ResourceTime(type="AWS::IAM::Role", verb="create", seconds=9, at=long_ago) for _ in range(260)]
        ResourceTime.objects.bulk_create(rows)
        yard.ready()
        kept = ResourceTime.objects.filter(type="AWS::IAM::Role", verb="create").order_by("-at")
        assert kept.count() == 200
        assert kept[0].at > long_ago
