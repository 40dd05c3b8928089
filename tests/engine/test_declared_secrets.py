"""A declared secret, which an application's configuration names, has no value before a person sets one: the environment
comes up without it, says so, and is whole once it is there."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioning.blueprints.loader import SHIPPED, library
from provisioning.lifecycle import Outcome
from provisioning.models import Check, Environment, Step

from .flags import secret_set
from .yard import COMPUTE, FILESHARE, Yard, keep_linted

FLAG = "  - {key: token, title: Token, type: secret, after: redeploy}\n"


@pytest.fixture
def vaulted(yard: Yard, tmp_path: Path, settings: Any) -> str:
    """fileshare whose configuration names a secret."""
    folder = tmp_path / "vaulted"
    shutil.copytree(SHIPPED / FILESHARE, folder)
    for file in folder.glob("*.yaml"):
        text = file.read_text().replace("/fileshare/", "/vaulted/")
        text = text.replace("\nflags:\n", f"\nflags:\n{FLAG}")
        file.write_text(text.replace("\nconfiguration:\n", "\nconfiguration:\n  API_TOKEN: parameter:token\n"))
    settings.BLUEPRINT_DIRS = [tmp_path]
    assert not library().problems
    keep_linted()
    COMPUTE.setdefault("vaulted", COMPUTE[FILESHARE])
    return "vaulted"


def notes(environment: Environment) -> dict[str, str]:
    """What the steps of its newest change said."""
    return dict(Step.objects.filter(change__environment=environment).order_by("pk").values_list("name", "note"))


def checks(environment: Environment) -> dict[str, str]:
    """What became of the parameters that were promised."""
    rows = Check.objects.filter(environment=environment, group="Parameters")
    return {label.rpartition("/")[2]: outcome for label, outcome in rows.values_list("label", "outcome")}


def test_it_comes_up_without_and_says_what_is_to_be_set(yard: Yard, vaulted: str) -> None:
    environment = yard.ready(vaulted)
    assert notes(environment)["ensure_configuration"].endswith("to be set under Flags: API_TOKEN")
    found = checks(environment)
    assert (found["token"], found["use_dynamodb"]) == (Outcome.UNKNOWN, Outcome.GOOD)
    change = yard.drive(secret_set(yard, environment, "swordfish", None))
    assert change.status == "succeeded", change.problem


def test_once_it_is_there_it_is_checked_as_the_others(yard: Yard, vaulted: str) -> None:
    yard.fake.world.parameters["/vaulted/dev/token"] = [
        {"Name": "/vaulted/dev/token", "Type": "SecureString", "Value": "swordfish", "Version": 1}
    ]
    environment = yard.ready(vaulted)
    assert "to be set" not in notes(environment)["ensure_configuration"]
    assert checks(environment)["token"] == Outcome.GOOD


def test_what_is_no_secret_is_still_missed(yard: Yard, vaulted: str) -> None:
    there = yard.fake.world.parameters
    yard.fake.script.before("GetParametersByPath", lambda: there.pop("/vaulted/dev/dynamodb_users_table_name", None))
    change = yard.drive(yard.create(vaulted))
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["sentence"] == "The configuration lacks DYNAMODB_USERS_TABLE_NAME."
