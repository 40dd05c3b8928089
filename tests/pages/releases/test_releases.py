"""Pages of releases: the list with its proof, redeploying, and rolling back after reading what that means."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ChangeKind, ChangeStatus, ParameterVerb, StackKind, WriteState
from provisioning.models import Account, Change, Environment, Parameter, ParameterVersion, Release

from .. import rows
from ..rows import page
from .scene import CANARY, release, sent, toggled, toggled_again, versions, words

ClientOf = Callable[[User], Client]
HERE = "/environments/fileshare/dev/"
RELEASES, BACK, REDEPLOY = f"{HERE}releases/", f"{HERE}roll-back/", f"{HERE}redeploy/"
PROD_BACK = "/environments/fileshare/prod/roll-back/"


@pytest.fixture
def dev(account: Account, alice: User) -> Environment:
    return toggled(rows.environment(alice, "dev", "fileshare"), alice)


@pytest.fixture
def prod(account: Account, alice: User) -> Environment:
    return toggled(rows.environment(alice, "prod", "fileshare"), alice)


class TestList:
    """What ran, newest first."""

    def test_each_with_what_is_new_and_its_proof(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        text = words(page(client_of(alice), RELEASES))
        assert "use_dynamodb v1 → v2" in text
        assert "token v1 → v2" in text
        assert "2 of 2 tasks run" in text
        assert "after 41 s" in text
        assert "nginx:stable" in text
        assert text.count("Roll back… ") == 1, "in the heading"
        assert text.count("Roll back ") == 1, "beside release 1: the newest runs"

    def test_one_that_failed_cannot_be_gone_back_to(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, good=False, proof={"healthy": False, "lines": ["tasks failed to start"]})
        release(dev, 4, alice, restores=Release.objects.get(number=2))
        text = page(client_of(alice), RELEASES)
        assert "Failed" in text
        assert "tasks failed to start" in text
        assert "puts 2 back" in text
        assert "Roll back to release 3" not in text
        assert "Roll back to release 2" in text

    def test_one_click_goes_back_to_any_where_nobody_is_asked(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        toggled_again(dev, alice)
        release(dev, 3, alice, versions=versions(use_dynamodb=(3, "maybe")))
        client = client_of(alice)
        assert page(client, RELEASES).count('name="release"') == 2
        answer = sent(client, BACK, release=1)
        assert answer.url == f"/changes/{Change.objects.get().pk}/"
        assert Change.objects.get().goal["release"] == 1

    def test_in_prod_each_goes_by_the_page_that_says_what_it_means(
        self, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), "/environments/fileshare/prod/releases/")
        assert f'href="{PROD_BACK}?release=1"' in text
        assert 'name="release"' not in text

    def test_old_ones_are_on_further_pages(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        for number in range(3, 60):
            release(dev, number, alice)
        client = client_of(alice)
        assert 'id="release-1"' not in page(client, RELEASES)
        text = page(client, f"{RELEASES}?page=2")
        assert 'id="release-1"' in text
        assert "51–59 of 59 releases" in words(text)
        assert 'aria-label="Roll back to release 9"' in text, "the first of the page is not the newest of all"

    def test_none_yet(self, account: Account, alice: User, client_of: ClientOf) -> None:
        rows.environment(alice, "dev", "fileshare")
        assert "No release yet" in page(client_of(alice), RELEASES)

    def test_few_queries(
        self,
        dev: Environment,
        alice: User,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(3, 60):
            release(dev, number, alice)
        client = client_of(alice)
        page(client, RELEASES)
        with django_assert_max_num_queries(24):
            page(client, RELEASES)

    def test_a_name_with_markup_stays_text(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        release(dev, 3, alice, artifact="<script>x</script>", versions=versions(**{"<b>": (1, "a")}))
        text = page(client_of(alice), RELEASES)
        assert "<script>x" not in text
        assert "<b>" not in text


class TestRedeploying:
    """The button."""

    def test_it_leads_to_the_change(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        answer = sent(client_of(alice), REDEPLOY)
        change = Change.objects.get()
        assert (change.kind, change.status) == (ChangeKind.REDEPLOY, ChangeStatus.PLANNING)
        assert answer.url == f"/changes/{change.pk}/"

    def test_a_second_click_is_the_same_change(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        client, key = client_of(alice), str(uuid.uuid4())
        first, second = (client.post(REDEPLOY, {"key": key}) for _ in range(2))
        assert first["Location"] == second["Location"]

    def test_where_nothing_runs_it_says_so(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(dev, StackKind.COMPUTE)
        client = client_of(alice)
        assert "has no compute" in page(client, RELEASES)
        sent(client, REDEPLOY)
        assert not Change.objects.exists()


class TestBack:
    """Rolling back."""

    def test_the_page_shows_values_and_no_secret(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), BACK)
        assert "From now to release 1" in text
        read = words(text)
        assert "use_dynamodb put as a new version false (v2) true (v1)" in read
        was, will = (digest(value)[:8] for value in (f"{CANARY}-two", CANARY))
        assert f"token put as a new version hidden #{was} (v2) hidden #{will} (v1)" in read
        assert "table_name" not in read, "its stack makes it"
        assert "No stack is changed, and the price stays as it is." in read
        assert "Every task of the service is started anew" in read
        assert CANARY not in text

    def test_it_asks_and_leads_to_the_change(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        answer = sent(client_of(alice), BACK, release=1, reason="It answers with errors")
        change = Change.objects.get()
        assert answer.url == f"/changes/{change.pk}/"
        assert (change.kind, change.goal["release"], change.goal["reverts"]) == (ChangeKind.ROLL_BACK, 1, True)
        assert {one["key"] for one in change.goal["sets"]} == {"use_dynamodb", "token"}
        assert CANARY not in str(change.goal) + change.secrets

    def test_outside_prod_it_needs_no_reason(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert sent(client_of(alice), BACK, release=1, reason=" ").status_code == 302
        assert Change.objects.get().reason == ""

    def test_in_prod_without_a_reason_the_release_stays(
        self, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        toggled_again(prod, alice)
        answer = sent(client_of(alice), PROD_BACK, release=1, reason=" ")
        assert answer.status_code == 422
        text = answer.content.decode()
        assert "This field is required." in text
        assert "Roll back to release 1" in text, "not to the last good one, which is 2"
        assert not Change.objects.exists()

    def test_in_prod_the_last_good_one_asks_nobody_and_another_one_does(
        self, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        release(prod, 3, alice, versions=versions(use_dynamodb=(9, "maybe")))
        parameter_row = Parameter.objects.get(key="use_dynamodb")
        ParameterVersion.objects.create(
            parameter=parameter_row,
            version=9,
            digest=digest("maybe"),
            value="maybe",
            type="String",
            verb=ParameterVerb.EDIT,
            state=WriteState.DONE,
            at=timezone.now(),
        )
        client = client_of(alice)
        assert "Needs 1 approval" not in page(client, PROD_BACK)
        other = page(client, f"{PROD_BACK}?release=1")
        assert "Needs 1 approval" in other
        assert "Ask to roll back" in other

    def test_the_stack_differs(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        dev.stacks.filter(kind=StackKind.COMPUTE).update(parameters={"Environment": "dev", "TaskSize": "large"})
        read = words(page(client_of(alice), f"{BACK}?release=1"))
        assert "TaskSize stack parameter large —" in read
        assert "updated by a change set" in read

    def test_nothing_to_go_back_to(self, account: Account, alice: User, client_of: ClientOf) -> None:
        rows.environment(alice, "dev", "fileshare")
        assert "Nothing to roll back to" in page(client_of(alice), BACK)

    @pytest.mark.parametrize("text", ["99", "x", "-1", "1e3", "²", "9" * 30])
    def test_a_number_that_is_none(self, dev: Environment, alice: User, client_of: ClientOf, text: str) -> None:
        page(client_of(alice), f"{BACK}?release={text}")

    def test_the_present_one_is_said_to_be_it(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        text = page(client_of(alice), f"{BACK}?release=2")
        assert "this is what runs now" in text
        assert 'disabled aria-describedby="why-not-back"' in text

    def test_the_button_stands_on_the_environment(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert f'href="{BACK}"' in page(client_of(alice), HERE)


class TestWho:
    """Rights."""

    def test_auditors_read_releases_and_roll_nothing_back(
        self, dev: Environment, audrey: User, client_of: ClientOf
    ) -> None:
        client = client_of(audrey)
        assert BACK not in page(client, RELEASES)
        page(client, BACK, 403)
        for path in (BACK, REDEPLOY):
            assert sent(client, path, release=1, reason="x").status_code == 403
        assert not Change.objects.exists()

    def test_others_personal_environments_are_left(
        self, account: Account, alice: User, bob: User, client_of: ClientOf
    ) -> None:
        toggled(rows.environment(alice, "dev-alice", "fileshare"), alice)
        own = "/environments/fileshare/dev-alice/"
        client = client_of(bob)
        assert "belongs to alice" in page(client, f"{own}roll-back/")
        assert sent(client, f"{own}roll-back/", release=1, reason="x").status_code == 403
        assert sent(client, f"{own}redeploy/").status_code == 403

    def test_a_forged_form_is_refused(self, dev: Environment, alice: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        assert client.post(BACK, {"release": 1, "reason": "x"}).status_code == 403


class TestPlan:
    """The plan's own panel."""

    def test_a_roll_back_says_what_is_put_back(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        plan: dict[str, Any] = {
            "kind": "roll_back",
            "stacks": [],
            "findings": [],
            "cost": None,
            "counters": {},
            "impact": {"sentence": "No table is touched.", "tone": "good", "lines": []},
            "parameters": {"sets": [], "redeploy": "ecs", "reverts": True, "sentence": ""},
            "redeploy": {
                "method": "ecs",
                "how": "Every task is started anew.",
                "reports": True,
                "watch_minutes": 5,
                "goes_back": False,
                "parked": False,
            },
            "rollback": {
                "release": 1,
                "template": None,
                "artifact": {"name": "image", "before": "shop:2", "after": "shop:1", "how": "other"},
                "stack_parameters": [{"name": "TaskSize", "before": "large", "after": "small", "how": "other"}],
                "parameters": [{"name": "newer", "before": "v1", "after": None, "how": "only_before"}],
                "same": 3,
            },
        }
        change = rows.change(dev, alice, ChangeStatus.RUNNING, ChangeKind.ROLL_BACK, plan=plan)
        read = words(page(client_of(alice), f"/changes/{change.pk}/"))
        assert "Roll back to release 1" in read
        assert "Image shop:2 shop:1" in read
        assert "TaskSize large small" in read
        assert "For 5 minutes after that it has to stay healthy." in read
        assert "left as it is: newer" in read
