"""The pages on which data is protected, given up, and deleted: what each says, in every state, and what it sends."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.engine.watching import LOST
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Table

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]
HERE = "/environments/hello-erlang/dev-alice/"
DELETE, STACK, UNPROTECT = f"{HERE}delete-data/", f"{HERE}delete-data-stack/", f"{HERE}unprotect/"


def words(client: Client, path: str, status: int = 200) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page(client, path, status))))


def table(made: Environment, name: str, items: int = 41_203, **columns: object) -> Table:
    """A table of that environment, as the survey lists it."""
    now = timezone.now()
    columns = {"stack_name": "hello-erlang-data-dev-alice", "size_bytes": 9_000_000, "seen_at": now, **columns}
    return Table.objects.create(
        account=made.account,
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        application=made.application,
        environment_name=made.name,
        item_count=items,
        **columns,
    )


def unprotected(made: Environment, by: User) -> Environment:
    """The environment after its protection was switched off."""
    made.data_protected, made.unprotected_by, made.unprotected_at = False, by, timezone.now()
    made.unprotected_because = "The project ends."
    made.save()
    return made


@pytest.fixture
def parked(dev: Environment) -> Environment:
    """Alice's environment without compute, with two tables."""
    rows.without(dev, StackKind.COMPUTE)
    table(dev, "real-messages")
    table(dev, "real-sessions", 7)
    return dev


class TestSwitch:
    """Protection, on and off."""

    def test_is_on_and_leads_to_the_page_that_switches_it_off(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        html = page(client_of(alice), f"{HERE}settings/")
        assert re.search(rf'action="{UNPROTECT}"><button class="switch"[^>]*aria-checked="true"[^>]*>On', html)
        assert "Protected" in words(client_of(alice), HERE)

    def test_is_off_with_who_and_why_and_can_be_switched_on(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        unprotected(dev, alice)
        client = client_of(alice)
        for path in (HERE, f"{HERE}settings/"):
            assert "by alice : “The project ends.”" in words(client, path).replace("alice:", "alice :")
        response = client.post(f"{HERE}act/protect/", {})
        assert response["Location"] == f"/changes/{Change.objects.get(kind=ChangeKind.PROTECT).pk}/"

    def test_switching_off_needs_a_reason(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        client = client_of(alice)
        assert "this deletes nothing" in words(client, UNPROTECT)
        refused = client.post(f"{HERE}act/unprotect/", {"reason": " "})
        assert refused.status_code == 422
        assert "Say why." in refused.content.decode()
        assert not Change.objects.exists()
        client.post(f"{HERE}act/unprotect/", {"reason": "The project ends."})
        made = Change.objects.get()
        assert (made.kind, made.reason) == (ChangeKind.UNPROTECT, "The project ends.")

    def test_in_prod_a_second_person_is_named_before_anything_is_sent(
        self, account: Account, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        rows.environment(alice, "prod")
        text = words(client_of(alice), "/environments/hello-erlang/prod/unprotect/")
        assert "Needs 1 approval by admins" in text
        assert "Ada" in text
        assert "A plan waits for 3 days. After that it expires and nothing runs." in text

    def test_what_was_switched_off_outside_is_said_with_the_way_back(
        self, account: Account, alice: User, audrey: User, client_of: ClientOf
    ) -> None:
        prod = rows.environment(alice, "prod")
        lost = ["Data stack: Termination protection is on"]
        AuditEntry.objects.create(at=timezone.now(), environment=prod, verb=LOST, summary="Lost", detail={"lost": lost})
        here = "/environments/hello-erlang/prod/"
        for path in (here, f"{here}settings/"):
            html = page(client_of(alice), path)
            assert "At the last look this was not so: Data stack: Termination protection is on." in html
            assert f'action="{here}act/protect/"' in html
            read = page(client_of(audrey), path)
            assert "At the last look this was not so" in read
            assert f'action="{here}act/protect/"' not in read

    def test_is_off_with_the_reason_for_those_who_may_not(
        self, dev: Environment, bob: User, audrey: User, client_of: ClientOf
    ) -> None:
        for person in (bob, audrey):
            html = page(client_of(person), UNPROTECT)
            assert "disabled" in html
            assert f'action="{HERE}act/unprotect/"' not in html
            assert client_of(person).post(f"{HERE}act/unprotect/", {"reason": "Mine"}).status_code == 403


class TestDeleteData:
    """Deleting the data for good."""

    def test_is_off_until_compute_is_gone_and_says_so(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.resource(dev, StackKind.DATA, "MessagesTable", "AWS::DynamoDB::Table", "real-messages")
        html = page(client_of(alice), DELETE)
        assert "Park the environment or delete its compute first." in html
        assert f'action="{HERE}act/delete_data/"' not in html
        assert "not counted yet" in html
        assert f'href="{HERE}settings/#park"' in html

    def test_is_off_while_protected_and_leads_to_the_switch(
        self, parked: Environment, alice: User, client_of: ClientOf
    ) -> None:
        html = page(client_of(alice), DELETE)
        assert "Switch its protection off first" in html
        assert f'href="{UNPROTECT}"' in html
        assert f'action="{HERE}act/delete_data/"' not in html
        refused = client_of(alice).post(f"{HERE}act/delete_data/", {"confirm": "dev-alice", "reason": "Over"})
        assert refused["Location"] == DELETE
        assert not Change.objects.exists()

    def test_shows_what_goes_and_asks_for_name_and_reason(
        self, parked: Environment, alice: User, client_of: ClientOf
    ) -> None:
        unprotected(parked, alice)
        client = client_of(alice)
        text = words(client, DELETE)
        assert "2 tables with about 41,210 items" in text
        assert "Backups are made" in text
        assert "A second person" not in text
        for sent in ({"confirm": "dev-alice"}, {"reason": "Over"}, {"confirm": "dev-bob", "reason": "Over"}):
            assert client.post(f"{HERE}act/delete_data/", sent).status_code == 422
        assert not Change.objects.exists()
        client.post(f"{HERE}act/delete_data/", {"confirm": "dev-alice", "reason": "Over"})
        assert Change.objects.get().kind == ChangeKind.DELETE_DATA

    def test_says_who_has_asked_for_protection_to_come_off(
        self, parked: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.change(parked, alice, ChangeStatus.RUNNING, ChangeKind.UNPROTECT)
        assert "alice has asked for it: running." in words(client_of(alice), DELETE)

    def test_in_prod_a_second_person_agrees(
        self, account: Account, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        prod = rows.without(unprotected(rows.environment(alice, "prod"), alice), StackKind.COMPUTE)
        text = words(client_of(alice), f"/environments/hello-erlang/{prod.name}/delete-data/")
        assert "A second person agrees" in text
        assert "Needs 1 approval by admins" in text

    def test_serves_kept_tables_whose_stack_is_gone(
        self, parked: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.without(unprotected(parked, alice), StackKind.DATA)
        Environment.objects.update(status=EnvironmentStatus.REMOVED)
        Table.objects.update(stack_name="", monthly_cost="1.50")
        table(parked, "somebody-elses", stack_name="another-stack")
        text = words(client_of(alice), DELETE)
        assert "2 tables with about 41,210 items" in text
        assert "somebody-elses" not in text
        assert "≈ $3.00 a month" in text
        client_of(alice).post(f"{HERE}act/delete_data/", {"confirm": "dev-alice", "reason": "Over"})
        assert Change.objects.get().kind == ChangeKind.DELETE_DATA

    def test_says_so_where_there_is_nothing(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(unprotected(dev, alice), StackKind.COMPUTE, StackKind.DATA)
        assert "No table is known" in words(client_of(alice), DELETE)


class TestAfterwards:
    """What the overview says of an environment without stacks."""

    def test_names_what_stayed(self, parked: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(parked, StackKind.DATA)
        Environment.objects.update(status=EnvironmentStatus.REMOVED)
        Table.objects.update(stack_name="")
        assert "2 tables with about 41,210 items stayed, and no stack owns them." in words(client_of(alice), HERE)

    def test_leads_to_the_receipt_of_what_was_deleted(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(dev, *StackKind)
        Environment.objects.update(status=EnvironmentStatus.REMOVED)
        assert "It has no stacks." in words(client_of(alice), HERE)
        rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.DELETE_COMPUTE, ago=60)
        assert "none has been listed so far" in words(client_of(alice), HERE)
        deleted = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.DELETE_DATA)
        html = page(client_of(alice), HERE)
        assert "its data was deleted after a backup of every table" in html
        assert f'<a href="/changes/{deleted.pk}/">See the receipt</a>' in html


class TestDeleteStack:
    """Deleting the data stack while its tables stay."""

    def test_says_what_becomes_of_the_tables(self, parked: Environment, alice: User, client_of: ClientOf) -> None:
        html = page(client_of(alice), STACK)
        assert 'href="/orphans/"' in html
        assert "Creating dev-alice again takes them over" in html
        refused = client_of(alice).post(f"{HERE}act/delete_data_stack/", {"confirm": "dev"})
        assert refused.status_code == 422
        assert "Type dev-alice here." in refused.content.decode()
        client_of(alice).post(f"{HERE}act/delete_data_stack/", {"confirm": "dev-alice"})
        assert Change.objects.get().kind == ChangeKind.DELETE_DATA_STACK

    def test_is_off_with_the_reason_while_compute_uses_it(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        html = page(client_of(alice), STACK)
        assert "The compute stack uses the data stack&#x27;s exports." in html
        assert f'action="{HERE}act/delete_data_stack/"' not in html
