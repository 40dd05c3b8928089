"""The tables of every environment, for programs."""

import pytest

from portal.accounts.models import User
from provisioning.models import Account, Environment

from .. import rows
from ..table_rows import table
from .program import Program, program_of


@pytest.fixture
def program(alice: User, account: Account, dev: Environment) -> Program:
    """A program where three environments have tables, and one is kept without a stack."""
    prod = rows.environment(alice, "prod")
    table(dev)
    table(dev, "dev-alice-kept", stack_name="")
    table(prod, protected=True, firing=1, alarms=[{"name": "a", "state": "ALARM", "metric": "m"}])
    table(rows.environment(alice, "prod", "fileshare"), "file-sharing-app-prod-users", "UsersTable", protected=False)
    return program_of(alice)


def names(program: Program, query: str = "") -> list[str]:
    """What a list has, by name."""
    return [one["name"] for one in program.get(f"/tables?{query}")["items"]]


def test_all_of_them_but_those_that_no_stack_owns(program: Program) -> None:
    found = program.get("/tables")
    assert [one["name"] for one in found["items"]] == [
        "dev-alice-hello-erlang-messages", "file-sharing-app-prod-users", "prod-hello-erlang-messages",
    ]  # fmt: skip
    assert found["items"][0]["environment"] == "hello-erlang/dev-alice"
    assert found["totals"] == {"tables": 3, "items": 3 * 41_203, "size_bytes": 15_000_000}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("q=users", ["file-sharing-app-prod-users"]),
        ("q=hello-erlang/prod", ["prod-hello-erlang-messages"]),
        ("application=fileshare", ["file-sharing-app-prod-users"]),
        ("stage=dev", ["dev-alice-hello-erlang-messages"]),
        ("problem=alarms", ["prod-hello-erlang-messages"]),
        ("problem=unprotected", ["file-sharing-app-prod-users"]),
        ("problem=any&q=nothing", []),
    ],
)
def test_filters(program: Program, query: str, wanted: list[str]) -> None:
    assert names(program, query) == wanted


def test_in_pages(program: Program) -> None:
    first = program.get("/tables?limit=2&stage=prod&application=")
    assert (len(first["items"]), first["next"], first["totals"]["tables"]) == (2, None, 2)
    first = program.get("/tables?limit=2")
    second = program.get(f"/tables?limit=2&cursor={first['next']}")
    assert [one["name"] for one in second["items"]] == ["prod-hello-erlang-messages"]
    assert second["totals"] == first["totals"]


def test_what_is_no_filter(program: Program) -> None:
    assert program.get("/tables?stage=none", 422)["fields"].keys() == {"stage"}
    assert program.get("/tables?problem=none", 422)["fields"].keys() == {"problem"}
