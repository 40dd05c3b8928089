"""Deploying where nothing in the stack holds the artifact: commands, documents, webhooks and workflows are told it."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.backend import Backend, backend

from provisioning.blueprints.hooks import Hook
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Environment

from .flags import agreed, deploy, redeploy, releases, roll_back, rollouts
from .own import deployed_otherwise
from .yard import HELLO, Yard

SECRET = "0123456789abcdef"
ARTIFACT = "  artifact: {label: Version, pattern: 'v\\d+', example: v12}\n"
RUN = "kind: ec2\n  group: Group\n  url_output: Url\n  refresh: run_command\n"
COMMAND = f"{RUN}  command: '/opt/deploy {{artifact}}'\n{ARTIFACT}"
DOCUMENT = (
    f"{RUN}  document: Deploy-Hello\n  document_parameters: {{Version: '{{artifact}}', How: quietly}}\n{ARTIFACT}"
)
HOOK = f"kind: webhook\n  webhook: shop\n  url_output: Url\n  report: /health\n{ARTIFACT}"
WORKFLOW = (
    "kind: webhook\n  url_output: Url\n  report: /health\n"
    "  github: {repository: acme/shop, workflow: deploy.yml, ref: main,"
    f" inputs: {{target: '{{environment}}', version: '{{artifact}}'}}}}\n{ARTIFACT}"
)
Own = Callable[..., Environment]


@pytest.fixture
def site() -> Iterator[Backend]:
    with backend() as running:
        yield running


@pytest.fixture
def own(yard: Yard, tmp_path: Path, settings: Any, site: Backend) -> Own:
    """An environment of a copy of an application that is deployed otherwise; its address is the backend's."""
    settings.DEPLOY_WEBHOOKS = {"shop": Hook(f"{site.url}/deploy", SECRET)}
    settings.DEPLOY_GITHUB_API, settings.DEPLOY_GITHUB_TOKEN = site.url, "token"

    def make(deploy: str, source: str = "fileshare") -> Environment:
        return deployed_otherwise(yard, settings, tmp_path / "own", url=site.url, deploy=deploy, source=source)

    return make


def posted(site: Backend) -> list[dict[str, Any]]:
    """What was sent to whoever deploys."""
    return [json.loads(one.body) for one in site.heard if one.method == "POST"]


class TestMachines:
    """`refresh: run_command`."""

    def test_a_command_takes_the_artifact_and_later_redeploys_take_it_too(self, yard: Yard, own: Own) -> None:
        dev = own(COMMAND, HELLO)
        change = agreed(yard, deploy(yard, dev, "v2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        agreed(yard, redeploy(yard, dev))
        told = [one["Parameters"]["commands"] for one in yard.fake.world.commands]
        assert told == [["/opt/deploy v2"]] * 2
        assert [one.artifact for one in releases(dev)] == ["", "v2", "v2"]
        assert change.operations.count() == 0, "no stack is sent anything"

    def test_before_the_first_deployment_there_is_nothing_to_run_it_with(self, yard: Yard, own: Own) -> None:
        dev = own(COMMAND, HELLO)
        change = agreed(yard, redeploy(yard, dev))
        assert change.problem is not None
        assert "Nothing has been deployed here yet" in change.problem["sentence"]
        assert yard.fake.world.commands == []

    def test_a_document_takes_it_as_a_parameter(self, yard: Yard, own: Own) -> None:
        dev = own(DOCUMENT, HELLO)
        change = agreed(yard, deploy(yard, dev, "v2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        (command,) = yard.fake.world.commands
        assert command["DocumentName"] == "Deploy-Hello"
        assert command["Parameters"] == {"Version": ["v2"], "How": ["quietly"]}

    def test_a_shell_reads_it_as_one_word(self, yard: Yard, own: Own) -> None:
        dev = own(COMMAND.replace("v\\d+", "v.+"), HELLO)
        agreed(yard, deploy(yard, dev, "v2;$(reboot)"))
        (command,) = yard.fake.world.commands
        assert command["Parameters"]["commands"] == ["/opt/deploy 'v2;$(reboot)'"]

    def test_one_that_fails_is_put_back_with_the_earlier_artifact(self, yard: Yard, own: Own) -> None:
        dev = own(COMMAND, HELLO)
        agreed(yard, deploy(yard, dev, "v2"))
        yard.fake.world.rollouts_fail = ["exit 1"]
        change = agreed(yard, deploy(yard, dev, "v3"))
        assert change.problem is not None
        assert "0 of 1 ran it well" in change.problem["sentence"]
        assert "v2 (release 2) was put back." in change.problem["sentence"]
        told = [one["Parameters"]["commands"] for one in yard.fake.world.commands]
        assert told == [["/opt/deploy v2"], ["/opt/deploy v3"], ["/opt/deploy v2"]]
        assert [(one.artifact, one.good) for one in releases(dev)][1:] == [("v2", True), ("v3", False), ("v2", True)]


class TestTold:
    """`kind: webhook`."""

    def test_the_signature_covers_the_artifact(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(HOOK)
        site.report["artifact"] = "v2"
        change = agreed(yard, deploy(yard, dev, "v2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        (told,) = [one for one in site.heard if one.method == "POST"]
        message = json.loads(told.body)
        assert (message["event"], message["artifact"], message["back"]) == ("deploy", "v2", False)
        signed = told.headers["X-Stackyard-Timestamp"].encode() + b"." + told.body
        wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert told.headers["X-Stackyard-Signature"] == f"sha256={wanted}"
        assert releases(dev)[-1].artifact == "v2"

    def test_a_workflow_takes_it_as_an_input(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(WORKFLOW)
        site.report["artifact"] = "v2"
        change = agreed(yard, deploy(yard, dev, "v2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert posted(site) == [{"ref": "main", "inputs": {"target": "dev", "version": "v2"}}]

    def test_it_is_good_once_the_backend_itself_says_that_it_runs(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(HOOK)
        site.report["artifact"] = "v1"
        change = deploy(yard, dev, "v2")
        while not change.waiting_for.startswith("not well yet"):
            yard.tick(change)
            yard.wait()
        assert change.waiting_for == "not well yet: the backend runs v1, not v2"
        for _ in range(60):
            yard.tick(change)
            yard.wait()
        assert change.status == ChangeStatus.RUNNING, "a pipeline takes its time"
        site.report["artifact"] = "v2"
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem

    def test_one_that_never_comes_up_is_put_back(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(HOOK)
        site.report["artifact"] = "v2"
        agreed(yard, deploy(yard, dev, "v2"))
        change = yard.drive(deploy(yard, dev, "v3"), rounds=900)
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert "The backend runs v2, not v3." in change.problem["sentence"]
        assert [(one["artifact"], one["back"]) for one in posted(site)] == [("v2", False), ("v3", False), ("v2", True)]
        assert [one.number for one in rollouts(change)] == [0, 1]

    def test_a_roll_back_tells_the_artifact_of_its_release(self, yard: Yard, own: Own, site: Backend) -> None:
        dev = own(HOOK)
        for version in ("v2", "v3"):
            site.report["artifact"] = version
            agreed(yard, deploy(yard, dev, version))
        site.report["artifact"] = "v2"
        change = agreed(yard, roll_back(yard, dev))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert [one["artifact"] for one in posted(site)] == ["v2", "v3", "v2"]
        newest = releases(dev)[-1]
        assert newest.restores is not None
        assert (newest.artifact, newest.restores.artifact) == ("v2", "v2")
