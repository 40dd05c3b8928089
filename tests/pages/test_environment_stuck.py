"""Stuck stacks: what the overview says of each state, what its one button does, and the page that asks for it."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Account, Change, Environment

from . import outside_rows, rows
from .outside_rows import TABLE
from .rows import page

ClientOf = Callable[[User], Client]
HERE = "/environments/hello-erlang/dev-alice/"
COMPUTE, DATA = StackKind.COMPUTE, StackKind.DATA


def words(client: Client, path: str, status: int = 200) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page(client, path, status))))


def recovering(kind: StackKind) -> str:
    """The page of that stack's way out."""
    return f"{HERE}recover/{kind}/"


def is_ticked(html: str, name: str) -> bool:
    """Whether the box of that resource is ticked."""
    box = re.search(rf'<input type="checkbox" name="spared"[^>]*value="{name}"[^>]*>', html)
    assert box is not None
    return "checked" in box[0]


class TestDoctor:
    """The card on the overview."""

    def test_an_empty_shell_is_created_again_by_the_change_itself(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        failed = outside_rows.failed(dev, alice, COMPUTE, ChangeKind.CREATE)
        outside_rows.resting(dev, COMPUTE, "ROLLBACK_COMPLETE")
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert 'id="doctor-compute"' in html
        assert "The compute stack is stuck" in text
        assert "Group could not be updated: no capacity." in text
        assert f'action="/changes/{failed.pk}/retry/"' in html
        client_of(alice).post(f"/changes/{failed.pk}/retry/")
        assert Change.objects.get().status in {ChangeStatus.PLANNING, ChangeStatus.QUEUED}
        assert 'id="doctor-compute"' not in page(client_of(alice), HERE)

    def test_any_other_way_out_leads_to_its_page(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert f'href="{recovering(COMPUTE)}"' in html
        assert "The update failed, and so did undoing it." in text
        assert "Continue the roll-back…" in text

    def test_what_nobody_knows_is_frozen_with_whose_turn_it_is(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.resting(dev, COMPUTE, "UPDATE_PONDERED")
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert "The compute stack is frozen" in text
        assert "UPDATE_PONDERED, which Stackyard does not know" in text
        assert "until an administrator has looked at it" in text
        assert recovering(COMPUTE) not in html
        assert "Needs attention" in text

    def test_a_stack_that_serves_has_none(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.resting(dev, COMPUTE, "UPDATE_ROLLBACK_COMPLETE")
        assert "doctor-" not in page(client_of(alice), HERE)

    def test_who_may_not_change_it_reads_why_the_button_is_off(
        self, dev: Environment, alice: User, bob: User, audrey: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        for person, reason in ((bob, "belongs to alice"), (audrey, "not change anything")):
            html = page(client_of(person), HERE)
            assert "The update failed, and so did undoing it." in html
            assert re.search(r'<button[^>]*disabled aria-describedby="why-compute">Continue the roll-back', html)
            assert reason in html
            page_of_it = page(client_of(person), recovering(COMPUTE))
            assert 'name="what"' not in page_of_it
            sent = client_of(person).post(recovering(COMPUTE), {"what": "continue"})
            assert sent.status_code == 403
        assert not Change.objects.filter(kind=ChangeKind.RECOVER).exists()

    def test_both_stacks_at_once_within_the_budget_of_queries(
        self, dev: Environment, alice: User, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, DATA, "MessagesTable", TABLE)
        outside_rows.resting(dev, COMPUTE, "CREATE_FAILED")
        client = client_of(alice)
        with django_assert_max_num_queries(40):
            html = page(client, HERE)
        assert html.index('id="doctor-data"') < html.index('id="doctor-compute"')


class TestWayOut:
    """The page that asks for one."""

    def test_on_compute_what_blocks_is_ticked_and_sent_with_a_reason(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        client = client_of(alice)
        html = page(client, recovering(COMPUTE))
        assert is_ticked(html, "Group")
        assert outside_rows.NO_CAPACITY in html
        refused = client.post(recovering(COMPUTE), {"what": "continue", "spared": ["Group"], "reason": " "})
        assert refused.status_code == 422
        assert "Say why." in refused.content.decode()
        assert is_ticked(refused.content.decode(), "Group")
        sent = {"what": "continue", "spared": ["Group"], "reason": "No capacity today."}
        response = client.post(recovering(COMPUTE), sent)
        made = Change.objects.get(kind=ChangeKind.RECOVER)
        assert response["Location"] == f"/changes/{made.pk}/"
        assert (made.goal["what"], made.goal["spared"], made.reason) == ("continue", ["Group"], "No capacity today.")
        assert [one.stack.kind for one in made.operations.all()] == [COMPUTE]

    def test_without_skipping_no_reason_is_needed(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        client_of(alice).post(recovering(COMPUTE), {"what": "continue"})
        assert Change.objects.get(kind=ChangeKind.RECOVER).goal["spared"] == []

    def test_on_data_nothing_is_ticked_and_a_second_person_is_named(
        self, dev: Environment, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, DATA, "MessagesTable", TABLE)
        html, text = page(client_of(alice), recovering(DATA)), words(client_of(alice), recovering(DATA))
        assert not is_ticked(html, "MessagesTable")
        assert "an administrator who is not you has to agree, at every stage" in text

    def test_what_is_not_proposed_is_not_sent(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        sent = {"what": "continue", "spared": ["Listener"], "reason": "Because"}
        refused = client_of(alice).post(recovering(COMPUTE), sent)
        assert refused.status_code == 422
        assert "Listener is not proposed any more." in refused.content.decode()
        assert not Change.objects.filter(kind=ChangeKind.RECOVER).exists()

    def test_a_form_of_an_earlier_state_is_refused_in_words(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        answer = client_of(alice).post(recovering(COMPUTE), {"what": "delete", "reason": "Over"}, follow=True)
        assert answer.redirect_chain == [(recovering(COMPUTE), 302)]
        assert "The way out of there is “Continue the roll-back” now." in answer.content.decode()

    def test_a_delete_that_failed_twice_leaves_something_behind(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_delete(dev, alice, COMPUTE, 2, ("SecurityGroup", "AWS::EC2::SecurityGroup"))
        client = client_of(alice)
        html = page(client, recovering(COMPUTE))
        assert "SecurityGroup is in use" in html
        assert is_ticked(html, "SecurityGroup")
        refused = client.post(recovering(COMPUTE), {"what": "retain", "reason": "In use elsewhere"})
        assert refused.status_code == 422
        sent = {"what": "retain", "spared": ["SecurityGroup"], "reason": "In use elsewhere"}
        client.post(recovering(COMPUTE), sent)
        assert Change.objects.get(kind=ChangeKind.RECOVER).goal["spared"] == ["SecurityGroup"]

    def test_force_is_last_and_needs_the_name_a_reason_and_in_data_an_admin(
        self, dev: Environment, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_delete(dev, alice, DATA, 3)
        client = client_of(alice)
        html, text = page(client, recovering(DATA)), words(client, recovering(DATA))
        assert "Needs 1 approval by admins" in text
        assert 'data-confirm-name="dev-alice"' in html
        for sent in ({"reason": "Over"}, {"confirm": "dev-alice"}, {"reason": "Over", "confirm": "dev"}):
            assert client.post(recovering(DATA), {"what": "force", **sent}).status_code == 422
        assert not Change.objects.filter(kind=ChangeKind.RECOVER).exists()
        client.post(recovering(DATA), {"what": "force", "reason": "Over", "confirm": "dev-alice"})
        assert Change.objects.get(kind=ChangeKind.RECOVER).goal["what"] == "force"

    def test_two_clicks_make_one_change(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        client = client_of(alice)
        key = re.search(r'name="key" value="([^"]+)"', page(client, recovering(COMPUTE)).split('name="what"')[1])
        assert key is not None
        first, second = (client.post(recovering(COMPUTE), {"what": "continue", "key": key[1]}) for _ in range(2))
        assert first["Location"] == second["Location"] == f"/changes/{Change.objects.latest('requested_at').pk}/"
        assert Change.objects.filter(kind=ChangeKind.RECOVER).count() == 1

    def test_while_a_change_is_open_it_is_not_asked_for(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, COMPUTE)
        running = rows.change(dev, alice, ChangeStatus.RUNNING)
        running.operations.filter(stack__kind=COMPUTE).delete()
        html = page(client_of(alice), recovering(COMPUTE))
        assert "alice has a change of hello-erlang/dev-alice open" in html
        assert f'action="{recovering(COMPUTE)}"' not in html
        answer = client_of(alice).post(recovering(COMPUTE), {"what": "continue"}, follow=True)
        assert f'<a href="/changes/{running.pk}/">See that change</a>' in answer.content.decode()

    def test_the_page_of_a_retry_tries_the_change_again(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        failed = outside_rows.stuck_delete(dev, alice, COMPUTE, 1)
        html = page(client_of(alice), recovering(COMPUTE))
        assert f'action="/changes/{failed.pk}/retry/"' in html

    @pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "DELETE_COMPLETE"])
    def test_what_is_not_stuck_leads_back(
        self, dev: Environment, alice: User, client_of: ClientOf, status: str
    ) -> None:
        dev.stacks.filter(kind=COMPUTE).update(status=status)
        for answer in (
            client_of(alice).get(recovering(COMPUTE), follow=True),
            client_of(alice).post(recovering(COMPUTE), {"what": "continue"}, follow=True),
        ):
            assert answer.redirect_chain[-1] == (HERE, 302)
            assert "is not stuck" in answer.content.decode()

    def test_there_is_no_third_stack(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        page(client_of(alice), f"{HERE}recover/network/", 404)

    def test_in_prod_the_policy_of_prod_holds_for_compute(
        self, account: Account, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        prod = rows.environment(alice, "prod")
        outside_rows.stuck_roll_back(prod, alice, COMPUTE)
        text = words(client_of(alice), "/environments/hello-erlang/prod/recover/compute/")
        assert "Needs 1 approval by admins" in text
        assert "Start at" in text
