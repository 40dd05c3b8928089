"""Releases, and the way back to one: template, its parameters and the values of that time, redeployed and proved."""

from datetime import timedelta

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.rolling_back import why_not_roll_back
from provisioning.aws import compute
from provisioning.engine.deploying.comparing import last_good_release
from provisioning.engine.steps.parameters import OUR_LABEL
from provisioning.lifecycle import ChangeKind, ChangeStatus, LiveFrom, ParameterVerb
from provisioning.models import ParameterVersion, SealedPlan

from .flags import (
    KEY,
    agreed,
    aws,
    deploy,
    fileshare,
    forced,
    redeploy,
    releases,
    roll_back,
    rollouts,
    row,
    secret_set,
    service,
    stored,
    toggle,
)
from .yard import HELLO, UPDATED, Yard

NAME = "/fileshare/dev/use_dynamodb"
LARGE = {"compute": {"TaskSize": "large"}}


class TestReleases:
    """What is written down after each proved deployment."""

    def test_a_create_is_the_first_release(self, yard: Yard) -> None:
        dev = fileshare(yard)
        (first,) = releases(dev)
        assert (first.number, first.good, first.artifact) == (1, True, "nginx:stable")
        assert first.template_id == yard.stack(dev, "compute").template_id
        assert first.stack_parameters["TaskSize"] == "small"
        assert first.versions[KEY]["version"] == 1
        assert first.proof["healthy"] is True
        assert (row(dev).live_version, row(dev).live_from) == (1, LiveFrom.STARTED)

    def test_updates_toggles_and_wakes_are_releases_and_stored_values_alone_are_not(self, yard: Yard) -> None:
        dev = fileshare(yard)
        agreed(yard, deploy(yard, dev, "shop:2"))
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        toggle(yard, dev, "false")
        toggle(yard, dev, "true", redeploy=False)
        yard.did(dev, ChangeKind.PARK)
        yard.did(dev, ChangeKind.WAKE)
        kinds = [one.change.kind for one in releases(dev) if one.change]
        assert kinds == ["create", "deploy", "update", "set_parameters", "wake"]
        assert [one.artifact for one in releases(dev)] == ["nginx:stable", *["shop:2"] * 4]

    def test_what_an_update_replaced_is_known_by_its_new_name(self, yard: Yard) -> None:
        """The old task definition is deleted under the same logical id, after the new one is there."""
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        known = yard.stack(dev, "compute").resources.get(logical_id="TaskDefinition").physical_id
        found = compute.ecs_service(aws(yard), "cluster", service(yard))
        assert found is not None
        assert known == found.task_definition

    def test_an_update_with_nothing_to_change_is_no_release(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.UPDATE)
        assert len(releases(dev)) == 1

    def test_an_application_without_parameters_has_releases(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        yard.did(dev, ChangeKind.UPDATE, UPDATED[HELLO])
        assert [one.versions for one in releases(dev)] == [{}, {}]
        assert releases(dev)[0].artifact == "ami-1"

    def test_flags_pitfall_12_the_label_moves_with_each_good_deploy(self, yard: Yard) -> None:
        dev = fileshare(yard)
        labelled = []
        for value in ("false", "true", "false"):
            toggle(yard, dev, value)
            labelled.append([one["Version"] for one in yard.fake.world.parameters[NAME] if one.get("Labels")])
        assert labelled == [[2], [3], [4]]
        assert yard.fake.world.parameters[NAME][-1]["Labels"] == [OUR_LABEL]
        assert not any(
            one.get("Labels")
            for name, versions in yard.fake.world.parameters.items()
            for one in versions
            if name != NAME
        )

    def test_a_label_that_aws_refuses_fails_nothing(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.script.refuse("LabelParameterVersion", "ParameterVersionLabelLimitExceeded")
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED
        assert releases(dev)[-1].good


class TestBack:
    """Rolling back."""

    def test_a_toggled_flag_goes_back_and_is_redeployed(self, yard: Yard) -> None:
        dev = fileshare(yard)
        toggle(yard, dev, "false")
        change = agreed(yard, roll_back(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert stored(yard, dev) == ("true", 3)
        put = ParameterVersion.objects.get(change=change)
        assert (put.verb, put.version) == (ParameterVerb.RESTORE, 3)
        assert put.restores is not None
        assert put.restores.version == 1
        assert forced(yard) == 2
        newest = releases(dev)[-1]
        assert newest.restores == releases(dev)[0]
        assert (row(dev).live_value, row(dev).live_version) == ("true", 3)

    def test_no_stack_is_held_where_only_values_differ(self, yard: Yard) -> None:
        dev = fileshare(yard)
        toggle(yard, dev, "false")
        sets = yard.fake.calls_of("CreateChangeSet")
        change = agreed(yard, roll_back(yard, dev))
        assert change.operations.count() == 0
        assert yard.fake.calls_of("CreateChangeSet") == sets

    def test_the_compute_stack_goes_back_by_its_change_set(self, yard: Yard) -> None:
        dev = fileshare(yard)
        tables = {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()}
        agreed(yard, deploy(yard, dev, "shop:2"))
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        change = roll_back(yard, dev, release=1)
        agreed(yard, change)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.stack(dev, "compute").parameters["TaskSize"] == "small"
        assert releases(dev)[-1].artifact == "nginx:stable"
        assert {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()} == tables
        assert change.plan is not None
        assert change.plan["impact"]["sentence"] == "No table is touched."
        rolled = change.plan["rollback"]
        assert (rolled["release"], rolled["artifact"]["before"], rolled["artifact"]["after"]) == (
            1,
            "shop:2",
            "nginx:stable",
        )

    def test_new_tasks_of_the_stack_are_the_redeploy(self, yard: Yard) -> None:
        """CloudFormation brings up new tasks after the values were put: nothing is forced on top of that."""
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        toggle(yard, dev, "false")
        before = forced(yard)
        change = agreed(yard, roll_back(yard, dev, release=1))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert forced(yard) == before
        assert stored(yard, dev) == ("true", 3)
        assert len(rollouts(change)) == 1

    def test_flags_pitfall_11_a_value_beyond_awss_hundred_versions_is_known(self, yard: Yard) -> None:
        dev = fileshare(yard)
        toggle(yard, dev, "false")
        versions = yard.fake.world.parameters[NAME]
        del versions[0]
        change = agreed(yard, roll_back(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert versions[-1]["Value"] == "true"

    def test_back_and_back_again_goes_further_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        toggle(yard, dev, "false")
        agreed(yard, roll_back(yard, dev))
        found = last_good_release(dev)
        assert found is not None
        assert found.number == 1, "not 3, which was gone back from"

    def test_a_failed_roll_back_stays_where_it_is_and_can_be_tried_again(self, yard: Yard) -> None:
        dev = fileshare(yard)
        toggle(yard, dev, "false")
        yard.fake.world.rollouts_fail = ["no capacity"]
        change = agreed(yard, roll_back(yard, dev))
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev) == ("true", 3)
        assert change.problem is not None
        assert "What was stored stays" in change.problem["advice"]

    def test_a_second_person_is_not_asked_where_the_stage_allows_it(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        toggle(yard, prod, "false")
        change = yard.drive(roll_back(yard, prod))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert change.decisions.count() == 0

    def test_any_other_release_takes_the_approval(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        toggle(yard, prod, "false")
        yard.drive(roll_back(yard, prod))
        forward = yard.drive(roll_back(yard, prod, release=2))
        assert forward.status == ChangeStatus.AWAITING_APPROVAL, "what was gone back from is forward"

    def test_flags_pitfall_13_a_value_set_after_the_plan_voids_it(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        toggle(yard, prod, "false")
        yard.drive(roll_back(yard, prod))
        forward = yard.drive(roll_back(yard, prod, release=2))
        yard.approve(forward)
        yard.fake.world.parameters["/fileshare/prod/use_dynamodb"].append(
            yard.fake.world.parameters["/fileshare/prod/use_dynamodb"][-1] | {"Version": 4, "Value": "maybe"}
        )
        yard.drive(forward)
        assert forward.status == ChangeStatus.FAILED
        assert stored(yard, prod) == ("maybe", 4)


def test_flags_pitfall_07_an_update_of_the_stacks_keeps_the_toggle(yard: Yard) -> None:
    dev = fileshare(yard)
    toggle(yard, dev, "false")
    yard.did(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "large"}, "data": {"Alarms": "true"}})
    assert stored(yard, dev) == ("false", 2)
    assert (row(dev).live_value, row(dev).owned_by) == ("false", "")


class TestRefused:
    """What is not even planned."""

    def test_without_a_reason_in_prod(self, yard: Yard) -> None:
        dev = fileshare(yard, "prod")
        with pytest.raises(Refusal, match="Say why") as refusal:
            roll_back(yard, dev, reason=" ")
        assert "reason" in refusal.value.fields

    def test_without_another_release(self, yard: Yard) -> None:
        dev = fileshare(yard)
        with pytest.raises(Refusal, match="No good release"):
            roll_back(yard, dev)
        with pytest.raises(Refusal, match="is what runs now"):
            roll_back(yard, dev, release=1)
        with pytest.raises(Refusal, match="has no release 9"):
            roll_back(yard, dev, release=9)

    def test_to_one_that_failed(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = ["broken"]
        toggle(yard, dev, "false")
        with pytest.raises(Refusal, match="was not proved good"):
            roll_back(yard, dev, release=2)

    def test_while_nothing_runs(self, yard: Yard) -> None:
        dev = fileshare(yard)
        toggle(yard, dev, "false")
        yard.did(dev, ChangeKind.PARK)
        assert "has no compute" in why_not_roll_back(yard.alice, dev)
        with pytest.raises(Refusal, match="has no compute"):
            roll_back(yard, dev)

    def test_beside_another_change_of_the_same_thing(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.UPDATE, LARGE)
        toggle(yard, dev, "false")
        yard.ask(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "medium"}})
        with pytest.raises(Refusal, match="One change at a time"):
            roll_back(yard, dev, release=1)
        first = roll_back(yard, dev, release=2)
        assert first.kind == ChangeKind.ROLL_BACK, "only values differ: no stack is needed"
        with pytest.raises(Refusal, match="one open already"):
            roll_back(yard, dev, release=2)

    def test_others_personal_environments(self, yard: Yard) -> None:
        own = yard.ready("fileshare", "dev-alice")
        for act in (roll_back, redeploy):
            with pytest.raises(Refusal, match="belongs to alice"):
                act(yard, own, by=yard.bob)


def test_a_secret_is_put_back_without_being_told(yard: Yard) -> None:
    dev = fileshare(yard)
    secret_set(yard, dev, "hunter2", None)
    yard.clock.shift(timedelta(minutes=2))
    secret_set(yard, dev, "correcthorse", 1)
    change = agreed(yard, roll_back(yard, dev))
    assert change.status == ChangeStatus.SUCCEEDED, change.problem
    assert stored(yard, dev, "token") == ("hunter2", 3)
    told = [str(change.plan), str(change.goal), *[str(one.content) for one in SealedPlan.objects.filter(change=change)]]
    told += [str((one.versions, one.proof)) for one in releases(dev)]
    assert not [text for text in told if "hunter2" in text or "correcthorse" in text]
