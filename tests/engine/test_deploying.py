"""Deploying an image: the compute stack with it alone, proved, and put back by itself where it fails."""

from datetime import timedelta

import pytest

from provisioning.actions.deciding import do_approve
from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry, why_not_retry
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, ChangeStatus, RolloutState
from provisioning.models import AuditEntry, Change, Environment, SealedPlan, Step

from .flags import agreed, deploy, fileshare, forced, releases, roll_back, rollouts, row, service, toggle
from .yard import HELLO, Yard

FIRST = "nginx:stable"
BROKEN = "tasks failed to start"


def image(yard: Yard, environment: Environment) -> str:
    """What the compute stack holds."""
    return str(yard.stack(environment, "compute").parameters["ContainerImage"])


def notes(change: Change) -> dict[str, str]:
    """What each step found."""
    return dict(Step.objects.filter(change=change).values_list("name", "note"))


def in_aws(yard: Yard, name: str = "fileshare-dev") -> str:
    """What CloudFormation holds."""
    return yard.fake.stack(name).parameters["ContainerImage"]


class TestForward:
    """A deployment that goes well."""

    def test_the_stack_is_sent_the_image_alone_and_it_is_proved(self, yard: Yard) -> None:
        dev = fileshare(yard)
        before, toggled = dict(yard.stack(dev, "compute").parameters), row(dev).version
        tables = {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()}
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.stack(dev, "compute").parameters == before | {"ContainerImage": "shop:2"}
        assert in_aws(yard) == "shop:2"
        assert forced(yard) == 0, "CloudFormation has brought up the new tasks"
        assert [one.state for one in rollouts(change)] == [RolloutState.DONE]
        newest = releases(dev)[-1]
        assert (newest.artifact, newest.good, newest.number, newest.by) == ("shop:2", True, 2, change.requested_by)
        assert newest.stack_parameters["ContainerImage"] == "shop:2"
        assert newest.proof["healthy"] is True
        assert row(dev).version == toggled
        assert {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()} == tables

    def test_the_plan_says_what_is_deployed_and_what_it_goes_back_to(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.plan is not None
        part = change.plan["deploy"]
        assert (part["before"], part["after"], part["kept_in"]) == (FIRST, "shop:2", "ContainerImage")
        assert part["back"] == {"release": 1, "artifact": FIRST, "value": FIRST}
        assert (part["release"], part["promoted_from"]) == (1, None)
        assert part["versions"]["use_dynamodb"]["version"] == 1
        assert part["runs"]["good"] == ["1 of 1 tasks run", "1 of 1 targets are healthy"]
        assert part["minutes"] == 6, "four as a first guess, and two that it is watched"
        (stack,) = change.plan["stacks"]
        assert {row["logical_id"] for row in stack["changes"]} == {"TaskDefinition", "Service"}
        assert change.plan["impact"]["sentence"] == "No table is touched."
        assert change.plan["redeploy"]["goes_back"]

    def test_the_same_name_again_forces_a_deployment(self, yard: Yard) -> None:
        """A tag may name another image by now: the stack is the same, and every task is started anew (N1)."""
        dev = fileshare(yard)
        change = agreed(yard, deploy(yard, dev, FIRST))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert forced(yard) == 1
        assert [one.action for one in change.operations.all()] == ["none"]
        left = yard.fake.stack("fileshare-dev").change_sets
        assert not [name for name in left if change.pk.hex in name]
        assert [one.artifact for one in releases(dev)] == [FIRST, FIRST]

    def test_what_is_known_of_past_deployments_says_how_long_one_takes(self, yard: Yard) -> None:
        dev = fileshare(yard)
        for number in range(2, 6):
            change = agreed(yard, deploy(yard, dev, f"shop:{number}"))
        assert change.plan is not None
        assert change.plan["deploy"]["minutes"] == 3, "a minute, and two that it is watched"

    def test_it_is_watched_as_long_as_the_blueprint_wants(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        (rollout,) = rollouts(change)
        assert rollout.finished_at is not None
        assert change.finished_at is not None
        assert change.finished_at - rollout.finished_at >= timedelta(minutes=2)

    def test_a_lost_answer_sends_nothing_twice(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.script.lose_answer("ExecuteChangeSet")
        yard.fake.script.lose_answer("CreateChangeSet")
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert in_aws(yard) == "shop:2"
        assert len(releases(dev)) == 2


class TestProd:
    """In prod somebody else decides, about exactly this."""

    def test_a_second_person_decides(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        change = yard.drive(deploy(yard, prod, "shop:2", by=yard.ada))
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        with pytest.raises(Refusal):
            do_approve(yard.ada, change, digest=change.plan_digest)
        assert in_aws(yard, "fileshare-prod") == FIRST
        with pytest.raises(Refusal, match="Say why"):
            deploy(yard, prod, "shop:3", reason=" ")

    def test_what_was_agreed_to_runs(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        change = agreed(yard, deploy(yard, prod, "shop:2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert in_aws(yard, "fileshare-prod") == "shop:2"

    def test_a_parameter_that_was_set_meanwhile_voids_the_plan(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        change = yard.drive(deploy(yard, prod, "shop:2"))
        yard.approve(change)
        versions = yard.fake.world.parameters["/fileshare/prod/use_dynamodb"]
        versions.append(versions[-1] | {"Version": 2, "Value": "false"})
        yard.drive(change)
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        void = SealedPlan.objects.filter(change=change).exclude(void_because="").get()
        assert "use_dynamodb was set meanwhile" in void.void_because
        assert in_aws(yard, "fileshare-prod") == FIRST
        yard.approve(change)
        assert yard.drive(change).status == ChangeStatus.SUCCEEDED, change.problem

    def test_a_release_that_came_up_meanwhile_voids_the_plan(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        change = yard.drive(deploy(yard, prod, "shop:2"))
        toggle(yard, prod, "false")
        yard.approve(change)
        yard.drive(change)
        void = SealedPlan.objects.filter(change=change).exclude(void_because="").get()
        assert "release 2 has come up since" in void.void_because


class TestFailing:
    """What does not come up, or does not stay well."""

    def test_what_cloudformation_rolls_back_is_told_and_can_be_tried_again(self, yard: Yard) -> None:
        dev = fileshare(yard)
        why = "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."
        yard.fake.script.fail("Service", why, verb="UPDATE")
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert change.problem["sentence"].startswith("shop:2 did not come up: Service (ECS Service) could not be")
        assert change.problem["sentence"].endswith("CloudFormation has put nginx:stable back.")
        assert (image(yard, dev), in_aws(yard)) == (FIRST, FIRST)
        assert [(one.artifact, one.good) for one in releases(dev)] == [(FIRST, True), ("shop:2", False)]
        assert yard.stack(dev, "compute").status == "UPDATE_ROLLBACK_COMPLETE"
        do_retry(yard.alice, change)
        assert yard.drive(change).status == ChangeStatus.SUCCEEDED, change.problem
        assert in_aws(yard) == "shop:2"

    def test_n2_what_ecs_rolled_back_though_the_stack_is_complete_is_put_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        said = change.problem["sentence"]
        assert said.startswith("The deployment failed: ECS")
        assert "nginx:stable (release 1) was put back. It was redeployed:" in said
        assert (image(yard, dev), in_aws(yard)) == (FIRST, FIRST)
        kept = [(one.artifact, one.good, one.restores_id and one.restores.number) for one in releases(dev)]  # type: ignore[union-attr]  # it has one
        assert kept == [(FIRST, True, None), ("shop:2", False, None), (FIRST, True, 1)]
        assert [(one.number, one.state) for one in rollouts(change)] == [
            (0, RolloutState.FAILED),
            (1, RolloutState.DONE),
        ]
        assert AuditEntry.objects.filter(change=change, verb="put_back").count() == 1
        assert why_not_retry(yard.alice, change) == "What it set was put back. Look at why, then ask for it again."

    def test_what_is_not_well_within_the_watch_is_put_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = deploy(yard, dev, "shop:2")
        while not rollouts(change) or rollouts(change)[0].state != RolloutState.DONE:
            yard.tick(change)
            yard.look()
            yard.wait()
        yard.fake.world.healthy = False
        while len(releases(dev)) < 2:
            yard.tick(change)
            yard.wait()
        yard.fake.world.healthy = True
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "only 0 of 1 tasks run" in change.problem["sentence"].lower()
        assert in_aws(yard) == FIRST
        assert [one.good for one in releases(dev)] == [True, False, True]
        labels = dict(Step.objects.filter(change=change).values_list("name", "state"))
        assert labels["ensure_put_back"] == "failed"

    def test_a_way_back_that_fails_as_well_is_for_an_administrator(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        yard.fake.script.before(
            "ExecuteChangeSet",
            lambda: yard.fake.script.fail("Service", "no capacity", verb="UPDATE"),
            skip=1,
        )
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "nginx:stable (release 1) could not be put back: Service" in change.problem["sentence"]
        assert change.problem["turn"] == "an administrator"
        assert change.environment.status != "busy"
        again = agreed(yard, deploy(yard, dev, FIRST))
        assert again.status == ChangeStatus.SUCCEEDED, again.problem

    def test_where_nothing_else_was_ever_good_it_stays_and_says_so(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = agreed(yard, deploy(yard, dev, FIRST))
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "No other artifact is known to have been good here, so nginx:stable stays" in change.problem["sentence"]
        do_retry(yard.alice, change)
        assert yard.drive(change).status == ChangeStatus.SUCCEEDED, change.problem

    def test_what_was_given_to_the_service_beside_the_stack_is_seen_and_is_no_deployment(self, yard: Yard) -> None:
        """Drift: the tasks run what nobody reviewed. The plan says so, and forcing them anew does not make it right."""
        dev = fileshare(yard)
        running = yard.fake.world.services[service(yard)].rollouts[0]
        theirs = running.definition.rpartition(":")[0] + ":99"
        running.definition = theirs
        change = agreed(yard, deploy(yard, dev, FIRST))
        assert change.plan is not None
        assert any("ECS runs" in line for line in change.plan["deploy"]["runs"]["bad"])
        assert change.status == ChangeStatus.FAILED
        assert agreed(yard, deploy(yard, dev, "shop:2")).status == ChangeStatus.SUCCEEDED

    def test_cancelled_while_the_stack_is_updated_it_is_as_before(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = deploy(yard, dev, "shop:2")
        while not change.operations.filter(called_at__isnull=False).exists():
            yard.tick(change)
            yard.wait()
        do_cancel(yard.alice, change)
        yard.drive(change)
        assert change.status == ChangeStatus.CANCELLED, change.problem
        assert (image(yard, dev), in_aws(yard)) == (FIRST, FIRST)


class TestKept:
    """What is deployed stays, whatever is done to the environment after that."""

    def test_updates_parks_wakes_and_redeploys_keep_it(self, yard: Yard) -> None:
        dev = fileshare(yard)
        agreed(yard, deploy(yard, dev, "shop:2"))
        yard.did(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "large"}})
        assert in_aws(yard) == "shop:2"
        toggle(yard, dev, "false")
        yard.did(dev, ChangeKind.PARK)
        yard.did(dev, ChangeKind.WAKE)
        assert in_aws(yard) == "shop:2"
        assert [one.artifact for one in releases(dev)] == [FIRST, *["shop:2"] * 4]

    def test_a_form_from_before_the_deployment_does_not_go_back_from_it(self, yard: Yard) -> None:
        dev = fileshare(yard)
        agreed(yard, deploy(yard, dev, "shop:2"))
        with pytest.raises(Refusal) as refusal:
            yard.ask(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "large", "ContainerImage": FIRST}})
        assert refusal.value.fields["compute.ContainerImage"].startswith("shop:2 is deployed here.")

    def test_a_roll_back_puts_the_image_back_too(self, yard: Yard) -> None:
        dev = fileshare(yard)
        agreed(yard, deploy(yard, dev, "shop:2"))
        agreed(yard, deploy(yard, dev, "shop:3"))
        agreed(yard, roll_back(yard, dev, release=1))
        assert in_aws(yard) == FIRST
        agreed(yard, roll_back(yard, dev, release=3))
        assert in_aws(yard) == "shop:3"
        newest = releases(dev)[-1]
        assert newest.restores is not None
        assert (newest.artifact, newest.restores.number) == ("shop:3", 3)


class TestMachines:
    """A group of instances whose launch template holds the artifact."""

    RELEASE = "s3://releases/hello_erlang-2.tar.gz"

    def test_cloudformation_replaces_the_instances_and_nothing_is_refreshed_on_top(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        change = agreed(yard, deploy(yard, dev, self.RELEASE))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.fake.calls_of("StartInstanceRefresh") == 0
        assert notes(change)["ensure_redeployed"] == "1 of 1 instances replaced by CloudFormation"
        assert [one.artifact for one in releases(dev)] == ["ami-1", self.RELEASE]
        assert yard.stack(dev, "compute").parameters["ReleaseUri"] == self.RELEASE

    def test_the_same_again_is_an_instance_refresh(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        agreed(yard, deploy(yard, dev, self.RELEASE))
        change = agreed(yard, deploy(yard, dev, self.RELEASE))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.fake.calls_of("StartInstanceRefresh") == 1

    def test_one_that_fails_goes_back_to_a_machine_without_any(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        yard.fake.script.fail("Group", "no capacity", verb="UPDATE")
        change = agreed(yard, deploy(yard, dev, self.RELEASE))
        assert change.status == ChangeStatus.FAILED
        assert yard.stack(dev, "compute").parameters["ReleaseUri"] == ""


class TestRefused:
    """What is not even planned."""

    @pytest.mark.parametrize(
        ("artifact", "why"),
        [
            ("", "Say what is to be deployed"),
            ("shop 2", "Leave out blanks"),
            ("shop:{stage}", "Leave out blanks, braces"),
            ("-shop", "Write an image name such as"),
            ("s" * 301, "too long"),
        ],
    )
    def test_what_is_no_image(self, yard: Yard, artifact: str, why: str) -> None:
        dev = fileshare(yard)
        with pytest.raises(Refusal, match=why) as refusal:
            deploy(yard, dev, artifact)
        assert "artifact" in refusal.value.fields

    def test_while_nothing_runs_or_another_change_is_open(self, yard: Yard) -> None:
        dev = fileshare(yard)
        first = deploy(yard, dev, "shop:2")
        with pytest.raises(Refusal, match="one open already"):
            deploy(yard, dev, "shop:3")
        agreed(yard, first)
        yard.did(dev, ChangeKind.PARK)
        with pytest.raises(Refusal, match="has no compute"):
            deploy(yard, dev, "shop:3")
        yard.ask(dev, ChangeKind.WAKE)
        with pytest.raises(Refusal, match="has no compute"):
            deploy(yard, dev, "shop:3")

    def test_beside_an_update(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.ask(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "medium"}})
        with pytest.raises(Refusal, match="One change at a time"):
            deploy(yard, dev, "shop:2")

    def test_others_personal_environments(self, yard: Yard) -> None:
        own = yard.ready("fileshare", "dev-alice")
        with pytest.raises(Refusal, match="belongs to alice"):
            deploy(yard, own, "shop:2", by=yard.bob)

    def test_a_release_that_cannot_be_promoted(self, yard: Yard) -> None:
        dev, prod = fileshare(yard), fileshare(yard, "prod")
        agreed(yard, deploy(yard, dev, "shop:2"))
        first, second = releases(dev)
        with pytest.raises(Refusal, match="ran nginx:stable"):
            deploy(yard, prod, "shop:2", promoted_from=first)
        with pytest.raises(Refusal, match="cannot be promoted to"):
            deploy(yard, dev, "shop:2", promoted_from=second)
        second.good = False
        second.save()
        with pytest.raises(Refusal, match="was not proved good"):
            deploy(yard, prod, "shop:2", promoted_from=second)


def test_a_promotion_is_sealed_and_written_down(yard: Yard) -> None:
    dev, prod = fileshare(yard), fileshare(yard, "prod")
    agreed(yard, deploy(yard, dev, "shop:2"))
    origin = releases(dev)[-1]
    change = agreed(yard, deploy(yard, prod, "shop:2", promoted_from=origin))
    assert change.status == ChangeStatus.SUCCEEDED, change.problem
    assert change.plan is not None
    part = change.plan["deploy"]["promoted_from"]
    assert (part["id"], part["environment"], part["release"]) == (origin.pk, "dev", 2)
    assert releases(prod)[-1].promoted_from == origin
