"""What the running backend says of itself goes before what is inferred; other ways to redeploy; webhooks."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.backend import Backend, backend

from provisioning.blueprints.hooks import Hook
from provisioning.lifecycle import ChangeStatus, LiveFrom, RolloutState
from provisioning.models import Environment

from .flags import agreed, ask, forced, redeploy, rollouts, row, stored, toggle
from .own import deployed_otherwise
from .yard import HELLO, Yard

ECS = "kind: ecs\n  cluster: Cluster\n  service: Service\n  url_output: Url\n"
GROUP = "kind: ec2\n  group: Group\n  url_output: Url\n"
Own = Callable[..., Environment]


@pytest.fixture
def site() -> Iterator[Backend]:
    with backend() as running:
        yield running


@pytest.fixture
def own(yard: Yard, tmp_path: Path, settings: Any, site: Backend) -> Own:
    """An environment of a copy of an application that is deployed otherwise; its address is the backend's."""

    def make(deploy: str, source: str = "fileshare") -> Environment:
        return deployed_otherwise(yard, settings, tmp_path / "own", url=site.url, deploy=deploy, source=source)

    return make


class TestReports:
    """`report:` names where the backend tells what it has."""

    REPORTING = f"{ECS}  report: /health\n  watch_minutes: 2\n"

    def test_flags_pitfall_08_the_backend_itself_says_the_new_value_and_version(
        self, yard: Yard, own: Own, site: Backend
    ) -> None:
        dev = own(self.REPORTING)
        site.has("use_dynamodb", "false", 2)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        flag = row(dev)
        assert (flag.live_value, flag.live_version, flag.live_from) == ("false", 2, LiveFrom.REPORTED)
        (rollout,) = rollouts(change)
        assert rollout.proof["from"] == LiveFrom.REPORTED
        assert rollout.proof["watched_minutes"] == 2
        assert {one.path for one in site.heard} == {"/health"}

    def test_a_backend_that_keeps_the_old_value_is_gone_back_from(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(self.REPORTING)
        site.has("use_dynamodb", "true", 1)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "has use_dynamodb at “true” (v1); stored is “false” v2" in change.problem["sentence"]
        assert stored(yard, dev) == ("true", 3)

    def test_a_value_without_a_version_is_enough(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(self.REPORTING)
        site.has("use_dynamodb", "false", None)
        assert toggle(yard, dev, "false").status == ChangeStatus.SUCCEEDED
        assert row(dev).live_version == 2

    def test_it_becomes_unwell_while_it_is_watched(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(self.REPORTING)
        site.has("use_dynamodb", "false", 2)
        change = ask(dev, yard, "false")
        while not change.waiting_for.startswith("well:"):
            yard.tick(change)
            yard.wait()
        site.report["healthy"] = False
        yard.tick(change)
        assert change.waiting_for.startswith("not well yet: the backend says that it is not healthy")
        yard.clock.shift(timedelta(seconds=91))
        yard.tick(change)
        site.report["healthy"] = True
        site.has("use_dynamodb", "true", 3)
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert stored(yard, dev) == ("true", 3)
        assert (row(dev).live_value, row(dev).live_version) == ("true", 3)

    def test_a_short_trouble_is_waited_for(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(self.REPORTING)
        site.has("use_dynamodb", "false", 2)
        site.statuses = [503, 503]
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem


class TestLocalAws:
    """The emulator starts no machines: what cannot be seen is said, and fails nothing."""

    def test_what_cannot_be_seen_is_said(self, yard: Yard, own: Own, site: Backend, settings: Any) -> None:
        dev = own(f"{ECS}  report: /health\n  watch_minutes: 2\n")
        settings.AWS_ENDPOINT_URL = "http://127.0.0.1:4566"
        yard.fake.world.healthy = False
        site.statuses = [503] * 50
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        (rollout,) = rollouts(change)
        assert any("starts no machines" in line for line in rollout.proof["blind"])


class TestCommands:
    """`refresh: run_command`."""

    COMMAND = f"{GROUP}  refresh: run_command\n  command: systemctl restart hello\n"

    def test_a_command_on_every_instance(self, yard: Yard, own: Own) -> None:
        dev = own(self.COMMAND, HELLO)
        yard.fake.script.lose_answer("SendCommand")
        change = agreed(yard, redeploy(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        (command,) = yard.fake.world.commands
        assert command["Parameters"]["commands"] == ["systemctl restart hello"]
        assert rollouts(change)[0].note == "1 of 1 instances have run the command"

    def test_one_that_fails(self, yard: Yard, own: Own) -> None:
        dev = own(self.COMMAND, HELLO)
        yard.fake.world.rollouts_fail = ["exit 1"]
        change = agreed(yard, redeploy(yard, dev))
        assert change.problem is not None
        assert "0 of 1 ran it well" in change.problem["sentence"]


class TestWebhooks:
    """`kind: webhook`."""

    HOOK = "kind: webhook\n  webhook: shop\n  url_output: Url\n  report: /health\n"

    def test_a_receiver_is_told_without_values(self, yard: Yard, own: Own, site: Backend, settings: Any) -> None:
        dev = own(self.HOOK)
        settings.DEPLOY_WEBHOOKS = {"shop": Hook(f"{site.url}/deploy", "0123456789abcdef")}
        site.has("use_dynamodb", "false", 2)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        told = [one for one in site.heard if one.method == "POST"]
        assert len(told) == 1
        message = json.loads(told[0].body)
        assert message["parameters"]["use_dynamodb"] == 2
        assert message["environment"] == "dev"
        assert b"false" not in told[0].body.replace(b'"back": false', b"")
        assert row(dev).live_from == LiveFrom.REPORTED

    def test_one_that_is_down_is_told_again_under_the_same_delivery(
        self, yard: Yard, own: Own, site: Backend, settings: Any
    ) -> None:
        dev = own(self.HOOK)
        settings.DEPLOY_WEBHOOKS = {"shop": Hook(f"{site.url}/deploy", "0123456789abcdef")}
        site.has("use_dynamodb", "false", 2)
        site.statuses = [503, 503]
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        told = [one.headers["X-Stackyard-Delivery"] for one in site.heard if one.method == "POST"]
        assert told == [str(rollouts(change)[0].pk)] * 3

    def test_one_that_refuses_is_a_failure_and_the_flag_goes_back(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(self.HOOK)
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "DEPLOY_WEBHOOKS has no webhook “shop”" in change.problem["sentence"]
        assert stored(yard, dev) == ("true", 3)

    def test_without_a_report_nothing_tells_whether_it_is_live(
        self, yard: Yard, own: Own, site: Backend, settings: Any
    ) -> None:
        dev = own("kind: webhook\n  webhook: shop\n")
        settings.DEPLOY_WEBHOOKS = {"shop": Hook(site.url, "0123456789abcdef")}
        change = toggle(yard, dev, "false")
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert rollouts(change)[0].state == RolloutState.BLIND
        assert (row(dev).live_from, row(dev).live_version) == (LiveFrom.UNSEEN, None)
        assert forced(yard) == 0
