"""Values copied between environments by the API: both sides first, then exactly what was looked at."""

from typing import Any

import pytest

from portal.accounts.models import Scope, User
from provisioning.lifecycle import ParameterVerb
from provisioning.models import Account, Change, Environment, Parameter

from .. import rows
from ..flags.scene import CANARY, FLAG, parameter, version
from .program import Program, program_of

COPIES = "/environments/fileshare/staging/parameter-copies"
BOTH = {"key": FLAG, "source": 2, "target": 1}


@pytest.fixture(autouse=True)
def two(account: Account, alice: User) -> tuple[Environment, Environment]:
    """dev, which has more, and staging."""
    dev, staging = (rows.environment(alice, name, "fileshare") for name in ("dev", "staging"))
    parameter(staging, FLAG, "true")
    version(parameter(dev, FLAG, "false", version=2), 1, "true", ago=90)
    parameter(dev, "limits/upload", "5")
    parameter(dev, "token", CANARY, type="SecureString")
    parameter(dev, "dynamodb_policy_arn", "arn:aws:iam::1:policy/x", owned_by="Policy")
    parameter(staging, "only", "here")
    return dev, staging


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def sent(*values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request to copy from dev."""
    return {"source": "dev", "values": list(values), "redeploy": False, **more}


def test_both_sides_and_what_is_left_out(program: Program) -> None:
    found = program.get(COPIES)
    assert (found["source"], found["target"], found["sources"]) == (
        "fileshare/dev",
        "fileshare/staging",
        ["fileshare/dev"],
    )
    lines = {one["key"]: one for one in found["items"]}
    assert list(lines) == ["dynamodb_policy_arn", "limits/upload", "only", "token", FLAG]
    assert {key: (one["state"], bool(one["why_not"])) for key, one in lines.items()} == {
        "dynamodb_policy_arn": ("missing", True),
        "limits/upload": ("missing", False),
        "only": ("only there", True),
        "token": ("missing", False),
        FLAG: ("differs", False),
    }
    assert lines[FLAG]["source"] == {"value": "false", "version": 2, "type": "String"}
    assert lines[FLAG]["target"] == {"value": "true", "version": 1, "type": "String"}
    assert lines["token"]["source"] == {"value": None, "version": 1, "type": "SecureString"}
    assert CANARY not in program.ask("GET", COPIES).content.decode()


def test_it_comes_in_pages(program: Program) -> None:
    first = program.get(f"{COPIES}?limit=4")
    rest = program.get(f"{COPIES}?cursor={first['next']}&source=dev")
    assert [len(first["items"]), [one["key"] for one in rest["items"]], rest["next"]] == [4, [FLAG], None]


def test_what_was_looked_at_is_asked_for_as_one_change(two: tuple[Environment, Environment], program: Program) -> None:
    values = [BOTH, {"key": "limits/upload", "source": 1}, {"key": "token", "source": 1, "target": None}]
    answer = program.ask("POST", COPIES, sent(*values, reason="Same as dev"))
    assert answer.status_code == 202, answer.content
    change = Change.objects.get(environment=two[1])
    assert answer["Location"] == f"/api/v1/changes/{change.pk}"
    assert {one["verb"] for one in change.goal["sets"]} == {ParameterVerb.COPY}
    assert (change.reason, change.goal["redeploy"]) == ("Same as dev", False)
    assert CANARY not in answer.content.decode() + str(change.goal)


@pytest.mark.parametrize("side", [0, 1], ids=["source", "target"])
def test_a_side_that_moved_copies_nothing(two: tuple[Environment, Environment], program: Program, side: int) -> None:
    Parameter.objects.filter(environment=two[side], key=FLAG).update(version=4)
    found = program.post(COPIES, sent(BOTH, {"key": "limits/upload", "source": 1}), 412)
    assert (found["code"], list(found["fields"])) == ("moved", [FLAG])
    assert "now (v4)" in found["detail"]
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (sent(), 422, "invalid"),
        (sent({"key": FLAG}), 422, "invalid"),
        (sent({"key": FLAG, "source": 0}), 422, "invalid"),
        (sent(BOTH) | {"source": "prod"}, 404, "not-found"),
        (sent(BOTH) | {"source": "staging"}, 404, "not-found"),
        (sent({"key": "nothing", "source": 1}), 412, "moved"),
        (sent({"key": "dynamodb_policy_arn", "source": 1}), 409, "left-out"),
        (sent(BOTH, BOTH), 409, "twice"),
    ],
)
def test_what_is_refused(program: Program, body: dict[str, Any], status: int, code: str) -> None:
    assert program.post(COPIES, body, status)["code"] == code
    assert not Change.objects.exists()


def test_once(program: Program) -> None:
    answers = [program.ask("POST", COPIES, sent(BOTH), Idempotency_Key="k") for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert Change.objects.count() == 1


def test_into_prod_somebody_decides_and_secrets_stay_there(
    two: tuple[Environment, Environment], alice: User, program: Program
) -> None:
    prod = rows.environment(alice, "prod", "fileshare")
    parameter(prod, "token", CANARY, type="SecureString")
    found = program.get("/environments/fileshare/prod/parameter-copies?source=fileshare/dev")
    assert (found["approvals_needed"], found["approver_groups"]) == (1, ["admins"])
    Parameter.objects.filter(environment=two[0], key="token").delete()
    found = program.get("/environments/fileshare/dev/parameter-copies?source=prod")
    assert next(one["why_not"] for one in found["items"] if one["key"] == "token") == "A secret of prod stays in prod."


def test_nothing_to_copy_from(two: tuple[Environment, Environment], program: Program) -> None:
    Parameter.objects.filter(environment=two[0]).delete()
    found = program.get(COPIES)
    assert (found["source"], found["sources"], found["items"]) == (None, [], [])
    assert program.get(f"{COPIES}?source=dev", 404)["code"] == "not-found"


def test_who_may_not(two: tuple[Environment, Environment], alice: User, bob: User, audrey: User) -> None:
    program_of(audrey).get(COPIES, 403)
    program_of(alice, Scope.READ).post(COPIES, sent(BOTH), 403)
    mine = rows.environment(bob, "dev-bob", "fileshare")
    parameter(mine, FLAG, "true")
    theirs = "/environments/fileshare/dev-bob/parameter-copies"
    assert program_of(alice).post(theirs, sent(BOTH), 403)["code"] == "not-yours"
    rows.environment(alice, "dev", "hello-erlang")
    assert program_of(alice).get("/environments/hello-erlang/dev/parameter-copies", 409)["code"] == "no-path"
    assert not Change.objects.exists()
