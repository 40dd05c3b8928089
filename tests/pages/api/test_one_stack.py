"""One stack by itself, more time, what can be chosen, who asks: with their refusals."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import Scope, User
from portal.api import VERSION
from provisioning.aws.clients import clients_for
from provisioning.lifecycle import StackKind
from provisioning.models import Account, AuditEntry, Change, Environment

from .. import rows
from ..requesting.conftest import network  # noqa: F401  the account that has something to choose from
from .program import NETWORK, Program, program_of

DEV = "/environments/hello-erlang/dev-alice"
NEW = {"application": "hello-erlang", "name": "dev"}


@pytest.fixture
def program(alice: User, account: Account) -> Program:
    """A program of alice's."""
    return program_of(alice)


def stacks_of(answer: dict[str, str]) -> list[str]:
    change = Change.objects.get(pk=answer["id"])
    return sorted(change.operations.values_list("stack__kind", flat=True))


class TestOneStack:
    """`stacks` of a creation and of an update."""

    def test_data_alone(self, program: Program) -> None:
        assert stacks_of(program.post("/environments", NEW | {"stacks": ["data"]}, 202)) == ["data"]
        assert Environment.objects.get().expires_at is None

    def test_both_said_twice(self, program: Program) -> None:
        sent = NEW | {"stacks": ["compute", "data"], "parameters": {"compute": NETWORK}}
        assert stacks_of(program.post("/environments", sent, 202)) == ["compute", "data"]

    def test_compute_on_its_data(self, alice: User, program: Program) -> None:
        rows.without(rows.environment(alice, "dev"), StackKind.COMPUTE)
        sent = NEW | {"stacks": ["compute"], "parameters": {"compute": NETWORK}}
        assert stacks_of(program.post("/environments", sent, 202)) == ["compute"]

    @pytest.mark.parametrize(
        ("more", "status", "said"),
        [
            ({"stacks": ["compute"], "parameters": {"compute": NETWORK}}, 409, "no data stack"),
            ({"stacks": ["network"]}, 422, "stacks"),
            ({"stacks": ["data"], "parameters": {"compute": NETWORK}}, 422, "not about the compute stack"),
            ({"stacks": ["data"], "lifetime_days": 3}, 422, "Data stays"),
        ],
    )
    def test_what_cannot_be(self, program: Program, more: dict[str, object], status: int, said: str) -> None:
        refused = program.post("/environments", NEW | more, status)
        assert said in f"{refused['detail']} {refused.get('fields')}"
        assert not Environment.objects.exists()

    def test_an_update_of_one(self, dev: Environment, program: Program) -> None:
        assert stacks_of(program.post(f"{DEV}/changes", {"kind": "update", "stacks": ["data"]}, 202)) == ["data"]

    def test_other_kinds_say_by_themselves_which(self, dev: Environment, program: Program) -> None:
        assert "stacks" in program.post(f"{DEV}/changes", {"kind": "park", "stacks": ["compute"]}, 422)["fields"]

    def test_an_update_of_what_is_gone(self, dev: Environment, program: Program) -> None:
        rows.without(dev, StackKind.COMPUTE)
        refused = program.post(f"{DEV}/changes", {"kind": "update", "stacks": ["compute"]}, 409)
        assert refused["code"] == "wrong-order"


class TestMoreTime:
    """POST …/extend."""

    @pytest.fixture
    def ends(self, dev: Environment) -> str:
        """The end of alice's environment, as the API tells it."""
        Environment.objects.update(expires_at=timezone.now() + timedelta(days=2))
        dev.refresh_from_db()
        assert dev.expires_at is not None
        return dev.expires_at.isoformat()

    def test_it_is_moved_once(self, dev: Environment, ends: str, program: Program) -> None:
        seen = program.get(DEV)["expires_at"]
        for _ in range(2):
            told = program.post(f"{DEV}/extend", {"days": 2, "seen": seen})
        assert told["expires_at"] > seen
        assert AuditEntry.objects.filter(verb="extend").count() == 1
        assert program.post(f"{DEV}/extend", {"days": 1, "seen": seen}, 409)["code"] == "moved"

    @pytest.mark.parametrize(
        ("sent", "field"), [({"days": 0}, "days"), ({"days": 300}, "days"), ({"seen": "x"}, "seen")]
    )
    def test_what_cannot_be(self, ends: str, program: Program, sent: dict[str, object], field: str) -> None:
        assert field in program.post(f"{DEV}/extend", {"days": 1, "seen": ends} | sent, 422)["fields"]

    def test_not_somebody_elses(self, ends: str, bob: User) -> None:
        assert program_of(bob).post(f"{DEV}/extend", {"days": 1, "seen": ends}, 403)["code"]
        assert not AuditEntry.objects.filter(verb="extend").exists()

    def test_not_by_who_only_reads(self, ends: str, alice: User) -> None:
        sent = {"days": 1, "seen": ends}
        assert program_of(alice, Scope.READ).post(f"{DEV}/extend", sent, 403)["code"] == "no-scope"


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is where moto stands in for it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    clients_for.cache_clear()


class TestChoices:
    """GET …/choices."""

    def test_they_are_of_the_account(
        self,
        program: Program,
        reached: None,
        network: dict[str, str],  # noqa: F811  the fixture that is imported
    ) -> None:
        found = {one["name"]: one for one in program.get("/applications/hello-erlang/choices")["items"]}
        assert found["VpcId"]["preferred"] == network["default"]
        assert found["KeyName"]["preferred"] == "demo-key"
        assert found["SubnetIds"]["vpc"] == network["default"]
        other = program.get(f"/applications/hello-erlang/choices?vpc={network['vpc']}")["items"]
        subnets = next(one for one in other if one["name"] == "SubnetIds")
        assert {one["value"] for one in subnets["options"]} == {network["a"], network["b"]}
        assert "Environment" not in found

    def test_an_account_that_does_not_answer(self, program: Program) -> None:
        found = program.get("/applications/hello-erlang/choices")["items"]
        assert {bool(one["problem"]) for one in found} == {True}
        assert {tuple(one["options"]) for one in found} == {()}

    def test_an_application_that_is_not_there(self, program: Program) -> None:
        assert program.get("/applications/nothing/choices", 404)["code"] == "not-found"


def test_who_asks(bob: User) -> None:
    told = program_of(bob, Scope.READ).get("/me")
    assert (told["username"], told["groups"], told["token"]["scopes"]) == ("bob", ["engineers"], ["read"])
    assert set(told["token"]) == {"name", "prefix", "scopes", "expires_at"}


def test_every_answer_tells_the_version(program: Program) -> None:
    for path in ("/me", "/nothing", "/openapi.json"):
        assert program.ask("GET", path)["Stackyard-Version"] == VERSION
    assert Program("sy_0_x").ask("GET", "/me")["Stackyard-Version"] == VERSION
