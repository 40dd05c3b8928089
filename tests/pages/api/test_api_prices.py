"""What an environment would cost, by the API: the form's own price, and nothing is asked for."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.requesting.prices import price_of
from provisioning.blueprints.loader import library
from provisioning.costs.usage import read_usage
from provisioning.lifecycle import StackKind
from provisioning.models import Account, Change, CostCalibration, Environment

from .. import rows
from .program import NETWORK, Program, program_of

PATH = "/applications/hello-erlang/price"


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def test_it_is_what_the_form_shows_line_by_line(account: Account, program: Program) -> None:
    found = program.post(PATH, {"name": "prod"})
    price = price_of(library().blueprints["hello-erlang"], name="prod", stage="prod", region="us-east-1")
    assert (found["name"], found["stage"], found["region"], found["problem"]) == ("prod", "prod", "us-east-1", "")
    assert Decimal(found["monthly"]) == price.monthly == sum(Decimal(one["monthly"]) for one in found["stacks"])
    assert [one["stack"] for one in found["stacks"]] == ["data", "compute"]
    for stack in found["stacks"]:
        assert sum(Decimal(line["monthly"]) for line in stack["lines"]) == Decimal(stack["monthly"])
        assert all(line["basis"] for line in stack["lines"])
    assert [one["scenario"] for one in found["totals"] if one["chosen"]] == ["expected"]
    assert (found["monthly_now"], found["corrected"]) == (None, None)


def test_the_body_of_a_request_prices_what_it_would_create(account: Account, program: Program) -> None:
    body = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": NETWORK}, "reason": "spring"}
    small = program.post(PATH, body)
    large = program.post(PATH, body | {"parameters": {"compute": {**NETWORK, "InstanceType": "t3.medium"}}})
    assert Decimal(large["monthly"]) > Decimal(small["monthly"])
    unknown = program.post(PATH, body | {"parameters": {"compute": {**NETWORK, "InstanceType": "z9.huge"}}})
    assert (small["not_priced"], len(unknown["not_priced"])) == ([], 1)
    assert not Change.objects.exists()
    program.post("/environments", body, 202)
    assert Change.objects.count() == 1


def test_one_stack_by_itself(account: Account, program: Program) -> None:
    whole, data = program.post(PATH, {"name": "dev"}), program.post(PATH, {"name": "dev", "stacks": ["data"]})
    assert [one["stack"] for one in data["stacks"]] == ["data"]
    assert data["monthly"] == whole["stacks"][0]["monthly"]


def test_what_is_assumed_moves_it_and_goes_with_the_request(account: Account, program: Program) -> None:
    usage = {"scenario": "peak", "figures": {"reads": "1,000", "lcu": "0.5"}, "free_tier": False}
    usual, busy = (
        program.post(PATH, {"name": "dev"}),
        program.post(PATH, {"name": "dev", "usage": {"scenario": "peak"}}),
    )
    assert Decimal(busy["monthly"]) > Decimal(usual["monthly"])
    told = program.post(PATH, {"name": "dev", "usage": usage})["usage"]
    assert told == {"scenario": "peak", "figures": {"reads": "1000", "lcu": "0.5"}, "free_tier": False}
    body = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": NETWORK}, "usage": usage}
    program.post("/environments", body, 202)
    assert Change.objects.get().goal["usage"] == read_usage(usage).as_dict()


def test_what_it_costs_now_and_what_experience_makes_of_it(dev: Environment, program: Program) -> None:
    CostCalibration.objects.create(
        application="hello-erlang", stage="dev", factor=Decimal("1.5"), samples=3, at=timezone.now()
    )
    found = program.post(PATH, {"name": "dev-alice"})
    assert found["monthly_now"] == "34.99"
    assert (found["corrected"]["factor"], found["corrected"]["samples"]) == ("1.5", 3)
    assert Decimal(found["corrected"]["monthly"]) == (Decimal(found["monthly"]) * Decimal("1.5")).quantize(
        Decimal("0.0001")
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Dev"}, "name"),
        ({"name": "qa"}, "name"),
        ({"application": "fileshare"}, "application"),
        ({"parameters": {"compute": {"Nonsense": "1"}}}, "parameters.compute.Nonsense"),
        ({"parameters": {"data": {"BillingMode": "PROVISIONED"}}, "stacks": ["compute"]}, "parameters.data"),
        ({"usage": {"scenario": "wild"}}, "usage.scenario"),
        ({"usage": {"figures": {"reads": "-1"}}}, "usage.reads"),
        ({"usage": {"figures": {"cats": "1"}}}, "usage.figures.cats"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_has_no_price(account: Account, program: Program, body: dict[str, Any], field: str) -> None:
    assert any(name.startswith(field) for name in program.post(PATH, body, 422)["fields"])


def test_figures_that_are_none_create_nothing(account: Account, program: Program) -> None:
    body = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": NETWORK}}
    wrong = {"usage": {"figures": {"reads": "many"}}}
    assert program.post("/environments", body | wrong, 422)["fields"].keys() == {"usage.reads"}
    assert not Change.objects.exists()


def test_where_there_is_nothing_to_price(program: Program, audrey: User) -> None:
    assert program.post(PATH, {}, 409)["code"] == "no-account"
    Account.objects.create(slug="default", region="us-east-1")
    assert program.post("/applications/none/price", {}, 404)
    assert program.post(PATH, {})["stage"] == "dev"
    assert program_of(audrey).post(PATH, {}, 403)["code"] == "not-allowed"


class TestUpdate:
    """POST /environments/{app}/{name}/price."""

    HERE = "/environments/hello-erlang/dev-alice"

    def test_what_is_there_with_other_values(self, dev: Environment, program: Program) -> None:
        as_it_is = program.post(f"{self.HERE}/price", {})
        larger = program.post(f"{self.HERE}/price", {"parameters": {"compute": {"InstanceType": "t3.medium"}}})
        assert (as_it_is["monthly_now"], as_it_is["name"], as_it_is["stage"]) == ("34.99", "dev-alice", "dev")
        assert Decimal(larger["monthly"]) > Decimal(as_it_is["monthly"])
        data = program.post(f"{self.HERE}/price", {"stacks": ["data"]})
        assert [one["stack"] for one in data["stacks"]] == ["data"]
        assert not Change.objects.exists()

    def test_a_parked_one_is_its_data_and_without_stacks_there_is_nothing(
        self, dev: Environment, program: Program
    ) -> None:
        rows.without(dev, StackKind.COMPUTE)
        assert [one["stack"] for one in program.post(f"{self.HERE}/price", {})["stacks"]] == ["data"]
        assert program.post(f"{self.HERE}/price", {"stacks": ["compute"]}, 409)["code"] == "no-stack"

    def test_what_is_assumed_goes_with_an_update_only(self, dev: Environment, program: Program) -> None:
        usage = {"scenario": "idle"}
        assert program.post(f"{self.HERE}/price", {"usage": usage})["usage"]["scenario"] == "idle"
        assert "usage" in program.post(f"{self.HERE}/changes", {"kind": "park", "usage": usage}, 422)["fields"]
        update = {"kind": "update", "parameters": {"compute": NETWORK}, "usage": usage}
        program.post(f"{self.HERE}/changes", update, 202)
        assert Change.objects.get().goal["usage"]["scenario"] == "idle"

    def test_what_has_no_price(self, dev: Environment, program: Program) -> None:
        wrong = {"parameters": {"compute": {"Nonsense": "1"}}}
        assert program.post(f"{self.HERE}/price", wrong, 422)["fields"].keys() == {"parameters.compute.Nonsense"}
        assert program.post("/environments/hello-erlang/none/price", {}, 404)
