"""stackyard adopt … and stackyard kept …: what a survey found, and what becomes of it."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, Change, Environment, Table

from ..survey_rows import found, kept, removed
from .served import Served, Terminal

MESSAGES = "dev-bob-hello-erlang-messages"


class TestAdopting:
    """list, show, stacks."""

    def test_what_could_be_and_why_not(self, alice_types: Terminal) -> None:
        assert "nothing to adopt" in alice_types.told("adopt", "list")
        found("dev", StackKind.DATA)
        found("staging", StackKind.COMPUTE)
        done = alice_types.run("adopt", "list")
        dev, staging = done.stdout.splitlines()[1:]
        assert (dev.split()[:2], "compute" in dev) == (["hello-erlang/dev", "dev"], True)
        assert "There is no data stack beside it." in staging
        assert "Nobody has looked yet." in done.stderr
        assert [one["name"] for one in alice_types.json("adopt", "list")["items"]] == ["dev", "staging"]

    def test_one_with_its_tables_and_tags(self, alice_types: Terminal) -> None:
        found("prod")
        kept("prod-hello-erlang-messages", "prod", stack_name="hello-erlang-data-prod")
        told = alice_types.told("adopt", "show", "hello-erlang", "prod")
        for shown in ("1 of admins", "prod-hello-erlang-messages, about 41,203 items", "Tag Owner", "CREATE_COMPLETE"):
            assert shown in told
        alice_types.refused("adopt", "show", "hello-erlang/dev", code=4)

    def test_asking(self, alice_types: Terminal) -> None:
        assert "nothing-found" in alice_types.refused("adopt", "stacks", "hello-erlang/dev", code=5)
        found()
        words = ["adopt", "stacks", "dev", "--app", "hello-erlang", "--reason", "ours", "--key", "build-1"]
        made = alice_types.json(*words)
        assert (made["kind"], made["reason"]) == ("adopt", "ours")
        assert alice_types.json(*words)["id"] == made["id"]
        done = alice_types.run("adopt", "stacks", "hello-erlang/dev", "--wait")
        assert (done.exit_code, f"stackyard changes show {made['id']}" in done.stderr) == (5, True)


class TestKept:
    """list, delete, look-again."""

    def test_the_list(self, bob: User, alice_types: Terminal) -> None:
        assert "No table is left over." in alice_types.told("kept", "list")
        removed(bob, "dev-bob")
        kept(MESSAGES, monthly_cost="1.5", protected=True)
        told = alice_types.told("kept", "list", "--app", "hello-erlang", "-q", "messages")
        for shown in (
            "hello-erlang/dev-bob",
            MESSAGES,
            "41,203",
            "1.50 USD",
            "protected",
            "belongs to bob",
            "1 table,",
        ):
            assert shown in told
        assert alice_types.json("kept", "list", "--app", "fileshare")["items"] == []

    def test_deleting_takes_the_name_and_a_reason(self, alice: User, alice_types: Terminal) -> None:
        Environment.objects.filter(pk=removed(alice, "dev-bob").pk).update(data_protected=False)
        kept(MESSAGES)
        words = ["kept", "delete", "hello-erlang/dev-bob"]
        assert "--confirm dev-bob" in alice_types.refused(*words, code=2)
        assert "is not the name" in alice_types.refused(*words, "--confirm", "dev", code=2)
        assert "Say why" in alice_types.refused(*words, "--confirm", "dev-bob", code=2)
        assert not Change.objects.filter(kind=ChangeKind.DELETE_DATA).exists()
        made = alice_types.json(*words, "--confirm", "dev-bob", "--reason", "over")
        assert (made["kind"], made["environment"]) == ("delete_data", "hello-erlang/dev-bob")
        assert Table.objects.count() == 1

    def test_protection_comes_off_first(self, alice_types: Terminal) -> None:
        kept(MESSAGES)
        words = ["kept", "delete", "hello-erlang/dev-bob", "--confirm", "dev-bob", "--reason", "over"]
        assert "is protected" in alice_types.refused(*words, code=5)
        alice_types.json("env", "unprotect", "hello-erlang/dev-bob", "--reason", "nobody needs them")

    def test_looking_again_until_it_is_over(self, served: Served, alice_types: Terminal) -> None:
        Account.objects.update(survey_due_at=timezone.now() + timedelta(hours=6))
        assert "Looks again" in alice_types.told("kept", "look-again")
        assert alice_types.run("kept", "look-again", "--wait", "--timeout", "0").exit_code == 9

        def done() -> None:
            now = timezone.now()
            Account.objects.update(surveyed_at=now, survey_due_at=now + timedelta(hours=6))

        served.after = done
        found_ = alice_types.json("kept", "look-again", "--wait", "--every", "0.05")
        assert (found_["looking"], found_["at"] is not None) == (False, True)

    def test_who_only_reads(self, audrey: User, terminal_of: Callable[..., Terminal]) -> None:
        kept(MESSAGES)
        types = terminal_of(audrey, Scope.READ)
        assert MESSAGES in types.told("kept", "list")
        types.refused("kept", "look-again", code=3)
