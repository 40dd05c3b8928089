"""Earlier values of parameters by the API: the way back is forward, on the version that was looked at."""

import json

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.flags.sealing import opened
from provisioning.lifecycle import ParameterVerb
from provisioning.models import Account, Change, Environment, Parameter

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from .program import Program, program_of

HERE = "/environments/fileshare/dev"
RESTORE = f"{HERE}/parameter-restore/{FLAG}"
NOW = '"v1.3"'


@pytest.fixture
def share(account: Account, alice: User) -> Environment:
    """A fileshare whose flag was on, off, and is on again for an hour; and a secret with two versions."""
    made = rows.environment(alice, "dev", "fileshare")
    flag = parameter(made, FLAG, "true", version=3)
    for number, value in ((1, "true"), (2, "false")):
        version(flag, number, value, ago=90 - number)
    secret = parameter(made, "deep/api_token", "another one", type="SecureString", version=2)
    version(secret, 1, CANARY, ago=90)
    return made


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def restored() -> dict[str, object]:
    """What the one change asks to be set."""
    (found,) = Change.objects.get().goal["sets"]
    return {"key": found["key"], "verb": found["verb"], "version": found["expected"]}


def test_the_value_before_is_what_nobody_named(share: Environment, program: Program) -> None:
    answer = program.ask("POST", RESTORE, {"reason": "slow since then", "confirmed": True}, If_Match=NOW)
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/changes/{Change.objects.get().pk}"
    assert restored() == {"key": FLAG, "verb": ParameterVerb.RESTORE, "version": 3}
    assert Parameter.objects.get(key=FLAG).asked_value == "false"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"version": 1}, 409, "no-restore"),  # it has that value
        ({"version": 9}, 404, "not-found"),
        ({"version": 2, "generation": 2}, 404, "not-found"),
        ({"version": 0}, 422, "invalid"),
        ({"version": "2; DROP"}, 422, "invalid"),
        ({"what": 2}, 422, "invalid"),
    ],
)
def test_what_cannot_be(
    share: Environment, program: Program, *, sent: dict[str, object], status: int, code: str
) -> None:
    assert program.post(RESTORE, sent, status, If_Match=NOW)["code"] == code
    assert not Change.objects.exists()


def test_on_the_version_that_was_looked_at(share: Environment, program: Program) -> None:
    assert program.post(RESTORE, {"version": 2}, 428)["code"] == "no-version"
    assert program.post(RESTORE, {"version": 2}, 412, If_Match='"v1.2"')["code"] == "version-moved"
    assert program.post(RESTORE, {"version": 2}, 412, If_None_Match="*")["code"] == "exists"
    assert not Change.objects.exists()


def test_who_may_not(share: Environment, alice: User, audrey: User) -> None:
    for program in (program_of(audrey), program_of(alice, Scope.READ)):
        program.post(RESTORE, {"version": 2}, 403, If_Match=NOW)
    assert not Change.objects.exists()


def test_once(share: Environment, program: Program) -> None:
    sent = {"reason": "slow", "confirmed": True}
    answers = [program.ask("POST", RESTORE, sent, If_Match=NOW, Idempotency_Key="k") for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert Change.objects.count() == 1


def test_a_secret_comes_back_without_being_told(share: Environment, program: Program) -> None:
    answer = program.ask(
        "POST", f"{HERE}/parameter-restore/deep/api_token", {"version": 1, "confirmed": True}, If_Match='"v1.2"'
    )
    assert answer.status_code == 202, answer.content
    change = Change.objects.get()
    assert opened("SecureString", Parameter.objects.get(key="deep/api_token").asked_value) == CANARY
    told = answer.content.decode() + program.ask("GET", f"/changes/{change.pk}").content.decode()
    assert CANARY not in told + json.dumps(change.goal)


def test_one_that_was_deleted_is_made_again(share: Environment, program: Program) -> None:
    Parameter.objects.filter(key="deep/api_token").update(gone_at=timezone.now())
    restore = f"{HERE}/parameter-restore/deep/api_token"
    program.post(restore, {"version": 1, "confirmed": True}, 404, If_Match='"v1.2"')
    program.post(restore, {"version": 1, "confirmed": True}, 202, If_None_Match="*")
    assert Change.objects.get().goal["sets"][0]["expected"] is None


@pytest.mark.parametrize(
    "key", ["a/../b", "..", "../prod/use_dynamodb", "a/./b", "..%2F..%2Fprod", "a/restore/history"]
)
def test_keys_are_names_and_no_ways(share: Environment, program: Program, alice: User, key: str) -> None:
    prod = rows.environment(alice, "prod", "fileshare")
    parameter(prod, FLAG, "prod's own")
    plain = key.replace("%2F", "/")
    for address in (f"{HERE}/parameters/{key}", f"{HERE}/parameter-history/{key}"):
        assert "prod's own" not in json.dumps(program.get(address, 404))
    parameter(share, plain, "mine")
    assert program.get(f"{HERE}/parameters/{key}")["value"] == "mine"
    assert [one["value"] for one in program.get(f"{HERE}/parameter-history/{key}")["items"]] == ["mine"]
    program.post(f"{HERE}/parameter-restore/{key}", {"version": 1}, 409, If_Match='"v1.1"')
