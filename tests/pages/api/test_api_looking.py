"""The engine, blueprints that cannot be used, the search and home, by the API."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import BudgetScope, ChangeStatus
from provisioning.models import Account, Change, Environment, Heartbeat, HintQueue, Parameter

from .. import rows
from ..change_rows import planned, resource
from ..cost_rows import budget, last_days
from ..table_rows import table
from .program import Program, program_of

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/hints"


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


class TestEngine:
    """GET /engine."""

    def test_signs_of_life_budgets_hints_and_what_is_set_aside(
        self, dev: Environment, alice: User, audrey: User, ada: User, settings: Any
    ) -> None:
        settings.CLOUDFORMATION_READS_PER_SECOND, settings.CLOUDFORMATION_READ_BURST = 2.0, 40
        settings.AWS_EVENTS_QUEUE_URL = URL
        now = timezone.now()
        Heartbeat.objects.create(name="sweep", at=now)
        Heartbeat.objects.create(name="worker here/7", at=now)
        HintQueue.objects.create(url=URL, listened_at=now, ours=3)
        change = rows.change(dev, alice, ChangeStatus.RUNNING, set_aside_because="Workers ended.")
        Change.objects.filter(pk=change.pk).update(set_aside_at=now, next_check_at=now - timedelta(minutes=1))
        found = program_of(audrey).get("/engine")
        assert (found["silent"], [one["name"] for one in found["workers"]]) == (False, ["here/7"])
        assert (found["due"], found["overdue"], found["lag"] > 59) == (1, 1, True)
        (aside,) = found["set_aside"]
        assert (aside["id"], aside["because"], aside["environment"]) == (str(change.pk), "Workers ended.", str(dev))
        assert aside["why_not"] == "Only an administrator can have it worked on again."
        assert program_of(ada).get("/engine")["set_aside"][0]["why_not"] == ""
        reads = found["accounts"][0]["budgets"][0]
        assert (reads["kind"], reads["burst"], reads["left"]) == ("reads", 40, 40)
        assert (found["hints"]["on"], found["hints"]["ours"]) == (True, 3)

    def test_silence_is_told(self, account: Account, audrey: User) -> None:
        found = program_of(audrey).get("/engine")
        assert (found["silent"], found["sweep_at"], found["workers"], found["lag"]) == (True, None, [], None)

    def test_engineers_do_not_see_it(self, account: Account, program: Program) -> None:
        assert program.get("/engine", 403)["code"] == "not-allowed"


class TestBlueprints:
    """GET /blueprints/problems."""

    def test_what_is_wrong_with_file_line_and_fix(self, audrey: User, tmp_path: Path, settings: Any) -> None:
        assert program_of(audrey).get("/blueprints/problems")["items"] == []
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "blueprint.yaml").write_text("title: Broken\n")
        settings.BLUEPRINT_DIRS = (tmp_path,)
        found = program_of(audrey).get("/blueprints/problems")
        assert found["usable"] >= 2
        assert found["folders"] == [str(tmp_path)]
        assert {one["file"] for one in found["items"]} == {str(tmp_path / "broken" / "blueprint.yaml")}
        assert all(one["line"] >= 1 and one["sentence"] and one["fix"] for one in found["items"])

    def test_engineers_do_not_see_it(self, program: Program) -> None:
        assert program.get("/blueprints/problems", 403)["code"] == "not-allowed"


class TestSearch:
    """GET /search."""

    def test_one_of_each_without_values(self, dev: Environment, alice: User, program: Program) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED, reason="erlang release")
        table(dev, "dev-alice-hello-erlang-messages")
        Parameter.objects.create(
            environment=dev, name="/hello-erlang/dev-alice/erlang_cookie", key="erlang_cookie", type="SecureString"
        )
        found = program.get("/search?q=ERLANG alice")
        assert [one["name"] for one in found["environments"]] == ["dev-alice"]
        assert [one["id"] for one in found["changes"]] == [str(change.pk)]
        assert [one["name"] for one in found["tables"]] == ["dev-alice-hello-erlang-messages"]
        assert found["parameters"] == [
            {
                "key": "erlang_cookie",
                "name": "/hello-erlang/dev-alice/erlang_cookie",
                "environment": "hello-erlang/dev-alice",
                "url": "/environments/hello-erlang/dev-alice/parameters/of/erlang_cookie/",
            }
        ]
        assert program.get(f"/search?q={str(change.pk)[:8]}")["changes"][0]["id"] == str(change.pk)

    def test_at_most_ten_and_of_which_there_are_more(self, alice: User, account: Account, program: Program) -> None:
        for number in range(11):
            rows.environment(alice, f"dev-{number}")
        found = program.get("/search?q=hello-erlang/dev")
        assert (len(found["environments"]), found["more"]) == (10, ["environments"])

    @pytest.mark.parametrize("query", ["", "?q=", f"?q={'x' * 101}"])
    def test_without_words(self, program: Program, query: str) -> None:
        assert program.get(f"/search{query}", 422)["fields"].keys() == {"q"}

    def test_nothing_fits(self, program: Program) -> None:
        found = program.get("/search?q=%20")
        assert found == {"environments": [], "changes": [], "tables": [], "parameters": [], "more": []}


class TestHome:
    """GET /home."""

    def test_what_is_mine_what_waits_and_what_runs(
        self, dev: Environment, alice: User, ada: User, program: Program
    ) -> None:
        last_days("1.00", 1, dev)
        prod = rows.environment(alice, "prod")
        waiting = planned(rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL), resource("MessagesTable", "Modify"))
        running = rows.change(dev, alice, ChangeStatus.RUNNING)
        found = program.get("/home")
        assert ({one["name"] for one in found["environments"]}, found["environment_count"]) == (
            {"dev-alice", "prod"},
            2,
        )
        assert (found["monthly"], found["spent"]) == ("34.99", "1")
        assert [one["id"] for one in found["running"]] == [str(running.pk)]
        assert (found["waiting"], found["waiting_count"]) == ([], 0)  # nobody decides about what they asked for
        hers = program_of(ada).get("/home")
        assert ([one["id"] for one in hers["waiting"]], hers["waiting_count"]) == ([str(waiting.pk)], 1)
        assert (hers["environments"], hers["monthly"]) == ([], None)

    def test_what_budgets_told(self, dev: Environment, alice: User, program: Program) -> None:
        made = budget(alice, BudgetScope.OWNER, "alice")
        month = timezone.now().date().replace(day=1)
        made.notices.create(month=month, threshold=80, amount="81", at=timezone.now())
        (told,) = program.get("/home")["told"]
        assert (told["threshold"], told["amount"]) == (80, "81")
        assert told["sentence"] == "80 % of the month's budget of alice are used."
