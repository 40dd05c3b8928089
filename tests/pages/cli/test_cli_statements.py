"""PartiQL from a terminal: said what it would do, run, refused."""

from collections.abc import Callable

import pytest
from fakes.as_aws import AsAws

from portal.accounts.models import Scope, User
from portal.cli.failures import Exit
from provisioning.models import AuditEntry, Change, ItemWrite, Table

from ..tables.scene import message, put
from .items_scene import DEV, PROD, all_of
from .served import Terminal

ONE = ["items", "statement", DEV, "messages"]


def of(table: Table, text: str) -> str:
    """A statement; ~ stands for the table."""
    return text.replace("~", f'"{table.name}"')


def test_what_it_would_do(alice_types: Terminal, messages: Table, aws: AsAws) -> None:
    aws.calls.clear()
    shown = alice_types.told(*ONE, of(messages, "SELECT * FROM ~ WHERE id = 'm001'"), "--dry-run")
    assert "Query on the table" in shown
    assert "at most" in shown
    scan = alice_types.json(*ONE, of(messages, "SELECT * FROM ~"), "--dry-run")
    assert (scan["needs_consent"], scan["reads"]["reads"]) == (True, "scan")
    shown = alice_types.told(*ONE, of(messages, "UPDATE ~ SET n = 5 REMOVE text WHERE id = 'm001'"), "--dry-run")
    for part in ("Changes one item", "m001", "Sets", "Removes"):
        assert part in shown
    assert not aws.calls


def test_items_are_read(alice_types: Terminal, messages: Table, aws: AsAws) -> None:
    shown = alice_types.told(*ONE, of(messages, "SELECT * FROM ~ WHERE id = ?"), "-p", "m007")
    assert "Hello 7" in shown
    assert "1 found by a query" in shown
    found = alice_types.json(*ONE, of(messages, "SELECT text FROM ~ WHERE id = 'm007'"))
    assert found["items"] == [{"text": {"S": "Hello 7"}}]
    put(aws, messages.name, (message(number) for number in range(60, 250)))
    text = of(messages, "SELECT id FROM ~")
    first = alice_types.run(*ONE, text, "--scan")
    assert "--all reads all" in first.stderr
    assert len(alice_types.json(*ONE, text, "--scan", "--all")["items"]) == 250


def test_a_statement_of_a_file_and_of_standard_input(
    alice_types: Terminal, messages: Table, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("statements") / "one.sql"
    file.write_text(of(messages, "SELECT *\nFROM ~\nWHERE id = 'm003'\n"))
    assert "Hello 3" in alice_types.told(*ONE, f"@{file}")
    found = alice_types.run(*ONE, "-", typed=of(messages, "SELECT * FROM ~ WHERE id = 'm004'"))
    assert "Hello 4" in found.stdout
    alice_types.refused(*ONE, "@none", code=Exit.USAGE)


def test_pitfall_28_everything_is_read_only_where_that_is_said(
    alice_types: Terminal, messages: Table, prod: Table
) -> None:
    said = alice_types.refused(*ONE, of(messages, "SELECT * FROM ~ WHERE text = 'x'"), code=Exit.USAGE)
    assert "Scan of the whole table" in said
    assert "add --scan" in said
    assert not AuditEntry.objects.filter(verb="read_items").exists()
    refused = ["items", "statement", PROD, "messages", of(prod, "SELECT * FROM ~"), "--scan"]
    assert "never scanned" in alice_types.refused(*refused, code=Exit.REFUSED)


def test_what_is_wrong_is_told_with_its_place(alice_types: Terminal, messages: Table) -> None:
    said = alice_types.refused(*ONE, "SELECT * FROM other WHERE id = 'x'", code=Exit.USAGE)
    assert "Line 1, column 15" in said
    assert "1 parameter" in alice_types.refused(*ONE, of(messages, "SELECT * FROM ~ WHERE id = ?"), code=Exit.USAGE)


def test_writes(alice_types: Terminal, messages: Table, aws: AsAws) -> None:
    shown = alice_types.told(*ONE, of(messages, "UPDATE ~ SET text = ? WHERE id = 'm001'"), "-p", "Bye")
    assert "Hello 1 → Bye" in shown
    delete = of(messages, "DELETE FROM ~ WHERE id = 'm001'")
    assert "add --yes" in alice_types.refused(*ONE, delete, code=Exit.USAGE)
    assert len(all_of(aws, messages)) == 60
    write = alice_types.json(*ONE, delete, "--yes")["write"]
    assert len(all_of(aws, messages)) == 59
    alice_types.told("items", "undo", DEV, "messages", str(write["id"]))
    assert message(1, text={"S": "Bye"}) in all_of(aws, messages)
    insert = of(messages, "INSERT INTO ~ VALUE {'id': 'm001'}")
    assert "exists" in alice_types.refused(*ONE, insert, code=Exit.CONFLICT)


def test_in_prod_it_is_a_change(alice_types: Terminal, prod: Table) -> None:
    words = ["items", "statement", PROD, "messages", of(prod, "UPDATE ~ SET user_id = 'x' WHERE id = 'm001'")]
    assert "somebody else approves" in alice_types.told(*words, "--dry-run")
    alice_types.refused(*words, code=Exit.USAGE)
    change = alice_types.json(*words, "--reason", "asked by support")
    assert (change["kind"], change["id"]) == ("write_items", str(Change.objects.get().pk))
    again = alice_types.json(*words, "--reason", "otherwise", "--instead", change["id"])
    assert again["supersedes"] == change["id"]


def test_others_do_not(
    terminal_of: Callable[..., Terminal], alice: User, bob: User, messages: Table, aws: AsAws
) -> None:
    delete = of(messages, "DELETE FROM ~ WHERE id = 'm001'")
    terminal_of(bob).refused(*ONE, delete, "--yes", code=Exit.REFUSED)
    said = terminal_of(alice, Scope.READ).refused(*ONE, delete, "--yes", code=Exit.REFUSED)
    assert "this statement needs change" in said
    assert len(all_of(aws, messages)) == 60
    assert not ItemWrite.objects.exists()


def test_statements_to_begin_with(alice_types: Terminal, messages: Table) -> None:
    shown = alice_types.told(*ONE)
    for part in ("One message", "SELECT *", "Delete an item"):
        assert part in shown
    assert {"title", "statement", "writes"} == set(alice_types.json(*ONE)["items"][0])
