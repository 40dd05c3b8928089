"""A toggle that is redeployed: once, followed, proved, and gone back from by itself where it fails."""

import uuid
from datetime import timedelta

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import do_retry
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import parameters as store
from provisioning.lifecycle import ChangeKind, ChangeStatus, LiveFrom, ParameterVerb, RolloutState, WriteState
from provisioning.models import AuditEntry, Change, ParameterVersion, Step

from .flags import (
    KEY,
    agreed,
    ask,
    aws,
    fileshare,
    forced,
    look,
    redeploy,
    releases,
    rollouts,
    row,
    service,
    stored,
    tasks,
    toggle,
)
from .yard import HELLO, Yard

BROKEN = "tasks failed to start"


def notes(change: Change) -> dict[str, str]:
    return dict(Step.objects.filter(change=change).values_list("name", "note"))


class TestForward:
    """A redeploy that goes well."""

    def test_a_toggle_is_stored_redeployed_and_proved(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert stored(yard, dev) == ("false", 2)
        assert forced(yard) == 1
        (rollout,) = rollouts(change)
        assert (rollout.state, rollout.on, rollout.of) == (RolloutState.DONE, 1, 1)
        assert "1 of 1 tasks on the new deployment" in notes(change)["ensure_redeployed"]
        flag = row(dev)
        assert (flag.live_value, flag.live_version, flag.live_on, flag.live_of) == ("false", 2, 1, 1)
        assert flag.live_from == LiveFrom.STARTED

    def test_without_a_redeploy_what_runs_keeps_the_old_value(self, yard: Yard) -> None:
        dev = fileshare(yard)
        assert row(dev).live_version == 1
        change = toggle(yard, dev, "false", redeploy=False)
        assert change.status == ChangeStatus.SUCCEEDED
        assert forced(yard) == 0
        assert (row(dev).version, row(dev).live_version, row(dev).live_value) == (2, 1, "true")

    def test_flags_pitfall_08_new_tasks_run_and_are_told_apart_from_the_old(self, yard: Yard) -> None:
        dev = fileshare(yard)
        before = tasks(yard)
        change = toggle(yard, dev, "false")
        after = tasks(yard)
        assert before
        assert not before.keys() & after.keys()
        (rollout,) = rollouts(change)
        assert set(after.values()) == {rollout.aws_id}

    def test_flags_pitfall_09_while_it_rolls_the_page_says_how_many(self, yard: Yard) -> None:
        dev = fileshare(yard, tasks=3)
        yard.clock.shift(timedelta(minutes=2))
        change = ask(dev, yard, "false")
        seen, live = [], []
        for _ in range(16):
            yard.tick(change)
            yard.wait()
            seen.append(change.waiting_for)
            flag = row(dev)
            live.append((flag.live_on, flag.live_of, flag.live_version))
        assert [one for one in seen if one.startswith("rolling")] == [
            f"rolling: {on} of 3 on the new deployment" for on in (0, 1, 2)
        ]
        assert (1, 3, 1) in live, "one of three has it; what all of them have is the old version"
        assert live[-1] == (3, 3, 2)
        assert change.status == ChangeStatus.SUCCEEDED

    def test_a_redeploy_alone_changes_nothing(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert (forced(yard), stored(yard, dev)) == (1, ("true", 1))
        assert releases(dev)[-1].change_id == change.pk
        with pytest.raises(Refusal, match="one open already"):
            [redeploy(yard, dev) for _ in range(2)]

    def test_in_prod_somebody_decides_about_a_redeploy(self, yard: Yard) -> None:
        prod = fileshare(yard, "prod")
        change = yard.drive(redeploy(yard, prod))
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        yard.approve(change)
        assert yard.drive(change).status == ChangeStatus.SUCCEEDED

    def test_parked_there_is_nothing_to_redeploy(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.did(dev, ChangeKind.PARK)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert "when it wakes" in notes(change)["ensure_redeployed"]
        assert (row(dev).live_of, row(dev).live_from) == (0, LiveFrom.UNSEEN)
        with pytest.raises(Refusal, match="has no compute"):
            redeploy(yard, dev)
        yard.did(dev, ChangeKind.WAKE)
        assert (row(dev).live_version, row(dev).live_value) == (2, "false")

    def test_a_change_of_the_compute_stack_ends_first(self, yard: Yard) -> None:
        dev = fileshare(yard)
        update = yard.ask(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "large"}})
        while yard.stack(dev, "compute").status != "UPDATE_IN_PROGRESS":
            yard.tick(update)
            yard.look()
            yard.wait()
        change = ask(dev, yard, "false")
        yard.tick(change)
        assert change.waiting_for.startswith("Waits for “Update”")
        assert forced(yard) == 0
        yard.drive(change, update)
        assert (change.status, update.status) == (ChangeStatus.SUCCEEDED, ChangeStatus.SUCCEEDED)
        assert forced(yard) == 1

    def test_an_update_while_it_is_watched_is_no_failure(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = ask(dev, yard, "false")
        while not change.waiting_for.startswith("well:"):
            yard.tick(change)
            yard.wait()
        update = yard.ask(dev, ChangeKind.UPDATE, {"compute": {"TaskSize": "large"}})
        yard.drive(change, update)
        assert (change.status, update.status) == (ChangeStatus.SUCCEEDED, ChangeStatus.SUCCEEDED), change.problem

    def test_a_later_redeploy_that_fails_takes_nothing_else_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        look(yard, dev)
        settings = [Setting("greeting", "hello", None)]
        change = ask(dev, yard, "false")
        while not change.waiting_for.startswith("well:"):
            yard.tick(change)
            yard.wait()
        yard.fake.world.rollouts_fail = [BROKEN]
        other = do_set_parameters(yard.bob, dev, settings, AskToSet(key=uuid.uuid4(), redeploy=True))
        yard.drive(change, other)
        assert (change.status, other.status) == (ChangeStatus.SUCCEEDED, ChangeStatus.FAILED), change.problem
        assert stored(yard, dev) == ("false", 2)
        assert stored(yard, dev, "greeting") is None


class TestOnce:
    """One altering call, whatever happens to its answer."""

    @pytest.mark.parametrize("fault", ["lose_answer", "lose_call", "throttle", "break_down"])
    def test_a_call_without_an_answer_is_looked_for_first(self, yard: Yard, fault: str) -> None:
        dev = fileshare(yard)
        getattr(yard.fake.script, fault)("UpdateService")
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        started = [one for one in yard.fake.world.services.values() for _ in one.rollouts]
        assert len(started) == 1
        assert forced(yard) == (1 if fault == "lose_answer" else 2)

    def test_flags_pitfall_22_toggles_in_a_row_are_redeployed_once(self, yard: Yard) -> None:
        dev = fileshare(yard)
        for key in ("one", "two", "three"):
            store.create_parameter(aws(yard), f"/fileshare/dev/{key}", "a", type="String", tags={}, description="")
        look(yard, dev)
        yard.clock.shift(timedelta(minutes=2))
        changes = [ask(dev, yard, "b", key=key) for key in ("one", "two", "three")]
        for change in changes:
            yard.tick(change)
        assert [change.waiting_for.partition(":")[0] for change in changes] == [
            "rolling",
            *["Waits for the redeploy of another change"] * 2,
        ]
        yard.drive(*changes)
        assert {change.status for change in changes} == {ChangeStatus.SUCCEEDED}
        assert forced(yard) == 2
        assert all(row(dev, key).live_version == 2 for key in ("one", "two", "three"))

    def test_a_deployment_that_somebody_forces_meanwhile_serves_as_well(self, yard: Yard) -> None:
        dev = fileshare(yard, tasks=3)
        change = ask(dev, yard, "false")
        for _ in range(2):
            yard.tick(change)
            yard.wait()
        aws(yard).ecs.update_service(cluster="c", service=service(yard), forceNewDeployment=True)
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem


class TestBack:
    """A redeploy that fails."""

    def test_flags_pitfall_10_a_failed_redeploy_puts_the_flag_back_as_a_new_version(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = toggle(yard, dev, "false", reason="Trying it")
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev) == ("true", 3)
        first, back = ParameterVersion.objects.filter(change=change).order_by("pk")
        assert (first.version, back.version, back.verb) == (2, 3, ParameterVerb.RESTORE)
        assert back.restores is not None
        assert (back.restores.version, back.state) == (1, WriteState.DONE)
        assert change.problem is not None
        said = change.problem["sentence"]
        assert BROKEN in said
        assert "use_dynamodb was set to “false” (v2), and was put back to “true”, as v3." in said
        assert "It was redeployed" in said
        assert forced(yard) == 2
        flag = row(dev)
        assert (flag.value, flag.live_value, flag.live_version) == ("true", "true", 3)

    def test_it_is_one_audit_story(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = toggle(yard, dev, "false")
        verbs = list(AuditEntry.objects.filter(change=change).order_by("pk").values_list("verb", flat=True))
        assert verbs == ["request_set_parameters", "queued", "put_back", "fail"]
        entry = AuditEntry.objects.get(change=change, verb="put_back")
        assert BROKEN in entry.reason

    def test_releases_say_what_failed_and_what_was_put_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = toggle(yard, dev, "false")
        made, bad, back = releases(dev)
        assert [one.good for one in (made, bad, back)] == [True, False, True]
        assert (bad.change_id, back.change_id) == (change.pk, change.pk)
        assert bad.versions[KEY]["version"] == 2
        assert back.versions[KEY]["digest"] == made.versions[KEY]["digest"]

    def test_the_circuit_breakers_own_way_back_is_a_failure(self, yard: Yard) -> None:
        """N2: ECS rolls back and is well again, on what it ran before."""
        dev = fileshare(yard, tasks=3)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev) == ("true", 3)

    def test_without_a_circuit_breaker_it_fails_as_well(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rolls_back = False
        yard.fake.world.rollouts_fail = [BROKEN]
        assert toggle(yard, dev, "false").status == ChangeStatus.FAILED

    def test_unhealthy_within_the_watch_it_goes_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        change = ask(dev, yard, "false")
        while not rollouts(change) or rollouts(change)[0].state != RolloutState.DONE:
            yard.tick(change)
            yard.wait()
            if rollouts(change) and rollouts(change)[0].state == RolloutState.ROLLING:
                yard.fake.world.healthy = False
        for _ in range(60):
            if "put_back" in AuditEntry.objects.filter(change=change).values_list("verb", flat=True):
                yard.fake.world.healthy = True
            yard.tick(change)
            yard.wait()
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "targets are healthy" in change.problem["sentence"]
        assert stored(yard, dev) == ("true", 3)

    def test_what_somebody_set_meanwhile_is_left_alone(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        yard.fake.script.after(
            "UpdateService", lambda: store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "maybe")
        )
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev) == ("maybe", 3)
        assert change.problem is not None
        assert "is left as it is now" in change.problem["sentence"]

    def test_the_way_back_fails_as_well(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN, "no capacity"]
        change = toggle(yard, dev, "false")
        assert change.problem is not None
        assert "failed as well" in change.problem["sentence"]
        assert "no capacity" in change.problem["sentence"]
        assert stored(yard, dev) == ("true", 3)

    def test_it_is_not_tried_again_behind_anybodys_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = toggle(yard, dev, "false")
        with pytest.raises(Refusal, match="was put back"):
            do_retry(yard.alice, change)

    def test_a_redeploy_that_fails_can_be_tried_again(self, yard: Yard) -> None:
        dev = fileshare(yard)
        yard.fake.world.rollouts_fail = [BROKEN]
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.FAILED
        do_retry(yard.alice, change)
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED
        assert [one.attempt for one in rollouts(change)] == [1, 2]

    def test_a_created_parameter_goes_back(self, yard: Yard) -> None:
        dev = fileshare(yard)
        settings = [Setting("greeting", "hello", None)]
        yard.fake.world.rollouts_fail = [BROKEN]
        change = do_set_parameters(yard.alice, dev, settings, AskToSet(key=uuid.uuid4(), redeploy=True))
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev, "greeting") is None
        assert change.problem is not None
        assert "was deleted again" in change.problem["sentence"]


class TestInstances:
    """Groups of instances."""

    def test_an_instance_refresh(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.fake.calls_of("StartInstanceRefresh") == 1
        assert "instances replaced" in notes(change)["ensure_redeployed"]

    def test_one_whose_answer_was_lost_is_found(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        yard.fake.script.lose_answer("StartInstanceRefresh")
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.fake.calls_of("StartInstanceRefresh") == 1

    def test_one_that_fails(self, yard: Yard) -> None:
        dev = yard.ready(HELLO)
        yard.fake.world.rollouts_fail = ["Instances did not come up"]
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "Instances did not come up" in change.problem["sentence"]
