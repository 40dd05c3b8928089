"""stackyard costs, stackyard audit: what pages show of them, on lines."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.models import Environment

from .. import rows
from ..cost_rows import DAY, HOSTILE, cost, last_days
from .served import Terminal


@pytest.fixture
def dev(alice: User, served: object) -> Environment:
    """Alice's environment, which cost a bit each day, and something that nobody tagged."""
    made = rows.environment(alice, "dev-alice", monthly_cost="34.99")
    last_days("1.105", 40, made)
    last_days("0.5", 10, service="AWS Support (Business)")
    return made


class TestCosts:
    """costs."""

    def test_before_there_are_any(self, alice_types: Terminal) -> None:
        told = alice_types.told("costs")
        assert "nothing is known yet" in told
        assert "Nothing was spent." in told

    def test_by_environment_with_where_from_and_how_sure(self, dev: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("costs")
        assert "hello-erlang/dev-alice  33.15" in told
        assert "Untagged                 5.00  apart" in told
        assert "AWS Support (Business)  5.00  shared" in told
        assert "≈ 38.15 USD" in told  # AWS may still change what is estimated
        assert "Cost Explorer, read " in told
        assert "Forecast" in told

    def test_filters_and_json(self, dev: Environment, alice_types: Terminal) -> None:
        today = timezone.now().date()
        found = alice_types.json(
            "costs", "--by", "day", "--from", str(today - 2 * DAY), "--to", str(today), "--app", "hello-erlang"
        )
        assert [one["total"] for one in found["items"]] == ["1.105"] * 3
        assert found["filters"] == {"application": "hello-erlang"}
        assert len(alice_types.json("costs", "--by", "day", "--range", "90", "--limit", "0")["items"]) == 90
        more = alice_types.run("costs", "--by", "day", "--limit", "3")
        assert "There are more" in more.stderr

    def test_little_is_not_nothing(self, dev: Environment, alice_types: Terminal) -> None:
        cost("0.001", timezone.now().date(), dev, service="AWS Lambda")
        cost("-0.001", timezone.now().date(), dev, service="Amazon SQS")
        told = alice_types.told("costs", "--by", "service")
        assert ("<0.01" in told, ">-0.01" in told) == (True, True)

    def test_of_one_environment(self, dev: Environment, alice_types: Terminal) -> None:
        told = alice_types.told("costs", "hello-erlang/dev-alice")
        assert "44.20 USD" in told
        assert "34.99 USD" in told
        assert "mean of 14 complete days" in told
        assert "Amazon EC2" in told
        assert alice_types.json("costs", "dev-alice", "--app", "hello-erlang", "--range", "90")["total"] == "44.2"

    @pytest.mark.parametrize(
        "words",
        [
            ["--from", "yesterday"],
            ["--from", "2026-05-04", "--to", "2026-05-01"],
            ["hello-erlang/dev-alice", "--by", "day"],
            ["hello-erlang/dev-alice", "--range", "7"],
            ["--by", "colour"],
        ],
    )
    def test_what_does_not_fit(self, dev: Environment, alice_types: Terminal, words: list[str]) -> None:
        alice_types.refused("costs", *words, code=2)

    def test_names_are_texts(self, dev: Environment, alice_types: Terminal) -> None:
        cost("1", timezone.now().date() - DAY, application=f"\x1b[2J{HOSTILE}", environment_name="x")
        told = alice_types.told("costs")
        assert "\x1b" not in told
        assert HOSTILE in told


class TestAudit:
    """audit."""

    def test_for_who_may(
        self, dev: Environment, audrey: User, terminal_of: Callable[..., Terminal], alice_types: Terminal
    ) -> None:
        alice_types.told("env", "outputs", "hello-erlang/dev-alice")
        assert "Audit is for" in alice_types.refused("audit", code=3)
        theirs = terminal_of(audrey)
        told = theirs.told("audit", "--verb", "deliver_configuration")
        assert "Configuration of hello-erlang/dev-alice taken as dotenv" in told
        assert "terminal (" in told
        found = theirs.json("audit", "--person", "alice", "--env", "dev-alice", "--since", "2020-01-01", "--limit", "1")
        assert (len(found["items"]), found["items"][0]["by"]) == (1, "alice")
        assert "no such entry" in theirs.told("audit", "-q", "nothing of the kind")
        theirs.refused("audit", "--since", "yesterday", code=2)
