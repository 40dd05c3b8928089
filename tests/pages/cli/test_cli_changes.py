"""stackyard changes …: what they show, and that deciding is about the plan that was shown."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change

from .. import rows
from ..change_rows import planned, resource
from .served import Served, Terminal

Terminals = Callable[..., Terminal]


@pytest.fixture
def waiting(alice: User, served: Served) -> Change:
    """A change of alice's, of prod, that is planned and waits for somebody else."""
    made = rows.environment(alice, "prod")
    change = rows.change(made, alice, ChangeStatus.AWAITING_APPROVAL, reason="spring – größer")
    return planned(change, resource("MessagesTable", "Modify"))


class TestReading:
    """list, show, watch."""

    def test_the_list(self, waiting: Change, alice_types: Terminal) -> None:
        told = alice_types.told("changes", "list")
        assert str(waiting.pk) in told
        assert "hello-erlang/prod" in told
        assert "awaiting approval" in told
        assert "spring – größer" in told
        assert alice_types.json("changes", "list", "--env", "dev")["items"] == []
        assert "no such change" in alice_types.told("changes", "list", "--kind", "park")
        assert alice_types.json("changes", "list", "--mine", "--status", "open")["items"][0]["id"] == str(waiting.pk)

    def test_pages_are_read_to_the_end_or_where_it_was_said(self, alice: User, alice_types: Terminal) -> None:
        made = rows.environment(alice, "dev-alice")
        for number in range(7):
            rows.change(made, alice, ChangeStatus.SUCCEEDED, ago=number)
        assert len(alice_types.json("changes", "list", "--limit", "0")["items"]) == 7
        first = alice_types.run("changes", "list", "--limit", "3", "--json")
        assert "There are more" in first.stderr
        assert alice_types.json("changes", "list", "--limit", "2")["next"]
        rest = alice_types.json(
            "changes", "list", "--cursor", alice_types.json("changes", "list", "--limit", "3")["next"]
        )
        assert (len(rest["items"]), rest["next"]) == (4, None)

    def test_one_with_its_plan(self, waiting: Change, alice_types: Terminal) -> None:
        told = alice_types.told("changes", "show", str(waiting.pk))
        assert "Changes 1 resource in" in told
        assert "MessagesTable" in told
        assert "hello-erlang-data-dev-alice" in told
        assert alice_types.json("changes", "show", str(waiting.pk))["digest"] == waiting.plan_digest

    def test_what_is_not_there(self, alice_types: Terminal) -> None:
        told = alice_types.refused("changes", "show", "00000000-0000-0000-0000-000000000000", code=4)
        assert told == "There is no such change. (not-found)\n"
        for words in (["show", "../environments"], ["cancel", "99"]):
            assert "is no id of a change" in alice_types.refused("changes", *words, code=4)
        assert "is no id of a job" in alice_types.refused("jobs", "show", "99", code=4)

    def test_the_beginning_of_an_id_is_enough_where_only_one_has_it(
        self, waiting: Change, alice: User, alice_types: Terminal
    ) -> None:
        other = "ab" * 4 + str(waiting.pk)[8:]
        rows.change(rows.environment(alice, "dev-other"), alice, ChangeStatus.SUCCEEDED, id=other)
        begin = str(waiting.pk)[:8].upper()
        assert alice_types.json("changes", "show", begin)["id"] == str(waiting.pk)
        assert alice_types.json("changes", "show", "abababab")["id"] == other
        assert "begins with 0000" in alice_types.refused("changes", "show", "0000-", code=4)
        again = f"abababab-abab{str(waiting.pk)[13:]}"
        rows.change(rows.environment(alice, "dev-again"), alice, ChangeStatus.SUCCEEDED, id=again)
        assert "More than one" in alice_types.refused("changes", "show", "abab", code=4)

    def test_what_is_over_is_not_shown_to_be_approved(self, alice: User, alice_types: Terminal) -> None:
        over = rows.change(
            rows.environment(alice, "dev-over"), alice, ChangeStatus.SUCCEEDED, finished_at=timezone.now()
        )
        told = alice_types.refused("changes", "approve", str(over.pk), "--yes", code=5)
        assert told == "This change is over, succeeded: nobody decides about it any more.\n"

    def test_watching_stops_where_it_waits(self, waiting: Change, alice_types: Terminal) -> None:
        done = alice_types.run("changes", "watch", str(waiting.pk))
        assert done.exit_code == 8
        assert f"stackyard changes approve {waiting.pk}" in done.stderr
        assert "awaiting approval" in done.stdout

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (ChangeStatus.SUCCEEDED, 0),
            (ChangeStatus.FAILED, 1),
            (ChangeStatus.REJECTED, 1),
            (ChangeStatus.CANCELLED, 1),
            (ChangeStatus.EXPIRED, 1),
            (ChangeStatus.SUPERSEDED, 1),
        ],
    )
    def test_the_end_is_the_exit_code(
        self, alice: User, alice_types: Terminal, status: ChangeStatus, code: int
    ) -> None:
        change = rows.change(rows.environment(alice, "dev-alice"), alice, status, finished_at=timezone.now())
        assert alice_types.json("changes", "watch", str(change.pk), code=code)["status"] == str(status)

    def test_it_waits_no_longer_than_asked(self, alice: User, alice_types: Terminal) -> None:
        change = rows.change(rows.environment(alice, "dev-alice"), alice, ChangeStatus.RUNNING)
        done = alice_types.run("changes", "watch", str(change.pk), "--timeout", "0")
        assert done.exit_code == 9
        assert "Follow it" in done.stderr


class TestDeciding:
    """approve, reject, send-back: of the plan that was shown."""

    def test_the_plan_is_shown_and_its_digest_sent(self, waiting: Change, ada: User, terminal_of: Terminals) -> None:
        done = terminal_of(ada).run("changes", "approve", str(waiting.pk), "--yes", "--comment", "looks right")
        assert done.exit_code == 0, done.output
        assert "MessagesTable" in done.stderr
        assert "MessagesTable" not in done.stdout
        (decision,) = waiting.decisions.all()
        assert (decision.comment, decision.plan_digest) == ("looks right", waiting.plan_digest)

    def test_a_plan_that_moved_is_not_approved(
        self, waiting: Change, ada: User, served: Served, terminal_of: Terminals
    ) -> None:
        moved = "0" * 64

        def move() -> None:
            Change.objects.filter(pk=waiting.pk).update(plan_digest=moved)

        served.after = move
        told = terminal_of(ada).run("changes", "approve", str(waiting.pk), "--yes")
        assert told.exit_code == 5, told.output
        assert waiting.decisions.count() == 0

    def test_a_digest_that_was_read_before(self, waiting: Change, ada: User, terminal_of: Terminals) -> None:
        ada_types = terminal_of(ada)
        ada_types.refused("changes", "approve", str(waiting.pk), "--digest", "0" * 64, code=5)
        told = ada_types.json("changes", "approve", str(waiting.pk), "--digest", waiting.plan_digest)
        assert told["decisions"][0]["by"] == "ada"

    def test_nobody_approves_by_accident(self, waiting: Change, ada: User, terminal_of: Terminals) -> None:
        done = terminal_of(ada).run("changes", "approve", str(waiting.pk))
        assert done.exit_code == 2
        assert "--digest" in done.stderr
        assert waiting.decisions.count() == 0

    def test_not_ones_own(self, waiting: Change, alice_types: Terminal) -> None:
        assert "(" in alice_types.run("changes", "approve", str(waiting.pk), "--yes").stderr
        assert alice_types.run("changes", "approve", str(waiting.pk), "--yes").exit_code == 3
        assert waiting.decisions.count() == 0

    @pytest.mark.parametrize(("word", "verdict"), [("reject", "rejected"), ("send-back", "sent_back")])
    def test_saying_no(self, waiting: Change, ada: User, terminal_of: Terminals, word: str, verdict: str) -> None:
        ada_types = terminal_of(ada)
        assert "no terminal" in ada_types.refused("changes", word, str(waiting.pk), code=2)
        told = ada_types.json("changes", word, str(waiting.pk), "--comment", "later")
        assert told["decisions"][0] | {"verdict": verdict, "comment": "later"} == told["decisions"][0]


class TestActing:
    """cancel, retry, run."""

    def test_cancelling(self, waiting: Change, alice_types: Terminal) -> None:
        assert alice_types.json("changes", "cancel", str(waiting.pk))["status"] == "cancelled"
        told = alice_types.refused("changes", "cancel", str(waiting.pk), code=5)
        assert told.endswith(")\n")

    def test_retrying(self, alice: User, alice_types: Terminal) -> None:
        made = rows.environment(alice, "dev-alice")
        change = rows.change(made, alice, ChangeStatus.FAILED, ChangeKind.PARK, finished_at=timezone.now())
        assert alice_types.json("changes", "retry", str(change.pk))["status"] == "planning"

    def test_running_what_was_not_held(self, waiting: Change, alice_types: Terminal) -> None:
        assert alice_types.run("changes", "run", str(waiting.pk)).exit_code == 5
