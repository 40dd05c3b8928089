"""Parameters by the API: what is told of them, and setting one on the version that was looked at."""

import pytest

from portal.accounts.models import User
from provisioning.lifecycle import ParameterVerb
from provisioning.models import Account, AuditEntry, Change, Environment, Parameter

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from .program import Program, program_of

HERE = "/environments/fileshare/dev"
PATH = f"{HERE}/parameters/{FLAG}"
V1 = '"v1.1"'


@pytest.fixture
def share(account: Account, alice: User) -> Environment:
    """A fileshare with its flag, off, and a secret."""
    made = rows.environment(alice, "dev", "fileshare")
    parameter(made, FLAG, "false")
    parameter(made, "deep/api_token", CANARY, type="SecureString")
    return made


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def test_the_list_hides_secrets(share: Environment, program: Program) -> None:
    answer = program.ask("GET", f"{HERE}/parameters")
    assert CANARY not in answer.content.decode()
    found = program.get(f"{HERE}/parameters")
    assert [(one["key"], one["value"]) for one in found["items"]] == [("deep/api_token", None), (FLAG, "false")]
    assert found["path"] == "/fileshare/dev/"
    first = program.get(f"{HERE}/parameters?limit=1")
    assert program.get(f"{HERE}/parameters?cursor={first['next']}")["items"][0]["key"] == FLAG


def test_one_and_its_history(share: Environment, program: Program) -> None:
    answer = program.ask("GET", PATH)
    assert answer["Parameter-Version"] == V1
    assert program.get(f"{HERE}/parameters/deep/api_token")["value"] is None
    history = f"{HERE}/parameter-history/deep/api_token"
    assert [one["value"] for one in program.get(history)["items"]] == [None]
    found = program.get(f"{HERE}/parameter-history/{FLAG}")["items"]
    assert [(one["version"], one["value"], one["verb"]) for one in found] == [(1, "false", ParameterVerb.FOUND)]
    program.get(f"{HERE}/parameters/nothing", 404)
    program.get(f"{HERE}/parameter-history/nothing", 404)


def test_what_was_a_plain_value_is_hidden_once_it_is_a_secret(share: Environment, program: Program) -> None:
    row = Parameter.objects.get(key="deep/api_token")
    version(row, 2, CANARY, type="String")
    assert CANARY not in program.ask("GET", f"{HERE}/parameter-history/deep/api_token").content.decode()


def test_it_is_set_on_the_version_that_was_looked_at(share: Environment, program: Program) -> None:
    sent = {"value": "true", "reason": "on", "redeploy": False}
    answer = program.ask("PUT", PATH, sent, If_Match=V1)
    assert answer.status_code == 202, answer.content
    change = Change.objects.get()
    assert answer["Location"] == f"/api/v1/changes/{change.pk}"
    assert (change.kind, change.reason) == ("set_parameters", "on")
    assert AuditEntry.objects.get(change=change).detail["token"].startswith("ci (")


@pytest.mark.parametrize("tag", ['"v1.2"', '"v2.1"', '"1"', "*", "", "x"])
def test_another_version_is_not(share: Environment, program: Program, tag: str) -> None:
    answer = program.ask("PUT", PATH, {"value": "true"}, If_Match=tag)
    assert (answer.status_code, "version-moved" in answer.content.decode()) == (412, True)
    assert not Change.objects.exists()


def test_no_version_is_asked_for(share: Environment, program: Program) -> None:
    for method, sent in (("PUT", {"value": "true"}), ("DELETE", None)):
        assert program.ask(method, PATH, sent).status_code == 428
    assert not Change.objects.exists()


def test_a_new_one(share: Environment, program: Program) -> None:
    assert program.ask("PUT", PATH, {"value": "true"}, If_None_Match="*").status_code == 412
    made = program.ask("PUT", f"{HERE}/parameters/limits/most", {"value": "5"}, If_None_Match="*")
    assert made.status_code == 202
    assert Change.objects.get().goal["sets"][0]["verb"] == ParameterVerb.CREATE


def test_one_is_deleted(share: Environment, program: Program) -> None:
    assert program.ask("DELETE", PATH, If_Match=V1).status_code == 422  # the blueprint declares it
    answer = program.ask("DELETE", f"{HERE}/parameters/deep/api_token?reason=unused", If_Match=V1)
    assert answer.status_code == 202
    assert Change.objects.get().reason == "unused"


def test_what_is_refused(share: Environment, program: Program, bob: User, audrey: User, dev: Environment) -> None:
    assert program.ask("PUT", PATH, {"value": "maybe"}, If_Match=V1).status_code == 422
    assert program.ask("PUT", PATH, {"value": "false"}, If_Match=V1).status_code == 422
    assert program.ask("PUT", PATH, {"value": ""}, If_Match=V1).status_code == 422
    assert program_of(audrey).ask("PUT", PATH, {"value": "true"}, If_Match=V1).status_code == 403
    assert program.get("/environments/hello-erlang/dev-alice/parameters", 409)["code"] == "no-path"
    assert not Change.objects.exists()


def test_once(share: Environment, program: Program) -> None:
    answers = [
        program.ask("PUT", PATH, {"value": "true"}, If_Match=V1, Idempotency_Key="k").status_code for _ in range(2)
    ]
    assert answers == [202, 202]
    assert Change.objects.count() == 1
