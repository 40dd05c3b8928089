"""Releases through the API: reading them, deploying, promoting, and going back to any."""

import json
from typing import Any

import pytest

from portal.accounts.models import Scope, User
from provisioning.blueprints.policies import PolicyFloor
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Release, Template

from .. import rows
from ..releases.scene import CANARY, release, toggled, versions
from .program import Program, program_of

DEV, STAGING, PROD = (f"/environments/fileshare/{name}" for name in ("dev", "staging", "prod"))
SHOP = "registry.example.org/shop:2"


@pytest.fixture
def shop(account: Account, alice: User) -> Environment:
    """dev, with two releases of a flag and a secret."""
    return toggled(rows.environment(alice, "dev", "fileshare"), alice)


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def staged(alice: User) -> Release:
    """staging runs SHOP well."""
    staging = rows.environment(alice, "staging", "fileshare")
    return release(staging, 1, alice, artifact=SHOP, stack_parameters={"ContainerImage": SHOP})


class TestReading:
    """GET."""

    def test_the_list_in_pages_newest_first(self, shop: Environment, alice: User, program: Program) -> None:
        release(shop, 3, alice, good=False, artifact=SHOP)
        found = program.get(f"{DEV}/releases?limit=2")
        assert [one["number"] for one in found["items"]] == [3, 2]
        assert [one["number"] for one in program.get(f"{DEV}/releases?cursor={found['next']}")["items"]] == [1]
        newest = found["items"][0]
        assert (newest["artifact"], newest["good"], newest["by"]) == (SHOP, False, "alice")
        assert newest["url"] == "/environments/fileshare/dev/releases/3/"
        assert len(program.get(f"{DEV}/releases?good=true")["items"]) == 2
        assert [one["number"] for one in program.get(f"{DEV}/releases?artifact={SHOP}")["items"]] == [3]

    def test_one_with_values_and_secrets_by_hash(self, shop: Environment, alice: User, program: Program) -> None:
        made = release(rows.environment(alice, "staging", "fileshare"), 4, alice, promoted_from=shop.releases.last())
        found = program.get(f"{DEV}/releases/1")
        parameters = {one["key"]: one for one in found["parameters"]}
        assert parameters["use_dynamodb"] == {
            "key": "use_dynamodb",
            "version": 1,
            "hash": digest("true")[:8],
            "value": "true",
            "secret": False,
            "flag": True,
        }
        assert (parameters["token"]["secret"], parameters["token"]["value"]) == (True, None)
        assert parameters["token"]["hash"] == digest(CANARY)[:8]
        assert found["promoted_to"] == [{"environment": "staging", "release": made.number}]
        assert found["may_go_to"] == ["staging"]
        assert found["proof"]["lines"] == ["2 of 2 tasks run"]
        assert CANARY not in json.dumps(found)

    def test_two_against_each_other(self, shop: Environment, alice: User, program: Program) -> None:
        body = shop.stacks.get(kind=StackKind.COMPUTE).template.body  # type: ignore[union-attr]  # it has one
        other = Template.objects.create(digest="f" * 64, body=body.replace("DeregistrationDelay", "Delay") + "\n# new")
        values = {"ContainerImage": SHOP}
        release(shop, 3, alice, artifact=SHOP, template=other, stack_parameters=values, versions=versions())
        found = program.get(f"{DEV}/releases/2/diff/3")
        assert found["artifact"] == {"name": "image", "before": "nginx:stable", "after": SHOP}
        assert found["template"]["after"] == "f" * 64
        assert "+# new" in found["template"]["lines"]
        assert {"name": "ContainerImage", "before": None, "after": SHOP} in found["stack_parameters"]
        token = next(one for one in found["parameters"] if one["key"] == "token")
        assert (token["secret"], token["after"], token["before"]["value"]) == (True, None, None)
        assert CANARY not in json.dumps(found)
        same = program.get(f"{DEV}/releases/2/diff/2")
        assert (same["artifact"], same["template"], same["parameters"], same["unchanged"]) == (None, None, [], 3)

    @pytest.mark.parametrize("path", ["/releases/99", "/releases/1/diff/99", "/releases/99/diff/1"])
    def test_one_that_is_not_there(self, shop: Environment, program: Program, path: str) -> None:
        assert program.get(f"{DEV}{path}", 404)["code"] == "not-found"
        assert program.get(f"/environments/fileshare/dev-nobody{path}", 404)

    def test_the_application_says_what_is_deployed(self, account: Account, program: Program) -> None:
        assert program.get("/applications/fileshare")["artifact"]["parameter"] == "ContainerImage"


class TestDeploying:
    """POST …/changes with kind deploy."""

    def test_it_answers_the_change(self, shop: Environment, program: Program) -> None:
        made = program.post(f"{DEV}/changes", {"kind": "deploy", "artifact": SHOP, "reason": "spring"}, 202)
        change = Change.objects.get()
        assert (made["kind"], made["id"], change.goal["artifact"]) == ("deploy", str(change.pk), SHOP)
        assert AuditEntry.objects.get(verb="request_deploy").detail["token"].startswith("ci (")

    def test_the_same_key_is_the_same_change(self, shop: Environment, program: Program) -> None:
        sent = {"kind": "deploy", "artifact": SHOP}
        first, second = (program.post(f"{DEV}/changes", sent, 202, Idempotency_Key="build-17") for _ in range(2))
        assert first["id"] == second["id"]

    @pytest.mark.parametrize(
        ("sent", "status", "field"),
        [
            ({"kind": "deploy"}, 422, "artifact"),
            ({"kind": "deploy", "artifact": "no image"}, 422, "artifact"),
            ({"kind": "deploy", "artifact": "x" * 301}, 422, "artifact"),
            ({"kind": "deploy", "artifact": SHOP, "release": 1}, 422, "release"),
            ({"kind": "redeploy", "artifact": SHOP}, 422, "artifact"),
        ],
    )
    def test_what_is_refused(
        self, shop: Environment, program: Program, sent: dict[str, Any], status: int, field: str
    ) -> None:
        assert field in program.post(f"{DEV}/changes", sent, status)["fields"]
        assert not Change.objects.exists()

    def test_prod_takes_what_was_never_proved_only_with_a_reason(
        self, account: Account, alice: User, program: Program
    ) -> None:
        rows.environment(alice, "prod", "fileshare")
        sent = {"kind": "deploy", "artifact": SHOP}
        assert program.post(f"{PROD}/changes", sent, 422)["fields"].keys() == {"reason"}
        assert program.post(f"{PROD}/changes", {**sent, "reason": "It cannot wait"}, 202)

    def test_a_policy_that_takes_nothing_else_is_a_conflict(
        self, account: Account, alice: User, program: Program, settings: Any
    ) -> None:
        rows.environment(alice, "prod", "fileshare")
        settings.POLICIES = (PolicyFloor("*", "prod", (("promote_unproved", "refuse"),), "policy.yaml", 1),)
        sent = {"kind": "deploy", "artifact": SHOP, "reason": "It cannot wait"}
        assert program.post(f"{PROD}/changes", sent, 409)["code"] == "not-proved"


class TestPromoting:
    """POST …/promotions."""

    def test_the_change_is_one_of_the_environment_that_it_goes_to(
        self, account: Account, alice: User, program: Program
    ) -> None:
        rows.environment(alice, "prod", "fileshare")
        origin = staged(alice)
        sent = {"release": 1, "to": "prod", "reason": "It ran well"}
        answer = program.ask("POST", f"{STAGING}/promotions", sent)
        assert answer.status_code == 202, answer.content
        change = Change.objects.get()
        assert answer["Location"] == f"/api/v1/changes/{change.pk}"
        assert (str(change.environment), change.kind) == ("fileshare/prod", ChangeKind.DEPLOY)
        assert change.goal["promoted_from"]["id"] == origin.pk

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            ({"release": 1, "to": "prod"}, (422, "no-reason")),
            ({"release": 9, "to": "prod", "reason": "x"}, (404, "not-found")),
            ({"release": 1, "to": "nowhere", "reason": "x"}, (404, "not-found")),
            ({"release": 1, "to": "dev", "reason": "x"}, (422, "not-promotable")),
            ({"release": 0, "to": "prod", "reason": "x"}, (422, "invalid")),
            ({"release": 1, "reason": "x"}, (422, "invalid")),
            ({"release": 1, "to": "prod", "reason": "x", "artifact": "shop:9"}, (422, "invalid")),
        ],
    )
    def test_what_is_refused(
        self, shop: Environment, alice: User, program: Program, sent: dict[str, Any], answer: tuple[int, str]
    ) -> None:
        rows.environment(alice, "prod", "fileshare")
        staged(alice)
        assert program.post(f"{STAGING}/promotions", sent, answer[0])["code"] == answer[1]
        assert not Change.objects.exists()

    def test_a_token_that_only_reads_promotes_nothing(self, account: Account, alice: User) -> None:
        staged(alice)
        reader = program_of(alice, Scope.READ)
        assert reader.post(f"{STAGING}/promotions", {"release": 1, "to": "prod"}, 403)["code"] == "no-scope"


class TestGoingBack:
    """kind roll_back with a release."""

    def test_to_any_good_one(self, shop: Environment, alice: User, program: Program) -> None:
        release(shop, 3, alice, versions=versions(use_dynamodb=(2, "false")))
        assert program.post(f"{DEV}/changes", {"kind": "roll_back", "release": 1}, 202)
        assert Change.objects.get().goal["release"] == 1

    def test_to_none_that_failed(self, shop: Environment, alice: User, program: Program) -> None:
        release(shop, 3, alice, good=False)
        assert program.post(f"{DEV}/changes", {"kind": "roll_back", "release": 3}, 409)["code"] == "not-good"
