"""docs/examples/deploy.yml, run as it stands there: its steps' own lines, by bash, against the real API."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as configured
from django.utils import timezone
from fakes.readers import github_env, workflow_command

from portal.accounts.models import Scope, User
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import AuditEntry, Change, Environment

from .. import rows
from ..vault import parameter_store
from .served import Served, Terminal

EXAMPLE = configured.BASE_DIR / "docs" / "examples" / "deploy.yml"
GUIDE = configured.BASE_DIR / "docs" / "github-actions.md"
WORKFLOW: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["deploy"]["steps"]
TOOLS = ("pipx", "make", "docker")
NOTES = (
    "import json, os, sys; told = json.dumps([sys.argv[1:], dict(os.environ)]);"
    " print(told, file=open(os.environ['TOOL_LOG'], 'a'))"
)
IMAGE, RUN = "registry.example.org/fileshare", "https://github.example/acme/fileshare/actions/runs/17"


@dataclass
class Runner:
    """A runner of GitHub, as far as the steps of this workflow see one: variables, secrets, the file for variables."""

    folder: Path
    url: str
    token: str
    written: str = ""
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "bin").mkdir()
        self._program("stackyard", f'exec "{sys.executable}" -m portal.cli "$@"')
        for name in TOOLS:
            self._program(name, f'exec "{sys.executable}" -c "{NOTES}" {name} "$@"')

    def run(self, step: Mapping[str, Any]) -> "subprocess.CompletedProcess[str]":
        """One step, with the variables that GitHub would give it; what it writes counts for the ones after it."""
        file = self.folder / "github_env"
        file.write_text("")
        told = {name: self._filled(text) for name, text in {**WORKFLOW["env"], **step.get("env", {})}.items()}
        around = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(configured.BASE_DIR),
            "TOOL_LOG": str(self.folder / "tools"),
            "GITHUB_ENV": str(file),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "acme/fileshare",
            "GITHUB_SHA": "4f1c",
            "GITHUB_RUN_ID": "17",
            "GITHUB_RUN_ATTEMPT": "1",
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        known = github_env(self.written) if self.written else {}
        done = subprocess.run(  # noqa: S603  the example's own lines
            command,
            env={**around, **known, **told},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.written += file.read_text()
        self.log += done.stdout.splitlines()
        return done

    def tools(self) -> list[tuple[list[str], dict[str, str]]]:
        """What other programs were called with, and what they had in their environment."""
        return [tuple(json.loads(line)) for line in (self.folder / "tools").read_text().splitlines()]

    def _filled(self, text: str) -> str:
        known = {
            "inputs.environment || 'fileshare/dev'": "fileshare/dev",
            "vars.IMAGE": IMAGE,
            "vars.STACKYARD_URL": self.url,
            "vars.STACKYARD_PACKAGE": "git+https://git.example.com/stackyard.git@v1",
            "github.sha": "4f1c",
            "secrets.STACKYARD_TOKEN": self.token,
        }
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: known[found[1]], text)

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def step(name: str) -> dict[str, Any]:
    """The step of that name."""
    return next(one for one in STEPS if one.get("name") == name)


@pytest.fixture
def share(alice: User, served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """fileshare/dev, running, with its parameters."""
    made = rows.environment(alice, "dev", "fileshare")
    with parameter_store(monkeypatch) as ssm:
        for key, value in (
            ("use_dynamodb", "true"),
            ("dynamodb_users_table_name", "users"),
            ("dynamodb_urls_table_name", "urls"),
        ):
            ssm.put_parameter(Name=f"/fileshare/dev/{key}", Value=value, Type="String")
        yield made


@pytest.fixture
def runner(share: Environment, served: Served, terminal_of: Any, alice: User, tmp_path: Path) -> Runner:
    """A runner whose secret is a token of alice's that may ask for changes, and not decide."""
    terminal: Terminal = terminal_of(alice, Scope.READ, Scope.CHANGE)
    return Runner(tmp_path, served.url, str(terminal.environment["STACKYARD_TOKEN"]))


def test_the_token_is_where_the_command_is_and_nowhere_else() -> None:
    assert "secrets." not in json.dumps({name: one for name, one in WORKFLOW.items() if name != "jobs"}, default=str)
    for one in STEPS:
        uses = "stackyard " in one.get("run", "")
        assert ("STACKYARD_TOKEN" in one.get("env", {})) is uses, one
        assert "${{" not in one.get("run", ""), "what is filled in becomes a part of the script"
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_it_reads_builds_and_shows(runner: Runner) -> None:
    for name in ("Install the command", "Read what the application has to know", "Build", "Show what runs"):
        done = runner.run(step(name))
        assert done.returncode == 0, done.stderr
    assert github_env(runner.written) == {
        "AWS_REGION": "us-east-1",
        "USE_DYNAMODB": "true",
        "DYNAMODB_USERS_TABLE_NAME": "users",
        "DYNAMODB_URLS_TABLE_NAME": "urls",
    }
    called = runner.tools()
    assert [words for words, _ in called] == [
        ["pipx", "install", "git+https://git.example.com/stackyard.git@v1"],
        ["make", "test"],
        ["docker", "build", "--tag", f"{IMAGE}:4f1c", "."],
        ["docker", "push", f"{IMAGE}:4f1c"],
    ]
    for words, variables in called:
        assert runner.token not in json.dumps(variables), words
    assert called[1][1]["DYNAMODB_USERS_TABLE_NAME"] == "users"
    assert "fileshare/dev" in "\n".join(runner.log)


def test_it_stops_where_something_has_no_value(runner: Runner, share: Environment) -> None:
    share.stacks.all().delete()
    Environment.objects.filter(pk=share.pk).update(name="dev-bare")
    done = runner.run({**step("Read what the application has to know"), "env": {
        "ENVIRONMENT": "fileshare/dev-bare", "STACKYARD_TOKEN": "${{ secrets.STACKYARD_TOKEN }}",
    }})  # fmt: skip
    assert done.returncode == 5
    assert "USE_DYNAMODB" in done.stderr
    assert runner.written == ""


@pytest.mark.parametrize(("end", "code"), [(ChangeStatus.SUCCEEDED, 0), (ChangeStatus.FAILED, 1)])
def test_it_deploys_and_ends_as_the_change_ends(runner: Runner, served: Served, end: ChangeStatus, code: int) -> None:
    def worked() -> None:
        # In place of a worker: the change gets to its end as soon as it is there.
        Change.objects.filter(kind=ChangeKind.DEPLOY).update(status=end, finished_at=timezone.now())

    served.after = worked
    done = runner.run(step("Deploy"))
    assert done.returncode == code, done.stderr
    change = Change.objects.get(kind=ChangeKind.DEPLOY)
    assert (change.goal["artifact"], change.reason) == (f"{IMAGE}:4f1c", RUN)
    assert AuditEntry.objects.get(change=change).detail["token"].startswith("terminal (")
    assert runner.run(step("Deploy")).returncode == code
    assert Change.objects.filter(kind=ChangeKind.DEPLOY).count() == 1  # the same run is the same change
    assert runner.token not in done.stdout + done.stderr


def test_what_the_guide_says_of_secrets_holds(runner: Runner) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (guided,) = yaml.safe_load(text)
    assert "::add-mask::" in GUIDE.read_text()
    done = runner.run(guided)
    assert done.returncode == 0, done.stderr
    assert AuditEntry.objects.get(verb="deliver_secrets").reason == "integration tests of 4f1c"
    assert [workflow_command(line) for line in done.stdout.splitlines()] == []  # fileshare names no secret
