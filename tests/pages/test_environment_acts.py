"""What can be done to an environment: what it means, who may, and what is refused."""

import re
import uuid
from collections.abc import Callable

from django.test import Client

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Change, Environment

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]


class TestActs:
    """Park, wake, delete: what each means, who may, and what is refused."""

    URL = "/environments/hello-erlang/dev-alice/settings/"
    ACT = "/environments/hello-erlang/dev-alice/act/"

    def test_says_what_goes_what_stays_and_why_not_now(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.resource(dev, StackKind.DATA, "MessagesTable", "AWS::DynamoDB::Table", "real-messages")
        rows.change(
            dev,
            alice,
            ChangeStatus.SUCCEEDED,
            plan={"cost": {"stacks": {"compute": {"after": {"monthly": "33.52"}}}}},
        )
        text = page(client_of(alice), self.URL)
        assert "Table real-messages with all its items" in text
        assert "Parking saves about $1.10 a day (≈ $33.52 a month)." in text
        assert "Park the environment or delete its compute first." in text
        assert f'action="{self.ACT}delete_compute/"' in text
        assert f'action="{self.ACT}delete_data_stack/"' not in text

    def test_parameters_are_shown_and_secret_ones_never(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        dev.stacks.filter(kind=StackKind.COMPUTE).update(
            parameters={"InstanceType": "t3.nano", "Environment": "dev-alice"}
        )
        text = page(client_of(alice), self.URL)
        assert "Machine size" in text
        assert "t3.nano" in text
        assert "filled in by Stackyard" in text

    def test_who_may_not_sees_no_button(self, dev: Environment, bob: User, audrey: User, client_of: ClientOf) -> None:
        for person in (bob, audrey):
            assert self.ACT not in page(client_of(person), self.URL)

    def test_an_open_change_is_named_once(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.change(dev, alice, ChangeStatus.RUNNING)
        text = page(client_of(alice), self.URL)
        # The notice, the switch of protection, and the three ways to destroy something
        assert text.count("alice has a change of hello-erlang/dev-alice open") == 1 + 1 + 3
        assert self.ACT not in text

    def test_two_clicks_are_one_change(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        sent = {"key": str(uuid.uuid4()), "reason": "Weekend"}
        answers = [client_of(alice).post(f"{self.ACT}park/", sent) for _ in range(2)]
        made = Change.objects.get()
        assert (made.kind, made.reason, made.requested_by) == (ChangeKind.PARK, "Weekend", alice)
        assert {answer["Location"] for answer in answers} == {f"/changes/{made.pk}/"}

    def test_waking_from_the_heading(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(dev, StackKind.COMPUTE)
        text = page(client_of(alice), "/environments/hello-erlang/dev-alice/")
        key = re.search(r'name="key" value="([^"]+)"', text)
        assert key is not None
        client_of(alice).post(f"{self.ACT}wake/", {"key": key[1]})
        assert Change.objects.get(request_key=key[1]).kind == ChangeKind.WAKE

    def test_deleting_needs_the_name(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        for typed in ("", "dev-bob"):
            response = client_of(alice).post(f"{self.ACT}delete_compute/", {"confirm": typed, "reason": "Tidy up"})
            text = response.content.decode()
            assert response.status_code == 422
            assert "Nothing was deleted" in text
            assert 'value="Tidy up"' in text
        assert not Change.objects.exists()
        response = client_of(alice).post(f"{self.ACT}delete_compute/", {"confirm": "dev-alice"})
        assert response["Location"] == f"/changes/{Change.objects.get().pk}/"

    def test_the_data_stack_stays_while_compute_uses_it(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        sent = {"confirm": "dev-alice"}
        response = client_of(alice).post(f"{self.ACT}delete_data_stack/", sent, follow=True)
        assert response.redirect_chain == [("/environments/hello-erlang/dev-alice/delete-data-stack/", 302)]
        assert "notice-bad" in response.content.decode()
        assert not Change.objects.exists()
        rows.without(dev, StackKind.COMPUTE)
        client_of(alice).post(f"{self.ACT}delete_data_stack/", sent)
        assert Change.objects.get().kind == ChangeKind.DELETE_DATA_STACK

    def test_a_change_in_the_way_is_linked(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        running = rows.change(dev, alice, ChangeStatus.RUNNING)
        response = client_of(alice).post(f"{self.ACT}park/", {}, follow=True)
        assert f'<a href="/changes/{running.pk}/">See that change</a>' in response.content.decode()
        assert Change.objects.count() == 1

    def test_what_is_not_yours_or_not_an_act_is_refused(
        self, dev: Environment, alice: User, *, bob: User, ada: User, audrey: User, client_of: ClientOf
    ) -> None:
        for person in (bob, audrey):
            assert client_of(person).post(f"{self.ACT}park/", {}).status_code == 403
        assert client_of(alice).post(f"{self.ACT}create/", {}).status_code == 404
        assert client_of(alice).get(f"{self.ACT}park/").status_code == 405
        assert not Change.objects.exists()
        assert client_of(ada).post(f"{self.ACT}park/", {}).status_code == 302
